"""A node that could not be shut down goes on as one that nobody has asked to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realvpc.instance import cgroups
from realvpc.instance.cgroups import Layout, Limits
from realvpc.net.machine import Wanted
from realvpc.node import messages as m
from realvpc.node.audit import Auditor
from realvpc.node.isolation import Isolation
from realvpc.node.lane import Lane
from realvpc.node.questions import Questions
from realvpc.node.reconcile import Reconciler
from tests.patience import PATIENCE_SECONDS

from .fakes import FakeFabric, FakeMachines


class Channel:
    def __init__(self) -> None:
        self.said: list[bytes] = []

    async def send(self, payload: bytes, fds: tuple[int, ...] = (), question: int = 0) -> None:
        self.said.append(payload)


def test_a_shutdown_that_fails_at_its_end_leaves_a_node_that_audits(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(parent: str) -> None:
        raise PermissionError(parent)

    monkeypatch.setattr(cgroups, "remove", fail)

    async def scenario() -> None:
        lane, channel, stopped = Lane("fabric"), Channel(), asyncio.Event()
        machines: Any = FakeMachines()
        reconciler = Reconciler(FakeFabric(), lane, machines)
        auditor = Auditor(FakeFabric(), lane, machines, reconciler.find, lambda: False)
        limits = Limits(Layout.ABSENT)
        questions = Questions(reconciler, auditor, machines, limits, Isolation(), "realvpc/x", stopped.set)
        try:
            await questions.answer(channel, 1, m.Shutdown(Wanted.STOPPED), 0)  # type: ignore[arg-type]  # only send
            assert b"PermissionError" in channel.said[0]
            assert not stopped.is_set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await auditor.audit()
        finally:
            lane.close()

    asyncio.run(scenario())
