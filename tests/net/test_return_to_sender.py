"""What answers a NAT gateway over a peering connection returns to it (VPC guide, "NAT gateway basics")."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4, Address
from realvpc.net.nat_flow import NatFlow
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.reasons import Layer, Reason
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind, table_route_id
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, TCP, UDP
from realvpc.net.table import delete, put
from realvpc.net.trace import INTERNET, Trace
from realvpc.net.walk import walk

from ..packets.hosts import ALL_IN, ALL_OUT, COMMON, host, number, peering, vpc
from ..packets.nat import GATEWAY, private_host, vpc_with_nat, with_another_gateway
from .test_nat import packet, reply_to, route

A, PUBLIC, FAR = number("eni", 1), number("eni", 3), number("eni", 4)
NAT, GATEWAY_INTERFACE = number("nat", 1), number("eni", GATEWAY + 1)
PEERING = Target(TargetKind.PEERING, number("pcx", 1))


@pytest.fixture
def network() -> Network:
    """A is behind a NAT gateway and PUBLIC beside it; in FAR's VPC what is not local goes to the internet."""
    return Network.of(
        *vpc_with_nat(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)]),
        *vpc(2, "10.30.0.0/16", rules=(ALL_IN, ALL_OUT)),
        *private_host(1, 1, "10.20.1.7"),
        *host(3, 1, "10.20.0.7"),
        *host(4, 2, "10.30.0.7", public="198.18.0.4"),
        *vpc(3, "10.40.0.0/16"),
        peering(1, 1, 2),
        peering(2, 1, 3),
    )


def out(network: Network, protocol: int = UDP) -> Trace:
    there = walk(network, packet("10.20.1.7", "10.30.0.7", protocol), A)
    assert there.delivered_to == FAR
    return there


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
def test_an_answer_returns_without_a_route(network: Network, protocol: int) -> None:
    back = reply_to(network, out(network, protocol))
    assert (back.delivered_to, str(back.packet.source), str(back.packet.destination)) == (A, "10.30.0.7", "10.20.1.7")
    assert any(hop.layer is Layer.ROUTE_TABLE and hop.resource == NAT for hop in back.hops)


@pytest.mark.parametrize("target", [Target(TargetKind.PEERING, "pcx-0000000000000dead"), PEERING])
def test_route_tables_of_the_far_vpc_are_not_asked(network: Network, target: Target) -> None:
    led = route(network, 2, "10.20.0.0/16", target)
    assert reply_to(led, out(led)).delivered_to == A


def test_an_instance_hears_no_answer_without_a_route(network: Network) -> None:
    there = walk(network, packet("10.20.0.7", "10.30.0.7"), PUBLIC)
    assert there.delivered_to == FAR
    assert reply_to(network, there).reason is Reason.IGW_PRIVATE_DESTINATION


def test_what_the_far_vpc_begins_needs_a_route(network: Network) -> None:
    there = out(network)
    assert there.nat_flow is not None
    begun = replace(there.packet.reply(), source_port=81)
    trace = walk(network, begun, FAR, there.tracked, frozenset({there.nat_flow}))
    assert trace.reason is Reason.IGW_PRIVATE_DESTINATION


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_the_flow_is_tracked_whatever_security_groups_say(network: Network, protocol: int) -> None:
    """EC2 guide, "Automatically tracked connections"."""
    [flow] = out(network, protocol).tracked
    assert (flow.interface_id, flow.gateway) == (FAR, GATEWAY_INTERFACE)


def test_an_error_about_the_connection_returns(network: Network) -> None:
    there = out(network)
    assert there.nat_flow is not None
    error = packet("10.30.0.7", "10.20.0.10", ICMP, icmp_type=3, icmp_code=3, quoted=there.packet)
    back = walk(network, error, FAR, there.tracked, frozenset({there.nat_flow}))
    assert back.delivered_to == A
    assert back.packet.quoted == there.sent


def test_a_network_acl_keeps_it_back(network: Network) -> None:
    rows = [AclEntry(number=1, is_egress=False, allows=True, protocol=ALL_PROTOCOLS, cidr=ANY_IPV4)]
    acl = NetworkAcl(id=number("acl", 9), vpc_id=number("vpc", 2), entries=tuple(rows), **COMMON)
    subnet = replace(network.subnets[number("subnet", 2)], network_acl_id=acl.id)
    denied = network.apply(put(acl, subnet))
    assert reply_to(denied, out(denied)).reason is Reason.NETWORK_ACL_EGRESS


def test_where_the_gateway_has_no_such_way_any_more_routes_decide(network: Network) -> None:
    there = out(network)
    gone = table_route_id(number("rtb", 1), network.vpcs[number("vpc", 2)].primary_cidr)
    for changed in (
        network.apply(delete(network.table_routes[gone])),
        route(network, 1, "10.30.0.0/16", Target(TargetKind.PEERING, "pcx-0000000000000dead")),
        route(network, 1, "10.30.0.0/16", Target(TargetKind.PEERING, number("pcx", 2))),
        route(network, 1, "10.30.0.7/32", Target(TargetKind.INTERNET_GATEWAY, number("igw", 1))),
        having_another_address(network),
        with_a_peer_of_the_same_block(network),
    ):
        assert reply_to(changed, there).reason is Reason.IGW_PRIVATE_DESTINATION


def having_another_address(network: Network) -> Network:
    interface = network.interfaces[GATEWAY_INTERFACE]
    return network.apply(put(replace(interface, private_addresses=(Address.parse("10.20.0.11"),))))


def with_a_peer_of_the_same_block(network: Network) -> Network:
    """Where the gateway's route leads now."""
    other = network.apply(put(*vpc(3, "10.30.0.0/16", rules=(ALL_IN, ALL_OUT)), peering(2, 1, 3)))
    return route(other, 1, "10.30.0.0/16", Target(TargetKind.PEERING, number("pcx", 2)))


def test_the_way_leads_from_table_to_table(network: Network) -> None:
    there = out(network)
    private = network.route_tables[number("rtb", 100 + 1)]
    led = network.apply(put(TableRoute.of(private, Route(network.vpcs[number("vpc", 2)].primary_cidr, PEERING))))
    chained = route(led, 1, "10.30.0.0/16", Target(TargetKind.ROUTE_TABLE, private.id))
    assert reply_to(chained, there).delivered_to == A


def test_over_the_internet_nothing_returns_past_the_routes(network: Network) -> None:
    there = walk(network, packet("10.20.1.7", "198.18.0.4"), A)
    assert there.delivered_to == FAR
    assert not [flow for flow in there.tracked if flow.gateway]
    assert reply_to(network, there).delivered_to == A
    assert walk(network, packet("10.20.1.7", "198.19.0.1"), A).delivered_to == INTERNET


def test_a_flow_is_the_same_one_whatever_it_remembers(network: Network) -> None:
    [flow] = out(network).tracked
    other = replace(flow, gateway="", sender=A)
    assert flow == other
    assert not flow != other  # noqa: SIM202
    assert len({flow, other}) == 1


def test_a_flow_goes_on_with_the_gateway_that_has_the_address_now(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no place: the flow has one."""
    asked = packet("10.20.1.7", "10.30.0.7", source_port=40_000)
    there = walk(network, asked, A)
    changed = with_another_gateway(network, 1)
    assert reply_to(changed, there).reason is Reason.IGW_PRIVATE_DESTINATION
    monkeypatch.setattr("realvpc.net.journey.may_track", lambda interface_id, flows: False)
    again = walk(changed, asked, A, there.tracked)
    assert again.packet == there.packet
    assert [(flow, flow.gateway) for flow in again.tracked] == [
        (flow, number("eni", GATEWAY + 1001)) for flow in there.tracked
    ]
    assert reply_to(changed, again).delivered_to == A


def test_a_flow_stays_with_its_gateway_as_long_as_that_has_the_address(network: Network) -> None:
    """However many others have it, in VPCs of the same blocks: else they could draw answers to themselves."""
    both = network.apply(
        put(
            *vpc_with_nat(5, "10.20.0.0/16", peers=[("10.30.0.0/16", 5)], public=["198.18.2.5"]),
            *private_host(5, 5, "10.20.1.7"),
            peering(5, 5, 2),
        )
    )
    asked = packet("10.20.1.7", "10.30.0.7", source_port=40_000)
    there = walk(both, asked, A)
    other = walk(both, asked, number("eni", 5), there.tracked)
    assert (other.packet, other.delivered_to, other.tracked) == (there.packet, FAR, frozenset())


def test_a_flow_that_no_gateway_began_takes_none(network: Network) -> None:
    """Who has the same address in another VPC has it still."""
    there = out(network)
    flows = frozenset(replace(flow, gateway="") for flow in there.tracked)
    assert walk(network, there.sent, A, flows).tracked == frozenset()


def test_what_another_gateway_sends_back_is_no_connection_of_the_first(network: Network) -> None:
    """Whose it was has left the VPC since, and is reached over a peering connection."""
    gateway, interface = network.nat_gateways[NAT], network.interfaces[GATEWAY_INTERFACE]
    second = replace(gateway, id=number("nat", 9))
    assert interface.attachment
    attachment, own = replace(interface.attachment, owner_id=second.id), (Address.parse("10.20.0.11"),)
    its = replace(interface, id=number("eni", 9), private_addresses=own, attachment=attachment)
    led = route(network.apply(put(second, its)), 100 + 1, "10.20.0.0/24", Target(TargetKind.NAT_GATEWAY, NAT))
    asked = packet("10.20.1.7", "10.20.0.11")
    flow = NatFlow(
        gateway=its.id,
        protocol=UDP,
        inside=Address.parse("10.30.0.7"),
        inside_port=5000,
        remote=Address.parse("10.20.0.10"),
        remote_port=asked.source_port,
        outside=own[0],
        outside_port=asked.destination_port,
    )
    trace = walk(led, asked, A, nat_flows=frozenset({flow}))
    assert trace.delivered_to == FAR
    assert not [flow for flow in trace.tracked if flow.gateway]
