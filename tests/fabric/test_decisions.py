"""What was decided lately is not decided again; and the rules that decide."""

from __future__ import annotations

import time

import pytest

from realvpc.fabric.apply import forget_decisions
from realvpc.fabric.bpf import layout
from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, TCP, UDP, GroupReference

from ..packets.hosts import number
from .frames import MORE_FRAGMENTS, frame
from .kernel import Kernel
from .program import (
    A_ADDRESS,
    B_ADDRESS,
    B_PUBLIC,
    C_ADDRESS,
    OUTSIDE,
    A,
    B,
    C,
    Send,
    network,
    packet,
    reason,
    rule,
)

pytestmark = pytest.mark.root


class TestDecisions:
    def test_what_was_decided_is_remembered_until_something_changes(self, send: Send, kernel: Kernel) -> None:
        data = frame(packet(A_ADDRESS, B_ADDRESS))
        assert reason(send(data)) is Reason.DELIVERED
        routes = kernel.loaded.maps["routes"]
        routes.delete(list(routes))
        assert reason(send(data)) is Reason.DELIVERED, "no table was asked"
        forget_decisions(kernel.loaded.maps)
        assert reason(send(data)) is Reason.NO_ROUTE

    def test_a_change_counts_from_the_next_packet_on(self, send: Send, kernel: Kernel) -> None:
        data = frame(packet(A_ADDRESS, B_ADDRESS))
        assert reason(send(data)) is Reason.DELIVERED
        kernel.apply(network(()))
        assert reason(send(data)) is Reason.SECURITY_GROUP_EGRESS, "an untracked flow ends with its rule"

    def test_a_decision_ends_by_itself(self, send: Send, kernel: Kernel) -> None:
        """So that tracked flows are seen to be alive."""
        data = frame(packet(A_ADDRESS, B_ADDRESS))
        send(data)
        ((key, value),) = self.decisions(kernel).items()
        decision = dict(layout.DECISION.unpack(value))
        assert 0 < decision["until"] - time.clock_gettime_ns(time.CLOCK_MONOTONIC) <= 10**9
        kernel.loaded.maps["routes"].delete(list(kernel.loaded.maps["routes"]))
        decision["until"] -= 10**9
        kernel.loaded.maps["decisions"].update({key: layout.DECISION.pack(*decision.values())})
        assert reason(send(data)) is Reason.NO_ROUTE

    def test_a_remembered_way_has_the_same_mtu(self, send: Send) -> None:
        send(frame(packet(A_ADDRESS, B_ADDRESS)))
        assert reason(send(frame(packet(A_ADDRESS, B_ADDRESS, size=1600)), A, 9001)) is Reason.PACKET_TOO_BIG

    @pytest.mark.parametrize(
        "data",
        [
            frame(packet(A_ADDRESS, B_ADDRESS), tcp_flags=0x02),
            frame(packet(A_ADDRESS, B_ADDRESS), tcp_flags=0x11),
            frame(packet(A_ADDRESS, B_ADDRESS), tcp_flags=0x14),
            frame(packet(A_ADDRESS, B_ADDRESS, UDP), flags=MORE_FRAGMENTS),
            frame(packet(A_ADDRESS, OUTSIDE)),
            frame(packet(A_ADDRESS, B_PUBLIC)),
            frame(packet(A_ADDRESS, "10.30.0.99")),
            frame(packet(A_ADDRESS, B_ADDRESS, ICMP, icmp_type=8, source_port=5, destination_port=5)),
        ],
        ids=["SYN", "FIN", "RST", "fragment", "translated", "translated twice", "dropped", "first of a tracked flow"],
    )
    def test_only_ordinary_packets_are_remembered(self, send: Send, kernel: Kernel, data: bytes) -> None:
        send(data)
        assert self.decisions(kernel) == {}

    def decisions(self, kernel: Kernel) -> dict[bytes, bytes]:
        """Those of the present tables."""
        index = layout.INDEX_KEY.pack(0)
        held = kernel.loaded.maps["decisions"].items()
        generation = kernel.loaded.maps["generation"].get(index)
        return {key: value for key, value in held.items() if value[:8] == generation}


class TestRules:
    @pytest.mark.parametrize("port", [0, 15, 16, 511, 999])
    def test_each_of_a_thousand_rules_counts(self, send: Send, kernel: Kernel, port: int) -> None:
        peer = Cidr.parse("10.30.0.0/16")
        kernel.apply(network(tuple(rule(TCP, place, place, peer) for place in range(1000))))
        assert reason(send(frame(packet(B_ADDRESS, A_ADDRESS, destination_port=port)), B)) is Reason.DELIVERED
        beyond = frame(packet(B_ADDRESS, A_ADDRESS, destination_port=1000))
        assert reason(send(beyond, B)) is Reason.SECURITY_GROUP_INGRESS

    def test_a_reference_admits_the_members_of_the_group(self, send: Send, kernel: Kernel) -> None:
        peer = GroupReference(number("sg", 2), "111111111111")
        kernel.apply(network((rule(TCP, 80, 80, peer), rule(-1, -1, -1, ANY_IPV4, is_egress=True))))
        assert reason(send(frame(packet(B_ADDRESS, A_ADDRESS)), B)) is Reason.DELIVERED
        assert reason(send(frame(packet(C_ADDRESS, A_ADDRESS)), C)) is Reason.SECURITY_GROUP_INGRESS
