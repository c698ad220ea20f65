"""The resources that Systems Manager's actions concern (Service Authorization Reference, "Actions, resources, and
condition keys for AWS Systems Manager")."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.arn import arn
from ..core.context import Context, Request


def on_parameters(ctx: Context, request: Request) -> Sequence[str]:
    """Parameters by name, ARN or path; public ones, which begin with ``/aws/``, are nobody's."""
    named = request["Names"] if "Names" in request else [request["Name" if "Name" in request else "Path"]]
    return [each if each.startswith("arn:") else _parameter(ctx, each) for each in named]


def _parameter(ctx: Context, name: str) -> str:
    account = "" if name.startswith("/aws/") else ctx.account
    return arn("ssm", ctx.region, account, f"parameter/{name.partition(':')[0].lstrip('/')}")
