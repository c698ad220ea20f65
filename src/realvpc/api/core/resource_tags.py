"""The tags of what an ARN names: ``aws:ResourceTag`` of the actions that concern it (IAM guide, "Controlling access to
AWS resources")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from realvpc.iam.evaluate import EVERYTHING
from realvpc.net.balancing_arn import kind_of, row_at
from realvpc.net.log_group import group_id
from realvpc.net.parameter import parameter_id
from realvpc.net.resource import Resource
from realvpc.net.ssm_document import document_id

from .context import Context

_Finds: TypeAlias = Callable[[Context, str, str], Resource | None]


def _user(ctx: Context, arn: str, name: str) -> Resource | None:
    return ctx.directory.user_named(ctx.account, name.rpartition("/")[2])


def _instance(ctx: Context, arn: str, name: str) -> Resource | None:
    return ctx.network.instances.get(name)


def _endpoint(ctx: Context, arn: str, name: str) -> Resource | None:
    return ctx.network.instance_connect_endpoints.get(name)


def _parameter(ctx: Context, arn: str, name: str) -> Resource | None:
    """ARNs have the name without the slash that it may begin with."""
    parameters = ctx.state.inventory.parameters
    named = (parameters.get(parameter_id(ctx.account, ctx.region, each)) for each in (f"/{name}", name))
    return next((row for row in named if row is not None), None)


def _document(ctx: Context, arn: str, name: str) -> Resource | None:
    return ctx.state.inventory.ssm_documents.get(document_id(ctx.account, ctx.region, name))


def _log_group(ctx: Context, arn: str, name: str) -> Resource | None:
    return ctx.state.logs.groups.get(group_id(ctx.account, ctx.region, name.partition(":")[0]))


def _balancing(ctx: Context, arn: str, name: str) -> Resource | None:
    kind = kind_of(arn)
    return row_at(ctx.network, kind, arn) if kind else None


_FINDS: Mapping[tuple[str, str], _Finds] = {
    ("ec2", "instance"): _instance,
    ("ec2", "instance-connect-endpoint"): _endpoint,
    ("elasticloadbalancing", "listener"): _balancing,
    ("elasticloadbalancing", "loadbalancer"): _balancing,
    ("elasticloadbalancing", "targetgroup"): _balancing,
    ("iam", "instance-profile"): lambda ctx, arn, name: ctx.directory.instance_profiles.get(arn),
    ("iam", "policy"): lambda ctx, arn, name: ctx.directory.policies.get(arn),
    ("iam", "role"): lambda ctx, arn, name: ctx.directory.roles.get(arn),
    ("iam", "user"): _user,
    ("logs", "log-group"): _log_group,
    ("ssm", "document"): _document,
    ("ssm", "parameter"): _parameter,
}


_WITHOUT_TAGS = frozenset(
    {("iam", "group"), ("route53", "change"), ("route53", "hostedzone"), ("sts", "federated-user")}
)
"""What has none that conditions see (Service Authorization Reference, "Resource types defined by" the services)."""

_LISTED_BY_STAR = frozenset({("logs", "log-group")})
"""What lists name all of together: no one of them, whose tags it would have."""


def tags_of(ctx: Context, arn: str) -> Mapping[str, str] | None:
    """None of what cannot be told, several at once among it.  What does not exist has no tags, neither has what the
    caller does not see, and an action that concerns no resource has none to tell of."""
    if arn == EVERYTHING:
        return {}
    service, _, rest = arn.removeprefix("arn:aws:").partition(":")
    resource = rest.partition(":")[2].partition(":")[2]
    kind, _, name = resource.partition(":" if service == "logs" else "/")
    if (service, kind) in _WITHOUT_TAGS or ((service, kind) in _LISTED_BY_STAR and name == EVERYTHING):
        return {}
    finds = _FINDS.get((service, kind))
    if finds is None or "*" in name:
        return None
    row = finds(ctx, arn, name)
    return row.tags_seen_by(ctx.account, ctx.region) if row is not None and ctx.sees(row) else {}
