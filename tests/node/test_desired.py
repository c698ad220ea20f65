"""What the node holds of what it is told, without a host."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric.plan import Plan, PlanDelta, compile_plan
from realvpc.instance.machines import Down, Up
from realvpc.net.machine import Wanted
from realvpc.node.desired import TABLES, KeptDesired, OutOfStepError
from realvpc.node.messages import Desired, DesiredDelta, MachineDown, MachineRemoved, MachineUp
from tests.instance.specs import machine
from tests.worlds import three_vpcs

from .fakes import FakeFabric, FakeMachines
from .test_reconcile import reconciling, until

A, B, C = machine(1), machine(2), machine(3)
PLAN = compile_plan(three_vpcs())
FIRST, *REST = PLAN.routes
WITHOUT_FIRST = replace(PLAN, routes=tuple(REST))


def routes(*entries: Any) -> Plan:
    return Plan(routes=entries)


def test_a_difference_leads_from_one_revision_to_the_next() -> None:
    held = KeptDesired()
    assert held.take(Desired(5, PLAN, (A, B))) == {A.id, B.id, TABLES}
    assert held.next_tables() == PLAN
    delta = DesiredDelta(5, 8, machines=(replace(B, boot=2), C), gone=(A.id,))
    assert held.take(delta) == {A.id, B.id, C.id}
    assert (held.revision, held.specs) == (8, {B.id: replace(B, boot=2), C.id: C})
    assert not held.tables_wait
    assert held.take(DesiredDelta(8, 9, PlanDelta(deletes=routes(FIRST)))) == {TABLES}
    assert held.tables_wait


@pytest.mark.parametrize("since", [4, 6])
def test_a_difference_from_something_else_changes_nothing(since: int) -> None:
    held = KeptDesired()
    held.take(Desired(5, PLAN, (A,)))
    with pytest.raises(OutOfStepError):
        held.take(DesiredDelta(since, 7, gone=(A.id,)))
    assert (held.revision, held.specs) == (5, {A.id: A})


def test_before_the_whole_a_difference_is_of_no_use() -> None:
    with pytest.raises(OutOfStepError):
        KeptDesired().take(DesiredDelta(0, 1, machines=(A,)))


def test_differences_that_wait_are_applied_as_one_and_the_last_word_on_an_entry_counts() -> None:
    held = KeptDesired()
    held.take(Desired(1, PLAN, ()))
    held.next_tables()
    blackhole = replace(FIRST, target=None)
    held.take(DesiredDelta(1, 2, PlanDelta(puts=routes(blackhole))))
    held.take(DesiredDelta(2, 3, PlanDelta(deletes=routes(blackhole, REST[0]))))
    held.take(DesiredDelta(3, 4, PlanDelta(puts=routes(REST[0]))))
    assert held.next_tables() == PlanDelta(puts=routes(REST[0]), deletes=routes(blackhole))
    held.apply_again()
    assert held.next_tables() == WITHOUT_FIRST


def test_what_is_told_whole_again_and_is_the_same_is_not_applied_again() -> None:
    held = KeptDesired()
    held.take(Desired(1, PLAN, (A,)))
    held.next_tables()
    assert held.take(Desired(2, PLAN, (A,))) == set()
    assert not held.tables_wait


def test_remains_are_held_until_they_are_gone() -> None:
    held = KeptDesired()
    held.take(Desired(1, Plan(), (A, B), ended=(C.id,)))
    assert held.take(DesiredDelta(1, 2, gone=(A.id,), ended=(A.id,))) == {A.id}
    assert held.ended == {A.id, C.id}
    assert held.take(DesiredDelta(2, 3, removed=(C.id,))) == {C.id}
    assert held.ended == {A.id}


class CountingMachines(FakeMachines):
    """Counts how often the reconciler looks at a machine."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: Counter[str] = Counter()

    def state(self, name: str) -> Up | Down | None:
        self.looks[name] += 1
        return super().state(name)


def test_a_difference_costs_what_it_names() -> None:
    """Of many machines those that were not named are not looked at, and the kernel is told of one entry."""
    many = tuple(machine(number) for number in range(1, 200))

    async def scenario() -> None:
        fabric, machines = FakeFabric(), CountingMachines()
        async with reconciling(fabric, machines) as reconciler:
            reconciler.want(Desired(1, PLAN, many))
            await until(reconciler, lambda: len(reconciler.reports()) == len(many) and reconciler.revision == 1)
            await asyncio.sleep(0)
            machines.looks.clear()
            version = reconciler.version
            changed = replace(many[7], wanted=Wanted.STOPPED)
            reconciler.want(DesiredDelta(1, 2, PlanDelta(deletes=routes(FIRST)), (changed,), (many[9].id,)))
            await until(reconciler, lambda: MachineDown(changed.id, 1) in reconciler.events(since=version))
            await until(reconciler, lambda: machines.state(many[9].id) is None)
            assert machines.looks.keys() <= {changed.id, many[9].id}
            assert len(reconciler.events(since=version + 1)) < 5
            assert (fabric.applied, fabric.deltas) == ([PLAN], [(Plan(), routes(FIRST))])

    asyncio.run(scenario())


def test_after_a_difference_that_the_kernel_refused_it_is_told_the_whole() -> None:
    async def scenario() -> None:
        fabric = FakeFabric()
        async with reconciling(fabric, FakeMachines()) as reconciler:
            reconciler.want(Desired(1, PLAN, ()))
            await until(reconciler, lambda: reconciler.revision == 1)
            fabric.failing.add("apply_delta")
            reconciler.want(DesiredDelta(1, 2, PlanDelta(deletes=routes(FIRST))))
            await until(reconciler, lambda: bool(reconciler.faults))
            await until(reconciler, lambda: not reconciler.faults)
            assert fabric.applied == [PLAN, WITHOUT_FIRST]

    asyncio.run(scenario())


def test_differences_do_not_have_tables_that_fail_tried_again_at_once() -> None:
    async def scenario() -> None:
        fabric = FakeFabric()
        async with reconciling(fabric, FakeMachines()) as reconciler:
            reconciler.want(Desired(1, PLAN, ()))
            await until(reconciler, lambda: reconciler.revision == 1)
            fabric.failing |= {"apply", "apply_delta"}
            for revision in range(2, 52):
                part = PlanDelta(deletes=routes(FIRST)) if revision % 2 == 0 else PlanDelta(puts=routes(FIRST))
                reconciler.want(DesiredDelta(revision - 1, revision, part))
                await until(reconciler, lambda wanted=revision: reconciler.revision == wanted)  # type: ignore[misc]
            assert len(fabric.applied) + len(fabric.deltas) < 12
            fabric.failing.clear()
            reconciler.want(Desired(52, WITHOUT_FIRST, ()))
            await until(reconciler, lambda: fabric.applied[-1] == WITHOUT_FIRST and not reconciler.faults)

    asyncio.run(scenario())


def test_a_machine_that_ends_by_itself_and_remains_that_are_removed_are_told() -> None:
    async def scenario() -> None:
        machines = FakeMachines()
        async with reconciling(FakeFabric(), machines) as reconciler:
            reconciler.want(Desired(1, Plan(), (A, B)))
            await until(reconciler, lambda: {MachineUp(A.id, 1, 42), MachineUp(B.id, 1, 42)} <= {*reconciler.events()})
            reconciler.want(DesiredDelta(1, 2, gone=(A.id,), ended=(A.id,)))
            await until(reconciler, lambda: MachineRemoved(A.id) in reconciler.events())
            reconciler.want(DesiredDelta(2, 3, removed=(A.id,)))
            await until(reconciler, lambda: MachineRemoved(A.id) not in reconciler.events())

    asyncio.run(scenario())
