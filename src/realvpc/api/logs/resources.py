"""The resources that CloudWatch Logs' actions concern (Service Authorization Reference, "Actions, resources, and
condition keys for Amazon CloudWatch Logs")."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.arn import arn
from ..core.context import Context, Request


def on_group(ctx: Context, request: Request) -> Sequence[str]:
    """A group by its name or ARN."""
    for member in ("logGroupName", "logGroupIdentifier", "resourceArn"):
        if given := request.get(member):
            name: str = given
            return (name.removesuffix(":*") if name.startswith("arn:") else _group(ctx, name),)
    return (_group(ctx, "*"),)


def on_stream(ctx: Context, request: Request) -> Sequence[str]:
    (group,) = on_group(ctx, request)
    return (f"{group}:log-stream:{request['logStreamName']}",)


def on_groups(ctx: Context, request: Request) -> Sequence[str]:
    """All of them."""
    return (_group(ctx, "*"),)


def _group(ctx: Context, name: str) -> str:
    return arn("logs", ctx.region, ctx.account, f"log-group:{name}")
