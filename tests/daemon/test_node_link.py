"""What the service makes of the faults that its node tells with each revision."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from realvpc.api.service import Report
from realvpc.aside import aside
from realvpc.clock import Clock
from realvpc.fabric.finding import LISTENERS
from realvpc.net.remains import Remains
from realvpc.net.table import put
from realvpc.node.answer import NodeError, NodeLostError
from realvpc.node.messages import Applied, Desired, DesiredDelta, Fault
from realvpc.node_link import NodeLink
from tests.patience import PATIENCE_SECONDS

from ..api.conftest import MAIN, TOKYO, new_service

SOCKETS, TABLES = Fault(LISTENERS, "are gone"), Fault("tables", "refused")


class Service:
    revision = 0

    def __init__(self) -> None:
        self.reports: list[str] = []

    async def turn(self) -> None:
        """Nobody else writes."""

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


def test_what_giving_them_up_has_not_helped_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their place may be made anew twice, and the fault is the same as before."""
    monkeypatch.setattr("realvpc.node_link._AUDITED_SECONDS", 0.05)
    lost: list[None] = []

    async def prepare() -> None: ...

    async def scenario() -> None:
        service: Any = Service()
        link = NodeLink(Path("/nowhere"), service, prepare, lambda: lost.append(None))
        await link._take_in({LISTENERS})
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(lost) < 3:
                await asyncio.sleep(0.01)
        await link._take_in(set())
        tried = len(lost)
        await asyncio.sleep(0.2)
        assert len(lost) == tried

    asyncio.run(scenario())


def test_one_that_comes_and_goes_is_not_acted_on_more_often_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets the sockets anew closes those that machines are served on."""
    lost: list[None] = []
    timers: list[asyncio.TimerHandle] = []

    async def prepare() -> None: ...

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        call_later = loop.call_later

        def noted(delay: float, callback: Any, *args: Any) -> asyncio.TimerHandle:
            timers.append(call_later(delay, callback, *args))
            return timers[-1]

        monkeypatch.setattr(loop, "call_later", noted)
        service: Any = Service()
        link = NodeLink(Path("/nowhere"), service, prepare, lambda: lost.append(None))
        for _ in range(5):
            await link._take_in({LISTENERS})
            await link._take_in(set())
        await link._take_in({LISTENERS})
        link._faulty = None  # as with a connection that is made anew
        await link._take_in({LISTENERS})

    asyncio.run(scenario())
    assert len(lost) == 7
    assert [each.cancelled() for each in timers] == [True] * 6 + [False]


def test_another_beside_it_is_said_and_leaves_the_sockets_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    lost, service = listen(Applied(1, (SOCKETS,)), Applied(2, (SOCKETS, TABLES)), Applied(3, (SOCKETS, TABLES)))
    assert (lost, len(service.reports), len(caplog.records)) == (1, 2, 2)


class Told:
    """A node that is told, and says nothing."""

    def __init__(self) -> None:
        self.messages: list[Desired | DesiredDelta] = []

    async def want(self, desired: Desired | DesiredDelta) -> None:
        self.messages.append(desired)


def removals(number: int, size: int) -> Report:
    rows = [Remains(id=f"i-{number}-{place}", account=MAIN, region=TOKYO) for place in range(size)]
    return lambda ctx: put(*rows)


def test_changes_of_any_size_are_told_in_their_order_whatever_clients_ask_meanwhile() -> None:
    """The long ones are worked out in a thread, and not in that of long calls."""
    sizes = [1, 500, 1, 300, 2]

    async def scenario() -> list[Desired | DesiredDelta]:
        asked = threading.Event()
        asking = asyncio.create_task(aside(MAIN, asked.wait, PATIENCE_SECONDS))
        service = new_service(Clock())
        told: Any = Told()

        async def prepare() -> None: ...

        telling = asyncio.create_task(NodeLink(Path("/nowhere"), service, prepare, lambda: None)._tell(told))
        while not told.messages:
            await asyncio.sleep(0.001)
        for number, size in enumerate(sizes):
            service.report(removals(number, size), "test")
        while len(told.messages) <= len(sizes):
            await asyncio.sleep(0.001)
        telling.cancel()
        assert not asking.done()
        asked.set()
        await asking
        return list(told.messages)

    whole, *deltas = asyncio.run(asyncio.wait_for(scenario(), PATIENCE_SECONDS))
    assert isinstance(whole, Desired)
    since = whole.revision
    for delta, size in zip(deltas, sizes, strict=True):
        assert isinstance(delta, DesiredDelta)
        assert (delta.since, len(delta.ended)) == (since, size)
        since = delta.revision


@pytest.mark.parametrize(("error", "is_stuck"), [(KeyError("subnet-1"), True), (NodeError("not yet"), False)])
def test_what_cannot_be_told_is_said_and_not_waited_for(error: Exception, is_stuck: bool) -> None:
    """Of a state that the compiler trips over: `realvpc up` would wait a minute for what never comes.  A refusal of the
    node's may pass."""
    service: Any = Service()

    async def prepare() -> None:
        raise error

    async def scenario() -> NodeLink:
        link = NodeLink(Path("/nowhere"), service, prepare, lambda: None)
        running = asyncio.create_task(link.run())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "see the log" not in link.faults()[0]:
                await asyncio.sleep(0.01)
        running.cancel()
        return link

    link = asyncio.run(scenario())
    assert repr(error) in link.faults()[0]
    assert link.is_stuck is is_stuck
