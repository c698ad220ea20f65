"""Managed policies, to read: those that AWS keeps for everybody (IAM API Reference)."""

from __future__ import annotations

from collections import Counter

from realvpc.iam.managed_policies import MANAGED_POLICIES, ManagedPolicy

from ..core.context import Answer, Context, Request, Response
from ..core.errors import unsupported_operation
from .common import as_document, no_such_entity, page


def get_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    policy = _policy(request["PolicyArn"])
    return Answer({"Policy": _render(policy, _Uses(ctx)) | {"Tags": []}})


def list_policies(ctx: Context, request: Request) -> Answer:
    """The scope ``Local`` (policies of the account) is empty."""
    prefix, uses = request.get("PathPrefix") or "/", _Uses(ctx)
    rows = [policy for policy in MANAGED_POLICIES.values() if policy.path.startswith(prefix)]
    if request.get("Scope") == "Local":
        rows = []
    if request.get("OnlyAttached"):
        rows = [policy for policy in rows if uses.attached[policy.arn]]
    if request.get("PolicyUsageFilter") == "PermissionsBoundary":
        rows = [policy for policy in rows if uses.as_boundary[policy.arn]]
    shown, members = page(request, rows, lambda policy: policy.name)
    return Answer({"Policies": [_render(policy, uses) for policy in shown]} | members)


def get_policy_version(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity: the default version is the only one kept; UnsupportedOperation where only the policy's name
    is known."""
    policy = _policy(request["PolicyArn"])
    version = request["VersionId"]
    if version != policy.version_id:
        raise no_such_entity(f"Policy {policy.arn} version {version} does not exist or is not attachable.")
    if policy.document is None:
        raise unsupported_operation(f"What the policy {policy.arn} says is not known here.")
    return Answer({"PolicyVersion": _render_version(policy) | {"Document": as_document(policy.document)}})


def list_policy_versions(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({"Versions": [_render_version(_policy(request["PolicyArn"]))], "IsTruncated": False})


def list_entities_for_policy(ctx: Context, request: Request) -> Answer:
    """The roles that carry the policy, or have it as their boundary.  Raises NoSuchEntity."""
    policy, prefix, usage = (
        _policy(request["PolicyArn"]),
        request.get("PathPrefix") or "/",
        request.get("PolicyUsageFilter"),
    )
    roles = [
        role
        for role in ctx.visible(ctx.directory.roles)
        if role.path.startswith(prefix)
        and (
            (usage != "PermissionsBoundary" and policy.arn in role.attached_policy_arns)
            or (usage != "PermissionsPolicy" and policy.arn == role.permissions_boundary_arn)
        )
    ]
    if request.get("EntityFilter") not in (None, "Role"):
        roles = []
    shown, members = page(request, roles, lambda role: role.name)
    rendered = [{"RoleName": role.name, "RoleId": role.role_id} for role in shown]
    return Answer({"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": rendered} | members)


def _policy(arn: str) -> ManagedPolicy:
    policy = MANAGED_POLICIES.get(arn)
    if policy is None:
        raise no_such_entity(f"Policy {arn} was not found.")
    return policy


class _Uses:
    """How many of the caller's roles carry each policy, and how many have it as their boundary."""

    def __init__(self, ctx: Context) -> None:
        roles = list(ctx.visible(ctx.directory.roles))
        self.attached = Counter(arn for role in roles for arn in role.attached_policy_arns)
        self.as_boundary = Counter(role.permissions_boundary_arn for role in roles)


def _render(policy: ManagedPolicy, uses: _Uses) -> Response:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.version_id,
        "AttachmentCount": uses.attached[policy.arn],
        "PermissionsBoundaryUsageCount": uses.as_boundary[policy.arn],
        "IsAttachable": policy.is_attachable,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at,
    }


def _render_version(policy: ManagedPolicy) -> Response:
    return {"VersionId": policy.version_id, "IsDefaultVersion": True, "CreateDate": policy.updated_at}
