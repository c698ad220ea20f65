"""What policies are asked about IAM's actions: its condition keys, and PassRole (Service Authorization Reference,
"Actions, resources, and condition keys for AWS Identity and Access Management")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from realvpc.iam.evaluate import Conditions

from ..core.action import Action
from ..core.context import Context, Request
from ..core.passed_role import passing
from ..core.question import Prospect, Question
from ..core.service_questions import Reads, about, asking

_POLICY, _BOUNDARY, _SERVICE = "iam:PolicyARN", "iam:PermissionsBoundary", "iam:AWSServiceName"


def _member(key: str, member: str) -> Reads:
    def read(ctx: Context, request: Request, resource: str) -> Conditions:
        return {key: request[member]} if request.get(member) else {}

    return read


def _boundary(ctx: Context, request: Request, resource: str) -> Conditions:
    """That the user or the role has."""
    name = resource.rpartition("/")[2]
    holder = ctx.directory.roles.get(resource) or (
        ctx.directory.user_named(ctx.account, name) if ":user/" in resource else None
    )
    arn = holder.permissions_boundary_arn if holder is not None and ctx.sees(holder) else None
    return {_BOUNDARY: arn} if arn else {}


def _both(first: Reads, second: Reads) -> Reads:
    return lambda ctx, request, resource: {**first(ctx, request, resource), **second(ctx, request, resource)}


_ATTACHED = _member(_POLICY, "PolicyArn")
_GIVEN = _member(_BOUNDARY, "PermissionsBoundary")

KEYS: Mapping[str, Reads] = {
    **dict.fromkeys(("AttachGroupPolicy", "DetachGroupPolicy"), _ATTACHED),
    **dict.fromkeys(
        ("AttachRolePolicy", "AttachUserPolicy", "DetachRolePolicy", "DetachUserPolicy"), _both(_ATTACHED, _boundary)
    ),
    **dict.fromkeys(("CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"), _GIVEN),
    **dict.fromkeys(
        (
            *("DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "GetRole", "PutRolePolicy"),
            *("DeleteUserPermissionsBoundary", "DeleteUserPolicy", "PutUserPolicy"),
            *("UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"),
        ),
        _boundary,
    ),
    "CreateServiceLinkedRole": _member(_SERVICE, "AWSServiceName"),
}
"""The keys that actions have beside the tags of their resources."""


def with_questions(rows: Mapping[str, Action]) -> Mapping[str, Action]:
    """The actions, with what policies are asked about them."""
    asks: Mapping[str, Callable[..., Iterable[Question]]] = {
        **{name: asking(read) for name, read in KEYS.items()},
        "AddRoleToInstanceProfile": _adding,
    }
    return {name: replace(row, asks=asks[name]) if name in asks else row for name, row in rows.items()}


def _adding(
    action: str, ctx: Context, request: Request, resources: Sequence[str], prospect: Prospect
) -> Iterable[Question]:
    """Instances get the role with the profile."""
    yield from about(action, ctx, request, resources)
    role = ctx.directory.role_named(ctx.account, request["RoleName"])
    if role is not None:
        yield passing(ctx, role.id, "ec2.amazonaws.com")
