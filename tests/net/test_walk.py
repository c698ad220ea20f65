"""What happens to a packet, case by case, as the VPC and peering guides describe it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4, Address, Cidr
from realvpc.net.firewall import rules_of
from realvpc.net.instance import InstanceState
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.peering import PeeringStatus
from realvpc.net.reasons import Layer, Reason
from realvpc.net.route_table import Route, Target, TargetKind
from realvpc.net.security_group import ICMP, TCP, UDP, GroupReference, SecurityGroupRule
from realvpc.net.table import put
from realvpc.net.trace import INTERNET
from realvpc.net.walk import walk
from tests.worlds import (
    ALL_ICMP,
    ALL_OUT,
    instance,
    peering,
    ping,
    three_vpcs,
    to_peering,
    vpc_with_instance,
    with_routes,
)

A, B, C = "10.20.0.207", "10.30.4.69", "10.120.3.14"


def with_rules(network: Network, group: str, *rules: SecurityGroupRule) -> Network:
    return network.apply(put(replace(network.security_groups[group], rules=rules)))


def tcp(source: str, destination: str, port: int, source_port: int = 40000) -> Packet:
    return Packet(
        source=Address.parse(source),
        destination=Address.parse(destination),
        protocol=TCP,
        source_port=source_port,
        destination_port=port,
    )


def allow_tcp(port: int, peer: str | GroupReference = "0.0.0.0/0", *, to: int | None = None) -> SecurityGroupRule:
    where = Cidr.parse(peer) if isinstance(peer, str) else peer
    return SecurityGroupRule(
        id=f"sgr-{port}",
        is_egress=False,
        protocol=TCP,
        from_port=port,
        to_port=to if to is not None else port,
        peer=where,
    )


def test_peered_vpcs_reach_each_other() -> None:
    network = three_vpcs()
    there = walk(network, ping(A, B), "eni-a")
    assert there.delivered_to == "eni-b"
    assert [hop.layer for hop in there.hops] == [
        Layer.SOURCE_CHECK,
        Layer.SECURITY_GROUP_EGRESS,
        Layer.NETWORK_ACL_EGRESS,
        Layer.ROUTE_TABLE,
        Layer.GATEWAY,
        Layer.VPC_ENTRY,
        Layer.NETWORK_ACL_INGRESS,
        Layer.DESTINATION_CHECK,
        Layer.SECURITY_GROUP_INGRESS,
        Layer.DELIVERY,
    ]
    back = walk(network, there.packet.reply(), "eni-b", there.tracked)
    assert back.delivered_to == "eni-a"
    assert walk(network, ping(A, C), "eni-a").delivered_to == "eni-c"


def test_peering_is_not_transitive_though_the_routes_are_active() -> None:
    network = three_vpcs()
    trace = walk(network, ping(B, C), "eni-b")
    assert trace.reason is Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR
    assert (trace.resource, trace.vpc_id) == ("pcx-ab", "vpc-a")
    assert "10.120.0.0/16 to pcx-ab (active)" in [hop.rule for hop in trace.hops]
    assert "not transitive" in trace.sentence()
    assert "推移的" in trace.sentence("ja")
    assert trace.tracked == frozenset()


def test_a_mesh_makes_the_third_pair_reachable() -> None:
    network = three_vpcs().apply(put(peering("b", "c", account_b="222222222222")))
    network = with_routes(network, "rtb-b", to_peering("10.120.0.0/16", "pcx-bc"))
    assert walk(network, ping(B, C), "eni-b").delivered_to == "eni-c"


@pytest.mark.parametrize("status", [s for s in PeeringStatus if s is not PeeringStatus.ACTIVE])
def test_a_route_to_a_peering_that_is_not_active_is_a_blackhole(status: PeeringStatus) -> None:
    network = three_vpcs().apply(put(peering("a", "b", status)))
    assert walk(network, ping(A, B), "eni-a").reason is Reason.BLACKHOLE_ROUTE


def test_a_blackhole_wins_over_the_default_route() -> None:
    network = three_vpcs().apply(put(peering("a", "b", PeeringStatus.DELETED)))
    trace = walk(network, ping(A, B), "eni-a")
    assert trace.hops[-1].rule == "10.30.0.0/16 to pcx-ab (blackhole)"


def test_without_a_return_route_the_answer_is_lost() -> None:
    network = with_routes(three_vpcs(), "rtb-b")
    there = walk(network, ping(A, B), "eni-a")
    assert there.delivered
    assert walk(network, there.packet.reply(), "eni-b", there.tracked).reason is Reason.NO_ROUTE


def test_no_edge_to_edge_routing_through_a_peering() -> None:
    network = with_routes(three_vpcs(), "rtb-b", Route(ANY_IPV4, Target(TargetKind.PEERING, "pcx-ab")))
    trace = walk(network, ping(B, "198.19.0.1"), "eni-b")
    assert trace.reason is Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR


def test_equal_blocks_in_two_vpcs_do_not_see_each_other() -> None:
    network = Network.of(
        *vpc_with_instance("x", "10.0.0.0/16", "10.0.0.10"), *vpc_with_instance("y", "10.0.0.0/16", "10.0.0.11")
    )
    assert walk(network, ping("10.0.0.10", "10.0.0.11"), "eni-x").reason is Reason.NO_DESTINATION


def test_inside_a_subnet_no_route_is_asked() -> None:
    network = three_vpcs().apply(put(*instance("a2", "10.20.1.9", vpc="a")))
    trace = walk(network, ping(A, "10.20.1.9"), "eni-a")
    assert trace.delivered_to == "eni-a2"
    assert Layer.ROUTE_TABLE not in [hop.layer for hop in trace.hops]


def test_an_address_that_nobody_has() -> None:
    assert walk(three_vpcs(), ping(A, "10.20.200.1"), "eni-a").reason is Reason.NO_DESTINATION
    assert walk(three_vpcs(), ping(A, "10.30.200.1"), "eni-a").reason is Reason.NO_DESTINATION


@pytest.mark.parametrize("destination", ["224.0.0.251", "255.255.255.255", "169.254.1.1", "127.0.0.1"])
def test_a_vpc_is_unicast_only(destination: str) -> None:
    assert walk(three_vpcs(), ping(A, destination), "eni-a").reason is Reason.NOT_UNICAST


@pytest.mark.parametrize("source", ["169.254.169.253", "169.254.169.254", "10.20.0.2", "127.0.0.1", "0.0.0.0"])
def test_nobody_speaks_for_the_resolver_or_metadata_even_without_the_source_check(source: str) -> None:
    network = three_vpcs().apply(put(*instance("a2", "10.20.1.9", vpc="a")))
    network = network.apply(put(replace(network.interfaces["eni-a"], source_dest_check=False)))
    assert walk(network, ping("10.30.1.1", "10.20.1.9"), "eni-a").delivered_to == "eni-a2"
    assert walk(network, ping(source, "10.20.1.9"), "eni-a").reason is Reason.NOT_UNICAST


def test_the_source_check_stops_foreign_sources_and_the_peering_does_too() -> None:
    network = three_vpcs()
    assert walk(network, ping("10.20.9.9", B), "eni-a").reason is Reason.SOURCE_CHECK
    network = network.apply(put(replace(network.interfaces["eni-a"], source_dest_check=False)))
    assert walk(network, ping("10.20.9.9", B), "eni-a").delivered
    assert walk(network, ping("10.99.0.1", B), "eni-a").reason is Reason.PCX_REJECTS_SPOOFED_SOURCE


def test_a_nat_instance_carries_what_the_peering_would_not() -> None:
    """B sends to C by way of an appliance in A: with its check off it may take the packet; re-sourced it passes."""
    network = three_vpcs().apply(put(*instance("nat", "10.20.2.2", vpc="a")))
    network = with_routes(
        network, "rtb-a", Route(Cidr.parse("10.120.0.0/16"), Target(TargetKind.NETWORK_INTERFACE, "eni-nat"))
    )
    assert walk(network, ping(A, C), "eni-a").reason is Reason.DESTINATION_CHECK
    network = network.apply(put(replace(network.interfaces["eni-nat"], source_dest_check=False)))
    assert walk(network, ping(A, C), "eni-a").delivered_to == "eni-nat"


def test_a_stopped_instance_gets_nothing() -> None:
    network = three_vpcs()
    network = network.apply(put(replace(network.instances["i-b"], state=InstanceState.STOPPED)))
    assert walk(network, ping(A, B), "eni-a").reason is Reason.INSTANCE_NOT_RUNNING


class TestSecurityGroups:
    def test_nothing_is_allowed_in_without_a_rule(self) -> None:
        trace = walk(three_vpcs(), tcp(A, B, 443), "eni-a")
        assert trace.reason is Reason.SECURITY_GROUP_INGRESS
        assert (
            trace.sentence() == "No inbound rule of the security groups of eni-b allows TCP port 443 from 10.20.0.207."
        )
        assert "10.20.0.207 からの TCP ポート 443 を許可" in trace.sentence("ja")

    def test_nothing_is_allowed_out_without_a_rule(self) -> None:
        network = with_rules(three_vpcs(), "sg-a", ALL_ICMP)
        assert walk(network, ping(A, B), "eni-a").reason is Reason.SECURITY_GROUP_EGRESS

    def test_a_rule_of_egress_is_about_where_a_packet_goes(self) -> None:
        to_b, to_c = (replace(ALL_OUT, peer=Cidr.parse(cidr)) for cidr in ("10.30.0.0/16", "10.120.0.0/16"))
        assert walk(with_rules(three_vpcs(), "sg-a", to_b), ping(A, B), "eni-a").delivered
        for other in (to_c, replace(ALL_OUT, peer=Cidr.parse(f"{A}/32"))):
            network = with_rules(three_vpcs(), "sg-a", other)
            assert walk(network, ping(A, B), "eni-a").reason is Reason.SECURITY_GROUP_EGRESS

    def test_the_reply_of_a_tracked_flow_needs_no_rule(self) -> None:
        network = with_rules(three_vpcs(), "sg-b", allow_tcp(443, "10.20.0.0/16"))
        there = walk(network, tcp(A, B, 443), "eni-a")
        assert there.delivered
        reply = there.packet.reply()
        assert walk(network, reply, "eni-b", there.tracked).delivered
        assert walk(network, reply, "eni-b").reason is Reason.SECURITY_GROUP_EGRESS

    def test_a_tracked_flow_survives_its_rule(self) -> None:
        network = with_rules(three_vpcs(), "sg-b", allow_tcp(443, "10.20.0.0/16"), ALL_OUT)
        tracked = walk(network, tcp(A, B, 443), "eni-a").tracked
        network = with_rules(network, "sg-b", ALL_OUT)
        assert walk(network, tcp(A, B, 443), "eni-a", tracked).delivered
        assert (
            walk(network, tcp(A, B, 443, source_port=40001), "eni-a", tracked).reason is Reason.SECURITY_GROUP_INGRESS
        )

    def test_an_untracked_flow_dies_with_its_rule(self) -> None:
        network = with_rules(three_vpcs(), "sg-b", allow_tcp(443), ALL_OUT)
        there = walk(network, tcp(A, B, 443), "eni-a")
        back = walk(network, there.packet.reply(), "eni-b", there.tracked)
        tracked = there.tracked | back.tracked
        assert {flow.interface_id for flow in tracked} == {"eni-a"}
        network = with_rules(network, "sg-b", ALL_OUT)
        assert walk(network, tcp(A, B, 443), "eni-a", tracked).reason is Reason.SECURITY_GROUP_INGRESS

    def test_ping_is_always_tracked(self) -> None:
        assert {flow.interface_id for flow in walk(three_vpcs(), ping(A, B), "eni-a").tracked} == {"eni-a", "eni-b"}

    def test_a_group_of_a_peered_vpc_stands_for_its_members_addresses(self) -> None:
        reference = GroupReference("sg-a", "111111111111", "pcx-ab")
        network = with_rules(three_vpcs(), "sg-b", allow_tcp(22, reference), ALL_OUT)
        assert walk(network, tcp(A, B, 22), "eni-a").delivered

    def test_a_reference_counts_only_while_the_peering_is_active(self) -> None:
        rule = allow_tcp(22, GroupReference("sg-c", "222222222222", "pcx-bc"))
        network = with_rules(three_vpcs(), "sg-b", rule)

        def counted(network: Network) -> list[SecurityGroupRule]:
            return [found for _, found in rules_of(network, network.interfaces["eni-b"], is_egress=False)]

        assert counted(network) == []
        active = network.apply(put(peering("b", "c", account_b="222222222222")))
        assert counted(active) == [rule]
        assert counted(active.apply(put(peering("b", "c", PeeringStatus.DELETED)))) == []

    def test_an_error_message_follows_the_flow_that_it_speaks_of(self) -> None:
        network = with_rules(three_vpcs(), "sg-b", allow_udp(53))
        query = Packet(
            source=Address.parse(A), destination=Address.parse(B), protocol=UDP, source_port=4444, destination_port=53
        )
        there = walk(network, query, "eni-a")
        unreachable = Packet(
            source=Address.parse(B),
            destination=Address.parse(A),
            protocol=ICMP,
            icmp_type=3,
            icmp_code=3,
            quoted=there.packet,
        )
        assert walk(network, unreachable, "eni-b", there.tracked).delivered_to == "eni-a"
        assert walk(network, unreachable, "eni-b").reason is Reason.SECURITY_GROUP_EGRESS


def allow_udp(port: int) -> SecurityGroupRule:
    return SecurityGroupRule(
        id="sgr-u", is_egress=False, protocol=UDP, from_port=port, to_port=port, peer=Cidr.parse("10.0.0.0/8")
    )


class TestInternetGateway:
    def test_a_public_address_is_translated_both_ways(self) -> None:
        network = three_vpcs()
        out = walk(network, ping(A, "198.19.0.1"), "eni-a")
        assert out.delivered_to == INTERNET
        assert str(out.packet.source) == "198.18.0.10"
        back = walk(network, out.packet.reply(), INTERNET, out.tracked)
        assert back.delivered_to == "eni-a"
        assert str(back.packet.destination) == A

    def test_without_a_public_address_nothing_leaves(self) -> None:
        assert walk(three_vpcs(), ping(C, "198.19.0.1"), "eni-c").reason is Reason.IGW_NO_PUBLIC_ADDRESS

    def test_private_space_is_not_the_internet(self) -> None:
        assert walk(three_vpcs(), ping(A, "192.168.1.1"), "eni-a").reason is Reason.IGW_PRIVATE_DESTINATION
        assert walk(three_vpcs(), ping("10.9.9.9", "198.18.0.10"), INTERNET).reason is Reason.IGW_PRIVATE_SOURCE

    def test_an_unknown_public_address_is_nobody(self) -> None:
        assert (
            walk(three_vpcs(), ping("198.19.0.1", "198.18.9.9"), INTERNET).reason is Reason.IGW_UNKNOWN_PUBLIC_ADDRESS
        )

    def test_a_detached_gateway_takes_its_addresses_off_the_internet(self) -> None:
        network = three_vpcs()
        network = network.apply(put(replace(network.internet_gateways["igw-a"], vpc_id=None)))
        assert walk(network, ping("198.19.0.1", "198.18.0.10"), INTERNET).reason is Reason.IGW_UNKNOWN_PUBLIC_ADDRESS
        assert walk(network, ping(A, "198.19.0.1"), "eni-a").reason is Reason.BLACKHOLE_ROUTE

    def test_instances_of_two_vpcs_meet_by_their_public_addresses(self) -> None:
        trace = walk(three_vpcs(), ping(A, "198.18.0.11"), "eni-a")
        assert trace.delivered_to == "eni-b"
        assert (str(trace.packet.source), str(trace.packet.destination)) == ("198.18.0.10", B)

    def test_the_internet_takes_1500_bytes_and_a_peering_9001(self) -> None:
        network = three_vpcs()
        big = replace(ping(A, "198.19.0.1"), size=1501)
        assert walk(network, big, "eni-a").reason is Reason.PACKET_TOO_BIG
        assert walk(network, replace(ping(A, B), size=9001), "eni-a").delivered

    def test_a_peering_between_regions_takes_8500_bytes(self) -> None:
        network = three_vpcs()
        near = network.peerings["pcx-ab"]
        far = network.apply(put(replace(near, accepter=replace(near.accepter, region="eu-west-1"))))
        assert walk(far, replace(ping(A, B), size=8500), "eni-a").delivered
        assert walk(far, replace(ping(A, B), size=8501), "eni-a").reason is Reason.PACKET_TOO_BIG
