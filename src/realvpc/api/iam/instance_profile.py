"""Instance profiles: the way in which a role comes to an instance (IAM API Reference)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from realvpc.iam.role import InstanceProfile
from realvpc.net.quotas import INSTANCE_PROFILES
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.tags import render_tags
from .common import (
    check_deletable,
    check_quota,
    checked_tags,
    entity_already_exists,
    limit_exceeded,
    new_entity_id,
    no_such_entity,
    page,
)
from .role import own_role, render_role, role_named
from .tag import listing_tags, tagging, untagging


def create_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises EntityAlreadyExists, InvalidInput, LimitExceeded."""
    name, path = request["InstanceProfileName"], request.get("Path") or "/"
    if ctx.directory.namesake(InstanceProfile, ctx.account, name):
        raise entity_already_exists(f"Instance Profile {name} already exists.")
    check_quota(ctx, INSTANCE_PROFILES, "InstanceProfilesPerAccount", ctx.count(ctx.directory.instance_profiles))
    profile = InstanceProfile(
        id=f"arn:aws:iam::{ctx.account}:instance-profile{path}{name}",
        account=ctx.account,
        tags=checked_tags(request.get("Tags")),
        name=name,
        path=path,
        profile_id=new_entity_id(ctx, "AIPA"),
        created_at=ctx.now,
    )
    return Answer({"InstanceProfile": render_profile(ctx, profile)}, put(profile))


def get_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({"InstanceProfile": render_profile(ctx, _named(ctx, request["InstanceProfileName"]))})


def delete_instance_profile(ctx: Context, request: Request) -> Answer:
    """Instances that use it keep the name.  Raises NoSuchEntity, DeleteConflict while it holds a role."""
    profile = _named(ctx, request["InstanceProfileName"])
    check_deletable({"remove roles from instance profile": profile.role_arn})
    return Answer({}, delete(profile))


def list_instance_profiles(ctx: Context, request: Request) -> Answer:
    """By name, under PathPrefix."""
    prefix = request.get("PathPrefix") or "/"
    rows = (row for row in ctx.visible(ctx.directory.instance_profiles) if row.path.startswith(prefix))
    shown, members = page(ctx, request, rows, lambda row: row.name, _characters(ctx))
    return Answer({"InstanceProfiles": [render_profile(ctx, row) for row in shown]} | members)


def list_instance_profiles_for_role(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    shown, members = page(ctx, request, ctx.directory.profiles_of(role.id), lambda row: row.name, _characters(ctx))
    return Answer({"InstanceProfiles": [render_profile(ctx, row) for row in shown]} | members)


def _characters(ctx: Context) -> Callable[[InstanceProfile], int]:
    """How many the trust policy of a profile's role has."""

    def characters(profile: InstanceProfile) -> int:
        role = ctx.directory.roles.get(profile.role_arn or "")
        return len(role.trust_policy) if role else 0

    return characters


def add_role_to_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, UnmodifiableEntity, and LimitExceeded: a profile holds one role."""
    profile = _named(ctx, request["InstanceProfileName"])
    role = own_role(ctx, request["RoleName"])
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


def _named(ctx: Context, name: str) -> InstanceProfile:
    profile = ctx.directory.instance_profile_named(ctx.account, name)
    if profile is None:
        raise no_such_entity(f"Instance Profile {name} cannot be found.")
    return profile


def _of(ctx: Context, request: Request) -> InstanceProfile:
    return _named(ctx, request["InstanceProfileName"])


tag_instance_profile, untag_instance_profile = tagging(_of), untagging(_of)
list_instance_profile_tags = listing_tags(_of)


def render_profile(ctx: Context, profile: InstanceProfile, *, with_trust_policy: bool = True) -> Response:
    role = ctx.directory.roles.get(profile.role_arn) if profile.role_arn else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.id,
        "CreateDate": profile.created_at,
        "Roles": [render_role(ctx, role, with_tags=False, with_trust_policy=with_trust_policy)] if role else [],
        "Tags": render_tags(profile.tags),
    }
