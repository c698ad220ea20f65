"""A host without machines and links, for the reconciler alone: it notes what it is asked, and fails when told to."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from realvpc.fabric.audit import Expected
from realvpc.fabric.finding import Finding
from realvpc.fabric.plan import Plan
from realvpc.instance.machines import Down, Up
from realvpc.instance.storage import Owners
from realvpc.instance.workers import MachineError
from realvpc.net.flow_gathering import Gathered
from realvpc.net.machine import Forward, LinkSpec, Workload


class FakeFabric:
    def __init__(self) -> None:
        self.applied: list[Plan] = []
        self.deltas: list[tuple[Plan, Plan]] = []
        self.failing: set[str] = set()  # names of methods
        self.findings: list[Finding] = []
        self.mendable: set[Finding] = set()
        self.mending: list[Finding] = []
        self.turns = 0

    def open(self) -> None: ...

    def ensure_machine(
        self,
        name: str,
        links: tuple[LinkSpec, ...],
        pid: int | None = None,
        forwards: tuple[Forward, ...] | None = None,
    ) -> Path:
        return Path("/", name)

    def remove_machine(self, name: str) -> None: ...

    def machines(self) -> frozenset[str]:
        return frozenset()

    def apply(self, plan: Plan) -> None:
        self.applied.append(plan)
        if "apply" in self.failing:
            raise OSError("made to fail")

    def apply_delta(self, puts: Plan, deletes: Plan) -> None:
        self.deltas.append((puts, deletes))
        if "apply_delta" in self.failing:
            raise OSError("made to fail")

    def faults(self) -> tuple[str, ...]:
        return ()

    def drops(self, interface_id: str) -> dict[str, int]:
        return {"NO_ROUTE": int(interface_id[-1])}

    def take_flows(self, *, turn: bool) -> Gathered:
        return Gathered((), {}, is_turned=turn, is_last=True)

    def counters(self) -> dict[str, int]:
        return {}

    def socket_in(self, name: str, interface_id: str | None = None, *, is_ipv6: bool = False) -> socket.socket:
        raise OSError(name)

    def probe_in(self, name: str) -> socket.socket:
        raise OSError(name)

    def listeners(self) -> tuple[socket.socket, ...]:
        return ()

    def expected(self) -> Expected:
        return Expected(
            machines=frozenset(), visited=frozenset(), namespaces={}, links={}, edges={}, programs={}, maps={}
        )

    def look(self, expected: Expected, processes: Mapping[str, int], *, served: bool) -> tuple[Finding, ...]:
        return tuple(self.findings)

    def look_at_table(self, name: str) -> tuple[Finding, ...]:
        return ()

    def next_turn(self) -> None:
        self.turns += 1

    def mend(self, finding: Finding, pid: int | None = None) -> bool:
        self.mending.append(finding)
        if finding in self.mendable:
            self.findings.remove(finding)
        elif "mend" in self.failing:
            raise OSError("made to fail")
        return finding in self.mendable

    def close(self) -> None: ...

    def destroy(self) -> None: ...


class FakeMachines:
    """``before_start`` is called with the machine's name at every attempt, and may raise."""

    def __init__(self, before_start: Callable[[str], None] = lambda name: None) -> None:
        self._states: dict[str, Up | Down] = {}
        self._before_start = before_start
        self.troubles: list[tuple[str, str]] = []
        self.starts: Counter[str] = Counter()
        self.disks: set[str] = set()
        self.kept: set[str] = set()  # whose disks were put aside
        self.asides: Counter[str] = Counter()
        self.listings = 0
        self.is_unreadable = False

    async def open(self) -> None: ...

    def close(self) -> None: ...

    def state(self, name: str) -> Up | Down | None:
        return self._states.get(name)

    def states(self) -> Mapping[str, Up | Down]:
        return self._states

    async def owners(self) -> Owners:
        self.listings += 1
        if self.is_unreadable:
            raise MachineError("the disks cannot be listed")
        return Owners(frozenset(self.disks), frozenset(self.kept))

    def faults(self) -> Mapping[str, str]:
        return {}

    def serve(self, state: str, authority: str) -> None: ...

    async def start(self, spec: Workload, network_namespace: Path) -> Up:
        self.starts[spec.id] += 1
        self.kept.discard(spec.id)
        self.disks.add(spec.id)
        self._before_start(spec.id)
        await asyncio.sleep(0)
        up = self._states[spec.id] = Up(spec.boot, 42, 9, asyncio.Event())
        return up

    async def stop(self, name: str) -> None:
        self._states.pop(name, None)

    async def remove(self, name: str) -> None:
        self._states.pop(name, None)
        self.disks.discard(name)
        self.kept.discard(name)

    async def audit(self) -> list[tuple[str, str]]:
        return self.troubles

    async def keep_aside(self, name: str) -> None:
        self.asides[name] += 1
        self._states.pop(name, None)
        if name in self.disks:
            self.disks.remove(name)
            self.kept.add(name)

    async def bring_back(self, name: str) -> None:
        if name in self.kept:
            self.kept.remove(name)
            self.disks.add(name)


def refuse(name: str) -> None:
    raise MachineError(f"{name} is made to fail")
