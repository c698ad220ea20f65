"""Addresses and CIDR blocks against the standard library's."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realvpc.net.addresses import Address, Cidr

v4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda pair: IPv4Network(pair, strict=False))
v6 = st.tuples(st.integers(2**64, 2**128 - 1), st.integers(1, 128)).map(lambda pair: IPv6Network(pair, strict=False))


@given(st.one_of(v4, v6))
def test_blocks_print_as_they_are_read(network: IPv4Network | IPv6Network) -> None:
    cidr = Cidr.parse(str(network))
    assert str(cidr) == str(network)
    assert cidr.size == network.num_addresses
    assert str(cidr.last) == str(network.broadcast_address)


@given(v4, v4)
def test_overlap_is_overlap(a: IPv4Network, b: IPv4Network) -> None:
    ours, theirs = Cidr.parse(str(a)), Cidr.parse(str(b))
    assert ours.overlaps(theirs) == a.overlaps(b)
    assert ours.covers(theirs) == b.subnet_of(a)
    assert (theirs.first in ours) == (b.network_address in a)


def test_host_bits_are_cleared() -> None:
    assert str(Cidr.parse("100.68.0.18/18")) == "100.68.0.0/18"


@pytest.mark.parametrize(
    "text",
    [
        *["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129", "10.0.0.0/ 8", "/8", "10.0.0.0/٣"],
        *["10.0.0.0/016", "::ffff:10.0.0.0/16", "::ffff:10.0.0.0/112", "fe80::%eth0/64"],
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Cidr.parse(text)


def test_subnets_are_cut_in_order() -> None:
    block = Cidr.parse("10.20.0.0/16")
    assert [str(block.subnet(n, 20)) for n in (0, 1, 8)] == ["10.20.0.0/20", "10.20.16.0/20", "10.20.128.0/20"]
    assert block.subnet(0, 20).prefix_length == 20


def test_one_family_never_contains_the_other() -> None:
    assert Address.parse("10.0.0.1") not in Cidr.parse("::/1").subnet(1, 1)
    assert not Cidr.parse("0.0.0.0/0").covers(Cidr.parse("2001:db8::/32"))
    assert ip_network("0.0.0.0/0").version == 4
