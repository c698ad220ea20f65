"""walk() and the loaded BPF program decide alike: random networks that change, random packets, every reason.

A failing case prints its seed; ``REALVPC_SEED=<n>`` runs that network alone, ``--worlds`` and ``--first-seed`` others.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from realvpc.fabric import namespace
from realvpc.fabric.bpf.constants import TcpFlag
from realvpc.fabric.loader import Object
from realvpc.net import mtu
from realvpc.net.flow_record import records_of
from realvpc.net.nat_flow import NatFlow
from realvpc.net.network import Network
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import TCP
from realvpc.net.trace import INTERNET, Trace
from realvpc.net.walk import walk

from .frames import DONT_FRAGMENT, ETHERNET, frame, gso_size, read
from .kernel import SMALL, TC_ACT_REDIRECT, TC_ACT_SHOT, Kernel, devices, flow_key, nat_keys, record_key
from .oddities import odd, pressed, send
from .random_changes import Changes

pytestmark = pytest.mark.root

PACKETS, SETTLED, EVERY = 160, 90, 20
"""Of each network; so many before it changes for the first time, and then between one change and the next."""

ODD, PRESSED = 0.1, 0.2
"""Of the packets have an odd one beside them; of the networks are on a host that is nearly full."""


def check(kernel: Kernel, packet: Packet, at: str, trace: Trace, *, may_fragment: bool) -> None:
    """Send the packet and compare what becomes of it with what walk() found."""
    may_be_in_pieces = may_fragment and packet.source.is_ipv4
    data = frame(packet, flags=0 if may_fragment else DONT_FRAGMENT)
    run = kernel.run(data, at, gso_size(packet))
    assert Reason.by_number(run.reason) is trace.reason
    if trace.delivered:
        assert (run.action, run.ifindex) == (TC_ACT_REDIRECT, kernel.reached(trace))
        compare(read(run.data), trace.packet, trace.sent)
    elif trace.reason is Reason.NAT_NO_CONNECTION and packet.protocol == TCP and packet.source.is_ipv4:
        answer = read(run.data)
        assert (run.action, answer.protocol, answer.destination) == (TC_ACT_REDIRECT, TCP, packet.source)
    elif trace.reason is not Reason.PACKET_TOO_BIG or is_silent(trace) or at == INTERNET or may_be_in_pieces:
        assert run.action == TC_ACT_SHOT
    else:
        assert run.action == TC_ACT_REDIRECT
        answer = read(run.data)
        kind = (3, 4) if packet.source.is_ipv4 else (2, 0)
        assert (answer.icmp_type, answer.icmp_code, answer.destination) == (*kind, packet.source)


def is_silent(trace: Trace) -> bool:
    """Whether it was dropped by an interface endpoint, which tells nobody; a gateway endpoint takes less."""
    return trace.resource.startswith("vpce-") and str(mtu.INTERNET) not in trace.hops[-1].rule


def compare(arrived: Packet, expected: Packet, sent: Packet) -> None:
    assert (arrived.source, arrived.destination) == (expected.source, expected.destination)
    assert (arrived.source_port, arrived.destination_port) == (expected.source_port, expected.destination_port)
    if arrived.source.is_ipv4 != sent.source.is_ipv4:
        assert (arrived.protocol, arrived.icmp_type, arrived.icmp_code) == (
            expected.protocol,
            expected.icmp_type,
            expected.icmp_code,
        )
        assert arrived.size == expected.size or gso_size(sent)
    if expected.quoted is not None:
        assert arrived.quoted is not None
        quoted, wanted = arrived.quoted, expected.quoted
        assert (quoted.source, quoted.destination) == (wanted.source, wanted.destination)
        assert (quoted.source_port, quoted.destination_port) == (wanted.source_port, wanted.destination_port)


def add_records(
    records: dict[bytes, tuple[int, int, int]], network: Network, packet: Packet, trace: Trace, *, size: int
) -> None:
    """What flow logs have of the packet."""
    tcp_flags = TcpFlag.SYN if packet.opens and packet.protocol == TCP else 0
    for record in records_of(network, trace):
        packets, total, flags = records.get(record_key(record), (0, 0, 0))
        records[record_key(record)] = packets + 1, total + size, flags | tcp_flags


class Count(NamedTuple):
    """Packets, by the reason and by the family, and of the odd ones beside them; and changes of a network."""

    reasons: Counter[Reason]
    families: Counter[int]
    odd: Counter[Reason]
    changes: int


def change(changes: Changes) -> bool:
    """Whether there was a change.  Interfaces stay: when one goes, its flows end as the sweeper comes round."""
    before = changes.network
    changes.change()
    if changes.network.interfaces.keys() != before.interfaces.keys():
        changes.network = before
    return changes.network is not before


def run_world(loaded: Object, seed: int, packets: int) -> Count:
    changes, beside = Changes(seed), Random(seed)
    kernel = Kernel(loaded, changes.network)
    if beside.random() >= PRESSED:
        return run_packets(kernel, changes, beside, packets)
    with pressed(kernel, beside.randrange(2, 14), beside.choice((0, 1))):
        return run_packets(kernel, changes, beside, packets)


def run_packets(kernel: Kernel, changes: Changes, beside: Random, packets: int) -> Count:
    seed, world, network = changes.seed, changes.world, changes.network
    flows: frozenset[Flow] = frozenset()
    nat_flows: frozenset[NatFlow] = frozenset()
    past: list[tuple[str, Trace]] = []
    records: dict[bytes, tuple[int, int, int]] = {}
    count = Count(Counter(), Counter(), Counter(), 0)
    for number in range(packets):
        if number >= SETTLED and not number % EVERY and change(changes):
            network, count = changes.network, count._replace(changes=count.changes + 1)
            kernel.apply(network)
        packet, at = world.packet(past)
        trace = walk(network, packet, at, flows, nat_flows)
        add_records(records, network, packet, trace, size=len(frame(packet)) - len(ETHERNET))
        strange = odd(beside, network, packet, at, trace) if beside.random() < ODD else None
        if strange is not None:
            add_records(records, network, packet, strange.trace, size=len(strange.data) - len(ETHERNET))
            assert send(kernel, strange, at) is strange.trace.reason, f"REALVPC_SEED={seed}, beside packet {number}"
            count.odd[strange.trace.reason] += 1
        try:
            check(kernel, packet, at, trace, may_fragment=world.chance(0.3))
        except AssertionError as error:
            hops = "\n".join(f"  {hop.layer}: {hop.resource}: {hop.rule}: {hop.passed}" for hop in trace.hops)
            raise AssertionError(f"REALVPC_SEED={seed}, packet {number} at {at}: {packet}\n{hops}\n{error}") from error
        count.reasons[trace.reason] += 1
        count.families[4 if packet.source.is_ipv4 else 6] += 1
        flows = trace.tracked | flows  # of equal ones the newer
        nat_flows |= {trace.nat_flow} if trace.nat_flow else set()
        if trace.delivered:
            past.append((at, trace))
    keys = {key for flow in nat_flows for key in nat_keys(flow)}
    assert kernel.nat_flows() == keys, f"REALVPC_SEED={seed}: connections of NAT gateways"
    assert kernel.records() == records, f"REALVPC_SEED={seed}: records of flow logs"
    assert kernel.flows() == {flow_key(flow) for flow in flows}, f"REALVPC_SEED={seed}: tracked flows"
    return count


def test_the_program_decides_as_walk_does(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    chosen, worlds = os.environ.get("REALVPC_SEED"), pytestconfig.getoption("worlds")
    first = pytestconfig.getoption("first_seed")
    seeds = [int(chosen)] if chosen else range(first, first + worlds)

    def run() -> list[Count]:
        with Object(max_entries=SMALL) as loaded:
            return [run_world(loaded, seed, PACKETS) for seed in seeds]

    with devices(tmp_path / "ns") as path:
        counts = namespace.run_in(path, run)
    if not chosen:
        reasons: Counter[Reason] = sum((count.reasons for count in counts), Counter())
        families: Counter[int] = sum((count.families for count in counts), Counter())
        assert reasons.total() == families.total() == worlds * PACKETS >= 60_000
        assert min(families[4], families[6]) > worlds * PACKETS // 3, families
        assert sum(count.changes for count in counts) > worlds, "and networks change while flows are tracked"
        of_odd: Counter[Reason] = sum((count.odd for count in counts), Counter())
        assert {reason.name for reason in set(Reason) - set(reasons) - set(of_odd)} == set(), "not met"
        assert min(of_odd.values()) > worlds // 20, of_odd
        assert reasons[Reason.DELIVERED] > worlds * PACKETS // 10
