"""walk() and the loaded BPF program decide alike: random networks, random packets, every reason.

A failing case prints its seed; ``REALVPC_SEED=<n>`` runs that network alone.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from realvpc.fabric import namespace
from realvpc.fabric.loader import Object
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.trace import INTERNET, Trace
from realvpc.net.walk import walk

from .frames import DONT_FRAGMENT, frame, gso_size, read
from .kernel import SMALL, TC_ACT_REDIRECT, TC_ACT_SHOT, Kernel, devices, flow_key
from .random_world import World

pytestmark = pytest.mark.root

NETWORKS, PACKETS = 140, 150

# A packet of the model has no bytes that could be wrong.
ABOUT_BYTES = {Reason.MALFORMED_PACKET, Reason.UNSUPPORTED_PROTOCOL, Reason.FRAGMENT_WITHOUT_FIRST}
# These take more packets than are sent here.
ABOUT_MANY = {Reason.CONNTRACK_ALLOWANCE_EXCEEDED, Reason.LINKLOCAL_ALLOWANCE_EXCEEDED}


def check(kernel: Kernel, packet: Packet, at: str, trace: Trace, *, may_fragment: bool) -> None:
    """Send the packet and compare what becomes of it with what walk() found."""
    data = frame(packet, flags=0 if may_fragment else DONT_FRAGMENT)
    run = kernel.run(data, at, gso_size(packet))
    assert Reason.by_number(run.reason) is trace.reason
    if trace.delivered:
        assert trace.delivered_to is not None
        assert (run.action, run.ifindex) == (TC_ACT_REDIRECT, kernel.ifindex(trace.delivered_to))
        compare(read(run.data), trace.packet)
    elif trace.reason is not Reason.PACKET_TOO_BIG or may_fragment or at == INTERNET:
        assert run.action == TC_ACT_SHOT
    else:
        assert run.action == TC_ACT_REDIRECT
        answer = read(run.data)
        assert (answer.icmp_type, answer.icmp_code, answer.destination) == (3, 4, packet.source)


def compare(arrived: Packet, expected: Packet) -> None:
    assert (arrived.source, arrived.destination) == (expected.source, expected.destination)
    assert (arrived.source_port, arrived.destination_port) == (expected.source_port, expected.destination_port)
    if expected.quoted is not None:
        assert arrived.quoted is not None
        quoted, wanted = arrived.quoted, expected.quoted
        assert (quoted.source, quoted.destination) == (wanted.source, wanted.destination)


def run_world(loaded: Object, seed: int, packets: int) -> Counter[Reason]:
    world = World(seed)
    kernel = Kernel(loaded, world.network)
    flows: frozenset[Flow] = frozenset()
    past: list[tuple[str, Trace]] = []
    reasons: Counter[Reason] = Counter()
    for number in range(packets):
        packet, at = world.packet(past)
        trace = walk(world.network, packet, at, flows)
        try:
            check(kernel, packet, at, trace, may_fragment=world.chance(0.3))
        except AssertionError as error:
            hops = "\n".join(f"  {hop.layer}: {hop.resource}: {hop.rule}: {hop.passed}" for hop in trace.hops)
            raise AssertionError(f"REALVPC_SEED={seed}, packet {number} at {at}: {packet}\n{hops}\n{error}") from error
        reasons[trace.reason] += 1
        flows |= trace.tracked
        if trace.delivered:
            past.append((at, trace))
    assert kernel.flows() == {flow_key(flow) for flow in flows}, f"REALVPC_SEED={seed}: tracked flows"
    return reasons


def test_the_program_decides_as_walk_does(tmp_path: Path) -> None:
    chosen = os.environ.get("REALVPC_SEED")
    seeds = [int(chosen)] if chosen else range(NETWORKS)

    def run() -> Counter[Reason]:
        with Object(max_entries=SMALL) as loaded:
            return sum((run_world(loaded, seed, PACKETS) for seed in seeds), Counter())

    with devices(tmp_path / "ns") as path:
        reasons = namespace.run_in(path, run)
    if not chosen:
        assert reasons.total() == NETWORKS * PACKETS > 20_000
        assert set(reasons) == set(Reason) - ABOUT_BYTES - ABOUT_MANY, "every reason that a packet can meet was met"
        assert reasons[Reason.DELIVERED] > NETWORKS * PACKETS // 10
