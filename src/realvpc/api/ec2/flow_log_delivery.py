"""What flow logs deliver: lines, into log groups, in the place of a role (VPC guide, "Publish flow logs to CloudWatch
Logs").

Bounded in every window: a flow log has ``LINES`` lines, which its interfaces share, and an account ``LINES_OF_ACCOUNT``
of all its flow logs.  What is more is left out, and a line says so (``SKIPDATA``); where there is none left for an
interface, the flow log does (``Rate limited``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from realvpc.iam.flow_log_role import lets_write, trusts_flow_logs
from realvpc.net.flow_gathering import GatheredFlow
from realvpc.net.flow_line import Place, Window, flow_line, line_without_flow
from realvpc.net.flow_log import DestinationType, FlowLog
from realvpc.net.flow_log_format import fields_of
from realvpc.net.flow_record import logged_actions
from realvpc.net.log_group import LogEvent, LogGroup, LogStream, group_id
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.quotas import LOG_GROUPS, LOG_STREAMS
from realvpc.net.table import Change, by_place, put
from realvpc.store.state import State

from ..core.context import Context

LINES, LINES_OF_ACCOUNT = 10_000, 50_000
_ACCESS_ERROR, _RATE_LIMITED, _UNKNOWN_ERROR = "Access error", "Rate limited", "Unknown error"
_REFUSALS = (403, 404)  # HTTP statuses: it may not, or there is no such bucket
_NO_PARQUET = "Unknown error: files are written as plain text here, and not as Parquet"
_NO_DESTINATION = {
    DestinationType.S3: "Unknown error: there is no Amazon S3 here to deliver to",
    DestinationType.FIREHOSE: "Unknown error: there is no Amazon Data Firehose here to deliver to",
}


def trouble(state: State, row: FlowLog) -> str | None:
    """Why not all is delivered, as DeliverLogsErrorMessage; None when it is."""
    return obstacle(state, row) or row.delivery_error or None


def obstacle(state: State, row: FlowLog) -> str | None:
    """Why it is no use to try; None when it may be.  What the last delivery met is none: only the next one finds out
    whether it is still there."""
    if not row.is_gathered_for:
        return _NO_PARQUET if row.reaches_s3 else _NO_DESTINATION[row.destination_type]
    if row.is_of_files:
        return None
    role = state.directory.roles.get(row.role_arn)
    group = state.logs.groups.get(_group_id(row))
    if role is None or not trusts_flow_logs(role, row.region, row.id):
        return _ACCESS_ERROR
    may = lets_write(state.directory, role, _group_arn(row), is_new=group is None)
    return None if may else _ACCESS_ERROR


class Batch(Struct, frozen=True):
    """Events for the stream of one interface, in the order of time."""

    stream: str
    events: tuple[LogEvent, ...]


class Gathering(Struct, frozen=True, kw_only=True):
    """What there is to write down of a window.

    ``before`` is the network when it began: it has what is gone.  ``moved`` is by how many seconds the service's clock
    is ahead of the host's, of which the times of ``flows`` are.
    """

    network: Network
    before: Network
    window: Window
    flows: Mapping[str, Sequence[GatheredFlow]]  # by interface
    skipped: Mapping[str, int]
    moved: int = 0


def batches(row: FlowLog, gathering: Gathering, limit: int) -> tuple[list[Batch], str]:
    """What a flow log writes of it: a batch for each interface that it covers, of ``limit`` lines in all at most.

    With the error that this makes of it: empty when there is a line for each of them.
    """
    window = Window(max(gathering.window.start, int(row.created_at.timestamp())), gathering.window.end)
    if window.start >= window.end:
        return [], ""
    covered = _places(row, gathering)
    places = covered[:limit]
    share = limit // len(places) if places else 0
    error = _RATE_LIMITED if len(covered) > limit else ""
    return [_batch(row, gathering, place, window, share) for place in places], error


def _batch(row: FlowLog, gathering: Gathering, place: Place, window: Window, share: int) -> Batch:
    fields, moved, interface_id = fields_of(row.log_format), gathering.moved, place.interface.id
    wanted = [flow for flow in gathering.flows.get(interface_id, ()) if _is_wanted(row, flow, moved)]
    is_too_much = interface_id in gathering.skipped or len(wanted) > share
    kept = wanted[: share - is_too_much]
    lines = [((flow.first + moved) * 1000, flow_line(fields, place, flow, moved)) for flow in kept]
    if is_too_much or not wanted:
        status = "SKIPDATA" if is_too_much else "NODATA"
        lines.append((window.start * 1000, line_without_flow(fields, place, window, status)))
    return Batch(
        f"{interface_id}-{row.traffic_type.lower()}", tuple(LogEvent(time, line) for time, line in sorted(lines))
    )


def _places(row: FlowLog, gathering: Gathering) -> list[Place]:
    """The interfaces that a flow log covers and that may have seen traffic, in the order of their ids."""
    now, before = gathering.network, gathering.before
    found = [
        Place(network=now, interface=each)
        for each in _covered(now, row)
        if each.id in gathering.flows or logged_actions(now, each)
    ]
    gone = (each for each in _covered(before, row) if each.id in gathering.flows and each.id not in now.interfaces)
    found += [Place(network=before, interface=each) for each in gone]
    return sorted(found, key=lambda place: place.interface.id)


def _covered(network: Network, row: FlowLog) -> Iterator[NetworkInterface]:
    one = network.interfaces.get(row.resource_id)
    if one is not None:
        yield one
    yield from network.interfaces_in_subnet(row.resource_id)
    yield from network.interfaces_in_vpc(row.resource_id)


def _is_wanted(row: FlowLog, flow: GatheredFlow, moved: int) -> bool:
    """What was seen before there was the flow log is not: it may be left from when there was another one."""
    is_its_action = ("REJECT" if flow.is_rejected else "ACCEPT") in row.traffic_type.actions
    return is_its_action and flow.last + moved >= int(row.created_at.timestamp())


def delivered(ctx: Context, flow_log_id: str, written: Sequence[Batch]) -> tuple[Change, str]:
    """Puts them into the log group, which is made where it is missing; nothing when the flow log is gone or may not.

    With the error that this makes of it: empty when all was delivered, as before where it was no use to try.
    """
    row = ctx.network.flow_logs.get(flow_log_id)
    if row is None or obstacle(ctx.state, row):
        return Change(), row.delivery_error if row is not None else ""
    logs, now, steps, error = ctx.state.logs, int(ctx.now.timestamp() * 1000), [], ""
    if _group_id(row) not in logs.groups:
        if len(logs.groups.where(by_place, (row.account, row.region))) >= ctx.quota(LOG_GROUPS, row):
            return Change(), _RATE_LIMITED
        steps.append(put(_new_group(ctx, row)))
        logs = logs.apply(steps[-1])
    for batch in written:
        group = logs.groups[_group_id(row)]
        stream = logs.stream_named(group, batch.stream)
        if stream is None and len(logs.streams_of(group)) >= ctx.quota(LOG_STREAMS, row):
            error = _RATE_LIMITED
            continue
        steps.append(
            logs.appended(group, stream or LogStream.in_group(group, batch.stream, ctx.now), batch.events, now)
        )
        logs = logs.apply(steps[-1])
    return Change.of(steps), error


def error_of(status: int) -> str:
    """What the answer to a file means, empty when it was taken."""
    if status in _REFUSALS:
        return _ACCESS_ERROR
    return "" if status < 300 else _UNKNOWN_ERROR


def without_store() -> str:
    return _NO_DESTINATION[DestinationType.S3]


def noted(ctx: Context, flow_log_id: str, error: str) -> Change:
    """Why its lines or files do not arrive, or not all of them."""
    row = ctx.network.flow_logs.get(flow_log_id)
    return put(replace(row, delivery_error=error)) if row is not None else Change()


def _group_id(row: FlowLog) -> str:
    return group_id(row.account, row.region, row.log_group_name)


def _group_arn(row: FlowLog) -> str:
    return f"arn:aws:logs:{row.region}:{row.account}:log-group:{row.log_group_name}"


def _new_group(ctx: Context, row: FlowLog) -> LogGroup:
    return LogGroup(
        id=_group_id(row), account=row.account, region=row.region, name=row.log_group_name, created_at=ctx.now
    )
