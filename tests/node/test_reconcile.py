"""How the reconciler tries again, without a host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec.structs import replace

from realvpc.fabric.plan import Plan
from realvpc.net.machine import Wanted
from realvpc.node.host import Fabric, Machines
from realvpc.node.lane import Lane
from realvpc.node.messages import Desired, DesiredDelta, Fault, MachineFailed, MachineRemoved, MachineUp
from realvpc.node.reconcile import DISKS, START_ATTEMPTS, Reconciler
from tests.instance.specs import machine
from tests.patience import PATIENCE_SECONDS

from .fakes import FakeFabric, FakeMachines, refuse

A, B = machine(1), machine(2)


@asynccontextmanager
async def reconciling(fabric: Fabric, machines: Machines) -> AsyncIterator[Reconciler]:
    lane = Lane("fabric")
    reconciler = Reconciler(fabric, lane, machines)
    await reconciler.open()
    running = asyncio.create_task(reconciler.run())
    try:
        yield reconciler
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await reconciler.close()
        lane.close()


async def until(reconciler: Reconciler, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():
            seen = reconciler.version
            if not holds():
                await reconciler.newer_than(seen)


async def stands_still(reconciler: Reconciler) -> None:
    """One who spins has no moment without news."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            seen = reconciler.version
            await asyncio.sleep(0.1)
            if reconciler.version == seen:
                return


def test_what_others_write_takes_no_attempt_from_a_machine_that_failed_once() -> None:
    """Its start fails once, and at each moment unrelated writes arrive: it comes up all the same."""
    failures = iter([1])

    def once(name: str) -> None:
        if name == A.id and next(failures, None):
            refuse(name)

    async def scenario() -> None:
        machines = FakeMachines(once)
        async with reconciling(FakeFabric(), machines) as reconciler:
            reconciler.want(Desired(1, Plan(), (A,)))
            await until(reconciler, lambda: bool(reconciler.faults))
            for revision in range(2, 12):
                reconciler.want(Desired(revision, Plan(), (A, replace(B, memory_bytes=revision << 28))))
                await until(reconciler, lambda wanted=revision: reconciler.revision == wanted)  # type: ignore[misc]
                assert not any(isinstance(each, MachineFailed) for each in reconciler.reports())
            await until(reconciler, lambda: MachineUp(A.id, 1, 42) in reconciler.reports())
            assert machines.starts[A.id] == 2

    asyncio.run(scenario())


def test_a_storm_of_writes_spends_nobodys_attempts() -> None:
    async def scenario() -> None:
        machines = FakeMachines(lambda name: refuse(name) if name == A.id else None)
        async with reconciling(FakeFabric(), machines) as reconciler:
            reconciler.want(Desired(1, Plan(), (A,)))
            await until(reconciler, lambda: machines.starts[A.id] == 1)
            for revision in range(2, 52):
                reconciler.want(Desired(revision, Plan(), (A, replace(B, boot=revision))))
                await until(reconciler, lambda wanted=revision: reconciler.revision == wanted)  # type: ignore[misc]
            assert machines.starts[A.id] <= START_ATTEMPTS
            await until(reconciler, lambda: any(isinstance(each, MachineFailed) for each in reconciler.reports()))
            assert machines.starts[A.id] == START_ATTEMPTS

    asyncio.run(scenario())


def test_a_machine_that_is_specified_anew_is_tried_at_once_and_with_all_attempts() -> None:
    async def scenario() -> None:
        refused = {A.id}
        machines = FakeMachines(lambda name: refuse(name) if name in refused else None)
        async with reconciling(FakeFabric(), machines) as reconciler:
            reconciler.want(Desired(1, Plan(), (A,)))
            await until(reconciler, lambda: any(isinstance(each, MachineFailed) for each in reconciler.reports()))
            refused.clear()
            reconciler.want(Desired(2, Plan(), (replace(A, boot=2),)))
            await until(reconciler, lambda: MachineUp(A.id, 2, 42) in reconciler.reports())

    asyncio.run(scenario())


def test_tables_that_the_kernel_refuses_are_not_tried_at_every_write_that_leaves_them_as_they_are() -> None:
    async def scenario() -> None:
        fabric = FakeFabric()
        fabric.failing.add("apply")
        async with reconciling(fabric, FakeMachines()) as reconciler:
            reconciler.want(Desired(1, Plan(), ()))
            await until(reconciler, lambda: bool(reconciler.faults))
            for revision in range(2, 52):
                reconciler.want(Desired(revision, Plan(), ()))
                await until(reconciler, lambda wanted=revision: reconciler.revision == wanted)  # type: ignore[misc]
            assert len(fabric.applied) < 10
            fabric.failing.clear()
            await until(reconciler, lambda: not reconciler.faults)

    asyncio.run(scenario())


def test_a_disk_that_was_kept_aside_gives_nothing_more_to_do() -> None:
    async def scenario() -> None:
        machines = FakeMachines()
        async with reconciling(FakeFabric(), machines) as reconciler:
            reconciler.want(Desired(1, Plan(), (A,)))
            await until(reconciler, lambda: MachineUp(A.id, 1, 42) in reconciler.reports())
            reconciler.want(Desired(2, Plan(), ()))
            await until(reconciler, lambda: machines.kept == {A.id} and reconciler.revision == 2)
            for revision in range(3, 9):
                reconciler.want(Desired(revision, Plan(), ()))
                await until(reconciler, lambda wanted=revision: reconciler.revision == wanted)  # type: ignore[misc]
            assert machines.asides[A.id] == 1
            await stands_still(reconciler)
            reconciler.want(Desired(9, Plan(), (), (A.id,)))
            await until(reconciler, lambda: not machines.kept)

    asyncio.run(scenario())


def test_disks_that_cannot_be_listed_are_a_fault_and_nothing_is_said_to_be_removed_meanwhile() -> None:
    async def scenario() -> None:
        machines = FakeMachines()
        async with reconciling(FakeFabric(), machines) as reconciler:
            reconciler.want(Desired(1, Plan(), (A,)))
            await until(reconciler, lambda: MachineUp(A.id, 1, 42) in reconciler.reports())
            await machines.stop(A.id)
            machines.is_unreadable = True
            reconciler.want(Desired(2, Plan(), (B,), (A.id,)))
            await until(reconciler, lambda: MachineUp(B.id, 1, 42) in reconciler.reports())
            await until(reconciler, lambda: Fault(DISKS, "the disks cannot be listed") in reconciler.faults)
            machines.disks.add(A.id)
            for _ in range(3):
                seen = reconciler.version
                reconciler.wake()
                await reconciler.newer_than(seen)
            assert MachineRemoved(A.id) not in reconciler.events()
            machines.is_unreadable = False
            await until(reconciler, lambda: MachineRemoved(A.id) in reconciler.events())
            assert machines.disks == {B.id}
            assert not reconciler.faults

    asyncio.run(scenario())


def test_a_commit_that_ends_no_machine_lists_no_disks() -> None:
    async def scenario() -> None:
        machines = FakeMachines()
        async with reconciling(FakeFabric(), machines) as reconciler:
            reconciler.want(Desired(1, Plan(), (A,)))
            await until(reconciler, lambda: MachineUp(A.id, 1, 42) in reconciler.reports())
            await stands_still(reconciler)
            before = machines.listings
            for revision in range(2, 12):
                reconciler.want(DesiredDelta(revision - 1, revision, machines=(replace(B, boot=revision),)))
                await until(reconciler, lambda wanted=revision: reconciler.revision == wanted)  # type: ignore[misc]
            assert machines.listings - before <= 1, "at most when it looks at all"

    asyncio.run(scenario())


def test_of_a_machine_that_has_failed_and_is_to_end_no_disk_is_left() -> None:
    async def scenario() -> None:
        machines = FakeMachines(refuse)
        async with reconciling(FakeFabric(), machines) as reconciler:
            reconciler.want(Desired(1, Plan(), (A,)))
            await until(reconciler, lambda: any(isinstance(each, MachineFailed) for each in reconciler.reports()))
            assert machines.disks == {A.id}
            reconciler.want(Desired(2, Plan(), (replace(A, wanted=Wanted.TERMINATED),)))
            await until(reconciler, lambda: MachineRemoved(A.id) in reconciler.events())
            assert not machines.disks | machines.kept

    asyncio.run(scenario())
