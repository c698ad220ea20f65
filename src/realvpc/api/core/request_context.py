"""The request context: the values of the condition keys that a call has (IAM guide, "AWS global condition context
keys")."""

from __future__ import annotations

from collections.abc import Mapping

from realvpc.iam.evaluate import Conditions
from realvpc.iam.role import Role
from realvpc.iam.user import User

from .call import Caller
from .caller_policies import holder_of_caller
from .context import Context, Request
from .request_tags import conditions_of_tags


def request_context(ctx: Context, request: Request, own: Mapping[str, str]) -> Conditions:
    """All of them; ``own`` are those of the action's service."""
    return {**of_the_way(ctx), **own, **_of_sender(ctx), **_of_caller(ctx), **conditions_of_tags(request)}


def _of_sender(ctx: Context) -> Conditions:
    """Through an interface endpoint no public address is seen."""
    address, agent = ctx.sender.address, ctx.sender.user_agent
    if ctx.through is not None:
        return {"aws:SourceIp": (), **({"aws:UserAgent": agent} if agent else {})}
    return {key: value for key, value in (("aws:SourceIp", address), ("aws:UserAgent", agent)) if value}


def of_the_way(ctx: Context) -> dict[str, str]:
    """Of those what every call has, and one that came through an interface endpoint."""
    through = ctx.through
    endpoint = ctx.network.vpc_endpoints.get(through.endpoint_id) if through else None
    private = (
        {
            "aws:SourceVpc": endpoint.vpc_id,
            "aws:SourceVpce": endpoint.id,
            "aws:VpcSourceIp": through.source,
        }
        if endpoint and through
        else {}
    )
    return private | {
        "aws:CurrentTime": ctx.now.isoformat(),
        "aws:PrincipalAccount": ctx.account,
        "aws:PrincipalArn": _principal_arn(ctx, ctx.caller),
        "aws:RequestedRegion": ctx.region,
        "aws:userid": ctx.caller.user_id,
    }


def _principal_arn(ctx: Context, caller: Caller) -> str:
    """A session's is that of its role (IAM guide, "aws:PrincipalArn")."""
    kind, _, rest = caller.arn.rpartition(":")[2].partition("/")
    role = ctx.directory.role_named(caller.account, rest.partition("/")[0]) if kind == "assumed-role" else None
    return role.arn if role else caller.arn


def _of_caller(ctx: Context) -> dict[str, str | tuple[str, ...]]:
    holder, session = holder_of_caller(ctx), ctx.caller.session
    kind = "Account" if ctx.caller.is_root else "User"
    if isinstance(holder, Role):
        kind = "AssumedRole"
    elif session is not None and ":federated-user/" in ctx.caller.arn:
        kind = "FederatedUser"
    keys: dict[str, str | tuple[str, ...]] = {
        "aws:EpochTime": str(int(ctx.now.timestamp())),
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": kind,
        "aws:SecureTransport": "true" if ctx.scheme == "https" else "false",
        "aws:ViaAWSService": "false",
    }
    if session is not None:
        keys["aws:MultiFactorAuthPresent"] = "false"
        if session.issued_at is not None:
            keys["aws:TokenIssueTime"] = session.issued_at.isoformat()
        keys |= session.conditions
    if holder is not None:
        keys |= {f"aws:PrincipalTag/{name}": value for name, value in holder.tags.items()}
    if isinstance(holder, User) and kind == "User":
        keys["aws:username"] = holder.name
    return keys
