"""The resources that Route 53's actions concern; their ARNs name no account (Service Authorization Reference, "Actions,
resources, and condition keys for Amazon Route 53")."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.arn import arn
from ..core.context import Context, Request


def on_zone(ctx: Context, request: Request) -> Sequence[str]:
    return (_arn("hostedzone", request["HostedZoneId" if "HostedZoneId" in request else "Id"]),)


def on_change(ctx: Context, request: Request) -> Sequence[str]:
    return (_arn("change", request["Id"]),)


def on_tagged(ctx: Context, request: Request) -> Sequence[str]:
    """``ResourceType`` is a word of ARNs."""
    ids = request.get("ResourceIds") or [request.get("ResourceId") or "*"]
    return [_arn(request["ResourceType"], each) for each in ids]


def _arn(kind: str, name: str) -> str:
    return arn("route53", "", "", f"{kind}/{name}")
