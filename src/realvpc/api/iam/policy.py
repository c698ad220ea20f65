"""Managed policies, to read: those that AWS keeps for everybody (IAM API Reference)."""

from __future__ import annotations

from realvpc.iam.managed_policies import MANAGED_POLICIES, ManagedPolicy

from ..core.context import Answer, Context, Request, Response
from .common import as_document, no_such_entity, page


def get_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    policy = _policy(request["PolicyArn"])
    return Answer({"Policy": _render(ctx, policy) | {"Description": policy.description, "Tags": []}})


def list_policies(ctx: Context, request: Request) -> Answer:
    """The scope ``Local`` (policies of the account) is empty."""
    prefix = request.get("PathPrefix") or "/"
    rows = [policy for policy in MANAGED_POLICIES.values() if policy.path.startswith(prefix)]
    if request.get("Scope") == "Local":
        rows = []
    if request.get("OnlyAttached"):
        rows = [policy for policy in rows if _attachments(ctx, policy)]
    if request.get("PolicyUsageFilter") == "PermissionsBoundary":
        rows = [policy for policy in rows if _boundaries(ctx, policy)]
    shown, members = page(request, rows, lambda policy: policy.name)
    return Answer({"Policies": [_render(ctx, policy) for policy in shown]} | members)


def get_policy_version(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity: the default version is the only one kept."""
    policy = _policy(request["PolicyArn"])
    version = request["VersionId"]
    if version != policy.version_id:
        raise no_such_entity(f"Policy {policy.arn} version {version} does not exist or is not attachable.")
    return Answer({"PolicyVersion": _render_version(policy) | {"Document": as_document(policy.document)}})


def list_policy_versions(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({"Versions": [_render_version(_policy(request["PolicyArn"]))], "IsTruncated": False})


def list_entities_for_policy(ctx: Context, request: Request) -> Answer:
    """The roles that carry the policy.  Raises NoSuchEntity."""
    policy = _policy(request["PolicyArn"])
    roles = [role for role in ctx.visible(ctx.directory.roles) if policy.arn in role.attached_policy_arns]
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


def _attachments(ctx: Context, policy: ManagedPolicy) -> int:
    return sum(policy.arn in role.attached_policy_arns for role in ctx.visible(ctx.directory.roles))


def _boundaries(ctx: Context, policy: ManagedPolicy) -> int:
    return sum(role.permissions_boundary_arn == policy.arn for role in ctx.visible(ctx.directory.roles))


def _render(ctx: Context, policy: ManagedPolicy) -> Response:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.version_id,
        "AttachmentCount": _attachments(ctx, policy),
        "PermissionsBoundaryUsageCount": _boundaries(ctx, policy),
        "IsAttachable": True,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at,
    }


def _render_version(policy: ManagedPolicy) -> Response:
    return {"VersionId": policy.version_id, "IsDefaultVersion": True, "CreateDate": policy.updated_at}
