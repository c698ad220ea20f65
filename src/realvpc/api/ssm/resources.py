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


def on_document(ctx: Context, request: Request) -> Sequence[str]:
    return (document_arn(ctx, request["Name"]),)


def document_arn(ctx: Context, name: str) -> str:
    """A name may be an ARN already; documents of AWS's are of no account."""
    if name.startswith("arn:"):
        return name
    return arn("ssm", ctx.region, "" if name.startswith(("AWS-", "Amazon")) else ctx.account, f"document/{name}")


def on_managed(ctx: Context, request: Request) -> Sequence[str]:
    """An instance of EC2's, or another machine that is managed."""
    service, kind = ("ec2", "instance") if request["InstanceId"].startswith("i-") else ("ssm", "managed-instance")
    return (arn(service, ctx.region, ctx.account, f"{kind}/{request['InstanceId']}"),)


def on_tagged(ctx: Context, request: Request) -> Sequence[str]:
    """What is tagged, by the name of its type in ARNs."""
    kind, resource_id = request["ResourceType"], request["ResourceId"]
    if kind == "Parameter":
        return (resource_id if resource_id.startswith("arn:") else _parameter(ctx, resource_id),)
    return (arn("ssm", ctx.region, ctx.account, f"{kind.lower()}/{resource_id}"),)


def _parameter(ctx: Context, name: str) -> str:
    account = "" if name.startswith("/aws/") else ctx.account
    return arn("ssm", ctx.region, account, f"parameter/{name.partition(':')[0].lstrip('/')}")
