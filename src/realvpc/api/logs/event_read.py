"""GetLogEvents and FilterLogEvents (CloudWatch Logs API Reference)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from realvpc.net.log_group import LogBatch, LogEvent, LogGroup

from ..core.context import Answer, Context, Request, Response
from ..core.effort import COMPARING
from .common import group_asked_for, invalid_parameter, milliseconds, stream_named
from .filter_pattern import FilterPattern

_MOST = 10_000
_LARGEST = 1 << 20  # bytes of an answer's events
_LONGEST_SEARCH = 300_000  # steps, before a call leaves the rest to the next
_TOKEN = re.compile(r"([fb])/([0-9]{38})", re.ASCII)


class Placed(NamedTuple):
    """An event, and where it stands among all of its group: in the order of time, then of arrival."""

    place: str
    event: LogEvent
    batch: LogBatch


def get_log_events(ctx: Context, request: Request) -> Answer:
    """The newest, unless the request says from where.  Both tokens are always given: at an end, that of the request.

    Raises ResourceNotFoundException, InvalidParameterException.
    """
    group = group_asked_for(ctx, request)
    stream = stream_named(ctx, group, request["logStreamName"])
    rows = list(_events(ctx, group, request, {stream.name}))
    forward, after = _direction(request, from_head=False)
    ahead = _ahead(rows, after, forward=forward)
    shown = _bounded(request, ahead) if forward else _bounded(request, ahead)[::-1]
    first, last = (shown[0].place, shown[-1].place) if shown else (after or _NOWHERE, after or _NOWHERE)
    return Answer(
        {
            "events": [_render(row) for row in shown],
            "nextForwardToken": f"f/{last}",
            "nextBackwardToken": f"b/{first}",
        }
    )


def filter_log_events(ctx: Context, request: Request) -> Answer:
    """Events of a group's streams, in the order of time or, where ``startFromHead`` is false, the latest first.

    A call looks at some, finds perhaps none of them, and has a token for the rest (CloudWatch Logs API Reference).

    Raises ResourceNotFoundException, InvalidParameterException, UnsupportedOperation.
    """
    group = group_asked_for(ctx, request)
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names and prefix:
        raise invalid_parameter("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    streams = {stream_named(ctx, group, name).name for name in names} if names else None
    if prefix:
        streams = {row.name for row in ctx.state.logs.streams_of(group) if row.name.startswith(prefix)}
    pattern = FilterPattern.parse(request.get("filterPattern") or "")
    forward, after = _direction(request, from_head=True)
    rows = _ahead(list(_events(ctx, group, request, streams)), after, forward=forward)
    shown, rest = _search(ctx, request, rows, pattern)
    events = [_render(row) | {"logStreamName": row.batch.stream, "eventId": row.place} for row in shown]
    token = rest and f"{'f' if forward else 'b'}/{rest}"
    return Answer({"events": events, "searchedLogStreams": [], "nextToken": token})


def _search(
    ctx: Context, request: Request, rows: list[Placed], pattern: FilterPattern
) -> tuple[list[Placed], str | None]:
    """What an answer has of those that match, and the place beyond which there may be more."""
    limit, size, steps = request.get("limit") or _MOST, 0, 0
    shown: list[Placed] = []
    for index, row in enumerate(rows):
        if steps > _LONGEST_SEARCH:
            return shown, rows[index - 1].place
        effort = pattern.effort(row.event.message)
        ctx.effort.spend(effort)
        steps += effort
        if not pattern.matches(row.event.message):
            continue
        size += row.event.size
        if shown and (len(shown) == limit or size > _LARGEST):
            return shown, shown[-1].place
        shown.append(row)
    return shown, None


def _direction(request: Request, *, from_head: bool) -> tuple[bool, str]:
    """Whether later events come next, and the place beyond which they are: a token says both.

    Raises InvalidParameterException.
    """
    token, asked = request.get("nextToken"), request.get("startFromHead")
    if not token:
        return from_head if asked is None else asked, ""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise invalid_parameter("The specified nextToken is invalid.")
    return found[1] == "f", found[2]


def _ahead(rows: list[Placed], after: str, *, forward: bool) -> list[Placed]:
    """What comes next, the nearest first."""
    if forward:
        return [row for row in rows if row.place > after]
    return [row for row in reversed(rows) if not after or row.place < after]


_NOWHERE = "0" * 38


def _events(ctx: Context, group: LogGroup, request: Request, streams: Collection[str] | None) -> Iterator[Placed]:
    """Those that are kept, of these streams or of all, and of the times that are asked for, in their order."""
    now = milliseconds(ctx.now)
    start, end = request.get("startTime") or 0, request.get("endTime")
    found = []
    for batch in ctx.state.logs.batches_of(group):
        ctx.effort.spend(COMPARING * len(batch.events))
        if streams is None or batch.stream in streams:
            found += [
                Placed(f"{event.timestamp:020}{batch.number:012}{index:06}", event, batch)
                for index, event in enumerate(batch.events)
                if event.timestamp >= start
                and (end is None or event.timestamp < end)
                and group.is_kept(event.timestamp, now)
            ]
    return iter(sorted(found, key=lambda row: row.place))


def _bounded(request: Request, rows: list[Placed]) -> list[Placed]:
    """As many of the first as an answer may have, at least one."""
    size, shown = 0, rows[: request.get("limit") or _MOST]
    for index, row in enumerate(shown):
        size += row.event.size
        if size > _LARGEST and index:
            return shown[:index]
    return shown


def _render(row: Placed) -> Response:
    return {"timestamp": row.event.timestamp, "message": row.event.message, "ingestionTime": row.batch.ingested}
