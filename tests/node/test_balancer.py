"""The machine of a load balancer under a real node: told live, adopted, looked after."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from realvpc.fabric.bpf import build
from realvpc.fabric.plan import compile_plan
from realvpc.net.machine import ApplianceSpec, Forward, Forwarding, MachineSpec, Wanted
from realvpc.node import messages as m
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node
from tests.packets.balancer import (
    BALANCER,
    FIRST,
    ONE,
    SECOND,
    TARGETS,
    Connection,
    asked,
    forwards,
    links,
    network,
    serving,
)
from tests.packets.hosts import link_spec

from .test_sabotage import REAL_FABRIC, audit, in_namespace

pytestmark = pytest.mark.root

WORLD = network()
MACHINES: tuple[MachineSpec, ...] = tuple(
    machine(id=name, links=(link_spec(WORLD, WORLD.interfaces[name.replace("i-", "eni-")]),), pids=100)
    for name in (FIRST, SECOND, ONE)
)


def balancer(given: tuple[Forward, ...] = forwards(FIRST), **changes: object) -> ApplianceSpec:
    spec = ApplianceSpec(
        id=BALANCER,
        hostname="load-balancer",
        links=links(WORLD),
        vcpus=0.1,
        memory_bytes=32 << 20,
        pids=16,
        volume_bytes=32 << 20,
        program=("/bin/sleep", "infinity"),
        forwarding=Forwarding.of(given),
    )
    return replace(spec, **changes)


@pytest.fixture
def real() -> Iterator[NodeProcess]:
    """With targets that serve."""
    build.main()
    with running_node(REAL_FABRIC) as node, contextlib.ExitStack() as stack:
        node.plan = compile_plan(WORLD)
        node.want(*MACHINES, balancer())
        for name in TARGETS:
            stack.enter_context(serving(name, node.run_dir / "ns" / name))
        yield node


def test_a_balancer_is_told_live_adopted_and_looked_after(real: NodeProcess) -> None:
    place = real.run_dir / "ns" / ONE
    pid = real.pid(balancer())
    with Connection(place) as connection:
        assert connection.ask()[0] == FIRST
        real.want(*MACHINES, balancer(forwards(SECOND)))
        assert (connection.ask()[0], asked(place)) == (FIRST, SECOND)

        real.kill()
        assert (connection.ask()[0], asked(place)) == (FIRST, SECOND), "nobody has to be there"
        real.start()
        real.want(*MACHINES, balancer(forwards(SECOND)))
        assert (connection.ask()[0], asked(place)) == (FIRST, SECOND)
        assert BALANCER not in {each.subject for each in audit(real).faults}

        before = time.time()
        in_namespace(real, BALANCER, "nft", "flush", "ruleset")
        status = audit(real)
        assert BALANCER not in {each.subject for each in status.faults}
        assert BALANCER in {each.subject for each in status.repairs if each.at >= before}
        assert (connection.ask()[0], asked(place)) == (FIRST, SECOND)
    assert real.pid(balancer()) == pid, "its machine went on"
    real.want(*MACHINES, balancer(wanted=Wanted.TERMINATED))
    assert not (real.run_dir / "ns" / BALANCER).exists()


def says_it(event: m.Event) -> bool:
    faults = event.faults if isinstance(event, m.Applied) else ()
    return any(each.subject == BALANCER and "has no link" in each.reason for each in faults)


def test_what_cannot_be_forwarded_is_a_fault_until_it_is_said_otherwise(real: NodeProcess) -> None:
    place = real.run_dir / "ns" / ONE
    wrong = balancer(forwards(SECOND), links=links(WORLD)[:1])
    real.want(*MACHINES, wrong, until=lambda events: any(map(says_it, events)))
    real.want(*MACHINES, balancer(forwards(SECOND)))
    assert asked(place) == SECOND
    assert BALANCER not in {each.subject for each in audit(real).faults}
