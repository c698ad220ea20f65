"""What the node makes of findings, without a host: what it mends, what it says, and what it tries again."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from realvpc.fabric.audit import Expected
from realvpc.fabric.finding import Finding, Part
from realvpc.node.audit import AUDIT_SECONDS, REMEMBERED, Auditor
from realvpc.node.doorway import Doorway
from realvpc.node.lane import Lane
from realvpc.node.messages import Fault
from tests.patience import PATIENCE_SECONDS

from .fakes import FakeFabric, FakeMachines

LOST = Finding(Part.LINK, "i-1", "eni-1", "has lost its link")
DOWN = Finding(Part.DEVICE, "i-2", "eni-2", "was down inside")


class Heard:
    """The faults that were said, oldest first."""

    def __init__(self) -> None:
        self.faults: list[tuple[Fault, ...]] = []


def auditing(
    fabric: FakeFabric, machines: FakeMachines, work: Callable[[Auditor, Heard], Coroutine[Any, Any, None]]
) -> None:
    async def scenario() -> None:
        heard, lane = Heard(), Lane("fabric")
        try:
            await work(Auditor(fabric, lane, machines, heard.faults.append, lambda: False), heard)
        finally:
            lane.close()

    asyncio.run(scenario())


def test_what_is_mended_is_said_once_and_is_no_fault() -> None:
    fabric = FakeFabric()
    fabric.findings, fabric.mendable = [LOST, DOWN], {LOST, DOWN}

    async def work(auditor: Auditor, heard: Heard) -> None:
        await auditor.audit()
        await auditor.audit()
        assert {(each.subject, each.what) for each in auditor.repairs} == {
            ("i-1", "eni-1 has lost its link"),
            ("i-2", "eni-2 was down inside"),
        }
        assert not heard.faults

    auditing(fabric, FakeMachines(), work)


def test_what_cannot_be_mended_is_a_fault_until_it_is_gone_and_is_tried_again() -> None:
    fabric = FakeFabric()
    fabric.findings, fabric.failing = [LOST], {"mend"}

    async def work(auditor: Auditor, heard: Heard) -> None:
        await auditor.audit()
        reason = "eni-1 has lost its link and cannot be mended: OSError: made to fail"
        assert heard.faults == [(Fault("i-1", reason),)]
        await auditor.audit()
        assert len(heard.faults) == 1, "said once"
        assert fabric.mending == [LOST, LOST], "tried at each audit, once"
        fabric.mendable = {LOST}
        await auditor.audit()
        assert heard.faults[-1] == ()
        assert [each.subject for each in auditor.repairs] == ["i-1"]

    auditing(fabric, FakeMachines(), work)


def test_what_was_mended_is_looked_at_once_more_before_others_have_their_turn() -> None:
    """Of very many machines: else whatever is mended would count as mended, because nobody looks."""
    fabric = FakeFabric()
    fabric.findings = [LOST]

    async def work(auditor: Auditor, heard: Heard) -> None:
        await auditor.audit()
        assert fabric.turns == 1
        await auditor.audit()
        assert fabric.turns == 2

    auditing(fabric, FakeMachines(), work)


def test_what_crun_does_not_know_is_a_fault_of_that_machine() -> None:
    machines = FakeMachines()
    machines.troubles = [("i-3", "crun has lost what it knew of it")]

    async def work(auditor: Auditor, heard: Heard) -> None:
        await auditor.audit()
        assert heard.faults == [(Fault("i-3", "crun has lost what it knew of it"),)]

    auditing(FakeFabric(), machines, work)


def test_only_the_last_repairs_are_remembered() -> None:
    fabric = FakeFabric()

    async def work(auditor: Auditor, heard: Heard) -> None:
        for number in range(2 * REMEMBERED):
            finding = Finding(Part.LINK, f"i-{number}", "eni", "has lost its link")
            fabric.findings, fabric.mendable = [finding], {finding}
            await auditor.audit()
        assert len(auditor.repairs) == REMEMBERED
        assert auditor.repairs[-1].subject == f"i-{2 * REMEMBERED - 1}"

    auditing(fabric, FakeMachines(), work)


def test_an_audit_that_does_not_end_is_a_fault_until_it_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("realvpc.node.audit.STUCK_SECONDS", 0.01)
    going_on = threading.Event()

    class StuckFabric(FakeFabric):
        def expected(self) -> Expected:
            going_on.wait()
            return super().expected()

    async def work(auditor: Auditor, heard: Heard) -> None:
        doorway = Doorway(tmp_path / "node.sock", os.getgid())
        running = asyncio.create_task(auditor.run(doorway))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not heard.faults:
                await asyncio.sleep(0.01)
            assert [each.subject for each in heard.faults[-1]] == ["node"]
            going_on.set()
            while [each.subject for each in heard.faults[-1]] == ["node"]:
                await asyncio.sleep(0.01)
        running.cancel()

    auditing(StuckFabric(), FakeMachines(), work)


def test_the_time_that_an_audit_takes_is_none_that_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pauses: list[float] = []

    class SlowFabric(FakeFabric):
        def expected(self) -> Expected:
            time.sleep(0.1)
            return super().expected()

    async def work(auditor: Auditor, heard: Heard) -> None:
        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            raise asyncio.CancelledError

        monkeypatch.setattr(asyncio, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            await auditor.run(Doorway(tmp_path / "node.sock", os.getgid()))

    auditing(SlowFabric(), FakeMachines(), work)
    assert pauses[0] <= AUDIT_SECONDS - 0.1


def test_whoever_comes_to_be_looked_at_is_soon_and_does_not_wait_for_the_next_audit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("realvpc.node.audit._LEAST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("realvpc.node.audit.AUDIT_SECONDS", 10 * PATIENCE_SECONDS)
    fabric = FakeFabric()

    async def work(auditor: Auditor, heard: Heard) -> None:
        running = asyncio.create_task(auditor.run(Doorway(tmp_path / "node.sock", os.getgid())))
        async with asyncio.timeout(PATIENCE_SECONDS):
            for turns in range(1, 4):
                while fabric.turns < turns:
                    await asyncio.sleep(0.01)
                auditor.hurry()
        await asyncio.sleep(0.2)
        assert fabric.turns <= 4, "once for each time"
        running.cancel()

    auditing(fabric, FakeMachines(), work)


def test_nothing_is_audited_while_everything_is_taken_down() -> None:
    fabric = FakeFabric()
    fabric.findings, fabric.mendable = [LOST], {LOST}

    async def work(auditor: Auditor, heard: Heard) -> None:
        async with auditor.paused():
            audit = asyncio.create_task(auditor.audit())
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        assert not fabric.mending
        audit.cancel()

    auditing(fabric, FakeMachines(), work)
