"""Who asks the resolver and instance metadata, and whether they answer over IPv6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from realvpc.net.addresses import Address, Cidr
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import TCP, UDP
from realvpc.net.services import (
    IPV6_METADATA,
    IPV6_RESOLVER,
    METADATA_PORT,
    RESOLVER,
    RESOLVER_PORT,
    asker,
    identity_of,
    ipv6_identity_of,
    ipv6_source,
    read_identity,
)
from realvpc.net.subnet import IPV6_PREFIX_LENGTHS
from realvpc.net.table import put
from realvpc.net.trace import SERVICES, Trace
from realvpc.net.walk import walk
from tests.packets.hosts import host, number, vpc

INTERFACE, INSTANCE = number("eni", 0xABCDEF), number("i", 0xABCDEF)
ADDRESS = Address.parse("2001:db8:1::7")


@given(st.integers(0, (1 << 24) - 1), st.sampled_from(IPV6_PREFIX_LENGTHS), st.data())
def test_an_identity_tells_the_interface_and_the_address_that_it_asked_from(
    last: int, length: int, data: st.DataObject
) -> None:
    block = Cidr.parse(f"2001:db8:7ff0::/{length}")
    source = block.at(data.draw(st.integers(0, block.size - 1)))
    identity = ipv6_identity_of(number("eni", last), source)
    assert read_identity(identity) == (last, False)
    assert ipv6_source(identity, block) == source


def test_all_that_an_interface_asks_from_is_one_asker() -> None:
    identities = [identity_of(INTERFACE), identity_of(INTERFACE, of_vpc_address=True)]
    identities += [ipv6_identity_of(INTERFACE, Address(ADDRESS + more)) for more in range(5)]
    assert {asker(str(each)) for each in identities} == {0xABCDEF}
    assert asker("198.18.0.1") == "198.18.0.1"


def network(instance_type: str = "t3.micro", http_protocol_ipv6: str = "enabled") -> Network:
    made = Network.of(
        *vpc(1, "10.1.0.0/16", ipv6="2001:db8:1::/56", rules=()), *host(0xABCDEF, 1, "10.1.0.7", ipv6=str(ADDRESS))
    )
    row = made.instances[INSTANCE]
    options = replace(row.metadata_options, http_protocol_ipv6=http_protocol_ipv6)
    return made.apply(put(replace(row, instance_type=instance_type, metadata_options=options)))


def ask(made: Network, service: Address, port: int) -> Trace:
    packet = Packet(source=ADDRESS, destination=service, protocol=TCP, source_port=40000, destination_port=port)
    return walk(made, packet, INTERFACE)


def test_instance_metadata_and_the_resolver_are_asked_and_answer_over_ipv6() -> None:
    for service, port in ((IPV6_METADATA, METADATA_PORT), (IPV6_RESOLVER, RESOLVER_PORT)):
        out = ask(network(), service, port)
        assert (out.delivered_to, out.packet.source) == (SERVICES, ipv6_identity_of(INTERFACE, ADDRESS))
        back = walk(network(), out.packet.reply(), SERVICES)
        assert (back.delivered_to, back.packet.destination) == (INTERFACE, ADDRESS)


@pytest.mark.parametrize(
    ("instance_type", "option", "metadata", "resolver"),
    [
        ("t3.micro", "disabled", Reason.SERVICE_NOT_OVER_IPV6, Reason.DELIVERED),
        ("t2.micro", "enabled", Reason.SERVICE_NOT_OVER_IPV6, Reason.SERVICE_NOT_OVER_IPV6),
    ],
)
def test_who_is_not_answered_over_ipv6(instance_type: str, option: str, metadata: Reason, resolver: Reason) -> None:
    made = network(instance_type, option)
    assert ask(made, IPV6_METADATA, METADATA_PORT).reason is metadata
    assert ask(made, IPV6_RESOLVER, RESOLVER_PORT).reason is resolver


def test_what_an_interface_has_lost_is_answered_no_more() -> None:
    out = ask(network(), IPV6_METADATA, METADATA_PORT)
    without = network().apply(put(replace(network().interfaces[INTERFACE], ipv6_addresses=())))
    assert walk(without, out.packet.reply(), SERVICES).reason is Reason.UNKNOWN_INTERFACE


@pytest.mark.parametrize("asked", [RESOLVER, Address.parse("10.1.0.2")], ids=["link-local", "the VPC's own"])
def test_the_resolver_answers_from_the_address_that_it_was_asked_at(asked: Address) -> None:
    question = Packet(
        source=Address.parse("10.1.0.7"), destination=asked, protocol=UDP, source_port=7, destination_port=RESOLVER_PORT
    )
    there = walk(network(), question, INTERFACE)
    assert (there.delivered_to, there.packet.destination) == (SERVICES, RESOLVER)
    back = walk(network(), there.packet.reply(), SERVICES)
    assert (back.delivered_to, back.packet) == (INTERFACE, question.reply())
