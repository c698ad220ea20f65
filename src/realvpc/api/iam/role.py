"""Roles: create, read, update, tag, delete (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.iam.managed_policies import MANAGED_POLICIES
from realvpc.iam.policy_document import trust_policy_problem
from realvpc.iam.role import Role
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.parameters import refuse
from ..core.tags import render_tags
from .common import (
    as_document,
    checked_tags,
    delete_conflict,
    entity_already_exists,
    malformed_policy,
    new_entity_id,
    no_such_entity,
    page,
)
from .principal import known_principals

_NOT_HERE = ("MaxSigninSessionDuration", "ResetMaxSigninSessionDuration")  # there is no console to sign in to


def create_role(ctx: Context, request: Request) -> Answer:
    """Raises EntityAlreadyExists, MalformedPolicyDocument, NoSuchEntity (the boundary), InvalidInput, LimitExceeded,
    UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    name, path = request["RoleName"], request.get("Path") or "/"
    _check_trust(ctx, request["AssumeRolePolicyDocument"])
    boundary = request.get("PermissionsBoundary") or None
    if boundary is not None and boundary not in MANAGED_POLICIES:
        raise no_such_entity(f"Policy {boundary} does not exist or is not attachable.")
    if any(role.name.lower() == name.lower() for role in ctx.visible(ctx.directory.roles)):
        raise entity_already_exists(f"Role with name {name} already exists.")
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
    return Answer({"Role": render_role(role)}, put(role))


def _check_trust(ctx: Context, document: str) -> None:
    problem = trust_policy_problem(document, known_principals(ctx))
    if problem is not None:
        raise malformed_policy(problem)


def role_named(ctx: Context, name: str) -> Role:
    """Raises NoSuchEntity."""
    role = ctx.directory.role_named(ctx.account, name)
    if role is None:
        raise no_such_entity(f"The role with name {name} cannot be found.")
    return role


def get_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({"Role": render_role(role_named(ctx, request["RoleName"])) | {"RoleLastUsed": {}}})


def list_roles(ctx: Context, request: Request) -> Answer:
    """By name, under PathPrefix; without descriptions of use and tags, as IAM lists them."""
    prefix = request.get("PathPrefix") or "/"
    rows = (role for role in ctx.visible(ctx.directory.roles) if role.path.startswith(prefix))
    shown, members = page(request, rows, lambda role: role.name)
    return Answer({"Roles": [render_role(role, with_tags=False) for role in shown]} | members)


def update_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    role = role_named(ctx, request["RoleName"])
    description = request.get("Description")
    changed = replace(
        role,
        description=role.description if description is None else description,
        max_session_duration=request.get("MaxSessionDuration") or role.max_session_duration,
    )
    return Answer({}, put(changed))


def update_assume_role_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, MalformedPolicyDocument."""
    role = role_named(ctx, request["RoleName"])
    _check_trust(ctx, request["PolicyDocument"])
    return Answer({}, put(replace(role, trust_policy=request["PolicyDocument"])))


def delete_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, DeleteConflict while it has policies or is in an instance profile."""
    role = role_named(ctx, request["RoleName"])
    if any(profile.role_arn == role.id for profile in ctx.visible(ctx.directory.instance_profiles)):
        raise delete_conflict("Cannot delete entity, must remove roles from instance profile first.")
    if role.attached_policy_arns:
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if role.inline_policies:
        raise delete_conflict("Cannot delete entity, must delete policies first.")
    return Answer({}, delete(role))


def tag_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput, LimitExceeded."""
    role = role_named(ctx, request["RoleName"])
    return Answer({}, put(replace(role, tags=checked_tags(request["Tags"], role.tags))))


def untag_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    tags = {key: value for key, value in role.tags.items() if key not in request["TagKeys"]}
    return Answer({}, put(replace(role, tags=tags)))


def list_role_tags(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    shown, members = page(request, render_tags(dict(sorted(role.tags.items()))), lambda tag: str(tag["Key"]))
    return Answer({"Tags": shown} | members)


def render_role(role: Role, *, with_tags: bool = True) -> Response:
    response: Response = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.id,
        "CreateDate": role.created_at,
        "AssumeRolePolicyDocument": as_document(role.trust_policy),
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session_duration,
    }
    if role.permissions_boundary_arn:
        response["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": role.permissions_boundary_arn,
        }
    if with_tags and role.tags:
        response["Tags"] = render_tags(role.tags)
    return response
