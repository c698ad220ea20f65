"""A flood of one interface takes what is its own, and nothing of others."""

from __future__ import annotations

import time
from itertools import islice, product

import pytest
from msgspec.structs import replace

from realvpc.fabric.apply import forget_decisions
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.constants import ALL_INTERFACES, FRAGMENT_PLACES, NANOSECONDS
from realvpc.fabric.bpf.layout import number_of
from realvpc.net.allowances import FLOWS, FLOWS_OF_INTERFACE, LINKLOCAL_PACKETS
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, TCP, UDP
from realvpc.net.services import METADATA, RESOLVER

from .frames import MORE_FRAGMENTS, frame
from .kernel import Kernel
from .program import (
    A_ADDRESS,
    B_ADDRESS,
    C_ADDRESS,
    PEER,
    A,
    B,
    C,
    Send,
    drops,
    network,
    packet,
    reason,
    rule,
    set_tally,
    tally,
)

pytestmark = pytest.mark.root


class TestFlows:
    def test_both_sides_count(self, send: Send, tracking: Kernel) -> None:
        for port in range(5):
            assert reason(send(frame(packet(A_ADDRESS, C_ADDRESS, source_port=port)))) is Reason.DELIVERED
        send(frame(packet(A_ADDRESS, B_ADDRESS)))
        assert [tally(tracking, number_of(row)) for row in (A, B, C)] == [6, 0, 5]
        assert tally(tracking, ALL_INTERFACES) == 11 == len(tracking.flows())

    def test_a_packet_of_a_known_flow_takes_no_place(self, send: Send, tracking: Kernel) -> None:
        there = packet(A_ADDRESS, C_ADDRESS)
        for data, at in ((frame(there), A), (frame(there), A), (frame(there.reply()), C)):
            assert reason(send(data, at)) is Reason.DELIVERED
            forget_decisions(tracking.loaded.maps)
        assert [tally(tracking, number_of(row)) for row in (A, C)] == [1, 1]

    def test_a_dropped_packet_takes_no_place(self, send: Send, tracking: Kernel) -> None:
        assert reason(send(frame(packet(A_ADDRESS, "10.20.0.99")))) is Reason.NO_DESTINATION
        assert tally(tracking, ALL_INTERFACES) == 0

    def test_who_tracks_as_many_as_it_may_begins_no_other(self, send: Send, tracking: Kernel) -> None:
        known = packet(A_ADDRESS, C_ADDRESS, source_port=1)
        send(frame(known))
        set_tally(tracking, number_of(A), FLOWS_OF_INTERFACE - 1)
        before = drops(tracking, A, Reason.CONNTRACK_ALLOWANCE_EXCEEDED)
        assert reason(send(frame(packet(A_ADDRESS, C_ADDRESS, source_port=2)))) is Reason.DELIVERED
        refused = frame(packet(A_ADDRESS, C_ADDRESS, source_port=3))
        assert reason(send(refused)) is Reason.CONNTRACK_ALLOWANCE_EXCEEDED
        assert drops(tracking, A, Reason.CONNTRACK_ALLOWANCE_EXCEEDED) == before + 1
        assert tally(tracking, number_of(A)) == FLOWS_OF_INTERFACE
        forget_decisions(tracking.loaded.maps)
        assert reason(send(frame(known))) is Reason.DELIVERED, "its own flows go on"

    def test_those_who_reach_it_cannot_either_and_others_can(self, send: Send, tracking: Kernel) -> None:
        set_tally(tracking, number_of(A), FLOWS_OF_INTERFACE)
        run = send(frame(packet(C_ADDRESS, A_ADDRESS)), C)
        assert reason(run) is Reason.CONNTRACK_ALLOWANCE_EXCEEDED
        assert drops(tracking, A, Reason.CONNTRACK_ALLOWANCE_EXCEEDED) > 0
        assert tally(tracking, number_of(C)) == 0, "the sender's flow did not begin"
        assert reason(send(frame(packet(C_ADDRESS, B_ADDRESS)), C)) is Reason.DELIVERED

    @pytest.mark.parametrize(("own", "others", "expected"), [(9, 10, Reason.DELIVERED), (10, 10, None), (0, 1, None)])
    def test_an_interface_has_no_more_than_is_left_free(
        self, send: Send, tracking: Kernel, own: int, others: int, expected: Reason | None
    ) -> None:
        """`others` is what the rest leaves, `own` included."""
        left = others if own else 0
        set_tally(tracking, number_of(A), own)
        set_tally(tracking, ALL_INTERFACES, FLOWS - left)
        run = send(frame(packet(A_ADDRESS, B_ADDRESS)))
        assert reason(run) is (expected or Reason.CONNTRACK_ALLOWANCE_EXCEEDED)

    def test_an_idle_flow_of_another_survives_a_flood(self, send: Send, tracking: Kernel) -> None:
        """More flows than fit into the table, in one go; and B's answer still passes A's closed groups."""
        idle = packet(C_ADDRESS, B_ADDRESS, source_port=7)
        assert reason(send(frame(idle), C)) is Reason.DELIVERED
        size = tracking.loaded.maps["flows"].spec.max_entries
        assert size == FLOWS
        refused = 0
        for port, destination in islice(product(range(2**16), range(2)), 20_000):
            flood = packet(A_ADDRESS, B_ADDRESS, UDP, source_port=port, destination_port=destination)
            refused += reason(send(frame(flood))) is Reason.CONNTRACK_ALLOWANCE_EXCEEDED
        assert refused > 0, "the table of this test has 16,384 places"
        tracking.apply(network(()))
        assert reason(send(frame(idle.reply()), B)) is Reason.DELIVERED
        assert reason(send(frame(replace(idle.reply(), destination_port=8)), B)) is Reason.SECURITY_GROUP_INGRESS


def test_the_flows_of_icmp_are_told_apart_by_type_and_code(send: Send, kernel: Kernel) -> None:
    """Only what answers type 40 comes in, although decisions and flows of the same pair are remembered."""
    kernel.apply(network((rule(ICMP, 40, 0, PEER, is_egress=True),)))
    sent = packet(A_ADDRESS, B_ADDRESS, ICMP, icmp_type=40)
    for _ in range(2):  # the second one is remembered as a decision, too
        assert reason(send(frame(sent))) is Reason.DELIVERED
        assert reason(send(frame(sent.reply()), B)) is Reason.DELIVERED
    for kind, code in ((41, 0), (40, 1), (8, 0), (13, 0)):
        other = replace(sent, icmp_type=kind, icmp_code=code)
        assert reason(send(frame(other))) is Reason.SECURITY_GROUP_EGRESS
        assert reason(send(frame(replace(other, source=sent.destination, destination=sent.source)), B)) is (
            Reason.SECURITY_GROUP_INGRESS
        )


class TestFragments:
    def first(self, identification: int, at: str = A) -> bytes:
        source = {A: A_ADDRESS, C: C_ADDRESS}[at]
        whole = packet(source, B_ADDRESS, UDP)
        return frame(whole, flags=MORE_FRAGMENTS, identification=identification)

    def later(self, identification: int, at: str = A) -> bytes:
        data = bytearray(self.first(identification, at))
        data[20:22] = (185).to_bytes(2, "big")
        return bytes(data)

    def test_a_flood_pushes_out_no_first_fragment_of_others(self, send: Send) -> None:
        assert reason(send(self.first(1, C), C)) is Reason.DELIVERED
        for identification in range(2**13):
            send(self.first(identification))
        assert reason(send(self.later(1, C), C)) is Reason.DELIVERED

    def test_an_interface_may_have_many_packets_under_way(self, send: Send) -> None:
        for identification in range(FRAGMENT_PLACES):
            send(self.first(identification))
        for identification in range(FRAGMENT_PLACES):
            assert reason(send(self.later(identification))) is Reason.DELIVERED

    def test_fragments_of_another_packet_on_the_same_place_do_not_follow(self, send: Send) -> None:
        send(self.first(1))
        assert reason(send(self.later(1 + FRAGMENT_PLACES))) is Reason.FRAGMENT_WITHOUT_FIRST


class TestServices:
    QUESTION = packet(A_ADDRESS, str(RESOLVER), UDP, destination_port=53)
    STEP = NANOSECONDS // LINKLOCAL_PACKETS

    def fill(self, kernel: Kernel, interface: str, packets: int) -> None:
        """As if the interface had been silent for so long that it may send so many packets at once."""
        full = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + (LINKLOCAL_PACKETS - packets) * self.STEP
        key = layout.ID.pack(number_of(interface))
        kernel.loaded.maps["buckets"].update({key: layout.BUCKET.pack(full)})

    def admitted(self, send: Send, question: Packet, at: str = A, *, of: int) -> int:
        return sum(reason(send(frame(question), at)) is Reason.DELIVERED for _ in range(of))

    def test_what_is_too_much_in_a_second_is_dropped_and_counted(self, send: Send, kernel: Kernel) -> None:
        self.fill(kernel, A, -LINKLOCAL_PACKETS)
        before = drops(kernel, A, Reason.LINKLOCAL_ALLOWANCE_EXCEEDED)
        assert reason(send(frame(self.QUESTION))) is Reason.LINKLOCAL_ALLOWANCE_EXCEEDED
        metadata = packet(A_ADDRESS, str(METADATA), TCP, destination_port=80)
        assert reason(send(frame(metadata))) is Reason.LINKLOCAL_ALLOWANCE_EXCEEDED, "one allowance for all services"
        assert drops(kernel, A, Reason.LINKLOCAL_ALLOWANCE_EXCEEDED) == before + 2

    def test_nobody_else_feels_it(self, send: Send, kernel: Kernel) -> None:
        self.fill(kernel, A, -LINKLOCAL_PACKETS)
        self.fill(kernel, C, LINKLOCAL_PACKETS)
        question = packet(C_ADDRESS, str(RESOLVER), UDP, destination_port=53)
        assert self.admitted(send, question, C, of=100) == 100

    def test_a_second_of_silence_fills_the_bucket_and_no_more(self, send: Send, kernel: Kernel) -> None:
        self.fill(kernel, A, 10 * LINKLOCAL_PACKETS)
        started = time.monotonic()
        admitted = self.admitted(send, self.QUESTION, of=3 * LINKLOCAL_PACKETS)
        gained = (time.monotonic() - started) * LINKLOCAL_PACKETS
        assert LINKLOCAL_PACKETS <= admitted <= LINKLOCAL_PACKETS + gained + 16, "a tick of the clock is a few packets"

    def test_time_refills_it(self, send: Send, kernel: Kernel) -> None:
        self.fill(kernel, A, 50)
        assert self.admitted(send, self.QUESTION, of=50) + 8 >= 50

    def test_what_would_be_refused_anyhow_costs_nothing(self, send: Send, kernel: Kernel) -> None:
        self.fill(kernel, A, LINKLOCAL_PACKETS)
        key = layout.ID.pack(number_of(A))
        before = kernel.loaded.maps["buckets"].get(key)
        send(frame(replace(self.QUESTION, destination_port=54)))
        assert kernel.loaded.maps["buckets"].get(key) == before
