"""What is gathered for flow logs: of which packets, how much of each, and by whom it is taken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric import flow_records
from realvpc.fabric.apply import forget_decisions
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.constants import ALL_INTERFACES, TcpFlag
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.flow_records import take_flows
from realvpc.net.addresses import Address
from realvpc.net.flow_gathering import FLOWS_AT_A_TIME, RECORDS, RECORDS_OF_INTERFACE, Gathered
from realvpc.net.flow_log import DestinationType, FlowLog, TrafficType
from realvpc.net.packet import Packet
from realvpc.net.security_group import ICMP, TCP, UDP
from realvpc.net.services import METADATA, RESOLVER
from realvpc.net.table import put
from realvpc.net.trace import INTERNET

from ..packets.hosts import number
from .frames import frame
from .kernel import Kernel
from .program import A_ADDRESS, A_PUBLIC, B_ADDRESS, C_ADDRESS, OUTSIDE, A, B, C, Send, network, packet

pytestmark = pytest.mark.root


def flow_log(resource_id: str, traffic: TrafficType = TrafficType.ALL) -> FlowLog:
    return FlowLog(
        id=f"fl-{resource_id}",
        account="111111111111",
        region="us-east-1",
        resource_id=resource_id,
        traffic_type=traffic,
        destination_type=DestinationType.CLOUD_WATCH_LOGS,
        log_format="",
        created_at=datetime(2026, 11, 29, tzinfo=UTC),
    )


@pytest.fixture
def logged(kernel: Kernel) -> Kernel:
    """The interfaces A and C, in one VPC, are covered, and B is not."""
    return covered(kernel, flow_log(number("vpc", 1)))


def covered(kernel: Kernel, *rows: FlowLog) -> Kernel:
    kernel.apply(network().apply(put(*rows)))
    for name in ("even_records", "odd_records", "record_tallies"):
        kernel.loaded.maps[name].delete(list(kernel.loaded.maps[name]))
    return kernel


def take(kernel: Kernel) -> Gathered:
    """The window that there is, whole."""
    gathered = take_flows(kernel.loaded.maps, turn=True)
    assert gathered.is_turned
    assert gathered.is_last
    return gathered


def seen(kernel: Kernel) -> list[tuple[Any, ...]]:
    """By whom, in which direction, whether refused, addresses, ports, packets, bytes."""
    return sorted(
        (
            flow.interface_id,
            "out" if flow.is_egress else "in",
            "REJECT" if flow.is_rejected else "ACCEPT",
            str(Address(int.from_bytes(flow.source, "big"))),
            str(Address(int.from_bytes(flow.destination, "big"))),
            flow.source_port,
            flow.destination_port,
            flow.packets,
            flow.octets,
        )
        for flow in take(kernel).flows
    )


def test_both_ends_of_a_flow_have_a_record_where_a_flow_log_covers_them(send: Send, logged: Kernel) -> None:
    for _ in range(3):  # of which the second and the third are decided as the first one
        send(frame(packet(A_ADDRESS, C_ADDRESS, UDP, size=100)))
    send(frame(packet(A_ADDRESS, B_ADDRESS, UDP, size=60)))
    assert seen(logged) == [
        (A, "out", "ACCEPT", A_ADDRESS, C_ADDRESS, 40000, 80, 3, 300),
        (A, "out", "ACCEPT", A_ADDRESS, B_ADDRESS, 40000, 80, 1, 60),
        (C, "in", "ACCEPT", A_ADDRESS, C_ADDRESS, 40000, 80, 3, 300),
    ]


def test_what_a_translated_packet_is_remembered_as_is_what_its_interface_saw(send: Send, logged: Kernel) -> None:
    for _ in range(3):
        send(frame(packet(A_ADDRESS, OUTSIDE)))
        send(frame(packet(A_ADDRESS, OUTSIDE).reply().with_destination(Address.parse(A_PUBLIC))), INTERNET)
    size = packet(A_ADDRESS, OUTSIDE).size
    assert seen(logged) == [
        (A, "in", "ACCEPT", OUTSIDE, A_ADDRESS, 80, 40000, 3, 3 * size),
        (A, "out", "ACCEPT", A_ADDRESS, OUTSIDE, 40000, 80, 3, 3 * size),
    ]


def test_the_answer_of_a_flow_is_another_one(send: Send, logged: Kernel) -> None:
    there = packet(A_ADDRESS, C_ADDRESS)
    send(frame(there))
    send(frame(there.reply()), C)
    assert [row[:3] + row[5:7] for row in seen(logged)] == [
        (A, "in", "ACCEPT", 80, 40000),
        (A, "out", "ACCEPT", 40000, 80),
        (C, "in", "ACCEPT", 40000, 80),
        (C, "out", "ACCEPT", 80, 40000),
    ]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((TcpFlag.SYN,), 2),
        ((TcpFlag.SYN | TcpFlag.ACK,), 18),
        ((TcpFlag.ACK,), 0),
        ((TcpFlag.SYN, TcpFlag.ACK, TcpFlag.FIN | TcpFlag.ACK), 3),
        ((TcpFlag.RST | TcpFlag.ACK,), 4),
    ],
)
def test_tcp_flags_are_those_of_all_packets_together(
    send: Send, logged: Kernel, flags: tuple[int, ...], expected: int
) -> None:
    for each in flags:
        send(frame(packet(A_ADDRESS, B_ADDRESS), tcp_flags=int(each)))
    assert [flow.tcp_flags for flow in take(logged).flows] == [expected]


def test_what_the_kernel_has_yet_to_cut_counts_as_the_segments_that_it_becomes(send: Send, logged: Kernel) -> None:
    big = packet(A_ADDRESS, B_ADDRESS, size=1500)
    send(frame(big), A, 500)  # 1460 bytes of data, in three segments with headers of 40 bytes each
    assert [(flow.packets, flow.octets) for flow in take(logged).flows] == [(3, 1460 + 3 * 40)]


@pytest.mark.parametrize("to", [str(RESOLVER), str(METADATA), "10.20.0.2", "10.20.0.1", "255.255.255.255"])
def test_what_aws_does_not_log_has_no_record(send: Send, logged: Kernel, to: str) -> None:
    """The resolver, instance metadata, the router, DHCP."""
    port = {"10.20.0.1": 7, "255.255.255.255": 67, str(METADATA): 80}.get(to, 53)
    send(frame(packet(A_ADDRESS, to, TCP if port == 80 else UDP, destination_port=port)))
    assert take(logged).flows == ()


@pytest.mark.parametrize("traffic", TrafficType)
def test_only_the_traffic_that_is_asked_for_is_gathered(send: Send, kernel: Kernel, traffic: TrafficType) -> None:
    covered(kernel, flow_log(A, traffic))
    send(frame(packet(A_ADDRESS, B_ADDRESS)))
    refused = network(()).apply(put(flow_log(A, traffic)))
    kernel.apply(refused)
    send(frame(packet(A_ADDRESS, B_ADDRESS, UDP)))
    assert {row[2] for row in seen(kernel)} == set(traffic.actions)


def test_of_an_instance_that_does_not_run_nothing_is_seen(send: Send, kernel: Kernel) -> None:
    stopped = network().apply(put(flow_log(C)))
    row = stopped.instances[number("i", 3)]
    kernel.apply(stopped.apply(put(replace(row, state=type(row.state).STOPPED))))
    send(frame(packet(A_ADDRESS, C_ADDRESS)))
    assert take(kernel).flows == ()


def test_a_window_is_taken_whole_and_once(send: Send, logged: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_records, "FLOWS_AT_A_TIME", 8)
    for port in range(100):
        send(frame(packet(A_ADDRESS, B_ADDRESS, UDP, source_port=port)))
    parts = [take_flows(logged.loaded.maps, turn=True)]
    send(frame(packet(A_ADDRESS, B_ADDRESS, UDP, source_port=200)))  # belongs to the next
    while not parts[-1].is_last:
        assert len(parts[-1].flows) <= 8
        parts.append(take_flows(logged.loaded.maps, turn=False))
    ports = [flow.source_port for part in parts for flow in part.flows]
    assert sorted(ports) == list(range(100))
    assert [part.is_turned for part in parts] == [True, *(False for _ in parts[1:])]
    assert [flow.source_port for flow in take_flows(logged.loaded.maps, turn=True).flows] == [200]


def test_nothing_begins_before_what_is_left_was_taken(send: Send, logged: Kernel, monkeypatch: Any) -> None:
    """As when whoever took the first part has died."""
    for port in range(20):
        send(frame(packet(A_ADDRESS, B_ADDRESS, UDP, source_port=port)))
    monkeypatch.setattr(flow_records, "FLOWS_AT_A_TIME", 8)
    assert take_flows(logged.loaded.maps, turn=True).is_turned
    monkeypatch.setattr(flow_records, "FLOWS_AT_A_TIME", FLOWS_AT_A_TIME)
    rest = take_flows(logged.loaded.maps, turn=True)
    assert rest.flows
    assert not rest.is_turned
    assert take(logged).flows == ()


def set_tally(kernel: Kernel, interface: int, records: int) -> None:
    window = layout.WINDOW.unpack(kernel.loaded.maps["flow_windows"].get(layout.INDEX_KEY.pack(0)) or b"")["number"]
    key = layout.RECORD_TALLY_KEY.pack(interface, window)
    kernel.loaded.maps["record_tallies"].update({key: layout.RECORD_TALLY.pack(records, 0)})


@pytest.mark.parametrize("whose", [(number_of(A), RECORDS_OF_INTERFACE), (ALL_INTERFACES, RECORDS)])
def test_what_finds_no_place_is_counted(send: Send, logged: Kernel, whose: tuple[int, int]) -> None:
    send(frame(packet(A_ADDRESS, B_ADDRESS, UDP)))
    set_tally(logged, *whose)
    for _ in range(3):
        forget_decisions(logged.loaded.maps)
        send(frame(packet(A_ADDRESS, B_ADDRESS, UDP, source_port=1)))
        send(frame(packet(A_ADDRESS, B_ADDRESS, UDP)))  # has one
    gathered = take(logged)
    assert [(flow.source_port, flow.packets) for flow in gathered.flows] == [(40000, 4)]
    assert gathered.skipped == {A: 3}
    assert take(logged).skipped == {}


def test_one_that_floods_takes_no_place_of_others(send: Send, logged: Kernel) -> None:
    set_tally(logged, number_of(A), RECORDS_OF_INTERFACE)
    set_tally(logged, ALL_INTERFACES, RECORDS_OF_INTERFACE)
    send(frame(packet(A_ADDRESS, C_ADDRESS, UDP)))
    assert [row[0] for row in seen(logged)] == [C]


def test_an_echo_has_no_ports(send: Send, logged: Kernel) -> None:
    send(frame(packet(A_ADDRESS, B_ADDRESS, ICMP, icmp_type=8, source_port=77, destination_port=77)))
    assert [(flow.protocol, flow.source_port, flow.destination_port) for flow in take(logged).flows] == [(ICMP, 0, 0)]


def test_times_are_of_the_first_and_the_last_packet(send: Send, logged: Kernel) -> None:
    before = int(datetime.now(UTC).timestamp()) - 1
    send(frame(packet(A_ADDRESS, B_ADDRESS)))
    [flow] = take(logged).flows
    assert before <= flow.first <= flow.last <= int(datetime.now(UTC).timestamp())


def test_who_is_covered_by_nothing_has_no_record(send: Send, kernel: Kernel) -> None:
    covered(kernel)
    packets: list[tuple[Packet, str]] = [(packet(A_ADDRESS, B_ADDRESS), A), (packet(B_ADDRESS, A_ADDRESS), B)]
    for each, at in packets:
        send(frame(each), at)
    assert take(kernel).flows == ()
