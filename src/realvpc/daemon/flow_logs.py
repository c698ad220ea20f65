"""Once a minute: what the node has gathered for flow logs is taken from it and written into log groups and buckets.

What cannot be taken or written then is lost, as on AWS, where delivery is best effort; nothing is written twice,
because the node forgets what it has told.  However much there is, it is written a bit at a time: whatever else is to be
written meanwhile waits for a bit and not for all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from realvpc.api.core.context import Context
from realvpc.api.core.errors import AwsError
from realvpc.api.ec2.flow_log_delivery import (
    LINES,
    LINES_OF_ACCOUNT,
    Batch,
    Gathering,
    batches,
    delivered,
    error_of,
    noted,
    obstacle,
    without_store,
)
from realvpc.api.ec2.flow_log_file import LogFile, log_file
from realvpc.api.service import Service
from realvpc.aside import aside
from realvpc.net.flow_gathering import Gathered, GatheredFlow
from realvpc.net.flow_line import Window
from realvpc.net.flow_log import FlowLog
from realvpc.net.network import Network
from realvpc.net.table import Change
from realvpc.node.answer import NodeError
from realvpc.store.state import State

from .object_store import SECONDS as SECONDS_OF_OBJECT
from .object_store import ObjectStore, StoreAwayError

SECONDS = 60
"""A window, which begins with a minute: Nitro-based instances have none longer, whatever is asked for."""

_AFTER_SECONDS = 0.01  # timers may be a little early, and a window of the rest of the minute would be one too many
_LINES_AT_ONCE, _STREAMS_AT_ONCE = 500, 50
_STORE_SECONDS = 20.0  # of each window, for all files together

log = logging.getLogger(__name__)


class Take(Protocol):
    """``NodeLink.take_flows``."""

    def __call__(self, *, turn: bool) -> Awaitable[Gathered]: ...


class FlowLogDelivery:
    """``take`` asks the node, ``now`` is the service's clock, ``store`` has the buckets."""

    def __init__(
        self, service: Service, take: Take, now: Callable[[], datetime], store: ObjectStore | None = None
    ) -> None:
        self._service = service
        self._store = store
        self._take = take
        self._now = now
        self._before: Network = service.state.network
        self._last_put = ""  # the flow log whose file was the last for which there was time

    async def run(self) -> None:
        """Until cancelled."""
        began = int(self._now().timestamp())
        while True:
            await asyncio.sleep(SECONDS - self._now().timestamp() % SECONDS + _AFTER_SECONDS)
            ended = int(self._now().timestamp())
            if self._rows():
                try:
                    await self.deliver(Window(began, ended))
                except NodeError as error:  # it goes on gathering: what there is comes with the next window
                    log.warning("flow logs: nothing is taken from the node: %s", error)
                    continue
                except AwsError as error:
                    log.warning("flow logs: nothing is written: %s", error)
            self._before, began = self._service.state.network, ended

    async def deliver(self, window: Window) -> None:
        """What was gathered until now.  Raises NodeError, and AwsError when it cannot be written."""
        flows, skipped = await self._gathered()
        moved = round((self._now() - datetime.now(UTC)).total_seconds())
        network, before = self._service.state.network, self._before
        gathering = Gathering(network=network, before=before, window=window, flows=flows, skipped=skipped, moved=moved)
        left: defaultdict[str, int] = defaultdict(lambda: LINES_OF_ACCOUNT)
        puts = _Puts(self._store)
        for row in self._rows():
            limit = min(LINES, left[row.account])
            written, error = await aside(row.account, _rendered, self._service.state, row, gathering, limit)
            left[row.account] -= sum(len(batch.events) for batch in written)
            if row.is_of_files:
                await self._put(puts, row, written, window, error)
            else:
                await self._write(row, written, error)
        self._last_put = puts.last

    def _rows(self) -> list[FlowLog]:
        """Those that deliver here, in an order that no account chooses: first those that wait for nobody else, then
        those of files, from the one on for which there was no time in the window before."""
        rows = self._service.state.network.flow_logs.values()
        return sorted(
            (row for row in rows if row.is_gathered_for),
            key=lambda row: (row.is_of_files, row.is_of_files and row.id <= self._last_put, row.id),
        )

    async def _gathered(self) -> tuple[dict[str, list[GatheredFlow]], dict[str, int]]:
        """All of the window that ends now, and what is left of earlier ones."""
        flows: defaultdict[str, list[GatheredFlow]] = defaultdict(list)
        skipped: defaultdict[str, int] = defaultdict(int)
        is_turned = is_last = False
        while not (is_turned and is_last):
            part = await self._take(turn=not is_turned)
            is_turned, is_last = is_turned or part.is_turned, part.is_last
            for flow in part.flows:
                flows[flow.interface_id].append(flow)
            for interface_id, packets in part.skipped.items():
                skipped[interface_id] += packets
        return dict(flows), dict(skipped)

    async def _put(self, puts: _Puts, row: FlowLog, written: Sequence[Batch], window: Window, cut: str) -> None:
        """A file into its bucket; ``cut`` is why not all is in it."""
        file = await aside(row.account, log_file, row, written, window)
        if file is not None:
            await self._note(row, await puts.error_of(row, file) or cut)
        elif cut:
            await self._note(row, cut)

    async def _write(self, row: FlowLog, written: Sequence[Batch], cut: str) -> None:
        """Into its log group.  Of all bits together it is said whether something was left out."""
        errors = [cut] if cut else []

        def deliver(some: Sequence[Batch], ctx: Context) -> Change:
            change, error = delivered(ctx, row.id, some)
            errors.append(error)
            return change

        for some in _bits(written):
            await self._report(row, partial(deliver, some))
        if errors:
            await self._note(row, next(filter(None, errors), ""))

    async def _note(self, row: FlowLog, error: str) -> None:
        """When it is not that already: a file or a line a minute is no change each."""
        if error != row.delivery_error:
            await self._report(row, lambda ctx: noted(ctx, row.id, error))

    async def _report(self, row: FlowLog, fact: Callable[[Context], Change]) -> None:
        await self._service.turn()
        self._service.report(fact, f"flow log {row.id}")
        await self._service.settled()


class _Puts:
    """The files of a window, for which there is so much time: others' lines, and the next window, do not wait for an
    upstream that is slow.  One that is away is not waited for again."""

    def __init__(self, store: ObjectStore | None) -> None:
        self._store = store
        self._left = _STORE_SECONDS
        self.last = ""  # the flow log of the last one

    async def error_of(self, row: FlowLog, file: LogFile) -> str:
        """Puts it; empty when it was taken."""
        if self._store is None:
            return without_store()
        began, self.last = time.monotonic(), row.id
        try:
            status = await self._store.put(
                row.account, row.region, file.bucket, file.key, file.content, min(self._left, SECONDS_OF_OBJECT)
            )
        except StoreAwayError as away:
            log.warning("flow log %s: %s", row.id, away)
            self._store = None
            return without_store()
        self._left -= time.monotonic() - began
        if self._left <= 0:
            log.warning("flow log %s: the upstream is slow: other files of this minute are not written", row.id)
            self._store = None
        return error_of(status)


def _rendered(state: State, row: FlowLog, gathering: Gathering, limit: int) -> tuple[list[Batch], str]:
    """Nothing of one for which it is no use; the policies of its role may be long.  What the last delivery met is tried
    again each time."""
    return ([], "") if obstacle(state, row) else batches(row, gathering, limit)


def _bits(written: Sequence[Batch]) -> Iterator[list[Batch]]:
    """So much as is written at once."""
    some: list[Batch] = []
    for batch in written:
        for start in range(0, len(batch.events), _LINES_AT_ONCE):
            events = batch.events[start : start + _LINES_AT_ONCE]
            lines = sum(len(each.events) for each in some) + len(events)
            if some and (lines > _LINES_AT_ONCE or len(some) == _STREAMS_AT_ONCE):
                yield some
                some = []
            some.append(Batch(batch.stream, events))
    if some:
        yield some
