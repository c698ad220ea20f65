"""The resources that actions on sessions, commands and documents concern (Service Authorization Reference, "Actions,
resources, and condition keys for AWS Systems Manager")."""

from __future__ import annotations

from collections.abc import Sequence

from realvpc.api.core.arn import arn
from realvpc.api.core.context import Context, Request
from realvpc.api.ssm.resources import document_arn

from .documents import SHELL


def on_target(ctx: Context, request: Request) -> Sequence[str]:
    """The instance."""
    return (_instance(ctx, request["Target"]),)


def on_session(ctx: Context, request: Request) -> Sequence[str]:
    return (arn("ssm", ctx.region, ctx.account, f"session/{request['SessionId']}"),)


def on_start(ctx: Context, request: Request) -> Sequence[str]:
    """The instance and the document."""
    return (_instance(ctx, request["Target"]), document_arn(ctx, request.get("DocumentName") or SHELL.name))


def on_command(ctx: Context, request: Request) -> Sequence[str]:
    """The document, and the instances: all of them when they are chosen by tags."""
    instances = request.get("InstanceIds") or ["*"]
    return (document_arn(ctx, request["DocumentName"]), *(_instance(ctx, each) for each in instances))


def _instance(ctx: Context, instance_id: str) -> str:
    return arn("ec2", ctx.region, ctx.account, f"instance/{instance_id}")
