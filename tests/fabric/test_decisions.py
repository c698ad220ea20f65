"""What was decided lately is not decided again; and the rules that decide."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from realvpc.fabric import namespace
from realvpc.fabric.apply import forget_decisions
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.constants import HASH_SHIFT
from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.nat_flow import HASH_MULTIPLIER
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, TCP, UDP, GroupReference
from realvpc.net.trace import INTERNET

from ..packets.hosts import number
from ..patience import PATIENCE_SECONDS
from .frames import MORE_FRAGMENTS, frame
from .kernel import Kernel
from .program import (
    A_ADDRESS,
    A_PUBLIC,
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

NUMBERS = ("source_port", "destination_port", "came_from", "protocol", "icmp_type", "icmp_code", "generation")


@pytest.fixture
def steady(send: Send) -> Iterator[None]:
    """Lets decisions hold for the test: on one CPU, in a second that has begun, for the sweeper too, and ends later."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    while not 0.1 < time.clock_gettime(time.CLOCK_MONOTONIC) % 1 < 0.5:
        time.sleep(0.01)
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("steady")
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
        kernel.loaded.maps["routes"].delete(list(kernel.loaded.maps["routes"]))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while reason(send(data)) is Reason.DELIVERED:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert reason(send(data)) is Reason.NO_ROUTE

    @pytest.mark.parametrize(
        "other",
        [{name: bytes(16)} for name in ("source", "destination")] + [{name: 1} for name in NUMBERS],
        ids=lambda other: "".join(other),
    )
    def test_another_flow_in_the_same_place_is_another_flow(
        self, send: Send, kernel: Kernel, other: dict[str, Any]
    ) -> None:
        data = frame(packet(A_ADDRESS, B_ADDRESS))
        send(data)
        routes, decisions = kernel.loaded.maps["routes"], kernel.loaded.maps["decisions"]
        (decision,) = self.decisions(kernel).values()
        routes.delete(list(routes))
        for change, expected in (({}, Reason.DELIVERED), (other, Reason.NO_ROUTE)):
            found, generation = None, -1
            while generation != self.generation(kernel):  # until no second ends in between
                generation = self.generation(kernel)
                kept = {**layout.DECISION.unpack(decision), "generation": generation}
                place, value = place_of(kept), layout.DECISION.pack(*{**kept, **change}.values())
                decisions.update({place: b"".join(value for _ in decisions.of_each_cpu(place))})
                found = reason(send(data))
            assert found is expected

    def test_the_places_of_flows_follow_from_a_number_that_nobody_knows(self, send: Send, kernel: Kernel) -> None:
        places = set()
        for _ in range(2):
            send(frame(packet(A_ADDRESS, B_ADDRESS)))
            ((place, decision),) = self.decisions(kernel).items()
            assert place == place_of(layout.DECISION.unpack(decision))
            places.add(place)
            new = layout.GENERATION.pack(0, self.generation(kernel) >> 32)  # in the second that it is
            kernel.loaded.maps["generation"].update({layout.INDEX_KEY.pack(0): new})
            forget_decisions(kernel.loaded.maps)
        assert len(places) == 2

    def test_flows_that_differ_little_have_places_of_their_own(self, kernel: Kernel, where: Path) -> None:
        """Of two hundred among 16,384 places, one or two would share one by chance."""
        packets = [packet(A_ADDRESS, B_ADDRESS, UDP, source_port=port) for port in range(100)]
        packets += [packet(A_ADDRESS, B_ADDRESS, UDP, destination_port=port) for port in range(100)]
        frames = list(map(frame, packets))
        namespace.run_in(where, lambda: [kernel.run(data, A) for data in frames])  # all within the second
        assert len(self.decisions(kernel)) > 190

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
            frame(packet(A_ADDRESS, "10.30.0.99")),
            frame(packet(A_ADDRESS, B_ADDRESS, ICMP, icmp_type=3, quoted=packet(B_ADDRESS, A_ADDRESS))),
        ],
        ids=["SYN", "FIN", "RST", "fragment", "dropped", "error"],
    )
    def test_only_ordinary_packets_are_remembered(self, send: Send, kernel: Kernel, data: bytes) -> None:
        for _ in range(2):
            send(data)
            assert self.decisions(kernel) == {}

    @pytest.mark.parametrize("to", [OUTSIDE, B_PUBLIC])
    @pytest.mark.parametrize("protocol", [TCP, UDP])
    def test_what_a_translated_packet_becomes_is_remembered(
        self, send: Send, kernel: Kernel, to: str, protocol: int
    ) -> None:
        data = frame(packet(A_ADDRESS, to, protocol))
        first = send(data)
        assert len(self.decisions(kernel)) == 1
        again = send(data)
        assert (again.data, again.ifindex) == (first.data, first.ifindex)
        back = frame(packet(OUTSIDE, A_PUBLIC, protocol))
        first = send(back, INTERNET)
        again = send(back, INTERNET)
        assert (again.data, again.ifindex) == (first.data, first.ifindex)
        assert len(self.decisions(kernel)) == 2

    @pytest.mark.parametrize("protocol", [TCP, UDP, ICMP, 47])
    def test_the_first_packet_of_a_tracked_flow_is_not_remembered(
        self, send: Send, tracking: Kernel, protocol: int
    ) -> None:
        """It begins it.  What follows is: a network ACL may have many rules for it, too."""
        data = frame(packet(A_ADDRESS, C_ADDRESS, protocol, icmp_type=8 if protocol == ICMP else 0))
        send(data)
        assert self.decisions(tracking) == {}
        send(data)
        assert len(self.decisions(tracking)) == 1

    def generation(self, kernel: Kernel) -> int:
        return int.from_bytes(kernel.loaded.maps["generation"].get(layout.INDEX_KEY.pack(0)) or b"", "little")

    def decisions(self, kernel: Kernel) -> dict[bytes, bytes]:
        """Those that hold, on any CPU, by place."""
        generation = self.generation(kernel)
        size = layout.DECISION.size + -layout.DECISION.size % 8
        return {
            place: values[start : start + size]
            for place, values in kernel.loaded.maps["decisions"].items().items()
            if any(values)
            for start in range(0, len(values), size)
            if layout.DECISION.unpack(values[start : start + size])["generation"] == generation
        }


def place_of(decision: Mapping[str, Any]) -> bytes:
    """Where the program keeps it (``decide.h``)."""
    halves = [int.from_bytes(decision[name][half : half + 8]) for name in ("source", "destination") for half in (0, 8)]
    ports = decision["source_port"] << 16 | decision["destination_port"]
    mixed = decision["generation"]
    for word in (decision["came_from"], ports, *halves):
        mixed = (mixed ^ word) * HASH_MULTIPLIER & (1 << 64) - 1
    return layout.INDEX_KEY.pack(mixed >> HASH_SHIFT)


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
