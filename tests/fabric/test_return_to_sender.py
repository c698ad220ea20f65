"""What answers a NAT gateway over a peering connection returns to it in the program as it does in walk()."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.loader import Object
from realvpc.net.addresses import ANY_IPV4, Address
from realvpc.net.nat_flow import NatFlow
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.route_table import Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, TCP, UDP
from realvpc.net.table import put
from realvpc.net.trace import Trace
from realvpc.net.walk import walk

from ..net.test_nat import route
from ..packets.hosts import ALL_IN, ALL_OUT, COMMON, host, number, peering, vpc
from ..packets.nat import GATEWAY, private_host, vpc_with_nat, with_another_gateway
from .frames import frame, read
from .kernel import Kernel, flow_key
from .program import Send, packet, reason
from .test_differential import check

pytestmark = pytest.mark.root

A, PUBLIC, FAR = (number("eni", index) for index in (1, 2, 3))
INSIDE, THERE = "10.20.1.7", "10.30.0.7"
NETWORK = Network.of(
    *vpc_with_nat(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)]),
    *vpc(2, "10.30.0.0/16", rules=(ALL_IN, ALL_OUT)),
    *private_host(1, 1, INSIDE),
    *host(2, 1, "10.20.0.7"),
    *host(3, 2, THERE),
    *vpc(3, "10.40.0.0/16"),
    peering(1, 1, 2),
    peering(2, 1, 3),
)


@pytest.fixture
def kernel(loaded: Object) -> Kernel:
    loaded.maps["tallies"].delete(list(loaded.maps["tallies"]))
    return Kernel(loaded, NETWORK)


class Both:
    """The law and the program, told of the same packets."""

    def __init__(self, where: Path, kernel: Kernel, network: Network = NETWORK) -> None:
        self.where, self.kernel, self.network = where, kernel, network
        self.flows: frozenset[Flow] = frozenset()
        self.nat_flows: frozenset[NatFlow] = frozenset()

    def send(self, sent: Packet, at: str) -> Trace:
        trace = walk(self.network, sent, at, self.flows, self.nat_flows)
        namespace.run_in(self.where, lambda: check(self.kernel, sent, at, trace, may_fragment=False))
        self.flows = trace.tracked | self.flows  # of equal ones the newer
        self.nat_flows |= {trace.nat_flow} if trace.nat_flow else set()
        return trace

    def change(self, network: Network) -> None:
        self.network = network
        self.kernel.apply(network)


@pytest.fixture
def both(where: Path, kernel: Kernel) -> Both:
    return Both(where, kernel)


def asking(protocol: int) -> Packet:
    fields = {"icmp_type": 8, "source_port": 7, "destination_port": 7} if protocol == ICMP else {}
    return packet(INSIDE, THERE, protocol, opens=protocol == TCP, **fields)


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
def test_answers_and_errors_return_without_a_route(both: Both, protocol: int) -> None:
    there = both.send(asking(protocol), A)
    for _ in range(3):  # the second one is remembered
        assert both.send(there.packet.reply(), FAR).delivered_to == A
    error = packet(THERE, str(there.packet.source), ICMP, icmp_type=3, icmp_code=3, quoted=there.packet)
    assert both.send(error, FAR).delivered_to == A
    assert both.send(replace(there.packet.reply(), source_port=9, destination_port=9), FAR).reason is (
        Reason.IGW_NO_PUBLIC_ADDRESS
    )
    assert both.kernel.flows() == {flow_key(flow) for flow in both.flows}


def test_an_instance_beside_the_gateway_hears_nothing(both: Both) -> None:
    there = both.send(packet("10.20.0.7", THERE, UDP), PUBLIC)
    assert there.delivered_to == FAR
    assert both.send(there.packet.reply(), FAR).reason is Reason.IGW_NO_PUBLIC_ADDRESS


def test_a_change_of_the_way_back_counts_at_once(both: Both) -> None:
    there = both.send(asking(UDP), A)
    answer = there.packet.reply()
    assert both.send(answer, FAR).delivered_to == A
    for target in (
        Target(TargetKind.PEERING, "pcx-0000000000000dead"),
        Target(TargetKind.PEERING, number("pcx", 2)),
        Target(TargetKind.INTERNET_GATEWAY, number("igw", 1)),
    ):
        both.change(route(NETWORK, 1, "10.30.0.0/16", target))
        assert both.send(answer, FAR).reason is Reason.IGW_NO_PUBLIC_ADDRESS
    through = number("rtb", 101)
    both.change(route(NETWORK, 1, "10.30.0.0/16", Target(TargetKind.ROUTE_TABLE, through)))
    assert both.send(answer, FAR).reason is Reason.IGW_NO_PUBLIC_ADDRESS, "that table leads to the gateway"
    both.change(route(both.network, 101, "10.30.0.0/16", Target(TargetKind.PEERING, number("pcx", 1))))
    assert both.send(answer, FAR).delivered_to == A


def test_network_acls_on_the_way_back_are_asked(both: Both) -> None:
    """That of the subnet which answers, and that of the gateway's."""
    there = both.send(asking(UDP), A)
    answer = there.packet.reply()
    for subnet, is_egress, reason_ in ((2, True, Reason.NETWORK_ACL_EGRESS), (1, False, Reason.NETWORK_ACL_INGRESS)):
        every: dict[str, Any] = {"number": 1, "protocol": ALL_PROTOCOLS, "cidr": ANY_IPV4}
        entries = (AclEntry(is_egress=not is_egress, allows=True, **every),)
        acl = NetworkAcl(id=number("acl", 9), vpc_id=number("vpc", subnet), entries=entries, **COMMON)
        within = replace(NETWORK.subnets[number("subnet", subnet)], network_acl_id=acl.id)
        both.change(NETWORK.apply(put(acl, within)))
        assert both.send(answer, FAR).reason is reason_


def test_a_gateway_that_has_lost_the_address_gets_nothing_back(both: Both) -> None:
    there = both.send(asking(UDP), A)
    gateway = NETWORK.interfaces[number("eni", GATEWAY + 1)]
    both.change(NETWORK.apply(put(replace(gateway, private_addresses=(Address.parse("10.20.0.99"),)))))
    assert both.send(there.packet.reply(), FAR).reason is Reason.IGW_NO_PUBLIC_ADDRESS


def test_a_flow_goes_on_with_the_gateway_that_has_the_address_now(both: Both) -> None:
    asked = replace(asking(UDP), source_port=40_000)
    there = both.send(asked, A)
    answer = there.packet.reply()
    assert both.send(answer, FAR).delivered_to == A
    both.change(with_another_gateway(NETWORK, 1))
    assert both.send(answer, FAR).reason is Reason.IGW_NO_PUBLIC_ADDRESS
    assert both.send(asked, A).packet == there.packet
    for _ in range(3):
        assert both.send(asked, A).delivered_to == FAR
        assert both.send(answer, FAR).delivered_to == A
    assert both.kernel.flows() == {flow_key(flow) for flow in both.flows}


def test_a_flow_stays_with_its_gateway_as_long_as_that_has_the_address(where: Path, loaded: Object) -> None:
    """However many others have it, in VPCs of the same blocks: else they could draw answers to themselves."""
    other = (
        *vpc_with_nat(5, "10.20.0.0/16", peers=[("10.30.0.0/16", 5)], public=["198.18.2.5"]),
        *private_host(5, 5, INSIDE),
        peering(5, 5, 2),
    )
    network = NETWORK.apply(put(*other))
    both = Both(where, Kernel(loaded, network), network)
    asked = replace(asking(UDP), source_port=40_000)
    there = both.send(asked, A)
    assert both.send(asked, number("eni", 5)).packet == there.packet
    assert both.send(there.packet.reply(), FAR).delivered_to == A
    value = both.kernel.loaded.maps["flows"].get(flow_key(Flow.arriving(FAR, there.packet)))
    assert value is not None
    assert layout.FLOW.unpack(value)["gateway"] == number_of(number("eni", GATEWAY + 1))


def test_the_peering_connection_of_another_vpc_is_no_way_back(where: Path, loaded: Object) -> None:
    """Although the gateway's table leads, over one of that VPC's, to it."""
    network = NETWORK.apply(
        put(*vpc_with_nat(5, "10.20.0.0/16", peers=[("10.30.0.0/16", 5)], public=["198.18.2.5"]), peering(5, 5, 2))
    )
    both = Both(where, Kernel(loaded, network), network)
    answer = both.send(asking(UDP), A).packet.reply()
    both.change(route(network, 1, "10.30.0.0/16", Target(TargetKind.ROUTE_TABLE, number("rtb", 5))))
    assert both.send(answer, FAR).reason is Reason.IGW_NO_PUBLIC_ADDRESS


def test_a_flow_that_no_gateway_began_takes_none(send: Send, kernel: Kernel) -> None:
    """Who has the same address in another VPC has it still."""
    key = flow_key(Flow.arriving(FAR, read(send(frame(asking(UDP)), A).data)))
    value = kernel.loaded.maps["flows"].get(key)
    assert value is not None
    fields = layout.FLOW.unpack(value)
    kernel.loaded.maps["flows"].update({key: layout.FLOW.pack(fields["last"], fields["seen"], fields["sender"], 0)})
    kernel.apply(NETWORK)
    assert reason(send(frame(asking(UDP)), A)) is Reason.DELIVERED
    value = kernel.loaded.maps["flows"].get(key)
    assert value is not None
    assert layout.FLOW.unpack(value)["gateway"] == 0


def test_a_flow_that_is_over_and_begins_again_knows_its_gateway(send: Send, kernel: Kernel) -> None:
    """The sweeper has not come round to it."""
    asked = asking(UDP)
    out = read(send(frame(asked), A).data)
    key = flow_key(Flow.arriving(FAR, out))
    kernel.loaded.maps["flows"].update({key: layout.FLOW.pack(1, 0, 0, 0)})
    assert reason(send(frame(asked), A)) is Reason.DELIVERED
    value = kernel.loaded.maps["flows"].get(key)
    assert value is not None
    assert layout.FLOW.unpack(value)["gateway"] == number_of(number("eni", GATEWAY + 1))
    assert read(send(frame(out.reply()), FAR).data).destination == asked.source
