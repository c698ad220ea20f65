"""The resources that Elastic Load Balancing's actions concern (Service Authorization Reference, "Actions, resources,
and condition keys for AWS Elastic Load Balancing V2")."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.action import Resources
from ..core.arn import arn
from ..core.context import Context, Request

_BEGINNING = "arn:aws:elasticloadbalancing:"


def on_new_load_balancer(ctx: Context, request: Request) -> Sequence[str]:
    return (_arn(ctx, f"loadbalancer/net/{request['Name']}/*"),)


def on_new_target_group(ctx: Context, request: Request) -> Sequence[str]:
    return (_arn(ctx, f"targetgroup/{request['Name']}/*"),)


def on(*members: str) -> Resources:
    """What the request names by these members, each one ARN or a list of them; what is none is nobody else's."""

    def resources(ctx: Context, request: Request) -> Sequence[str]:
        given = [request.get(member) or () for member in members]
        arns = [each for value in given for each in ((value,) if isinstance(value, str) else value)]
        return [each if each.startswith(_BEGINNING) else _arn(ctx, each or "*") for each in arns]

    return resources


def _arn(ctx: Context, resource: str) -> str:
    return arn("elasticloadbalancing", ctx.region, ctx.account, resource)
