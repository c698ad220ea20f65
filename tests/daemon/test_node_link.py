"""What the service makes of the faults that its node tells with each revision."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from realvpc.fabric.audit import LISTENERS
from realvpc.node.answer import NodeLostError
from realvpc.node.messages import Applied, Fault
from realvpc.node_link import NodeLink

SOCKETS, TABLES = Fault(LISTENERS, "are gone"), Fault("tables", "refused")


class Service:
    revision = 0

    def __init__(self) -> None:
        self.reports: list[str] = []

    def report(self, report: object, source: str) -> None:
        self.reports.append(source)


class Client:
    def __init__(self, *events: Applied) -> None:
        self._events = events

    async def events(self) -> AsyncIterator[Applied]:
        for event in self._events:
            yield event


def listen(*events: Applied) -> tuple[int, Service]:
    """How often the sockets were given up, and what the service has heard."""
    lost: list[None] = []
    service: Any = Service()

    async def prepare() -> None: ...

    link = NodeLink(Path("/nowhere"), service, prepare, lambda: lost.append(None))
    client: Any = Client(*events)
    with pytest.raises(NodeLostError):
        asyncio.run(link._listen(client))
    return len(lost), service


def test_a_fault_that_lasts_over_many_revisions_is_said_and_acted_on_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    lost, service = listen(*(Applied(revision, (SOCKETS,)) for revision in range(1, 20)))
    assert (lost, len(service.reports), len(caplog.records)) == (1, 1, 1)


def test_one_that_comes_back_is_new() -> None:
    assert listen(Applied(1, (SOCKETS,)), Applied(2, ()), Applied(3, (SOCKETS,)))[0] == 2


def test_another_beside_it_is_said_and_leaves_the_sockets_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    lost, service = listen(Applied(1, (SOCKETS,)), Applied(2, (SOCKETS, TABLES)), Applied(3, (SOCKETS, TABLES)))
    assert (lost, len(service.reports), len(caplog.records)) == (1, 2, 2)
