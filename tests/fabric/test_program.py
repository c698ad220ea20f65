"""The program on bytes: what a model of packets cannot say, and what translation does to checksums."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.apply import forget_decisions
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.layout import ROUTER_MAC, number_of
from realvpc.fabric.loader import TC_ACT_REDIRECT, TC_ACT_SHOT, Object, Run
from realvpc.net.addresses import ANY_IPV4, Address, Cidr
from realvpc.net.network import Network
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, TCP, UDP, GroupReference, SecurityGroupRule
from realvpc.net.table import put
from realvpc.net.trace import INTERNET

from ..packets.hosts import ALL_IN, ALL_OUT, host, number, peering, vpc
from .frames import ETHERNET, ICMP_HEADER, IP_HEADER, MORE_FRAGMENTS, checksum, frame, ipv4, pseudo_header, read
from .kernel import SMALL, Kernel, devices, flow_key

pytestmark = pytest.mark.root

A, B, C = number("eni", 1), number("eni", 2), number("eni", 3)
A_ADDRESS, B_ADDRESS, C_ADDRESS = "10.20.0.7", "10.30.0.7", "10.20.0.8"
A_PUBLIC, B_PUBLIC, OUTSIDE = "198.18.0.7", "198.18.0.8", "198.19.0.1"
MACS = {A: "060000000001", B: "060000000002", C: "060000000003"}


def network(rules: tuple[SecurityGroupRule, ...] | None = None) -> Network:
    """A and C in one subnet, B in a peered VPC; A and B have public addresses.  ``rules`` are those of A and C."""
    made = Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *host(1, 1, A_ADDRESS, public=A_PUBLIC),
        *host(2, 2, B_ADDRESS, public=B_PUBLIC),
        *host(3, 1, C_ADDRESS),
        peering(1, 1, 2),
    )
    return made if rules is None else made.apply(put(replace(made.security_groups[number("sg", 1)], rules=rules)))


Send = Callable[..., Run]


@pytest.fixture(scope="module")
def loaded() -> Iterator[Object]:
    with Object(max_entries=SMALL) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with devices(tmp_path_factory.mktemp("program") / "ns") as path:
        yield path


@pytest.fixture
def kernel(loaded: Object) -> Kernel:
    return Kernel(loaded, network())


@pytest.fixture
def send(kernel: Kernel, where: Path) -> Send:
    return lambda data, at=A, gso_size=0: namespace.run_in(where, lambda: kernel.run(data, at, gso_size))


def packet(source: str, destination: str, protocol: int = TCP, **fields: Any) -> Packet:
    ports = {"source_port": 40000, "destination_port": 80} if protocol in (TCP, UDP) else {}
    return Packet(
        source=Address.parse(source), destination=Address.parse(destination), protocol=protocol, **{**ports, **fields}
    )


def reason(run: Run) -> Reason:
    return Reason.by_number(run.reason)


def drops(kernel: Kernel, interface_id: str, why: Reason) -> int:
    key = layout.COUNTER_KEY.pack(number_of(interface_id), why.number)
    return kernel.loaded.maps["interface_counters"].total(key)


def total(kernel: Kernel) -> int:
    return sum(kernel.loaded.maps["counters"].total(layout.INDEX_KEY.pack(r.number)) for r in Reason)


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
            ipv6 = b"\x60" + bytes(7) + Address.parse(source).packed + Address.parse("ff02::2").packed + bytes(8)
            assert send(bytes(12) + b"\x86\xdd" + ipv6).action == TC_ACT_SHOT
        assert total(kernel) == before

    def test_an_ipv6_source_is_nobodys_address(self, send: Send) -> None:
        ipv6 = b"\x60" + bytes(7) + Address.parse("2001:db8::1").packed * 2 + bytes(8)
        assert reason(send(bytes(12) + b"\x86\xdd" + ipv6)) is Reason.SOURCE_CHECK

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


class TestTracking:
    def flow(self, protocol: int, local_port: int, remote_port: int) -> bytes:
        addresses = (Address.parse(A_ADDRESS), Address.parse(B_ADDRESS))
        return flow_key(Flow(A, protocol, *addresses, local_port, remote_port))

    @pytest.mark.parametrize(
        ("protocol", "seen", "seconds"),
        [
            (ICMP, layout.Seen.ARRIVING, layout.SECONDS_ICMP),
            (UDP, layout.Seen.ARRIVING, layout.SECONDS_UDP_SINGLE),
            (UDP, layout.Seen.ARRIVING | layout.Seen.LEAVING, layout.SECONDS_UDP_STREAM),
            (TCP, layout.Seen.ARRIVING, layout.SECONDS_TCP_OTHER),
            (TCP, layout.Seen.ARRIVING | layout.Seen.LEAVING, layout.SECONDS_TCP_ESTABLISHED),
            (TCP, layout.Seen.ARRIVING | layout.Seen.LEAVING | layout.Seen.RST, layout.SECONDS_TCP_OTHER),
            (47, layout.Seen.ARRIVING, layout.SECONDS_OTHER),
        ],
    )
    def test_an_idle_flow_is_forgotten(
        self, send: Send, kernel: Kernel, protocol: int, seen: int, seconds: int
    ) -> None:
        """B's packets pass A's security group, which has no rules, only while they belong to a tracked flow."""
        kernel.apply(network(()))
        back = packet(B_ADDRESS, A_ADDRESS, protocol)
        key = self.flow(protocol, back.destination_port, back.source_port)
        for idle, expected in ((seconds - 2, Reason.DELIVERED), (seconds + 2, Reason.SECURITY_GROUP_INGRESS)):
            last = (time.clock_gettime_ns(time.CLOCK_MONOTONIC) - idle * 10**9) % 2**64
            kernel.loaded.maps["flows"].update({key: layout.FLOW.pack(last, seen)})
            forget_decisions(kernel.loaded.maps)
            assert reason(send(frame(back), B)) is expected

    def test_tcp_is_established_by_both_sides_and_ended_by_both_fins(self, send: Send, kernel: Kernel) -> None:
        inbound = SecurityGroupRule(
            id="sgr-1", is_egress=False, protocol=TCP, from_port=80, to_port=80, peer=Cidr.parse("10.30.0.0/16")
        )
        kernel.apply(network((inbound,)))
        there, back = packet(B_ADDRESS, A_ADDRESS), packet(B_ADDRESS, A_ADDRESS).reply()
        key, seen = self.flow(TCP, 80, 40000), layout.Seen

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


def rule(
    protocol: int, low: int, high: int, peer: Cidr | GroupReference, *, is_egress: bool = False
) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=f"sgr-{low}", is_egress=is_egress, protocol=protocol, from_port=low, to_port=high, peer=peer
    )
