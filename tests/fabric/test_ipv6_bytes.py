"""The program on bytes of IPv6: extension headers, fragments, neighbour discovery; and attempts to get past them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.bpf.constants import IPV6_EXTENSIONS_MAXIMUM, NEIGHBOUR_HOP_LIMIT, ROUTER_MAC
from realvpc.fabric.loader import Object, Run
from realvpc.net.addresses import ROUTER_LINK_LOCAL, Address
from realvpc.net.icmp import Icmpv6Type
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMPV6, TCP, UDP

from ..packets.hosts import ALL_OUT, Rule, host, vpc
from .frames import ETHERNET_IPV6, IPV6_HEADER, checksum, frame, ipv6_header, pseudo_header, transport
from .kernel import TC_ACT_REDIRECT, TC_ACT_SHOT, Kernel
from .program import MACS, A, B, C, drops, packet, reason, total

pytestmark = pytest.mark.root

A_ADDRESS, B_ADDRESS, C_ADDRESS, NOBODYS = "2001:db8:1::7", "2001:db8:2::7", "2001:db8:1::8", "2001:db8:1::99"
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION, NOTHING_NEXT = 0, 43, 44, 60, 59
WEB = packet(A_ADDRESS, C_ADDRESS)
Send = Callable[..., Run]


def network() -> Network:
    """A and C in one subnet, where only TCP port 80 and UDP come in; B in another VPC, behind the internet."""
    rules = (Rule(TCP, low=80, high=80), Rule(UDP, low=0, high=65535), ALL_OUT)
    return Network.of(
        *vpc(1, "10.20.0.0/16", ipv6="2001:db8:1::/56", rules=rules),
        *vpc(2, "10.30.0.0/16", ipv6="2001:db8:2::/56", rules=rules),
        *host(1, 1, "10.20.0.7", ipv6=A_ADDRESS),
        *host(2, 2, "10.30.0.7", ipv6=B_ADDRESS),
        *host(3, 1, "10.20.0.8", ipv6=C_ADDRESS),
    )


@pytest.fixture
def kernel(loaded: Object) -> Kernel:
    return Kernel(loaded, network())


@pytest.fixture
def send(kernel: Kernel, where: Path) -> Send:
    return lambda data, at=A, gso_size=0: namespace.run_in(where, lambda: kernel.run(data, at, gso_size))


def extended(whole: Packet, *headers: tuple[int, bytes], body: bytes | None = None) -> bytes:
    """The frame with extension headers, by number and by what is in them after the next header."""
    rest = transport(whole) if body is None else body
    following = whole.protocol
    for kind, content in reversed(headers):
        rest, following = bytes([following]) + content + rest, kind
    return ETHERNET_IPV6 + ipv6_header(whole, following, len(rest)) + rest


def options(length: int = 0) -> bytes:
    """What a header of options has, ``length`` times eight bytes more than it must."""
    return bytes([length, 1, 4 + 8 * length]) + bytes(4 + 8 * length)


def fragment(place: int, *, more: bool = True, identification: int = 1) -> bytes:
    """``place`` is where its data begins, in units of eight bytes."""
    return b"\0" + struct.pack("!HI", place << 3 | more, identification)


class TestExtensionHeaders:
    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [(HOP_BY_HOP, options())],
            [(DESTINATION, options(3))],
            [(HOP_BY_HOP, options()), (DESTINATION, options()), (ROUTING, options(2)), (DESTINATION, options())],
            [(FRAGMENT, fragment(0, more=False))],
            [(DESTINATION, options())] * IPV6_EXTENSIONS_MAXIMUM,
        ],
        ids=["none", "hop by hop", "destination", "all of them", "a fragment that is all", "as many as may be"],
    )
    def test_the_ports_behind_them_decide(self, send: Send, headers: list[tuple[int, bytes]]) -> None:
        assert reason(send(extended(WEB, *headers))) is Reason.DELIVERED
        closed = replace(WEB, destination_port=22)
        assert reason(send(extended(closed, *headers))) is Reason.SECURITY_GROUP_INGRESS

    @pytest.mark.parametrize(
        "data",
        [
            frame(WEB)[:-10],
            ETHERNET_IPV6 + b"\x40" + frame(WEB)[15:],
            ETHERNET_IPV6 + ipv6_header(WEB, TCP, 12) + bytes(12),
            ETHERNET_IPV6 + ipv6_header(WEB, HOP_BY_HOP, 0),
            ETHERNET_IPV6 + ipv6_header(WEB, HOP_BY_HOP, 4) + bytes(4),
            ETHERNET_IPV6 + ipv6_header(WEB, HOP_BY_HOP, 0) + bytes([TCP]) + options() + transport(WEB),
            extended(WEB, (DESTINATION, bytes([255]) + bytes(6))),
            extended(WEB, (DESTINATION, options()), (HOP_BY_HOP, options())),
            extended(WEB, *[(DESTINATION, options())] * (IPV6_EXTENSIONS_MAXIMUM + 1)),
            extended(WEB, (FRAGMENT, fragment(0)), (FRAGMENT, fragment(0))),
            extended(WEB, (FRAGMENT, fragment(0)), body=b""),
            extended(WEB, (DESTINATION, options()), body=bytes(12)),
            extended(replace(WEB, protocol=DESTINATION), body=b""),
            frame(packet(A_ADDRESS, C_ADDRESS, ICMPV6, icmp_type=1))[:62],
            extended(packet(A_ADDRESS, C_ADDRESS, ICMPV6, icmp_type=1), body=b"\1" + bytes(7) + b"\x45" + bytes(60)),
        ],
        ids=[
            "cut off",
            "version 4",
            "no room for TCP",
            "nothing behind the header",
            "half an extension header",
            "jumbogram",
            "an extension header beyond the end",
            "hop by hop not in the first place",
            "too many",
            "a fragment in a fragment",
            "a first fragment without ports",
            "no room for TCP behind options",
            "a header that is promised and not there",
            "error that quotes nothing",
            "error that quotes IPv4",
        ],
    )
    def test_a_packet_whose_headers_contradict_each_other_is_malformed(self, send: Send, data: bytes) -> None:
        assert reason(send(data)) is Reason.MALFORMED_PACKET

    def test_what_has_nothing_next_has_no_ports(self, send: Send) -> None:
        nothing = extended(replace(WEB, protocol=NOTHING_NEXT), (HOP_BY_HOP, options()), body=b"")
        assert reason(send(nothing)) is Reason.SECURITY_GROUP_INGRESS

    @pytest.mark.parametrize(("source", "destination"), [("10.20.0.7", "10.20.0.8"), (A_ADDRESS, "10.20.0.8")])
    def test_no_ipv4_address_travels_in_an_ipv6_header(self, send: Send, source: str, destination: str) -> None:
        """The maps know IPv4 addresses as mapped ones."""
        mapped = packet(source, destination)
        data = ETHERNET_IPV6 + ipv6_header(mapped, TCP, 20) + transport(WEB)[:20]
        assert reason(send(data)) is Reason.MALFORMED_PACKET

    def test_no_error_quotes_an_ipv4_flow(self, send: Send) -> None:
        error = packet(A_ADDRESS, C_ADDRESS, ICMPV6, icmp_type=1)
        quoted = ipv6_header(packet("10.20.0.8", "10.20.0.7"), UDP, 8) + bytes(8)
        assert reason(send(extended(error, body=b"\1" + bytes(7) + quoted))) is Reason.MALFORMED_PACKET

    def test_an_error_is_about_what_it_quotes_behind_extension_headers(self, send: Send) -> None:
        asked = packet(C_ADDRESS, A_ADDRESS)
        assert reason(send(frame(asked), C)) is Reason.DELIVERED
        error = packet(A_ADDRESS, C_ADDRESS, ICMPV6, icmp_type=1)
        for headers in ([], [(HOP_BY_HOP, options()), (DESTINATION, options())]):
            quoted = extended(asked, *headers)[14:]
            assert reason(send(extended(error, body=b"\1" + bytes(7) + quoted))) is Reason.DELIVERED
        other = frame(replace(asked, destination_port=81))[14:]
        assert reason(send(extended(error, body=b"\1" + bytes(7) + other))) is Reason.SECURITY_GROUP_INGRESS


class TestFragments:
    def test_later_fragments_follow_the_first_one(self, send: Send) -> None:
        first = extended(WEB, (FRAGMENT, fragment(0, identification=7)), body=transport(WEB)[:40])
        later = extended(WEB, (FRAGMENT, fragment(5, identification=7)), body=bytes(16))
        assert reason(send(later)) is Reason.FRAGMENT_WITHOUT_FIRST
        assert reason(send(first)) is Reason.DELIVERED
        assert reason(send(later)) is Reason.DELIVERED
        assert reason(send(later, C)) is Reason.FRAGMENT_WITHOUT_FIRST, "another sender's fragments"
        other = extended(WEB, (FRAGMENT, fragment(5, identification=7 + 64)), body=bytes(16))
        assert reason(send(other)) is Reason.FRAGMENT_WITHOUT_FIRST, "another packet with the same place"

    def test_a_later_fragment_is_of_the_first_ones_protocol_whatever_it_says(self, send: Send) -> None:
        """What is in its header may be an extension header, and is not looked at when the packet is put together."""
        closed = replace(WEB, destination_port=22)
        assert reason(send(extended(closed, (FRAGMENT, fragment(0, identification=9))))) is (
            Reason.SECURITY_GROUP_INGRESS
        )
        pretending = replace(closed, protocol=UDP)
        later = extended(pretending, (FRAGMENT, fragment(8, identification=9)), body=bytes(16))
        assert reason(send(later)) is Reason.SECURITY_GROUP_INGRESS

    def test_no_fragment_overwrites_the_ports_of_the_first(self, send: Send) -> None:
        first = extended(WEB, (FRAGMENT, fragment(0, identification=8)), body=transport(WEB)[:40])
        assert reason(send(first)) is Reason.DELIVERED
        for place in (1, 4):
            overlapping = extended(WEB, (FRAGMENT, fragment(place, identification=8)), body=bytes(24))
            assert reason(send(overlapping)) is Reason.MALFORMED_PACKET

    def test_what_is_behind_a_fragment_header_is_read_on(self, send: Send) -> None:
        headers = [(FRAGMENT, fragment(0, identification=10)), (DESTINATION, options(1))]
        assert reason(send(extended(WEB, *headers))) is Reason.DELIVERED
        closed = replace(WEB, destination_port=22)
        assert reason(send(extended(closed, *headers))) is Reason.SECURITY_GROUP_INGRESS


class TestSize:
    def test_what_is_too_big_is_answered_with_the_mtu_and_its_beginning(self, send: Send) -> None:
        big = packet(A_ADDRESS, B_ADDRESS, UDP, size=1501)
        run = send(frame(big))
        assert (run.action, reason(run)) == (TC_ACT_REDIRECT, Reason.PACKET_TOO_BIG)
        body = run.data[14 + IPV6_HEADER :]
        answer = packet(str(ROUTER_LINK_LOCAL), A_ADDRESS, ICMPV6)
        assert run.data[14:] == ipv6_header(answer, ICMPV6, len(body)) + body
        assert (body[:2], body[4:8]) == (bytes([Icmpv6Type.PACKET_TOO_BIG, 0]), struct.pack("!I", 1500))
        assert body[8:] == frame(big)[14:][: len(body) - 8]
        assert checksum(pseudo_header(answer, len(body)) + body) == 0


class TestNeighbours:
    def ask(
        self, send: Send, target: str, *, source: str = A_ADDRESS, hop_limit: int = NEIGHBOUR_HOP_LIMIT, cut: int = 0
    ) -> Run:
        group = f"ff02::1:ff{target.rpartition(':')[2].rjust(6, '0')[:2]}:{target.rpartition(':')[2][-4:]}"
        question = packet(source, group, ICMPV6)
        body = bytes([135, 0, 0, 0]) + bytes(4) + Address.parse(target).packed + b"\1\1" + bytes.fromhex(MACS[A])
        body = body[: len(body) - cut]
        body = body[:2] + struct.pack("!H", checksum(pseudo_header(question, len(body)) + body)) + body[4:]
        ethernet = b"\x33\x33\xff" + bytes(3) + bytes.fromhex(MACS[A]) + ETHERNET_IPV6[12:]
        return send(ethernet + ipv6_header(question, ICMPV6, len(body), hop_limit) + body)

    @pytest.mark.parametrize(
        ("target", "mac", "flags"),
        [
            (str(ROUTER_LINK_LOCAL), ROUTER_MAC, 0xE0),
            ("2001:db8:1::1", ROUTER_MAC, 0xE0),
            (C_ADDRESS, bytes.fromhex(MACS[C]), 0x60),
        ],
        ids=["router", "router in the subnet", "neighbour"],
    )
    def test_router_and_neighbours_answer(self, send: Send, target: str, mac: bytes, flags: int) -> None:
        run = self.ask(send, target)
        assert run.action == TC_ACT_REDIRECT
        assert run.data[:14] == bytes.fromhex(MACS[A]) + mac + ETHERNET_IPV6[12:]
        answer, body = packet(target, A_ADDRESS, ICMPV6), run.data[14 + IPV6_HEADER :]
        assert run.data[14:] == ipv6_header(answer, ICMPV6, len(body), NEIGHBOUR_HOP_LIMIT) + body
        assert (body[:2], body[4:8]) == (b"\x88\x00", bytes([flags, 0, 0, 0]))
        assert body[8:] == Address.parse(target).packed + b"\2\1" + mac
        assert checksum(pseudo_header(answer, len(body)) + body) == 0

    @pytest.mark.parametrize("target", [A_ADDRESS, NOBODYS, B_ADDRESS, "fe80::2", "ff02::1"])
    def test_nobody_answers_for_itself_or_for_who_is_not_in_the_subnet(self, send: Send, target: str) -> None:
        assert self.ask(send, target).action == TC_ACT_SHOT

    def test_what_came_over_a_router_or_is_no_question_gets_no_answer(self, send: Send, kernel: Kernel) -> None:
        before = total(kernel)
        assert self.ask(send, C_ADDRESS, hop_limit=254).action == TC_ACT_SHOT
        assert self.ask(send, C_ADDRESS, cut=9).action == TC_ACT_SHOT
        assert self.ask(send, C_ADDRESS, source="::").action == TC_ACT_SHOT
        assert self.ask(send, C_ADDRESS, cut=8).action == TC_ACT_REDIRECT, "it need not say its own MAC"
        for kind in (Icmpv6Type.ROUTER_ADVERTISEMENT, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, Icmpv6Type.REDIRECT):
            lie = packet(A_ADDRESS, C_ADDRESS, ICMPV6, icmp_type=kind, size=80)
            assert send(frame(lie)).action == TC_ACT_SHOT
        assert total(kernel) == before

    def test_multicast_is_not_carried(self, send: Send, kernel: Kernel) -> None:
        before = drops(kernel, A, Reason.NOT_UNICAST)
        assert reason(send(frame(packet(A_ADDRESS, "ff02::fb", UDP)))) is Reason.NOT_UNICAST
        assert drops(kernel, A, Reason.NOT_UNICAST) == before + 1


def test_frames_arrive_with_the_macs_that_a_machine_expects(send: Send) -> None:
    assert send(frame(WEB)).data[:12] == bytes.fromhex(MACS[C] + MACS[A])
    across = send(frame(packet(A_ADDRESS, B_ADDRESS)))
    assert across.data[:12] == bytes.fromhex(MACS[B]) + ROUTER_MAC
    assert across.data[14:] == frame(packet(A_ADDRESS, B_ADDRESS))[14:], "nothing is translated, and no hop counted"
