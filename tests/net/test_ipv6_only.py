"""IPv6-only subnets in the model: what there is of IPv4 leads to the link-local services and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from realvpc.net.addresses import LINK_LOCAL_IPV4, Address, Cidr
from realvpc.net.link_local import resolver_of
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import TCP
from realvpc.net.services import IPV6_RESOLVER, METADATA, RESOLVER, identity_of, link_local_of
from realvpc.net.table import put
from realvpc.net.trace import SERVICES
from realvpc.net.walk import walk
from tests.packets.hosts import ALL_IN, ALL_OUT, host, ipv6_only, number, vpc

ONLY, DUAL = number("eni", 1), number("eni", 2)
ADDRESS, DUAL_ADDRESS = "2001:db8:1:1::7", "2001:db8:1::7"
LINK_LOCAL = str(link_local_of(ONLY))


def network() -> Network:
    return Network.of(
        *vpc(1, "10.1.0.0/16", ipv6="2001:db8:1::/56", rules=(ALL_IN, ALL_OUT)),
        ipv6_only(11, 1, "2001:db8:1:1::/64"),
        *host(1, 1, None, ipv6=ADDRESS, subnet=11),
        *host(2, 1, "10.1.0.7", ipv6=DUAL_ADDRESS),
    )


def web(source: str, destination: str, port: int = 80) -> Packet:
    return Packet(
        source=Address.parse(source),
        destination=Address.parse(destination),
        protocol=TCP,
        source_port=40000,
        destination_port=port,
    )


@given(st.integers(0, (1 << 24) - 1))
def test_a_link_local_address_is_none_that_is_reserved(last: int) -> None:
    """RFC 3927 keeps the first and the last 256, and the services are in 169.254.169.0/24."""
    address = link_local_of(number("eni", last))
    assert address in Cidr.parse("169.254.0.0/16")
    third, fourth = address >> 8 & 0xFF, address & 0xFF
    assert 1 <= third <= 168 and 1 <= fourth <= 254


def test_it_is_its_own_and_nobody_in_the_vpc_knows_it() -> None:
    there = network()
    row, subnet = there.interfaces[ONLY], there.subnets[number("subnet", 11)]
    assert (row.private_address, str(row.ipv4_on_link)) == (None, LINK_LOCAL)
    assert row.addresses == (Address.parse(ADDRESS),)
    assert row.has(row.ipv4_on_link) and there.interface_at(row.vpc_id, row.ipv4_on_link) is None
    assert (subnet.is_ipv6_native, subnet.ipv4_link, str(subnet.router)) == (True, LINK_LOCAL_IPV4, "169.254.0.1")
    assert not subnet.holds(row.ipv4_on_link)
    assert (there.available_addresses(subnet), there.public_address_of(row)) == (0, None)


@pytest.mark.parametrize(("service", "port"), [(METADATA, 80), (RESOLVER, 53)])
def test_the_services_know_it_by_its_identity_and_answer_to_its_link_local_address(service: Address, port: int) -> None:
    asked = walk(network(), web(LINK_LOCAL, str(service), port), ONLY)
    assert (asked.delivered_to, asked.packet.source) == (SERVICES, identity_of(ONLY))
    answered = walk(network(), asked.packet.reply(), SERVICES)
    assert (answered.delivered_to, str(answered.packet.destination)) == (ONLY, LINK_LOCAL)
    spoofed = walk(network(), web("169.254.200.200", str(service), port), ONLY)
    assert spoofed.reason is Reason.SOURCE_CHECK


@pytest.mark.parametrize("destination", ["10.1.0.7", "198.19.0.1", "169.254.0.1", "169.254.9.9"])
def test_it_leads_nowhere_else(destination: str) -> None:
    assert walk(network(), web(LINK_LOCAL, destination), ONLY).reason is Reason.NOT_UNICAST


def test_ipv6_goes_both_ways_between_it_and_one_of_both_families() -> None:
    for at, source, destination, to in ((ONLY, ADDRESS, DUAL_ADDRESS, DUAL), (DUAL, DUAL_ADDRESS, ADDRESS, ONLY)):
        assert walk(network(), web(source, destination), at).delivered_to == to


def test_without_the_check_it_may_send_others_packets_of_ipv4() -> None:
    there = network()
    unchecked = there.apply(put(replace(there.interfaces[ONLY], source_dest_check=False)))
    assert walk(unchecked, web("10.1.0.9", "10.1.0.7"), ONLY).delivered_to == DUAL
    assert walk(there, web("10.1.0.9", "10.1.0.7"), ONLY).reason is Reason.SOURCE_CHECK


def test_it_is_told_the_resolver_by_its_ipv6_address() -> None:
    there = network()
    told = [str(resolver_of(there, there.interfaces[name])) for name in (ONLY, DUAL)]
    assert told == [str(IPV6_RESOLVER), "10.1.0.2"]
