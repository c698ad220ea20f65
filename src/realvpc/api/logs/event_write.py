"""PutLogEvents (CloudWatch Logs API Reference)."""

from __future__ import annotations

from realvpc.net.log_group import LogEvent

from ..core.context import Answer, Context, Request, Response
from ..core.effort import COMPARING
from .common import group_named, invalid_parameter, milliseconds, stream_named
from .log_stream import sequence_token

_LARGEST = 1 << 20  # bytes of a request's events
_HOUR, _DAY = 3_600_000, 86_400_000  # milliseconds
_FUTURE, _PAST = 2 * _HOUR, 14 * _DAY


def put_log_events(ctx: Context, request: Request) -> Answer:
    """What is too old or too new is left out, and the answer says so.

    Raises ResourceNotFoundException, InvalidParameterException.
    """
    group = group_named(ctx, request["logGroupName"])
    stream = stream_named(ctx, group, request["logStreamName"])
    events = [LogEvent(row["timestamp"], row["message"]) for row in request["logEvents"]]
    ctx.effort.spend(COMPARING * len(events))
    _check(events)
    now = milliseconds(ctx.now)
    expired = sum(not group.is_kept(event.timestamp, now) for event in events)
    too_old = sum(event.timestamp < now - _PAST for event in events)
    too_new = sum(event.timestamp > now + _FUTURE for event in events)
    rejected = {
        "tooNewLogEventStartIndex": len(events) - too_new if too_new else None,
        "tooOldLogEventEndIndex": too_old or None,
        "expiredLogEventEndIndex": expired or None,
    }
    response: Response = {"nextSequenceToken": sequence_token(group)}
    if any(value is not None for value in rejected.values()):
        response["rejectedLogEventsInfo"] = {name: value for name, value in rejected.items() if value is not None}
    kept = events[max(expired, too_old) : len(events) - too_new]
    if not kept:
        return Answer(response)
    ctx.effort.spend(COMPARING * len(ctx.state.logs.groups_of(ctx.account)))
    return Answer(response, ctx.state.logs.appended(group, stream, kept, now))


def _check(events: list[LogEvent]) -> None:
    """Raises InvalidParameterException."""
    times = [event.timestamp for event in events]
    if times != sorted(times):
        raise invalid_parameter("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > _DAY:
        raise invalid_parameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    size = sum(event.size for event in events)
    if size > _LARGEST:
        raise invalid_parameter(f"Upload too large: {size} bytes exceeds limit of {_LARGEST}")
