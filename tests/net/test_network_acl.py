"""Network ACLs at the boundary of a subnet, as packets meet them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.packet import Packet
from realvpc.net.reasons import Layer, Reason
from realvpc.net.route_table import Route, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, TCP, UDP
from realvpc.net.table import put
from realvpc.net.walk import walk
from tests.worlds import ACCOUNT, REGION, instance, ping, three_vpcs, with_routes

A, B, NEIGHBOUR = "10.20.0.207", "10.30.4.69", "10.20.1.9"


def entry(number: int, allows: bool, **fields: Any) -> AclEntry:
    given: dict[str, Any] = {"is_egress": False, "protocol": ALL_PROTOCOLS, "cidr": ANY_IPV4} | fields
    return AclEntry(number=number, allows=allows, **given)


def both_ways(number: int, allows: bool, **fields: Any) -> tuple[AclEntry, ...]:
    return tuple(entry(number, allows, is_egress=is_egress, **fields) for is_egress in (False, True))


def with_acl(network: Network, name: str, *entries: AclEntry) -> Network:
    """Of the subnet ``subnet-name``: an ACL with these rules."""
    acl = NetworkAcl(
        id=f"acl-{name}", account=ACCOUNT, region=REGION, vpc_id=f"vpc-{name}", entries=tuple(sorted(entries))
    )
    return network.apply(put(acl, replace(network.subnets[f"subnet-{name}"], network_acl_id=acl.id)))


def test_an_acl_without_rules_lets_nothing_out() -> None:
    trace = walk(with_acl(three_vpcs(), "a"), ping(A, B), "eni-a")
    assert (trace.reason, trace.resource, trace.vpc_id) == (Reason.NETWORK_ACL_EGRESS, "acl-a", "vpc-a")
    assert trace.hops[-1].rule == "no rule matches"
    assert "アウトバウンドルール" in trace.sentence("ja")


def test_nor_in() -> None:
    trace = walk(with_acl(three_vpcs(), "b"), ping(A, B), "eni-a")
    assert (trace.reason, trace.resource, trace.vpc_id) == (Reason.NETWORK_ACL_INGRESS, "acl-b", "vpc-b")
    assert trace.tracked == frozenset()


def test_the_rule_with_the_lowest_number_decides() -> None:
    denied_first = with_acl(three_vpcs(), "b", entry(100, True), entry(50, False, cidr=Cidr.parse(f"{A}/32")))
    trace = walk(denied_first, ping(A, B), "eni-a")
    assert (trace.reason, trace.hops[-1].rule) == (Reason.NETWORK_ACL_INGRESS, "rule 50 denies")
    allowed_first = with_acl(three_vpcs(), "b", *both_ways(40, True), entry(50, False))
    assert walk(allowed_first, ping(A, B), "eni-a").delivered


def test_a_rule_for_what_leaves_names_where_it_goes() -> None:
    towards = Cidr.parse(f"{B}/32")
    denied = with_acl(three_vpcs(), "a", entry(50, False, is_egress=True, cidr=towards), *both_ways(100, True))
    trace = walk(denied, ping(A, B), "eni-a")
    assert (trace.reason, trace.hops[-1].rule) == (Reason.NETWORK_ACL_EGRESS, "rule 50 denies")
    from_there = with_acl(three_vpcs(), "a", entry(50, False, cidr=towards), *both_ways(100, True))
    assert walk(from_there, ping(A, B), "eni-a").delivered


def test_what_comes_back_is_looked_at_again() -> None:
    """Stateless: an allowed request says nothing of its answer."""
    network = with_acl(three_vpcs(), "b", entry(100, True))
    there = walk(network, ping(A, B), "eni-a")
    assert there.delivered
    back = walk(network, there.packet.reply(), "eni-b", there.tracked)
    assert back.reason is Reason.NETWORK_ACL_EGRESS


def test_inside_a_subnet_no_acl_is_asked() -> None:
    network = with_acl(three_vpcs(), "a").apply(put(*instance("a2", NEIGHBOUR, vpc="a")))
    trace = walk(network, ping(A, NEIGHBOUR), "eni-a")
    assert trace.delivered
    assert not {Layer.NETWORK_ACL_EGRESS, Layer.NETWORK_ACL_INGRESS} & {hop.layer for hop in trace.hops}


def test_nor_on_the_way_to_an_appliance_in_the_same_subnet() -> None:
    network = with_acl(three_vpcs(), "a").apply(put(*instance("a2", NEIGHBOUR, vpc="a")))
    network = with_routes(network, "rtb-a", Route(ANY_IPV4, Target(TargetKind.NETWORK_INTERFACE, "eni-a2")))
    appliance = replace(network.interfaces["eni-a2"], source_dest_check=False)
    trace = walk(network.apply(put(appliance)), ping(A, "198.19.0.1"), "eni-a")
    assert trace.delivered_to == "eni-a2"


def test_from_the_internet_the_inbound_rules_are_asked() -> None:
    packet = ping("198.19.0.1", "198.18.0.10")
    assert walk(with_acl(three_vpcs(), "a"), packet, "internet").reason is Reason.NETWORK_ACL_INGRESS
    assert walk(with_acl(three_vpcs(), "a", entry(1, True)), packet, "internet").delivered


def test_the_resolver_and_metadata_are_no_affair_of_an_acl() -> None:
    network = with_acl(three_vpcs(), "a").apply(put(*instance("000abc", NEIGHBOUR, vpc="a")))
    asks = Packet(
        source=network.interfaces["eni-000abc"].ipv4_on_link,
        destination=network.vpcs["vpc-a"].resolver,
        protocol=UDP,
        source_port=40000,
        destination_port=53,
    )
    assert walk(network, asks, "eni-000abc").delivered


def test_the_default_acl_of_a_vpc_is_for_all_its_subnets_that_have_no_other() -> None:
    network = three_vpcs()
    default = network.default_network_acl(network.vpcs["vpc-b"])
    changed = network.apply(put(replace(default, entries=())))
    assert walk(changed, ping(A, B), "eni-a").reason is Reason.NETWORK_ACL_INGRESS
    assert walk(with_acl(changed, "b", entry(1, True)), ping(A, B), "eni-a").delivered


@pytest.mark.parametrize(
    ("rule", "packet", "matches"),
    [
        ({"protocol": TCP, "low": 22, "high": 23}, {"protocol": TCP, "destination_port": 23}, True),
        ({"protocol": TCP, "low": 22, "high": 23}, {"protocol": TCP, "destination_port": 24}, False),
        ({"protocol": TCP, "low": 22, "high": 23}, {"protocol": TCP, "source_port": 22}, False),
        ({"protocol": TCP, "low": 0, "high": 65535}, {"protocol": UDP}, False),
        ({"protocol": ICMP, "low": 8, "high": -1}, {"protocol": ICMP, "icmp_type": 8, "icmp_code": 3}, True),
        ({"protocol": ICMP, "low": -1, "high": -1}, {"protocol": ICMP, "icmp_type": 3}, True),
        ({"protocol": ICMP, "low": 8, "high": 0}, {"protocol": ICMP, "icmp_type": 0}, False),
        ({"protocol": 47}, {"protocol": 47}, True),
        ({"protocol": ALL_PROTOCOLS}, {"protocol": 132}, True),
        ({"protocol": ALL_PROTOCOLS, "cidr": Cidr.parse("10.20.0.0/24")}, {"protocol": TCP}, True),
        ({"protocol": ALL_PROTOCOLS, "cidr": Cidr.parse("10.30.0.0/16")}, {"protocol": TCP}, False),
    ],
)
def test_what_a_rule_matches(rule: dict[str, Any], packet: dict[str, Any], matches: bool) -> None:
    """Inbound rules name the source and the port that is asked for."""
    base = ping(A, B)
    asked = Packet(source=base.source, destination=base.destination, **packet)
    assert entry(1, True, **rule).matches(asked) is matches
