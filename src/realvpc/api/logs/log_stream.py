"""Log streams: made, listed, deleted (CloudWatch Logs API Reference)."""

from __future__ import annotations

from realvpc.net.log_group import LogGroup, LogStream
from realvpc.net.quotas import LOG_STREAMS
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.effort import COMPARING
from ..core.errors import AwsError
from .common import group_asked_for, group_named, invalid_parameter, milliseconds, paged, stream_named

_BY_TIME = "LastEventTime"


def create_log_stream(ctx: Context, request: Request) -> Answer:
    """Raises ResourceNotFoundException, ResourceAlreadyExistsException, LimitExceededException."""
    group, name = group_named(ctx, request["logGroupName"]), request["logStreamName"]
    if ctx.state.logs.stream_named(group, name) is not None:
        raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")
    if len(ctx.state.logs.streams_of(group)) >= ctx.quota(LOG_STREAMS):
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    return Answer({}, put(LogStream.in_group(group, name, ctx.now)))


def delete_log_stream(ctx: Context, request: Request) -> Answer:
    """With its events.  Raises ResourceNotFoundException."""
    group = group_named(ctx, request["logGroupName"])
    return Answer({}, ctx.state.logs.without_stream(group, stream_named(ctx, group, request["logStreamName"])))


def describe_log_streams(ctx: Context, request: Request) -> Answer:
    """By name or by the time of the last event.  Raises ResourceNotFoundException, InvalidParameterException."""
    group, prefix = group_asked_for(ctx, request), request.get("logStreamNamePrefix")
    by_time = request.get("orderBy") == _BY_TIME
    if by_time and prefix:
        raise invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    streams = ctx.state.logs.streams_of(group)
    ctx.effort.spend(COMPARING * len(streams))
    rows = [stream for stream in streams if not prefix or stream.name.startswith(prefix)]
    shown, token = paged(request, rows, _by_time if by_time else _by_name, backwards=bool(request.get("descending")))
    return Answer({"logStreams": [_render(group, stream) for stream in shown], "nextToken": token})


def _by_name(stream: LogStream) -> str:
    return stream.name


def _by_time(stream: LogStream) -> str:
    return f"{stream.last_event or 0:020} {stream.name}"


def _render(group: LogGroup, stream: LogStream) -> Response:
    return {
        "logStreamName": stream.name,
        "creationTime": milliseconds(stream.created_at),
        "firstEventTimestamp": stream.first_event,
        "lastEventTimestamp": stream.last_event,
        "lastIngestionTime": stream.last_ingestion,
        "uploadSequenceToken": None if stream.last_ingestion is None else sequence_token(group),
        "arn": f"{group.arn}:log-stream:{stream.name}",
        "storedBytes": 0,  # AWS says this of every stream since 2019
    }


def sequence_token(group: LogGroup) -> str:
    """Older clients expect one and send it back; nobody looks at it."""
    return f"{group.next:056}"
