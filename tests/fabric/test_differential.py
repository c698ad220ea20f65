"""walk() and the loaded BPF program decide alike: random networks, random packets, every reason.

A failing case prints its seed; ``REALVPC_SEED=<n>`` runs that network alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from realvpc.fabric import namespace
from realvpc.fabric.apply import apply_tables, read_tables
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.loader import FROM_INTERFACE, FROM_INTERNET, TC_ACT_REDIRECT, TC_ACT_SHOT, Object
from realvpc.fabric.plan import compile_plan
from realvpc.fabric.tables import compile_tables
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.trace import INTERNET, Trace
from realvpc.net.walk import walk

from .frames import DONT_FRAGMENT, ICMP_HEADER, IP_HEADER, frame, gso_size, read
from .random_world import MAX_INTERFACES, World

pytestmark = pytest.mark.root

NETWORKS, PACKETS = 140, 150
SMALL = {"flows": 1 << 14, "interface_counters": 1 << 10}

# A packet of the model has no bytes that could be wrong.
ABOUT_BYTES = {Reason.MALFORMED_PACKET, Reason.UNSUPPORTED_PROTOCOL, Reason.FRAGMENT_WITHOUT_FIRST}


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Path]:
    """A network namespace with more devices than a world has interfaces: the program asks where a packet came in."""
    path = tmp_path / "ns"
    namespace.create(path)

    def add() -> None:
        with closing(IPRoute()) as netlink:
            for number in range(MAX_INTERFACES // 2 + 2):
                netlink.link("add", ifname=f"a{number}", kind="veth", peer={"ifname": f"b{number}"})

    namespace.run_in(path, add)
    yield path
    namespace.remove(path)


def flow_key(flow: Flow) -> bytes:
    return layout.FLOW_KEY.pack(
        number_of(flow.interface_id),
        flow.local.packed,
        flow.remote.packed,
        flow.local_port,
        flow.remote_port,
        flow.protocol,
    )


class Kernel:
    """The loaded program with the tables of one world."""

    def __init__(self, loaded: Object, world: World) -> None:
        self.loaded = loaded
        self.ifindexes = {row.id: 2 + index for index, row in enumerate(world.interfaces)}
        self.internet = 2 + MAX_INTERFACES
        tables = compile_tables(compile_plan(world.network), self.ifindexes)
        tables["internet"] = {bytes(4): layout.INTERNET.pack(self.internet, bytes(6))}
        apply_tables(loaded.maps, read_tables(loaded.maps), tables)
        loaded.maps["flows"].delete(list(loaded.maps["flows"]))

    def check(self, packet: Packet, at: str, trace: Trace, *, may_fragment: bool) -> None:
        """Send the packet and compare what becomes of it with what walk() found."""
        program = FROM_INTERNET if at == INTERNET else FROM_INTERFACE
        ifindex = self.internet if at == INTERNET else self.ifindexes.get(at, self.internet + 1)
        data = frame(packet, flags=0 if may_fragment else DONT_FRAGMENT)
        run = self.loaded.test_run(program, data, ifindex=ifindex, gso_size=gso_size(packet))
        assert Reason.by_number(run.reason) is trace.reason
        if trace.delivered:
            assert trace.delivered_to is not None
            receiver = self.internet if trace.delivered_to == INTERNET else self.ifindexes[trace.delivered_to]
            assert (run.action, run.ifindex) == (TC_ACT_REDIRECT, receiver)
            compare(read(run.data), trace.packet)
        elif trace.reason is not Reason.PACKET_TOO_BIG or may_fragment or at == INTERNET:
            assert run.action == TC_ACT_SHOT
        else:
            assert run.action == TC_ACT_REDIRECT
            answer = read(run.data)
            assert (answer.icmp_type, answer.icmp_code, answer.destination) == (3, 4, packet.source)
            assert answer.quoted is not None
            assert run.data[14 + IP_HEADER + ICMP_HEADER :][:IP_HEADER] == data[14:][:IP_HEADER]

    def flows(self) -> set[bytes]:
        return set(self.loaded.maps["flows"])


def compare(arrived: Packet, expected: Packet) -> None:
    assert (arrived.source, arrived.destination) == (expected.source, expected.destination)
    assert (arrived.source_port, arrived.destination_port) == (expected.source_port, expected.destination_port)
    if expected.quoted is not None:
        assert arrived.quoted is not None
        quoted, wanted = arrived.quoted, expected.quoted
        assert (quoted.source, quoted.destination) == (wanted.source, wanted.destination)


def run_world(loaded: Object, seed: int, packets: int) -> Counter[Reason]:
    world = World(seed)
    kernel = Kernel(loaded, world)
    flows: frozenset[Flow] = frozenset()
    past: list[tuple[str, Trace]] = []
    reasons: Counter[Reason] = Counter()
    for number in range(packets):
        packet, at = world.packet(past)
        trace = walk(world.network, packet, at, flows)
        try:
            kernel.check(packet, at, trace, may_fragment=world.chance(0.3))
        except AssertionError as error:
            hops = "\n".join(f"  {hop.layer}: {hop.resource}: {hop.rule}: {hop.passed}" for hop in trace.hops)
            raise AssertionError(f"REALVPC_SEED={seed}, packet {number} at {at}: {packet}\n{hops}\n{error}") from error
        reasons[trace.reason] += 1
        flows |= trace.tracked
        if trace.delivered:
            past.append((at, trace))
    assert kernel.flows() == {flow_key(flow) for flow in flows}, f"REALVPC_SEED={seed}: tracked flows"
    return reasons


def test_the_program_decides_as_walk_does(devices: Path) -> None:
    chosen = os.environ.get("REALVPC_SEED")
    seeds = [int(chosen)] if chosen else range(NETWORKS)

    def run() -> Counter[Reason]:
        with Object(max_entries=SMALL) as loaded:
            return sum((run_world(loaded, seed, PACKETS) for seed in seeds), Counter())

    reasons = namespace.run_in(devices, run)
    if not chosen:
        assert reasons.total() == NETWORKS * PACKETS > 20_000
        assert set(reasons) == set(Reason) - ABOUT_BYTES, "every reason that a packet can meet was met"
        assert reasons[Reason.DELIVERED] > NETWORKS * PACKETS // 10
