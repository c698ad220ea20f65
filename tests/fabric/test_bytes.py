"""The program on bytes: what a model of packets cannot say."""

from __future__ import annotations

import struct

import pytest
from msgspec.structs import replace

from realvpc.fabric.bpf.constants import ROUTER_MAC
from realvpc.fabric.loader import Run
from realvpc.net.addresses import Address
from realvpc.net.icmp import Icmpv6Type
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, ICMPV6, UDP

from .frames import ETHERNET, MORE_FRAGMENTS, frame
from .kernel import TC_ACT_REDIRECT, TC_ACT_SHOT, Kernel
from .program import (
    A_ADDRESS,
    B_ADDRESS,
    C_ADDRESS,
    MACS,
    A,
    B,
    C,
    Send,
    drops,
    packet,
    reason,
    total,
)

pytestmark = pytest.mark.root


class TestBytes:
    @pytest.mark.parametrize(
        "data",
        [
            frame(packet(A_ADDRESS, B_ADDRESS))[:16] + b"\x00\x13" + frame(packet(A_ADDRESS, B_ADDRESS))[18:],
            ETHERNET + b"\x65" + frame(packet(A_ADDRESS, B_ADDRESS))[15:],
            ETHERNET + b"\x44" + frame(packet(A_ADDRESS, B_ADDRESS))[15:],
            frame(packet(A_ADDRESS, B_ADDRESS))[:-10],
            frame(packet(A_ADDRESS, B_ADDRESS))[:16] + b"\x00\x20" + frame(packet(A_ADDRESS, B_ADDRESS))[18:],
            frame(packet(A_ADDRESS, B_ADDRESS, ICMP, icmp_type=3)),
        ],
        ids=[
            "total length too short",
            "version 6",
            "header too short",
            "cut off",
            "no room for TCP",
            "error that quotes nothing",
        ],
    )
    def test_a_packet_whose_headers_contradict_each_other_is_malformed(self, send: Send, data: bytes) -> None:
        assert reason(send(data)) is Reason.MALFORMED_PACKET

    def test_other_protocols_are_counted_and_dropped(self, send: Send, kernel: Kernel) -> None:
        before = drops(kernel, A, Reason.UNSUPPORTED_PROTOCOL)
        run = send(bytes(12) + b"\x88\xb5" + bytes(46))
        assert (run.action, reason(run)) == (TC_ACT_SHOT, Reason.UNSUPPORTED_PROTOCOL)
        assert drops(kernel, A, Reason.UNSUPPORTED_PROTOCOL) == before + 1

    def test_what_a_kernel_says_by_itself_over_ipv6_is_not_counted(self, send: Send, kernel: Kernel) -> None:
        before = total(kernel)
        for source in ("fe80::1", "::"):
            solicitation = packet(source, "ff02::2", ICMPV6, icmp_type=Icmpv6Type.ROUTER_SOLICITATION, size=56)
            assert send(frame(solicitation)).action == TC_ACT_SHOT
        assert total(kernel) == before

    def test_an_ipv6_source_is_nobodys_address_where_there_is_none(self, send: Send) -> None:
        assert reason(send(frame(packet("2001:db8::1", "2001:db8::2")))) is Reason.SOURCE_CHECK

    def test_later_fragments_follow_the_first_one(self, send: Send) -> None:
        whole = packet(A_ADDRESS, B_ADDRESS, UDP)
        later = ETHERNET + frame(replace(whole, protocol=47, size=60), flags=185, identification=9)[14:]
        later = later[: 14 + 9] + bytes([UDP]) + later[14 + 10 :]
        assert reason(send(later)) is Reason.FRAGMENT_WITHOUT_FIRST
        assert reason(send(frame(whole, flags=MORE_FRAGMENTS, identification=9))) is Reason.DELIVERED
        assert reason(send(later)) is Reason.DELIVERED
        assert reason(send(later, C)) is Reason.FRAGMENT_WITHOUT_FIRST, "another sender's fragments"

    def test_frames_arrive_with_the_macs_that_a_machine_expects(self, send: Send) -> None:
        across = send(frame(packet(A_ADDRESS, B_ADDRESS)))
        assert across.data[:12] == bytes.fromhex(MACS[B]) + ROUTER_MAC
        beside = send(frame(packet(A_ADDRESS, C_ADDRESS)))
        assert beside.data[:12] == bytes.fromhex(MACS[C] + MACS[A])

    def test_the_router_does_not_decrement_ttl(self, send: Send) -> None:
        data = frame(packet(A_ADDRESS, B_ADDRESS))
        assert send(data).data[14:] == data[14:]


class TestArp:
    def ask(self, send: Send, target: str, at: str = A) -> Run:
        question = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + bytes.fromhex(MACS[at])
        question += Address.parse(A_ADDRESS).packed[12:] + bytes(6) + Address.parse(target).packed[12:]
        return send(b"\xff" * 6 + bytes.fromhex(MACS[at]) + b"\x08\x06" + question)

    @pytest.mark.parametrize(("target", "mac"), [("10.20.0.1", ROUTER_MAC), (C_ADDRESS, bytes.fromhex(MACS[C]))])
    def test_router_and_neighbours_answer(self, send: Send, target: str, mac: bytes) -> None:
        run = self.ask(send, target)
        asker = bytes.fromhex(MACS[A])
        assert run.action == TC_ACT_REDIRECT
        assert run.data[:14] == asker + mac + b"\x08\x06"
        assert run.data[20:22] == b"\x00\x02"
        assert run.data[22:42] == mac + Address.parse(target).packed[12:] + asker + Address.parse(A_ADDRESS).packed[12:]

    @pytest.mark.parametrize("target", [A_ADDRESS, "10.20.0.99", "10.20.1.8", B_ADDRESS])
    def test_nobody_answers_for_itself_or_for_who_is_not_in_the_subnet(self, send: Send, target: str) -> None:
        assert self.ask(send, target).action == TC_ACT_SHOT
