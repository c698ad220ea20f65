"""The resources that IAM's actions concern (Service Authorization Reference, "Actions, resources, and condition keys
for AWS Identity and Access Management")."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.action import Resources
from ..core.arn import arn
from ..core.context import Context, Request


def on_role(ctx: Context, request: Request) -> Sequence[str]:
    """The role that is named, with the path that it has or is to have."""
    name = request["RoleName"]
    role = ctx.directory.role_named(ctx.account, name)
    return (role.id if role else _arn(ctx, "role", request, name),)


def on_instance_profile(ctx: Context, request: Request) -> Sequence[str]:
    name = request["InstanceProfileName"]
    profile = ctx.directory.instance_profile_named(ctx.account, name)
    return (profile.id if profile else _arn(ctx, "instance-profile", request, name),)


def on_policy(ctx: Context, request: Request) -> Sequence[str]:
    return (request["PolicyArn"],)


def on_user(ctx: Context, request: Request) -> Sequence[str]:
    """The user that is named, or the caller."""
    return (_arn(ctx, "user", {}, request["UserName"]) if request.get("UserName") else ctx.caller.arn,)


def on_path(kind: str) -> Resources:
    """Lists: all of a type below a path."""

    def resources(ctx: Context, request: Request) -> Sequence[str]:
        return (arn("iam", "", ctx.account, f"{kind}{request.get('PathPrefix') or '/'}"),)

    return resources


def _arn(ctx: Context, kind: str, request: Request, name: str) -> str:
    return arn("iam", "", ctx.account, f"{kind}{request.get('Path') or '/'}{name}")
