"""What the actions of Elastic Load Balancing share: names, errors, pages and how ARNs lead to rows (Elastic Load
Balancing API Reference, version 2015-12-01)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from realvpc.net import indexes
from realvpc.net.balancing_arn import Balancing, kind_of, row_at
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer
from realvpc.net.table import Table
from realvpc.net.target_group import TargetGroup

from ..core.context import Context, Request
from ..core.effort import FINDING, SHOWING
from ..core.errors import AwsError
from ..core.page import BadTokenError, page

R = TypeVar("R", bound=Balancing)
N = TypeVar("N", LoadBalancer, TargetGroup)

NAME_MAXIMUM = 32
_NAME = re.compile(r"[a-zA-Z0-9-]+", re.ASCII)
_PAGE = 400
_SHOWN = 20  # structures, about, of a row


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def invalid_configuration(message: str) -> AwsError:
    """The request asks for what this kind of load balancer does not have, or not in this combination."""
    return AwsError("InvalidConfigurationRequest", message)


def check_name(words: str, name: str) -> None:
    """``words`` is as in "The load balancer name 'x' cannot be …".  Raises ValidationError."""
    if len(name) > NAME_MAXIMUM:
        raise validation_error(f"{words} '{name}' cannot be longer than '{NAME_MAXIMUM}' characters")
    if not _NAME.fullmatch(name):
        raise validation_error(
            f"{words} '{name}' can only contain characters that are alphanumeric characters and hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise validation_error(f"{words} '{name}' cannot begin or end with a hyphen(-)")


# -- ARNs ------------------------------------------------------------------------------------------------------------


def balancer_at(ctx: Context, arn: str) -> LoadBalancer:
    """The caller's load balancer.  Raises ValidationError for what is no ARN of one, LoadBalancerNotFound."""
    found = perhaps_balancer_at(ctx, arn)
    if found is None:
        raise AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
    return found


def perhaps_balancer_at(ctx: Context, arn: str) -> LoadBalancer | None:
    """None where there is none any more.  Raises ValidationError."""
    return _at(ctx, LoadBalancer, "load balancer", arn)


def group_at(ctx: Context, arn: str) -> TargetGroup:
    """The caller's target group.  Raises ValidationError, TargetGroupNotFound."""
    found = perhaps_group_at(ctx, arn)
    if found is None:
        raise AwsError("TargetGroupNotFound", f"Target groups '{arn}' not found")
    return found


def perhaps_group_at(ctx: Context, arn: str) -> TargetGroup | None:
    """None where there is none any more.  Raises ValidationError."""
    return _at(ctx, TargetGroup, "target group", arn)


def listener_at(ctx: Context, arn: str) -> Listener:
    """The caller's listener.  Raises ValidationError, ListenerNotFound."""
    found = _at(ctx, Listener, "listener", arn)
    if found is None:
        raise AwsError("ListenerNotFound", "One or more listeners not found")
    return found


def _at(ctx: Context, kind: type[R], words: str, arn: str) -> R | None:
    """The caller's row of this ARN."""
    ctx.effort.spend(FINDING)
    if kind_of(arn) is not kind:
        raise validation_error(f"'{arn}' is not a valid {words} ARN")
    row = row_at(ctx.network, kind, arn)
    return row if row is not None and ctx.sees(row) else None


def named(ctx: Context, table: Table[N], name: str) -> N | None:
    """The caller's row of this name."""
    ctx.effort.spend(FINDING)
    rows = table.where(indexes.name_in_region, (ctx.account, ctx.region, name))
    return next((row for row in rows if ctx.sees(row)), None)


def listeners_of(ctx: Context, balancer: LoadBalancer) -> Collection[Listener]:
    rows = ctx.network.listeners.where(indexes.load_balancer_id, balancer.id)
    ctx.effort.spend(len(rows))
    return rows


def users_of(ctx: Context, group: TargetGroup) -> Collection[Listener]:
    """The listeners that give to the group."""
    rows = ctx.network.listeners.where(indexes.target_group_id, group.id)
    ctx.effort.spend(len(rows))
    return rows


# -- lists -----------------------------------------------------------------------------------------------------------


def paged(ctx: Context, request: Request, rows: Iterable[R], place: Callable[[R], str]) -> tuple[list[R], str | None]:
    """One page, and the marker of the next.  Raises ValidationError."""
    try:
        shown, marker = page(rows, place, request.get("PageSize") or _PAGE, request.get("Marker"))
    except BadTokenError:
        raise validation_error("Invalid marker") from None
    ctx.effort.spend(SHOWING * _SHOWN * len(shown))
    return shown, marker
