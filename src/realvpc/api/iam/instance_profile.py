"""Instance profiles: the way in which a role comes to an instance (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.iam.role import InstanceProfile
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.tags import render_tags
from .common import (
    checked_tags,
    delete_conflict,
    entity_already_exists,
    limit_exceeded,
    new_entity_id,
    no_such_entity,
    page,
)
from .role import render_role, role_named


def create_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises EntityAlreadyExists, InvalidInput, LimitExceeded."""
    name, path = request["InstanceProfileName"], request.get("Path") or "/"
    if any(profile.name.lower() == name.lower() for profile in ctx.visible(ctx.directory.instance_profiles)):
        raise entity_already_exists(f"Instance Profile {name} already exists.")
    profile = InstanceProfile(
        id=f"arn:aws:iam::{ctx.account}:instance-profile{path}{name}",
        account=ctx.account,
        tags=checked_tags(request.get("Tags")),
        name=name,
        path=path,
        profile_id=new_entity_id(ctx, "AIPA"),
        created_at=ctx.now,
    )
    return Answer({"InstanceProfile": _render(ctx, profile)}, put(profile))


def get_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({"InstanceProfile": _render(ctx, _named(ctx, request["InstanceProfileName"]))})


def delete_instance_profile(ctx: Context, request: Request) -> Answer:
    """Instances that use it keep the name.  Raises NoSuchEntity, DeleteConflict while it holds a role."""
    profile = _named(ctx, request["InstanceProfileName"])
    if profile.role_arn is not None:
        raise delete_conflict("Cannot delete entity, must remove roles from instance profile first.")
    return Answer({}, delete(profile))


def list_instance_profiles(ctx: Context, request: Request) -> Answer:
    """By name, under PathPrefix."""
    prefix = request.get("PathPrefix") or "/"
    rows = (row for row in ctx.visible(ctx.directory.instance_profiles) if row.path.startswith(prefix))
    shown, members = page(request, rows, lambda row: row.name)
    return Answer({"InstanceProfiles": [_render(ctx, row) for row in shown]} | members)


def list_instance_profiles_for_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    rows = (row for row in ctx.visible(ctx.directory.instance_profiles) if row.role_arn == role.id)
    shown, members = page(request, rows, lambda row: row.name)
    return Answer({"InstanceProfiles": [_render(ctx, row) for row in shown]} | members)


def add_role_to_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, LimitExceeded: a profile holds one role."""
    profile = _named(ctx, request["InstanceProfileName"])
    role = role_named(ctx, request["RoleName"])
    if profile.role_arn is not None:
        raise limit_exceeded("InstanceSessionsPerInstanceProfile", 1)
    return Answer({}, put(replace(profile, role_arn=role.id)))


def remove_role_from_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    profile = _named(ctx, request["InstanceProfileName"])
    role = role_named(ctx, request["RoleName"])
    if profile.role_arn != role.id:
        raise no_such_entity(f"Role with name {role.name} is not in instance profile {profile.name}.")
    return Answer({}, put(replace(profile, role_arn=None)))


def tag_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput, LimitExceeded."""
    profile = _named(ctx, request["InstanceProfileName"])
    return Answer({}, put(replace(profile, tags=checked_tags(request["Tags"], profile.tags))))


def untag_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    profile = _named(ctx, request["InstanceProfileName"])
    tags = {key: value for key, value in profile.tags.items() if key not in request["TagKeys"]}
    return Answer({}, put(replace(profile, tags=tags)))


def list_instance_profile_tags(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    profile = _named(ctx, request["InstanceProfileName"])
    shown, members = page(request, render_tags(dict(sorted(profile.tags.items()))), lambda tag: str(tag["Key"]))
    return Answer({"Tags": shown} | members)


def _named(ctx: Context, name: str) -> InstanceProfile:
    profile = ctx.directory.instance_profile_named(ctx.account, name)
    if profile is None:
        raise no_such_entity(f"Instance Profile {name} cannot be found.")
    return profile


def _render(ctx: Context, profile: InstanceProfile) -> Response:
    role = ctx.directory.roles.get(profile.role_arn) if profile.role_arn else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.id,
        "CreateDate": profile.created_at,
        "Roles": [render_role(role, with_tags=False)] if role else [],
        "Tags": render_tags(profile.tags),
    }
