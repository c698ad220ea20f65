"""What belongs to a tracked flow, and how many there may be."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.net import allowances
from realvpc.net.addresses import Cidr
from realvpc.net.icmp import IcmpType
from realvpc.net.instance import InstanceState
from realvpc.net.network import Network
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, TCP, SecurityGroupRule
from realvpc.net.table import put
from realvpc.net.walk import walk
from tests.worlds import ALL_ICMP, ALL_OUT, ping, three_vpcs

A, B, C = "10.20.0.207", "10.30.4.69", "10.120.3.14"


def with_rules(network: Network, group: str, *rules: SecurityGroupRule) -> Network:
    return network.apply(put(replace(network.security_groups[group], rules=rules)))


def only_out(network: Network, group: str, icmp_type: int) -> Network:
    """Nothing comes in but answers, and nothing goes out but one type of ICMP."""
    rule = replace(ALL_OUT, protocol=ICMP, from_port=icmp_type, to_port=-1)
    return with_rules(network, group, rule)


def icmp(icmp_type: int, code: int = 0) -> Packet:
    return replace(ping(A, B), icmp_type=icmp_type, icmp_code=code, source_port=0, destination_port=0)


@pytest.mark.parametrize("sent", [40, IcmpType.TIMESTAMP, IcmpType.ECHO_REQUEST])
def test_other_types_do_not_belong_to_a_flow_of_icmp(sent: int) -> None:
    network = only_out(three_vpcs(), "sg-a", sent)
    there = walk(network, icmp(sent), "eni-a")
    assert there.delivered
    answer = there.packet.reply()
    assert walk(network, answer, "eni-b", there.tracked).delivered
    for other in {0, 8, 13, 14, 40, 41} - {answer.icmp_type}:
        foreign = replace(answer, icmp_type=other)
        assert walk(network, foreign, "eni-b", there.tracked).reason is Reason.SECURITY_GROUP_INGRESS
    foreign = replace(answer, icmp_code=1)
    assert walk(network, foreign, "eni-b", there.tracked).reason is Reason.SECURITY_GROUP_INGRESS


def test_a_ping_admits_its_answers_and_no_ping_the_other_way() -> None:
    network = only_out(three_vpcs(), "sg-a", IcmpType.ECHO_REQUEST)
    there = walk(network, ping(A, B), "eni-a")
    back = there.packet.reply()
    assert back.icmp_type == IcmpType.ECHO_REPLY
    assert walk(network, back, "eni-b", there.tracked).delivered_to == "eni-a"
    request = replace(back, icmp_type=IcmpType.ECHO_REQUEST)
    assert walk(network, request, "eni-b", there.tracked).reason is Reason.SECURITY_GROUP_INGRESS


def test_an_error_about_another_type_is_not_about_the_flow() -> None:
    network = with_rules(three_vpcs(), "sg-a", ALL_OUT)
    there = walk(network, icmp(40), "eni-a")
    error = replace(there.packet.reply(), icmp_type=IcmpType.DESTINATION_UNREACHABLE, quoted=there.packet)
    assert walk(network, error, "eni-b", there.tracked).delivered
    other = replace(error, quoted=replace(there.packet, icmp_type=41))
    assert walk(network, other, "eni-b", there.tracked).reason is Reason.SECURITY_GROUP_INGRESS


@pytest.mark.parametrize(("peer", "is_tracked"), [("0.0.0.0/0", False), ("10.0.0.0/8", True)])
def test_what_is_open_to_everybody_both_ways_and_nothing_else_is_left_untracked(peer: str, is_tracked: bool) -> None:
    out = replace(ALL_OUT, peer=Cidr.parse(peer))
    network = with_rules(three_vpcs(), "sg-a", out, replace(out, is_egress=False))
    network = with_rules(network, "sg-b", replace(ALL_OUT, is_egress=False))
    sent = replace(ping(A, B), protocol=TCP, icmp_type=0, source_port=40000, destination_port=80, opens=True)
    there = walk(network, sent, "eni-a")
    assert there.delivered
    assert any(flow.interface_id == "eni-a" for flow in there.tracked) is is_tracked


def flows_of(interface_id: str, count: int) -> frozenset[Flow]:
    packet = ping(A, B)
    return frozenset(
        Flow.leaving(interface_id, replace(packet, source_port=number % 2**16, icmp_code=number >> 16))
        for number in range(count)
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "FLOWS", 100)
    monkeypatch.setattr(allowances, "FLOWS_OF_INTERFACE", 40)


@pytest.mark.usefixtures("small")
class TestAllowance:
    def test_who_tracks_as_many_as_it_may_begins_no_other(self) -> None:
        network, flows = three_vpcs(), flows_of("eni-a", 40)
        trace = walk(network, replace(ping(A, B), icmp_code=9), "eni-a", flows)
        assert (trace.reason, trace.resource) == (Reason.CONNTRACK_ALLOWANCE_EXCEEDED, "eni-a")
        assert trace.tracked == frozenset()

    def test_its_own_flows_go_on(self) -> None:
        flows = flows_of("eni-a", 40)
        assert walk(three_vpcs(), replace(ping(A, B), source_port=7), "eni-a", flows).delivered

    def test_those_who_reach_it_cannot_either(self) -> None:
        trace = walk(three_vpcs(), ping(B, A), "eni-b", flows_of("eni-a", 40))
        assert (trace.reason, trace.resource) == (Reason.CONNTRACK_ALLOWANCE_EXCEEDED, "eni-a")

    def test_the_last_place_is_for_one_of_the_two_flows_that_begin(self) -> None:
        """A ping is tracked at both ends."""
        flows = flows_of("eni-x", 99)
        trace = walk(three_vpcs(), ping(A, B), "eni-a", flows)
        assert (trace.reason, trace.resource) == (Reason.CONNTRACK_ALLOWANCE_EXCEEDED, "eni-b")
        assert walk(three_vpcs(), ping(A, B), "eni-a", flows_of("eni-x", 98)).delivered

    def test_no_place_is_taken_at_an_instance_that_does_not_run(self) -> None:
        network = three_vpcs()
        stopped = replace(network.instances["i-b"], state=InstanceState.STOPPED)
        trace = walk(network.apply(put(stopped)), ping(A, B), "eni-a", flows_of("eni-x", 99))
        assert (trace.reason, trace.resource) == (Reason.INSTANCE_NOT_RUNNING, "eni-b")

    def test_nobody_else_feels_it(self) -> None:
        network = three_vpcs()
        network = with_rules(network, "sg-c", ALL_ICMP, ALL_OUT)
        assert walk(network, ping(C, "10.120.3.14"), "eni-c", flows_of("eni-a", 40)).reason is Reason.DELIVERED

    def test_when_many_press_the_share_of_each_is_smaller(self) -> None:
        """Of 100 places 31 and 40 are taken, so that 29 are free: as many as one interface may have."""
        flows = flows_of("eni-a", 31) | flows_of("eni-c", 40)
        assert not allowances.may_track("eni-a", flows)
        assert allowances.may_track("eni-b", flows | flows_of("eni-b", 10))


def test_an_untracked_flow_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "FLOWS_OF_INTERFACE", 0)
    everything = replace(ALL_OUT, is_egress=False)
    network = three_vpcs()
    for group in ("sg-a", "sg-b"):
        network = with_rules(network, group, everything, ALL_OUT)
    tcp = replace(ping(A, B), protocol=6, icmp_type=0, source_port=40000, destination_port=80)
    assert walk(network, tcp, "eni-a").delivered
    assert walk(network, ping(A, B), "eni-a").reason is Reason.CONNTRACK_ALLOWANCE_EXCEEDED
