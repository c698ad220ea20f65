"""IPv6 packets that a NAT gateway makes IPv4 ones, and back (RFC 7915)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.icmp import ERRORS
from realvpc.net.nat64 import embedded, standing_for, to_ipv4, to_ipv6
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, ICMPV6, TCP, UDP
from realvpc.net.trace import INTERNET, Trace
from realvpc.net.walk import walk
from tests.packets.hosts import number
from tests.packets.nat import private_host, vpc_with_nat

A = number("eni", 1)
INSIDE, REMOTE, EIP = Address.parse("2001:db8:1:1::7"), Address.parse("198.19.0.1"), Address.parse("198.18.2.1")
SEEN_AS = Address.parse("64:ff9b::c613:1")
NETWORK = Network.of(
    *vpc_with_nat(1, "10.20.0.0/16", ipv6="2001:db8:1::/56"), *private_host(1, 1, "10.20.1.7", ipv6=str(INSIDE))
)


def asking(protocol: int = TCP, destination: Address = SEEN_AS, **fields: int) -> Packet:
    kinds = {"icmp_type": 128, "source_port": 7, "destination_port": 7}
    ports = kinds if protocol == ICMPV6 else {"source_port": 40000, "destination_port": 80}
    given: dict[str, Any] = ports | fields
    opens = protocol == TCP
    return Packet(source=INSIDE, destination=destination, protocol=protocol, opens=opens, **given)


def back(out: Trace, packet: Packet) -> Trace:
    assert out.nat_flow is not None
    return walk(NETWORK, packet, INTERNET, frozenset(out.tracked), frozenset({out.nat_flow}))


def test_an_address_of_the_block_stands_for_one_of_ipv4() -> None:
    assert (standing_for(REMOTE), embedded(SEEN_AS)) == (SEEN_AS, REMOTE)
    assert embedded(INSIDE) is None


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMPV6])
def test_what_goes_out_is_of_ipv4_and_its_answer_of_ipv6(protocol: int) -> None:
    out = walk(NETWORK, asking(protocol), A)
    assert (out.delivered_to, out.packet.source, out.packet.destination) == (INTERNET, EIP, REMOTE)
    assert out.packet.protocol == (ICMP if protocol == ICMPV6 else protocol)
    assert out.packet.size == out.sent.size - 20
    answer = back(out, out.packet.reply())
    assert (answer.delivered_to, answer.packet) == (A, out.sent.reply())


def test_an_error_about_it_comes_back_as_one_of_ipv6() -> None:
    out = walk(NETWORK, asking(UDP), A)
    error = Packet(
        source=REMOTE, destination=EIP, protocol=ICMP, icmp_type=3, icmp_code=3, quoted=replace(out.packet, opens=False)
    )
    come = back(out, error)
    assert (come.delivered_to, come.packet.source, come.packet.destination) == (A, SEEN_AS, INSIDE)
    assert (come.packet.protocol, come.packet.icmp_type, come.packet.icmp_code) == (ICMPV6, 1, 4)
    quoted = come.packet.quoted
    assert quoted is not None
    assert (quoted.source, quoted.source_port, quoted.destination) == (INSIDE, 40000, SEEN_AS)


@pytest.mark.parametrize("mtu_needed", [1500, 1520])
def test_over_the_internet_there_are_1520_bytes_of_ipv6(mtu_needed: int) -> None:
    assert walk(NETWORK, asking(size=mtu_needed), A).delivered_to == INTERNET
    assert walk(NETWORK, asking(size=1521), A).reason is Reason.PACKET_TOO_BIG


@pytest.mark.parametrize("address", ["169.254.169.254", "127.0.0.1", "224.0.0.1", "0.0.0.1", "255.255.255.255"])
def test_no_sender_gets_where_ipv4_would_not_lead(address: str) -> None:
    assert walk(NETWORK, asking(destination=standing_for(Address.parse(address))), A).reason is Reason.NOT_UNICAST


@pytest.mark.parametrize(
    "packet",
    [
        asking(47),
        asking(ICMP),
        asking(ICMPV6, icmp_type=129),
        asking(ICMPV6, icmp_type=140),
    ],
)
def test_what_the_gateway_does_not_carry(packet: Packet) -> None:
    assert walk(NETWORK, packet, A).reason is Reason.NAT_PROTOCOL


def test_every_error_that_has_an_equal_keeps_being_an_error_and_the_others_are_none() -> None:
    """RFC 7915, sections 4.2 and 5.2: of all types and codes."""
    quoted = {
        ICMP: Packet(source=EIP, destination=REMOTE, protocol=UDP),
        ICMPV6: Packet(source=SEEN_AS, destination=INSIDE, protocol=UDP),
    }
    carried: dict[int, set[tuple[int, int]]] = {ICMP: set(), ICMPV6: set()}
    for protocol, other, translate in ((ICMP, ICMPV6, to_ipv6), (ICMPV6, ICMP, to_ipv4)):
        for kind, code in product(range(256), range(256)):
            if kind not in ERRORS[protocol]:
                continue
            ends = (REMOTE, EIP) if protocol == ICMP else (INSIDE, SEEN_AS)
            made = translate(
                Packet(
                    source=ends[0],
                    destination=ends[1],
                    protocol=protocol,
                    icmp_type=kind,
                    icmp_code=code,
                    quoted=quoted[protocol],
                )
            )
            if made is not None:
                assert (made.protocol, made.icmp_type in ERRORS[other]) == (other, True)
                carried[protocol].add((kind, code))
    unreachable = {(3, code) for code in range(16) if code not in (2, 14)}
    assert carried[ICMP] == unreachable | {(11, 0), (11, 1)}
    assert carried[ICMPV6] == {(1, code) for code in range(5)} | {(2, code) for code in range(256)} | {(3, 0), (3, 1)}
