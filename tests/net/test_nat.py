"""What becomes of packets to, through and from NAT gateways."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net import nat_flow
from realvpc.net.addresses import Address, Cidr
from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from realvpc.net.nat_flow import ATTEMPTS, FIRST_PORT, NatFlow
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, TCP, UDP
from realvpc.net.table import put
from realvpc.net.trace import INTERNET, Trace
from realvpc.net.walk import walk

from ..packets.hosts import ALL_IN, ALL_OUT, COMMON, host, number, peering, vpc
from ..packets.nat import GATEWAY, PRIVATE, private_host, vpc_with_nat

A, OTHER, PUBLIC, FAR = number("eni", 1), number("eni", 2), number("eni", 3), number("eni", 4)
NAT, NAT_INTERFACE = number("nat", 1), number("eni", GATEWAY + 1)
OWN, EIP, OUTSIDE = "10.20.0.10", "198.18.2.1", "198.19.0.1"


@pytest.fixture
def network() -> Network:
    """A and OTHER are private, PUBLIC lies beside the gateway, FAR in a peered VPC with a NAT gateway of its own."""
    return Network.of(
        *vpc_with_nat(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)]),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1), ("198.19.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *private_host(1, 1, "10.20.1.7"),
        *private_host(2, 1, "10.20.1.8"),
        *host(3, 1, "10.20.0.7", public="198.18.0.3"),
        *host(4, 2, "10.30.0.7"),
        peering(1, 1, 2),
    )


def packet(source: str, destination: str, protocol: int = UDP, **fields: Any) -> Packet:
    ports: dict[str, Any] = {"source_port": 40000, "destination_port": 80}
    if protocol == ICMP:
        ports = {"source_port": 7, "destination_port": 7, "icmp_type": 8}
    return Packet(
        source=Address.parse(source),
        destination=Address.parse(destination),
        protocol=protocol,
        **{**ports, "opens": protocol == TCP, **fields},
    )


def reply_to(network: Network, there: Trace) -> Trace:
    assert there.delivered_to is not None
    flows = frozenset({there.nat_flow}) if there.nat_flow else frozenset()
    return walk(network, there.packet.reply(), there.delivered_to, there.tracked, flows)


def route(network: Network, table: int, destination: str, target: Target) -> Network:
    row = network.route_tables[number("rtb", table)]
    return network.apply(put(TableRoute.of(row, Route(Cidr.parse(destination), target))))


def having(network: Network, *addresses: str) -> Network:
    """The gateway with these private addresses."""
    own = tuple(map(Address.parse, addresses))
    return network.apply(put(replace(network.interfaces[NAT_INTERFACE], private_addresses=own)))


class TestOutAndBack:
    @pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
    def test_a_private_instance_reaches_the_internet_and_hears_back(self, network: Network, protocol: int) -> None:
        there = walk(network, packet("10.20.1.7", OUTSIDE, protocol), A)
        assert there.delivered_to == INTERNET
        assert str(there.packet.source) == EIP
        back = reply_to(network, there)
        assert back.delivered_to == A
        assert back.packet == packet("10.20.1.7", OUTSIDE, protocol).reply()

    def test_one_sender_leaves_others_room(self, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("realvpc.net.nat_flow.FLOWS_OF_GATEWAY", 4)
        flows: frozenset[NatFlow] = frozenset()
        for port in (40000, 40001):
            begun = walk(network, packet("10.20.1.7", OUTSIDE, source_port=port), A, nat_flows=flows).nat_flow
            assert begun is not None
            flows |= {begun}
        third = walk(network, packet("10.20.1.7", OUTSIDE, source_port=40002), A, nat_flows=flows)
        assert third.reason is Reason.NAT_PORT_ALLOCATION
        assert walk(network, packet("10.20.1.8", OUTSIDE), OTHER, nat_flows=flows).delivered_to == INTERNET

    def test_its_own_port_is_kept_where_it_is_free(self, network: Network) -> None:
        first = walk(network, packet("10.20.1.7", OUTSIDE), A)
        assert first.packet.source_port == 40000
        assert first.nat_flow is not None
        second = walk(network, packet("10.20.1.8", OUTSIDE), OTHER, nat_flows=frozenset({first.nat_flow}))
        assert second.packet.source_port not in (40000, 0)
        assert second.packet.source_port >= FIRST_PORT
        elsewhere = walk(network, packet("10.20.1.8", "198.19.0.2"), OTHER, nat_flows=frozenset({first.nat_flow}))
        assert elsewhere.packet.source_port == 40000, "another destination, another port space"

    def test_the_second_packet_belongs_to_the_connection_of_the_first(self, network: Network) -> None:
        first = walk(network, packet("10.20.1.7", OUTSIDE, TCP), A)
        assert first.nat_flow is not None
        later = walk(network, packet("10.20.1.7", OUTSIDE, TCP, opens=False), A, nat_flows=frozenset({first.nat_flow}))
        assert later.delivered
        assert later.nat_flow is None

    def test_a_connection_over_an_address_that_was_taken_away_is_over(self, network: Network) -> None:
        """Somebody else may have the address by now."""
        first = walk(network, packet("10.20.1.7", OUTSIDE, TCP), A)
        assert first.nat_flow is not None
        taken = replace(first.nat_flow, outside=Address.parse("10.20.0.11"))
        again = walk(network, packet("10.20.1.7", OUTSIDE, TCP), A, nat_flows=frozenset({taken}))
        begun = replace(first.nat_flow, again=1)
        assert (again.delivered_to, str(again.packet.source), again.nat_flow) == (INTERNET, EIP, begun)
        later = walk(network, packet("10.20.1.7", OUTSIDE, TCP, opens=False), A, nat_flows=frozenset({taken}))
        assert later.reason is Reason.NAT_NO_CONNECTION

    def test_when_an_address_comes_back_the_newest_connection_goes_on(self, network: Network) -> None:
        """And the older one does not, even when the gateway has its address alone."""
        other = "10.20.0.11"
        opening = packet("10.20.1.7", "10.30.0.7", TCP)
        later = replace(opening, opens=False)
        first = walk(network, opening, A).nat_flow
        assert first is not None
        older = replace(first, outside=Address.parse(other))
        newer = walk(network, opening, A, nat_flows=frozenset({older})).nat_flow
        assert newer is not None
        both = frozenset({older, newer})
        assert str(walk(having(network, OWN, other), later, A, nat_flows=both).packet.source) == OWN
        assert walk(having(network, other), later, A, nat_flows=both).reason is Reason.NAT_NO_CONNECTION
        assert str(walk(having(network, other), opening, A, nat_flows=both).packet.source) == other

    def test_an_answer_does_not_go_on_over_an_egress_only_gateway(self, network: Network) -> None:
        gateway = EgressOnlyInternetGateway(id="eigw-1", vpc_id=number("vpc", 1), **COMMON)
        target = Target(TargetKind.EGRESS_ONLY_INTERNET_GATEWAY, gateway.id)
        there = walk(network, packet("10.20.1.7", OUTSIDE), A)
        back = reply_to(route(network.apply(put(gateway)), 1, "10.20.1.0/24", target), there)
        assert (back.reason, back.resource) == (Reason.IGW_NO_PUBLIC_ADDRESS, gateway.id)

    def test_an_error_about_the_connection_finds_the_way_back(self, network: Network) -> None:
        there = walk(network, packet("10.20.1.7", OUTSIDE), A)
        error = packet("198.19.0.254", EIP, ICMP, icmp_type=3, icmp_code=3, quoted=there.packet)
        assert there.nat_flow is not None
        back = walk(network, error, INTERNET, there.tracked, frozenset({there.nat_flow}))
        assert back.delivered_to == A
        assert back.packet.quoted == there.sent

    def test_an_error_about_an_answer_goes_out(self, network: Network) -> None:
        there = walk(network, packet("10.20.1.7", OUTSIDE), A)
        answer = reply_to(network, there)
        error = packet("10.20.1.7", OUTSIDE, ICMP, icmp_type=3, icmp_code=3, quoted=answer.packet)
        assert there.nat_flow is not None
        out = walk(network, error, A, there.tracked, frozenset({there.nat_flow}))
        assert out.delivered_to == INTERNET
        assert str(out.packet.source) == EIP
        assert out.packet.quoted == answer.sent

    def test_through_a_peering_connection_and_back(self, network: Network) -> None:
        there = walk(network, packet("10.20.1.7", "10.30.0.7"), A)
        assert there.delivered_to == FAR
        assert str(there.packet.source) == OWN
        assert reply_to(network, there).delivered_to == A

    def test_a_private_gateway_has_no_way_to_the_internet(self) -> None:
        network = Network.of(*vpc_with_nat(1, "10.20.0.0/16", public=()), *private_host(1, 1, "10.20.1.7"))
        trace = walk(network, packet("10.20.1.7", OUTSIDE), A)
        assert trace.reason is Reason.IGW_NO_PUBLIC_ADDRESS


class TestRefusals:
    def test_nothing_begins_outside(self, network: Network) -> None:
        trace = walk(network, packet(OUTSIDE, EIP, TCP), INTERNET)
        assert (trace.reason, trace.resource) == (Reason.NAT_UNSOLICITED, NAT)

    def test_nobody_pings_a_gateway(self, network: Network) -> None:
        assert walk(network, packet("10.20.0.7", OWN, ICMP), PUBLIC).reason is Reason.NAT_UNSOLICITED

    def test_a_ping_is_no_answer_to_a_ping(self, network: Network) -> None:
        there = walk(network, packet("10.20.1.7", OUTSIDE, ICMP), A)
        assert there.nat_flow is not None
        asked = replace(there.packet.reply(), icmp_type=8)
        trace = walk(network, asked, INTERNET, there.tracked, frozenset({there.nat_flow}))
        assert trace.reason is Reason.NAT_UNSOLICITED

    def test_a_peer_cannot_use_it(self, network: Network) -> None:
        trace = walk(network, packet("10.30.0.7", OUTSIDE), FAR)
        assert trace.reason is Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR

    @pytest.mark.parametrize(("protocol", "kind"), [(50, 0), (47, 0), (ICMP, 0), (ICMP, 40)])
    def test_only_tcp_udp_and_queries_pass(self, network: Network, protocol: int, kind: int) -> None:
        trace = walk(network, packet("10.20.1.7", OUTSIDE, protocol, icmp_type=kind), A)
        assert trace.reason is Reason.NAT_PROTOCOL

    def test_only_addresses_of_its_vpc_pass(self, network: Network) -> None:
        open_ = network.apply(put(replace(network.interfaces[A], source_dest_check=False)))
        assert walk(open_, packet("10.99.0.1", OUTSIDE), A).reason is Reason.NAT_REQUIRES_SOURCE_IN_VPC

    def test_tcp_goes_on_only_where_it_began(self, network: Network) -> None:
        trace = walk(network, packet("10.20.1.7", OUTSIDE, TCP, opens=False), A)
        assert trace.reason is Reason.NAT_NO_CONNECTION

    @pytest.mark.parametrize(("destination", "fits"), [("10.30.0.7", 8500), (OUTSIDE, 1500)])
    def test_the_mtu(self, network: Network, destination: str, fits: int) -> None:
        assert walk(network, packet("10.20.1.7", destination, size=fits), A).delivered
        assert walk(network, packet("10.20.1.7", destination, size=fits + 1), A).reason is Reason.PACKET_TOO_BIG

    def test_a_gateway_whose_subnet_leads_to_itself(self, network: Network) -> None:
        looped = route(network, 1, "0.0.0.0/0", Target(TargetKind.NAT_GATEWAY, NAT))
        assert walk(looped, packet("10.20.1.7", OUTSIDE), A).reason is Reason.NAT_LOOP

    def test_an_answer_comes_back_through_one_gateway_and_once(self, network: Network) -> None:
        """Of a connection that the gateway's own address is said to have begun."""
        own: dict[str, Any] = {
            "inside": Address.parse(OWN),
            "outside": Address.parse(OWN),
            "remote": Address.parse(OUTSIDE),
        }
        ports: dict[str, Any] = {"inside_port": 40000, "outside_port": 40000, "remote_port": 80}
        flow = NatFlow(gateway=NAT_INTERFACE, protocol=UDP, **own, **ports)
        answer = packet(OUTSIDE, EIP, source_port=80, destination_port=40000)
        assert walk(network, answer, INTERNET, nat_flows=frozenset({flow})).reason is Reason.NAT_LOOP

    @pytest.mark.parametrize(("room", "reason"), [(5, Reason.DELIVERED), (4, Reason.NAT_PORT_ALLOCATION)])
    def test_a_gateway_has_no_more_than_it_leaves_to_others(
        self, network: Network, monkeypatch: pytest.MonkeyPatch, room: int, reason: Reason
    ) -> None:
        flows: frozenset[NatFlow] = frozenset()
        for port in (1, 2):
            begun = walk(network, packet("10.20.1.7", OUTSIDE, source_port=port), A, nat_flows=flows).nat_flow
            assert begun is not None
            flows |= {begun}
        monkeypatch.setattr(nat_flow, "FLOWS", room)
        assert walk(network, packet("10.20.1.8", OUTSIDE), OTHER, nat_flows=flows).reason is reason

    def test_a_deleted_gateway_is_a_blackhole(self, network: Network) -> None:
        gone = replace(network.interfaces[NAT_INTERFACE], attachment=None)
        trace = walk(network.apply(put(gone)), packet("10.20.1.7", OUTSIDE), A)
        assert trace.reason is Reason.BLACKHOLE_ROUTE

    def test_when_no_port_is_left(self, network: Network) -> None:
        flows: set[NatFlow] = set()
        asked = packet("10.20.1.7", OUTSIDE)
        for _ in range(ATTEMPTS):
            trace = walk(network, asked, A, nat_flows=frozenset(flows))
            assert trace.nat_flow is not None
            flows.add(replace(trace.nat_flow, inside=Address.parse("10.20.1.9")))
        assert walk(network, asked, A, nat_flows=frozenset(flows)).reason is Reason.NAT_PORT_ALLOCATION


class TestNetworkAcls:
    """Of the gateway's subnet: in from the instance, out to the internet, and both again for the answer."""

    @staticmethod
    def denying(network: Network, cidr: str, *, is_egress: bool) -> Network:
        subnet = network.subnets[number("subnet", 1)]
        rules = [(10, is_egress, False, cidr), (20, False, True, "0.0.0.0/0"), (20, True, True, "0.0.0.0/0")]
        acl = NetworkAcl(
            id=number("acl", 1),
            account=subnet.account,
            region=subnet.region,
            vpc_id=subnet.vpc_id,
            entries=tuple(
                AclEntry(is_egress=out, number=rule, allows=allows, protocol=ALL_PROTOCOLS, cidr=Cidr.parse(block))
                for rule, out, allows, block in rules
            ),
        )
        return network.apply(put(acl, replace(subnet, network_acl_id=acl.id)))

    def test_in_from_the_instance(self, network: Network) -> None:
        denied = self.denying(network, "10.20.1.0/24", is_egress=False)
        assert walk(denied, packet("10.20.1.7", OUTSIDE), A).reason is Reason.NETWORK_ACL_INGRESS

    def test_out_to_the_internet(self, network: Network) -> None:
        denied = self.denying(network, "198.19.0.0/16", is_egress=True)
        assert walk(denied, packet("10.20.1.7", OUTSIDE), A).reason is Reason.NETWORK_ACL_EGRESS

    def test_the_answer_in_and_out(self, network: Network) -> None:
        there = walk(network, packet("10.20.1.7", OUTSIDE), A)
        assert reply_to(self.denying(network, "198.19.0.0/16", is_egress=False), there).reason is (
            Reason.NETWORK_ACL_INGRESS
        )
        assert reply_to(self.denying(network, "10.20.1.0/24", is_egress=True), there).reason is (
            Reason.NETWORK_ACL_EGRESS
        )

    def test_beside_the_gateway_none_is_asked_on_the_way_to_it(self, network: Network) -> None:
        """The table of the gateway's own subnet leads one destination to a gateway of the same subnet."""
        beside = route(network, 1, "198.19.0.0/16", Target(TargetKind.NAT_GATEWAY, NAT))
        denied = self.denying(beside, "10.20.0.0/24", is_egress=False)
        assert walk(denied, packet("10.20.0.7", OUTSIDE), PUBLIC).reason is Reason.NAT_LOOP, "not the ACL"


def test_a_reply_to_a_whole_subnet_may_be_led_through_it(network: Network) -> None:
    """A route for a subnet of the VPC may lead to a NAT gateway; the receiver sees the gateway's address."""
    led = route(network, PRIVATE + 1, "10.20.0.0/24", Target(TargetKind.NAT_GATEWAY, NAT))
    there = walk(led, packet("10.20.1.7", "10.20.0.7"), A)
    assert (there.delivered_to, str(there.packet.source)) == (PUBLIC, OWN)
    assert reply_to(led, there).delivered_to == A
