"""Flow logs of real packets: who has seen what, how much of it, and what was refused by whom."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pytest

from realvpc.fabric.fabric import Fabric
from realvpc.net.addresses import Address
from realvpc.net.flow_gathering import GatheredFlow
from realvpc.net.flow_line import Place, flow_line
from realvpc.net.flow_log import DestinationType, FlowLog, TrafficType
from realvpc.net.network import Network
from realvpc.net.security_group import ICMP, TCP
from tests.patience import PATIENCE_SECONDS

from .hosts import ALL_IN, ALL_OUT, COMMON, NOW, Rule, bring_up, host, number, peering, ping, ping_in_vain, vpc
from .nat import GATEWAY, private_host, vpc_with_nat
from .test_fabric import either_way
from .test_nat_gateway import socket_in

pytestmark = pytest.mark.root

A, B, C = (number("i", index) for index in (1, 2, 3))
ENI_A, ENI_B, ENI_C = (number("eni", index) for index in (1, 2, 3))
A_ADDRESS, B_ADDRESS, C_ADDRESS, OUTSIDE = "10.20.0.7", "10.30.0.7", "10.20.0.8", "198.19.0.1"
OPEN, SHUT = 7001, 7002
PING_BYTES = 84


def flow_log(vpc_index: int) -> FlowLog:
    return FlowLog(
        id=number("fl", vpc_index),
        resource_id=number("vpc", vpc_index),
        traffic_type=TrafficType.ALL,
        destination_type=DestinationType.CLOUD_WATCH_LOGS,
        log_format="",
        created_at=NOW,
        **COMMON,
    )


@pytest.fixture
def network(fabric: Fabric) -> Network:
    """A and C in one subnet, B in a peered VPC, which lets in pings and one port.  All interfaces are covered."""
    rules = (Rule(ICMP), Rule(TCP, low=OPEN, high=OPEN), ALL_OUT)
    made = Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)], rules=rules),
        *host(1, 1, A_ADDRESS, public="198.18.0.7"),
        *host(2, 2, B_ADDRESS),
        *host(3, 1, C_ADDRESS),
        peering(1, 1, 2),
        flow_log(1),
        flow_log(2),
    )
    bring_up(fabric, made)
    return made


def take(fabric: Fabric) -> list[GatheredFlow]:
    gathered = fabric.take_flows(turn=True)
    assert gathered.is_turned
    assert gathered.is_last
    return list(gathered.flows)


def of(flows: list[GatheredFlow], protocol: int) -> list[tuple[Any, ...]]:
    """By whom, in which direction, what became of it, from where to where, how many packets."""
    return sorted(
        (
            flow.interface_id,
            "egress" if flow.is_egress else "ingress",
            "REJECT" if flow.is_rejected else "ACCEPT",
            str(Address(int.from_bytes(flow.source, "big"))),
            str(Address(int.from_bytes(flow.destination, "big"))),
            flow.packets,
        )
        for flow in flows
        if flow.protocol == protocol
    )


@either_way
@pytest.mark.parametrize(
    ("far", "eni", "address"), [(B, ENI_B, B_ADDRESS), (C, ENI_C, C_ADDRESS)], ids=["peering", "subnet"]
)
def test_a_ping_is_four_flows_at_two_interfaces(
    fabric: Fabric, network: Network, far: str, eni: str, address: str
) -> None:
    take(fabric)
    sent = ping(fabric, A, address).sent
    flows = take(fabric)
    assert of(flows, ICMP) == sorted(
        [
            (ENI_A, "egress", "ACCEPT", A_ADDRESS, address, sent),
            (eni, "ingress", "ACCEPT", A_ADDRESS, address, sent),
            (eni, "egress", "ACCEPT", address, A_ADDRESS, sent),
            (ENI_A, "ingress", "ACCEPT", address, A_ADDRESS, sent),
        ]
    )
    assert {flow.octets for flow in flows if flow.protocol == ICMP} == {sent * PING_BYTES}


@either_way
def test_what_the_receivers_group_refuses_has_left_and_is_rejected_there(fabric: Fabric, network: Network) -> None:
    with socket_in(fabric, A, socket.SOCK_STREAM) as client:
        client.settimeout(0.5)
        with pytest.raises(OSError):
            client.connect((B_ADDRESS, SHUT))
    flows = [flow for flow in take(fabric) if flow.destination_port == SHUT]
    assert [row[:5] for row in of(flows, TCP)] == [
        (ENI_A, "egress", "ACCEPT", A_ADDRESS, B_ADDRESS),
        (ENI_B, "ingress", "REJECT", A_ADDRESS, B_ADDRESS),
    ]
    assert {flow.tcp_flags for flow in flows} == {2}


@either_way
def test_a_connection_counts_what_it_carried(fabric: Fabric, network: Network) -> None:
    """However large the pieces were that the kernel handed on."""
    data = bytes(3_000_000)
    with socket_in(fabric, B, socket.SOCK_STREAM, OPEN) as server, socket_in(fabric, A, socket.SOCK_STREAM) as client:
        server.listen()
        client.connect((B_ADDRESS, OPEN))
        connection, _ = server.accept()
        with connection:
            connection.settimeout(PATIENCE_SECONDS)
            received = 0
            client.setblocking(False)
            rest = memoryview(data)
            while received < len(data):
                with suppress(BlockingIOError):
                    rest = rest[client.send(rest) :] if rest else rest
                received += len(connection.recv(1 << 20))
    flows = [flow for flow in take(fabric) if flow.destination_port == OPEN]
    left, came = (next(flow for flow in flows if flow.interface_id == each) for each in (ENI_A, ENI_B))
    assert (left.packets, left.octets) == (came.packets, came.octets)
    assert left.octets >= len(data) + 40 * (len(data) // 8949), "with headers of every packet of 9001 bytes"
    assert left.octets < len(data) * 1.1
    assert left.tcp_flags & 2


@either_way
def test_what_a_route_drops_was_accepted_where_it_left_and_seen_by_nobody_else(
    fabric: Fabric, network: Network
) -> None:
    ping_in_vain(fabric, A, "10.30.0.99")
    assert [row[:5] for row in of(take(fabric), ICMP)] == [(ENI_A, "egress", "ACCEPT", A_ADDRESS, "10.30.0.99")]


@either_way
def test_through_a_nat_gateway_its_interface_has_both_sides(fabric: Fabric) -> None:
    """As AWS's example of it has them: the gateway's own address where it stands for one, the packet's beside it."""
    nat, own, inside = number("eni", GATEWAY + 1), "10.20.0.10", "10.20.1.7"
    made = Network.of(*vpc_with_nat(1, "10.20.0.0/16"), *private_host(1, 1, inside), flow_log(1))
    bring_up(fabric, made)
    sent = ping(fabric, A, OUTSIDE).sent
    fields = ("interface-id", "flow-direction", "srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr", "packets")
    lines = {
        flow_line(fields, Place(network=made, interface=made.interfaces[flow.interface_id]), flow)
        for flow in take(fabric)
        if flow.protocol == ICMP
    }
    assert lines == {
        f"{ENI_A} egress {inside} {OUTSIDE} {inside} {OUTSIDE} {sent}",
        f"{nat} ingress {inside} {own} {inside} {OUTSIDE} {sent}",
        f"{nat} egress {own} {OUTSIDE} {own} {OUTSIDE} {sent}",
        f"{nat} ingress {OUTSIDE} {own} {OUTSIDE} {own} {sent}",
        f"{nat} egress {own} {inside} {OUTSIDE} {inside} {sent}",
        f"{ENI_A} ingress {OUTSIDE} {inside} {OUTSIDE} {inside} {sent}",
    }
