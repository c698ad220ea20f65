"""What translation does to checksums, and what the router answers."""

from __future__ import annotations

import struct

import pytest
from msgspec.structs import replace

from realvpc.fabric.bpf.constants import ROUTER_MAC
from realvpc.net.addresses import Address
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, TCP, UDP
from realvpc.net.trace import INTERNET

from .frames import ICMP_HEADER, IP_HEADER, checksum, frame, ipv4, pseudo_header, read
from .kernel import TC_ACT_REDIRECT, TC_ACT_SHOT, Kernel
from .program import (
    A_ADDRESS,
    A_PUBLIC,
    B_ADDRESS,
    B_PUBLIC,
    MACS,
    OUTSIDE,
    A,
    B,
    Send,
    packet,
    reason,
)

pytestmark = pytest.mark.root


class TestTranslation:
    @pytest.mark.parametrize("size", [61, 84, 1500])
    @pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
    def test_checksums_are_right_both_ways(self, send: Send, protocol: int, size: int) -> None:
        kind = {"icmp_type": 8} if protocol == ICMP else {}
        out = read(send(frame(packet(A_ADDRESS, OUTSIDE, protocol, size=size, **kind))).data)
        assert (out.source, out.destination) == (Address.parse(A_PUBLIC), Address.parse(OUTSIDE))
        back = read(send(frame(packet(OUTSIDE, A_PUBLIC, protocol, size=size, **kind)), INTERNET).data)
        assert (back.source, back.destination) == (Address.parse(OUTSIDE), Address.parse(A_ADDRESS))

    def test_two_public_addresses_meet_as_over_the_internet(self, send: Send, kernel: Kernel) -> None:
        run = send(frame(packet(A_ADDRESS, B_PUBLIC)))
        arrived = read(run.data)
        assert run.ifindex == kernel.ifindex(B)
        assert (arrived.source, arrived.destination) == (Address.parse(A_PUBLIC), Address.parse(B_ADDRESS))

    def test_udp_without_a_checksum_stays_without(self, send: Send) -> None:
        data = bytearray(frame(packet(A_ADDRESS, OUTSIDE, UDP)))
        data[40:42] = b"\0\0"
        assert send(bytes(data)).data[40:42] == b"\0\0"

    @pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
    def test_an_error_is_translated_with_what_it_quotes(self, send: Send, protocol: int) -> None:
        quoted = packet(A_PUBLIC, OUTSIDE, protocol, **({"icmp_type": 8} if protocol == ICMP else {}))
        error = replace(packet(OUTSIDE, A_PUBLIC, ICMP, icmp_type=3, icmp_code=1), quoted=quoted)
        run = send(frame(error), INTERNET)
        arrived = read(run.data)
        assert arrived.quoted is not None
        assert (arrived.destination, arrived.quoted.source) == (Address.parse(A_ADDRESS),) * 2
        assert arrived.quoted.destination == Address.parse(OUTSIDE)

    @pytest.mark.parametrize(("protocol", "offset"), [(TCP, 16), (UDP, 6)])
    def test_the_quoted_transport_checksum_is_translated_too(self, send: Send, protocol: int, offset: int) -> None:
        """An error that quotes the whole packet (RFC 1812, section 4.3.2.3)."""
        quoted = packet(A_PUBLIC, OUTSIDE, protocol, size=60)
        whole = frame(quoted)[14:]
        body = b"\x03\x01\0\0" + bytes(4) + whole
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        error = packet(OUTSIDE, A_PUBLIC, ICMP, size=IP_HEADER + len(body))
        data = frame(replace(error, icmp_type=13))[: 14 + IP_HEADER] + body
        ip = send(data, INTERNET).data[14:]
        assert checksum(ip[IP_HEADER:]) == 0, "ICMP"
        inner = ip[IP_HEADER + ICMP_HEADER :]
        segment = inner[IP_HEADER:]
        translated = replace(quoted, source=ipv4(inner[12:16]))
        assert translated.source == Address.parse(A_ADDRESS)
        assert checksum(inner[:IP_HEADER]) == 0, "quoted IP header"
        assert checksum(pseudo_header(translated, len(segment)) + segment) == 0, "quoted TCP or UDP"
        assert segment[offset : offset + 2] != whole[IP_HEADER + offset : IP_HEADER + offset + 2]

    def test_an_outgoing_error_is_translated_with_what_it_quotes(self, send: Send) -> None:
        quoted = packet(OUTSIDE, A_ADDRESS, UDP)
        error = replace(packet(A_ADDRESS, OUTSIDE, ICMP, icmp_type=3, icmp_code=3), quoted=quoted)
        left = read(send(frame(error)).data)
        assert left.quoted is not None
        assert (left.source, left.quoted.destination) == (Address.parse(A_PUBLIC),) * 2


class TestPathMtu:
    def test_the_router_says_what_fits(self, send: Send) -> None:
        data = frame(packet(A_ADDRESS, OUTSIDE, UDP, size=1501))
        run = send(data)
        assert (run.action, reason(run)) == (TC_ACT_REDIRECT, Reason.PACKET_TOO_BIG)
        assert run.data[:14] == bytes.fromhex(MACS[A]) + ROUTER_MAC + b"\x08\x00"
        answer = read(run.data)
        assert (answer.source, answer.destination) == (Address.parse("10.20.0.1"), Address.parse(A_ADDRESS))
        icmp = run.data[14 + IP_HEADER :]
        assert icmp[:2] == b"\x03\x04"
        assert int.from_bytes(icmp[6:8], "big") == 1500
        assert icmp[ICMP_HEADER:] == data[14 : 14 + 40]

    def test_without_dont_fragment_it_is_dropped_in_silence(self, send: Send) -> None:
        run = send(frame(packet(A_ADDRESS, OUTSIDE, UDP, size=1501), flags=0))
        assert (run.action, reason(run)) == (TC_ACT_SHOT, Reason.PACKET_TOO_BIG)

    def test_segments_count_not_what_will_be_segmented(self, send: Send) -> None:
        data = frame(packet(A_ADDRESS, OUTSIDE, TCP, size=1600))
        assert reason(send(data, A, 1460)) is Reason.DELIVERED
        assert reason(send(data, A, 1461)) is Reason.PACKET_TOO_BIG
