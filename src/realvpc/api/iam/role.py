"""Roles: create, read, update, tag, delete (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.iam.policy_document import trust_policy_problem
from realvpc.iam.role import SERVICE_ROLE_PATH, Role
from realvpc.net.quotas import IAM_ROLES, TRUST_POLICY_LENGTH
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from ..core.parameters import refuse
from ..core.tags import render_tags
from .common import (
    as_document,
    check_deletable,
    check_free,
    check_quota,
    checked_tags,
    limit_exceeded,
    malformed_policy,
    new_entity_id,
    no_such_entity,
    page,
    policies_on,
    size_of,
    validation_error,
)
from .policy_lookup import boundary_asked_for, render_boundary
from .principal import known_principals
from .tag import listing_tags, tagging, untagging

_NOT_HERE = ("MaxSigninSessionDuration", "ResetMaxSigninSessionDuration")  # there is no console to sign in to


def create_role(ctx: Context, request: Request) -> Answer:
    """Raises EntityAlreadyExists, MalformedPolicyDocument, NoSuchEntity (the boundary), InvalidInput, LimitExceeded,
    UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    name, path = request["RoleName"], request.get("Path") or "/"
    _check_trust(ctx, request["AssumeRolePolicyDocument"])
    if path.startswith(SERVICE_ROLE_PATH):
        raise validation_error("Invalid path provided")
    boundary = boundary_asked_for(ctx, request)
    check_free(ctx, Role, name)
    check_quota(ctx, IAM_ROLES, "RolesPerAccount", ctx.count(ctx.directory.roles))
    role = Role(
        id=f"arn:aws:iam::{ctx.account}:role{path}{name}",
        account=ctx.account,
        tags=checked_tags(request.get("Tags")),
        name=name,
        path=path,
        role_id=new_entity_id(ctx, "AROA"),
        trust_policy=request["AssumeRolePolicyDocument"],
        created_at=ctx.now,
        description=request.get("Description") or "",
        max_session_duration=request.get("MaxSessionDuration") or 3600,
        permissions_boundary_arn=boundary,
    )
    return Answer({"Role": render_role(ctx, role)}, put(role))


def _check_trust(ctx: Context, document: str) -> None:
    """Raises MalformedPolicyDocument, LimitExceeded."""
    problem = trust_policy_problem(document, known_principals(ctx))
    if problem is not None:
        raise malformed_policy(problem)
    if size_of(document) > ctx.quota(TRUST_POLICY_LENGTH):
        raise limit_exceeded("ACLSizePerRole", ctx.quota(TRUST_POLICY_LENGTH))


def role_named(ctx: Context, name: str) -> Role:
    """Raises NoSuchEntity."""
    role = ctx.directory.role_named(ctx.account, name)
    if role is None:
        raise no_such_entity(f"The role with name {name} cannot be found.")
    return role


def own_role(ctx: Context, name: str) -> Role:
    """One that is to be changed.  Raises NoSuchEntity, and UnmodifiableEntity for a service's."""
    role = role_named(ctx, name)
    if role.is_service_linked:
        raise AwsError(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS",
        )
    return role


def get_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({"Role": render_role(ctx, role_named(ctx, request["RoleName"])) | {"RoleLastUsed": {}}})


def list_roles(ctx: Context, request: Request) -> Answer:
    """By name, under PathPrefix; without descriptions of use and tags, as IAM lists them."""
    prefix = request.get("PathPrefix") or "/"
    rows = (role for role in ctx.visible(ctx.directory.roles) if role.path.startswith(prefix))
    shown, members = page(ctx, request, rows, lambda role: role.name, lambda role: len(role.trust_policy))
    return Answer({"Roles": [_listed(ctx, role) for role in shown]} | members)


def update_role(ctx: Context, request: Request) -> Answer:
    """Of a service's role the description can be changed.  Raises NoSuchEntity, UnmodifiableEntity,
    UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    find = own_role if request.get("MaxSessionDuration") else role_named
    role = find(ctx, request["RoleName"])
    description = request.get("Description")
    changed = replace(
        role,
        description=role.description if description is None else description,
        max_session_duration=request.get("MaxSessionDuration") or role.max_session_duration,
    )
    return Answer({}, put(changed))


def update_role_description(ctx: Context, request: Request) -> Answer:
    """The older action, which Terraform calls.  Raises NoSuchEntity."""
    changed = replace(role_named(ctx, request["RoleName"]), description=request["Description"])
    return Answer({"Role": render_role(ctx, changed)}, put(changed))


def update_assume_role_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, MalformedPolicyDocument."""
    role = own_role(ctx, request["RoleName"])
    _check_trust(ctx, request["PolicyDocument"])
    return Answer({}, put(replace(role, trust_policy=request["PolicyDocument"])))


def delete_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, DeleteConflict while it has policies or is in an instance profile."""
    role = own_role(ctx, request["RoleName"])
    check_deletable({"remove roles from instance profile": ctx.directory.profiles_of(role.id)} | policies_on(role))
    return Answer({}, delete(role))


def _of(ctx: Context, request: Request) -> Role:
    return role_named(ctx, request["RoleName"])


tag_role, untag_role, list_role_tags = tagging(_of), untagging(_of), listing_tags(_of)


def render_role(ctx: Context, role: Role, *, with_tags: bool = True, with_trust_policy: bool = True) -> Response:
    response: Response = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.id,
        "CreateDate": role.created_at,
        "AssumeRolePolicyDocument": as_document(ctx, role.trust_policy) if with_trust_policy else None,
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session_duration,
    }
    response |= render_boundary(role)
    if with_tags and role.tags:
        response["Tags"] = render_tags(role.tags)
    return response


def _listed(ctx: Context, role: Role) -> Response:
    """As lists show it: without boundary and tags (IAM API Reference, ListRoles)."""
    return {
        name: value for name, value in render_role(ctx, role).items() if name not in ("PermissionsBoundary", "Tags")
    }
