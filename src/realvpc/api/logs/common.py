"""What the actions of CloudWatch Logs share: errors, times, pages (CloudWatch Logs API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from realvpc.net.log_group import LogGroup, LogStream, group_id

from ..core.context import Context, Request
from ..core.effort import FINDING
from ..core.errors import AwsError
from ..core.page import BadTokenError, page

T = TypeVar("T")

_PAGE = 50
_GROUP_PREFIX = ":log-group:"


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)


def paged(
    request: Request, rows: Iterable[T], place: Callable[[T], str], *, backwards: bool = False, default: int = _PAGE
) -> tuple[list[T], str | None]:
    """Raises InvalidParameterException."""
    size = request.get("limit") or default
    if size < 0:
        raise invalid_parameter("The limit has to be positive.")
    try:
        return page(rows, place, size, request.get("nextToken"), backwards=backwards)
    except BadTokenError:
        raise invalid_parameter("The specified nextToken is invalid.") from None


def group_named(ctx: Context, name: str) -> LogGroup:
    """Raises ResourceNotFoundException."""
    ctx.effort.spend(FINDING)
    group = ctx.state.logs.groups.get(group_id(ctx.account, ctx.region, name))
    if group is None:
        raise not_found("The specified log group does not exist.")
    return group


def group_of_arn(ctx: Context, arn: str) -> LogGroup:
    """With or without ``:*`` at the end.  Raises ResourceNotFoundException, InvalidParameterException."""
    head, found, name = arn.partition(_GROUP_PREFIX)
    if not found or not head.startswith("arn:"):
        raise invalid_parameter("The specified resource ARN is not the one of a log group.")
    group = ctx.state.logs.groups.get(group_id(ctx.account, ctx.region, name.removesuffix(":*")))
    if group is None or not group.arn.startswith(f"{head}:"):
        raise not_found("The specified resource does not exist.")
    return group


def group_asked_for(ctx: Context, request: Request) -> LogGroup:
    """The one in ``logGroupName``, or in ``logGroupIdentifier``, which may be an ARN.

    Raises ResourceNotFoundException, InvalidParameterException.
    """
    name: str = request.get("logGroupName") or ""
    identifier: str = request.get("logGroupIdentifier") or ""
    if name and identifier:
        raise invalid_parameter("LogGroup name and LogGroup identifier are mutually exclusive parameters.")
    if not name and not identifier:
        raise invalid_parameter("Either LogGroup name or LogGroup identifier has to be specified.")
    return group_of_arn(ctx, identifier) if ":" in identifier else group_named(ctx, name or identifier)


def stream_named(ctx: Context, group: LogGroup, name: str) -> LogStream:
    """Raises ResourceNotFoundException."""
    stream = ctx.state.logs.stream_named(group, name)
    if stream is None:
        raise not_found("The specified log stream does not exist.")
    return stream
