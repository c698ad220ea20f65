"""GetAccountAuthorizationDetails: users, groups, roles and policies with all that they say (IAM API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from realvpc.iam.managed_policies import MANAGED_POLICIES, ManagedPolicy
from realvpc.iam.policy import Policy
from realvpc.iam.policy_holder import PolicyHolder
from realvpc.iam.role import Role

from ..core.context import Answer, Context, Request, Response
from ..core.tags import render_tags
from . import common
from .common import as_document, page
from .group import render_group
from .instance_profile import render_profile
from .policy import attachments, boundaries, render_policy
from .policy_lookup import find_policy, place, render_boundary
from .policy_version import with_documents
from .role import render_role
from .user import render_user

_LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",  # those that are in use
}


def get_account_authorization_details(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError."""
    wanted = request.get("Filter") or list(_LISTS)
    rows = (row for row in _everything(ctx) if row[0] in wanted)
    shown, members = page(ctx, request, rows, lambda row: f"{row[0]} {row[1]}", lambda row: _characters(ctx, row[2]))
    response: Response = {name: [] for name in _LISTS.values()}
    for kind, _, row in shown:
        response[_LISTS[kind]].append(_DETAILS[kind](ctx, row))
    return Answer(response | members)


def _everything(ctx: Context) -> Iterator[tuple[str, str, Any]]:
    """The kind, a name that is the only one of its kind, and the row."""
    directory = ctx.directory
    yield from (("User", row.name, row) for row in ctx.visible(directory.users))
    yield from (("Group", row.name, row) for row in ctx.visible(directory.groups))
    yield from (("Role", row.name, row) for row in ctx.visible(directory.roles))
    yield from (("LocalManagedPolicy", place(row), row) for row in ctx.visible(directory.policies))
    in_use = (row for row in MANAGED_POLICIES.values() if attachments(ctx, row.arn) or boundaries(ctx, row.arn))
    yield from (("AWSManagedPolicy", place(row), row) for row in in_use)


def _characters(ctx: Context, row: Any) -> int:
    """How many the documents have that are shown of it."""
    if isinstance(row, ManagedPolicy):
        return len(row.document or "")
    if isinstance(row, Policy):
        return sum(len(version.document) for version in row.versions)
    inline = sum(map(len, row.inline_policies.values()))
    if not isinstance(row, Role):
        return inline
    in_profiles = _in_profiles(ctx, row)
    return inline + len(row.trust_policy) + (in_profiles if in_profiles <= common.LARGEST_PAGE else 0)


def _in_profiles(ctx: Context, role: Role) -> int:
    """How many characters the role's trust policy has altogether in the instance profiles that hold the role."""
    return len(role.trust_policy) * len(ctx.directory.profiles_of(role.id))


def _user(ctx: Context, user: Any) -> Response:
    groups = sorted(ctx.directory.groups[group_id].name for group_id in user.group_ids)
    inline = {"UserPolicyList": _inline(ctx, user)} if user.inline_policies else {}
    return (
        render_user(user) | _attached(ctx, user) | render_boundary(user) | inline | {"GroupList": groups} | _tags(user)
    )


def _group(ctx: Context, group: Any) -> Response:
    return render_group(group) | _attached(ctx, group) | {"GroupPolicyList": _inline(ctx, group)}


def _role(ctx: Context, role: Any) -> Response:
    identity = render_role(ctx, role, with_tags=False)
    shown = {name: value for name, value in identity.items() if name not in ("Description", "MaxSessionDuration")}
    is_said_again = _in_profiles(ctx, role) <= common.LARGEST_PAGE  # otherwise a single role were a page beyond bounds
    profiles = [
        render_profile(ctx, each, with_trust_policy=is_said_again) for each in ctx.directory.profiles_of(role.id)
    ]
    own = {"InstanceProfileList": profiles, "RolePolicyList": _inline(ctx, role), "RoleLastUsed": {}}
    return shown | _attached(ctx, role) | own | _tags(role)


def _policy(ctx: Context, policy: Any) -> Response:
    return render_policy(ctx, policy) | {"PolicyVersionList": with_documents(ctx, policy)}


_DETAILS: dict[str, Callable[[Context, Any], Response]] = {
    "User": _user,
    "Group": _group,
    "Role": _role,
    "LocalManagedPolicy": _policy,
    "AWSManagedPolicy": _policy,
}


def _attached(ctx: Context, holder: PolicyHolder) -> Response:
    policies = (find_policy(ctx, arn) for arn in holder.attached_policy_arns)
    rows = [{"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in policies if policy is not None]
    return {"AttachedManagedPolicies": rows}


def _inline(ctx: Context, holder: PolicyHolder) -> list[dict[str, str]]:
    policies = sorted(holder.inline_policies.items())
    return [{"PolicyName": name, "PolicyDocument": as_document(ctx, document)} for name, document in policies]


def _tags(holder: PolicyHolder) -> Response:
    return {"Tags": render_tags(holder.tags)}
