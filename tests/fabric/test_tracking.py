"""What security groups remember, and for how long."""

from __future__ import annotations

import time

import pytest

from realvpc.fabric.apply import forget_decisions
from realvpc.fabric.bpf import constants, layout
from realvpc.fabric.bpf.constants import Seen
from realvpc.net.addresses import Address, Cidr
from realvpc.net.packet import Flow
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, TCP, UDP, SecurityGroupRule

from .frames import frame
from .kernel import Kernel, flow_key
from .program import (
    A_ADDRESS,
    B_ADDRESS,
    A,
    B,
    Send,
    network,
    packet,
    reason,
)

pytestmark = pytest.mark.root


class TestTracking:
    def flow(self, protocol: int, local_port: int, remote_port: int) -> bytes:
        addresses = (Address.parse(A_ADDRESS), Address.parse(B_ADDRESS))
        return flow_key(Flow(A, protocol, *addresses, local_port, remote_port))

    @pytest.mark.parametrize(
        ("protocol", "seen", "seconds"),
        [
            (ICMP, Seen.ARRIVING, constants.SECONDS_ICMP),
            (UDP, Seen.ARRIVING, constants.SECONDS_UDP_SINGLE),
            (UDP, Seen.ARRIVING | Seen.LEAVING, constants.SECONDS_UDP_STREAM),
            (TCP, Seen.ARRIVING, constants.SECONDS_TCP_OPENING),
            (TCP, Seen.ARRIVING | Seen.LEAVING, constants.SECONDS_TCP_ESTABLISHED),
            (TCP, Seen.ARRIVING | Seen.LEAVING | Seen.RST, constants.SECONDS_TCP_CLOSED),
            (47, Seen.ARRIVING, constants.SECONDS_OTHER),
        ],
    )
    def test_an_idle_flow_is_forgotten(
        self, send: Send, kernel: Kernel, protocol: int, seen: int, seconds: int
    ) -> None:
        """B's packets pass A's security group, which has no rules, only while they belong to a tracked flow."""
        kernel.apply(network(()))
        back = packet(B_ADDRESS, A_ADDRESS, protocol)
        key = flow_key(Flow.arriving(A, back))
        for idle, expected in ((seconds - 2, Reason.DELIVERED), (seconds + 2, Reason.SECURITY_GROUP_INGRESS)):
            last = (time.clock_gettime_ns(time.CLOCK_MONOTONIC) - idle * 10**9) % 2**64
            kernel.loaded.maps["flows"].update({key: layout.FLOW.pack(last, seen, 0, 0)})
            forget_decisions(kernel.loaded.maps)
            assert reason(send(frame(back), B)) is expected

    def test_tcp_is_established_by_both_sides_and_ended_by_both_fins(self, send: Send, kernel: Kernel) -> None:
        inbound = SecurityGroupRule(
            id="sgr-1", is_egress=False, protocol=TCP, from_port=80, to_port=80, peer=Cidr.parse("10.30.0.0/16")
        )
        kernel.apply(network((inbound,)))
        there, back = packet(B_ADDRESS, A_ADDRESS), packet(B_ADDRESS, A_ADDRESS).reply()
        key, seen = self.flow(TCP, 80, 40000), Seen

        def state() -> int:
            value = kernel.loaded.maps["flows"].get(key)
            assert value is not None
            return int(layout.FLOW.unpack(value)["seen"])

        syn, ack, fin = 0x02, 0x10, 0x11
        send(frame(there, tcp_flags=syn), B)
        assert state() == seen.ARRIVING
        send(frame(back, tcp_flags=syn | ack), A)
        assert state() == seen.ARRIVING | seen.LEAVING
        send(frame(there, tcp_flags=fin), B)
        send(frame(back, tcp_flags=fin), A)
        assert state() == seen.ARRIVING | seen.LEAVING | seen.FIN_ARRIVING | seen.FIN_LEAVING
        send(frame(there, tcp_flags=syn), B)
        assert state() == seen.ARRIVING, "the ports are used again"

    def test_a_dropped_packet_is_not_tracked(self, send: Send, kernel: Kernel) -> None:
        run = send(frame(packet(A_ADDRESS, "10.30.0.99", ICMP, icmp_type=8)))
        assert reason(run) is Reason.NO_DESTINATION
        assert kernel.flows() == set()
