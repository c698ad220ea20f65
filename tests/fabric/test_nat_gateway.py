"""NAT gateways in the program: bytes, resets, fragments, ports, room, and agreement with walk() where they are busy."""

from __future__ import annotations

import struct
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.constants import ALL_INTERFACES, ALL_NAT_GATEWAYS
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.loader import Object
from realvpc.net import allowances
from realvpc.net.addresses import Address
from realvpc.net.nat_flow import FLOWS, FLOWS_OF_GATEWAY, NatFlow
from realvpc.net.network import Network
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, TCP, UDP
from realvpc.net.table import put
from realvpc.net.trace import INTERNET, Trace
from realvpc.net.walk import walk
from tests.running import eventually

from ..packets.hosts import ALL_IN, ALL_OUT, host, number, peering
from ..packets.nat import GATEWAY, private_host, vpc_with_nat
from .frames import ICMP_HEADER, IP_HEADER, MORE_FRAGMENTS, checksum, frame, ip_packet, read
from .kernel import SMALL, TC_ACT_REDIRECT, TC_ACT_SHOT, Kernel, nat_keys
from .program import Send, begun, packet, reason, set_tally, tally
from .test_differential import check

pytestmark = pytest.mark.root

A, OTHER, PUBLIC, FAR, FAR_PRIVATE = (number("eni", index) for index in range(1, 6))
GATEWAY_INTERFACE = number("eni", GATEWAY + 1)
INSIDE, BESIDE, EIP, OUTSIDE = "10.20.1.7", "10.20.1.8", "198.18.2.1", "198.19.0.1"
SYN, ACK, RST, FIN = 0x02, 0x10, 0x04, 0x01
NETWORK = Network.of(
    *vpc_with_nat(1, "10.20.0.0/16", public=(EIP, "198.18.2.2"), peers=[("10.30.0.0/16", 1)]),
    *vpc_with_nat(2, "10.30.0.0/16", public=("198.18.2.3",), peers=[("10.20.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
    *private_host(1, 1, INSIDE),
    *private_host(2, 1, BESIDE),
    *host(3, 1, "10.20.0.7", public="198.18.0.3"),
    *host(4, 2, "10.30.0.7", public="198.18.0.4"),
    *private_host(5, 2, "10.30.1.7"),
    peering(1, 1, 2),
)


def without_an_address() -> Network:
    """One of the first gateway's two, and of what is mapped to them."""
    gateway = NETWORK.interfaces[GATEWAY_INTERFACE]
    gone = NETWORK.elastic_ip_with(Address.parse("198.18.2.2"))
    assert gone is not None
    kept = replace(gateway, private_addresses=gateway.private_addresses[:1])
    return NETWORK.apply(put(kept, replace(gone, association=None)))


@pytest.fixture
def kernel(loaded: Object) -> Kernel:
    loaded.maps["tallies"].delete(list(loaded.maps["tallies"]))
    return Kernel(loaded, NETWORK)


@pytest.mark.parametrize("size", [61, 84, 1500])
@pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
def test_checksums_are_right_both_ways(send: Send, protocol: int, size: int) -> None:
    """Of two connections, so that a port or an identifier is translated, too."""
    fields = {"icmp_type": 8, "source_port": 7, "destination_port": 7} if protocol == ICMP else {}
    for inside, at in ((INSIDE, A), (BESIDE, OTHER)):
        asked = packet(inside, OUTSIDE, protocol, size=size, opens=protocol == TCP, **fields)
        out = read(send(frame(asked), at).data)
        assert str(out.source) in (EIP, "198.18.2.2")
        back = send(frame(replace(out.reply(), size=size)), INTERNET)
        assert reason(back) is Reason.DELIVERED
        assert read(back.data) == replace(asked.reply(), size=max(size, read(back.data).size))


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
def test_an_error_is_translated_with_all_that_it_quotes(send: Send, protocol: int) -> None:
    fields = {"icmp_type": 8, "source_port": 7, "destination_port": 7} if protocol == ICMP else {"source_port": 99}
    asked = packet(INSIDE, OUTSIDE, protocol, size=60, opens=protocol == TCP, **fields)
    out = send(frame(asked))
    whole = out.data[14:]
    body = b"\x03\x01\0\0" + bytes(4) + whole
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    error = packet(OUTSIDE, str(read(out.data).source), ICMP, size=IP_HEADER + len(body), icmp_type=13)
    ip = send(frame(error)[: 14 + IP_HEADER] + body, INTERNET).data[14:]
    assert checksum(ip[IP_HEADER:]) == 0, "ICMP"
    quoted = ip[IP_HEADER + ICMP_HEADER :]
    assert quoted == frame(asked)[14:], "the very packet that was sent, with its checksums"


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
def test_a_known_connection_is_decided_once_a_second(send: Send, kernel: Kernel, protocol: int) -> None:
    """After the first packet, which begins it, and the second, which is remembered."""
    fields = {"icmp_type": 8, "source_port": 7, "destination_port": 7} if protocol == ICMP else {}
    asked = packet(INSIDE, OUTSIDE, protocol, **fields)
    first = send(frame(replace(asked, opens=protocol == TCP)))
    remembered = [send(frame(asked)).data for _ in range(3)]
    assert len({*remembered}) == 1
    assert read(remembered[0]) == replace(read(first.data), opens=False)
    answers = {send(frame(read(first.data).reply()), INTERNET).data for _ in range(3)}
    assert [read(data).destination for data in answers] == [asked.source]
    too_big = send(frame(replace(asked, size=1501)))
    assert reason(too_big) is Reason.PACKET_TOO_BIG


def test_tcp_that_no_connection_is_known_of_is_reset(send: Send) -> None:
    asked = packet(INSIDE, OUTSIDE, TCP, size=300)
    run = send(frame(asked))
    assert (run.action, reason(run)) == (TC_ACT_REDIRECT, Reason.NAT_NO_CONNECTION)
    answer = read(run.data)
    assert (answer.source, answer.destination) == (asked.destination, asked.source)
    assert (answer.source_port, answer.destination_port) == (80, 40000)
    assert run.data[14 + IP_HEADER + 13] == RST
    assert run.data[14 + IP_HEADER + 4 : 14 + IP_HEADER + 8] == frame(asked)[14 + IP_HEADER + 8 : 14 + IP_HEADER + 12]
    assert send(frame(asked, tcp_flags=ACK | RST)).action == TC_ACT_SHOT, "a reset gets no answer"
    assert send(frame(asked, tcp_flags=FIN)).action == TC_ACT_SHOT
    assert reason(send(frame(asked, tcp_flags=SYN | ACK))) is Reason.NAT_NO_CONNECTION, (
        "which answers, and begins nothing"
    )


def test_fragments_of_udp_pass_and_of_nothing_else(send: Send) -> None:
    out = send(frame(packet(INSIDE, OUTSIDE, UDP), flags=MORE_FRAGMENTS, identification=9))
    assert reason(out) is Reason.DELIVERED
    later = send(bytes(12) + b"\x08\x00" + ip_packet(packet(INSIDE, OUTSIDE, UDP), flags=10, identification=9))
    assert reason(later) is Reason.DELIVERED
    assert later.data[26:30] == out.data[26:30], "from the same address"
    body = frame(packet(INSIDE, OUTSIDE, UDP), flags=10, identification=9)[14 + IP_HEADER :]
    assert later.data[14 + IP_HEADER :] == body, "and no port where there is none"
    for protocol, fields in ((TCP, {"opens": True}), (ICMP, {"icmp_type": 8})):
        run = send(frame(packet(INSIDE, OUTSIDE, protocol, **fields), flags=MORE_FRAGMENTS))
        assert reason(run) is Reason.NAT_FRAGMENT


@pytest.mark.parametrize("counted", [(number_of(GATEWAY_INTERFACE), FLOWS_OF_GATEWAY), (ALL_NAT_GATEWAYS, FLOWS)])
def test_a_gateway_has_its_room_and_known_connections_go_on(
    send: Send, kernel: Kernel, counted: tuple[int, int]
) -> None:
    known = packet(INSIDE, OUTSIDE, UDP)
    assert reason(send(frame(known))) is Reason.DELIVERED
    assert tally(kernel, number_of(GATEWAY_INTERFACE)) == tally(kernel, ALL_NAT_GATEWAYS) == 1
    set_tally(kernel, *counted)
    assert reason(send(frame(replace(known, source_port=1)))) is Reason.NAT_PORT_ALLOCATION
    assert reason(send(frame(known))) is Reason.DELIVERED


@pytest.mark.parametrize(("free", "expected"), [(2, Reason.DELIVERED), (1, Reason.NAT_PORT_ALLOCATION)])
def test_a_gateway_has_no_more_than_it_leaves_to_others(
    send: Send, kernel: Kernel, free: int, expected: Reason
) -> None:
    """It has one connection, and of the host's places so many are free."""
    known = packet(INSIDE, OUTSIDE, UDP)
    assert reason(send(frame(known))) is Reason.DELIVERED
    set_tally(kernel, ALL_NAT_GATEWAYS, FLOWS - free)
    assert reason(send(frame(replace(known, source_port=1)))) is expected


def test_one_sender_leaves_others_room(send: Send, kernel: Kernel) -> None:
    """Half of a gateway that it has for itself; it is counted when its connections begin."""
    known = packet(INSIDE, OUTSIDE, UDP)
    assert reason(send(frame(known))) is Reason.DELIVERED
    assert begun(kernel, number_of(A)) == 1
    half = FLOWS_OF_GATEWAY // 2
    set_tally(kernel, number_of(GATEWAY_INTERFACE), half)
    set_tally(kernel, number_of(A), 0, half)
    assert reason(send(frame(replace(known, source_port=1)))) is Reason.NAT_PORT_ALLOCATION
    assert reason(send(frame(known))) is Reason.DELIVERED
    assert reason(send(frame(packet(BESIDE, OUTSIDE, UDP)), OTHER)) is Reason.DELIVERED


def test_a_packet_that_is_dropped_leaves_no_connection(send: Send, kernel: Kernel) -> None:
    """The last place of the host goes to the sender's flow, and the receiver has none: the gateway forgets it, too."""
    asked = packet(INSIDE, "198.18.0.4", ICMP, icmp_type=8, source_port=7, destination_port=7)
    set_tally(kernel, ALL_INTERFACES, allowances.FLOWS - 1)
    assert reason(send(frame(asked))) is Reason.CONNTRACK_ALLOWANCE_EXCEEDED
    assert kernel.nat_flows() == set()
    assert tally(kernel, number_of(GATEWAY_INTERFACE)) == begun(kernel, number_of(A)) == 0
    assert tally(kernel, ALL_INTERFACES) == allowances.FLOWS - 1, "the sender's place is free again"
    set_tally(kernel, ALL_INTERFACES, allowances.FLOWS - 2)
    assert reason(send(frame(asked))) is Reason.DELIVERED
    assert len(kernel.nat_flows()) == 2


@pytest.mark.parametrize("left", [0, 1])
def test_a_packet_whose_flow_the_kernel_has_no_room_for_leaves_no_connection(
    send: Send, kernel: Kernel, left: int
) -> None:
    """The table is smaller than what is admitted, as where memory is short; `left`: the sender's flow finds room."""
    asked = packet(INSIDE, "198.18.0.4", ICMP, icmp_type=8, source_port=7, destination_port=7)
    flows = kernel.loaded.maps["flows"]
    flows.update(
        {
            layout.FLOW_KEY.pack(9, bytes(16), bytes(16), port, 0, 0, 0, 0): bytes(layout.FLOW.size)
            for port in range(SMALL["flows"] - left)
        }
    )
    others = kernel.flows()
    assert reason(send(frame(asked))) is Reason.CONNTRACK_ALLOWANCE_EXCEEDED
    eventually(lambda: not kernel.nat_flows(), what="that the connection is gone")
    eventually(lambda: kernel.flows() == others, what="that the sender's flow is, too")


def test_a_connection_over_an_address_that_was_taken_away_is_over(send: Send, kernel: Kernel) -> None:
    """It begins anew over one that the gateway has, where it can."""
    opening = [packet(INSIDE, OUTSIDE, TCP, opens=True, source_port=port) for port in range(40000, 40016)]
    over_taken = next(sent for sent in opening if read(send(frame(sent)).data).source == Address.parse("198.18.2.2"))
    kernel.apply(without_an_address())
    assert reason(send(frame(replace(over_taken, opens=False)))) is Reason.NAT_NO_CONNECTION
    assert read(send(frame(over_taken)).data).source == Address.parse(EIP)
    assert reason(send(frame(replace(over_taken, opens=False)))) is Reason.DELIVERED
    kernel.apply(NETWORK)
    later = read(send(frame(replace(over_taken, opens=False))).data)
    assert later.source == Address.parse(EIP), "the newest goes on when the address comes back"


def test_the_source_of_what_is_too_big_is_told(send: Send) -> None:
    """Although the address was translated when the internet gateway found it too big."""
    asked = packet(INSIDE, OUTSIDE, UDP, size=1501)
    answer = read(send(frame(asked)).data)
    assert (answer.icmp_type, answer.icmp_code, answer.destination) == (3, 4, asked.source)
    assert answer.quoted is not None
    assert (answer.quoted.source, answer.quoted.source_port) == (asked.source, asked.source_port)


def some_packet(random: Random, past: list[tuple[str, Trace]]) -> tuple[Packet, str]:
    """Between few addresses and ports, so that they meet; every other one answers or repeats another one."""
    if past and random.random() < 0.55:
        entered, trace = random.choice(past[-20:])
        assert trace.delivered_to is not None
        arrived = trace.packet
        if arrived.quoted is None and random.random() < 0.3:
            source = random.choice([arrived.destination, Address.parse(OUTSIDE)])
            error = Packet(
                source=source, destination=arrived.source, protocol=ICMP, icmp_type=3, icmp_code=3, quoted=arrived
            )
            return error, trace.delivered_to
        if arrived.quoted is None and random.random() < 0.7:
            return arrived.reply(), trace.delivered_to
        return replace(trace.sent, opens=trace.sent.opens and random.random() < 0.5), entered
    at = random.choice([A, A, OTHER, OTHER, PUBLIC, FAR, FAR_PRIVATE, INTERNET])
    source = NETWORK.interfaces[at].ipv4_on_link if at != INTERNET else Address.parse(OUTSIDE)
    inside = [INSIDE, "10.20.0.7", "10.20.0.10", "10.30.0.7", "10.30.0.10", "10.30.1.7"]
    destination = random.choice([OUTSIDE] * 4 + [EIP, "198.18.2.3", "198.18.0.3", "198.18.0.4", *inside])
    protocol = random.choice((TCP, TCP, UDP, UDP, ICMP, ICMP, 47))
    port, size = random.choice((1000, 40000, 40001)), random.choice((84, 84, 84, 1500, 1501, 8500, 8501))
    fields = {"source_port": port, "destination_port": random.choice((53, 40000)), "size": size}
    if protocol == ICMP:
        fields |= {"destination_port": port, "icmp_type": random.choice((8, 8, 0, 13))}
    if protocol == 47:
        fields = {"size": size}
    return packet(str(source), destination, protocol, **fields, opens=protocol == TCP and random.random() < 0.8), at


@pytest.mark.parametrize("seed", range(12))
def test_the_program_decides_as_walk_does_where_gateways_are_busy(where: Path, kernel: Kernel, seed: int) -> None:
    """An address of one of them goes on the way, and comes back."""
    random, network = Random(seed), NETWORK
    changes = {80: without_an_address(), 160: NETWORK}
    flows: frozenset[Flow] = frozenset()
    nat_flows: frozenset[NatFlow] = frozenset()
    past: list[tuple[str, Trace]] = []
    for step in range(250):
        if step in changes:
            network = changes[step]
            kernel.apply(network)
        sent, at = some_packet(random, past)
        trace = walk(network, sent, at, flows, nat_flows)
        try:
            namespace.run_in(where, lambda: check(kernel, sent, at, trace, may_fragment=False))  # noqa: B023
        except AssertionError as error:
            hops = "\n".join(f"  {hop.layer}: {hop.resource}: {hop.rule}: {hop.passed}" for hop in trace.hops)
            raise AssertionError(f"step {step} at {at}: {sent}\n{hops}\n{error}") from error
        flows = trace.tracked | flows  # of equal ones the newer
        nat_flows |= {trace.nat_flow} if trace.nat_flow else set()
        if trace.delivered:
            past.append((at, trace))
    assert kernel.nat_flows() == {key for flow in nat_flows for key in nat_keys(flow)}
    assert len(nat_flows) > 10
