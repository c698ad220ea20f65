"""Groups and who is in them (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.iam.user import Group
from realvpc.net.quotas import GROUPS_PER_USER, IAM_GROUPS
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from .common import (
    check_deletable,
    check_free,
    check_quota,
    new_entity_id,
    no_such_entity,
    page,
    policies_on,
    renamed,
)
from .user import render_user, user_named


def create_group(ctx: Context, request: Request) -> Answer:
    """Raises EntityAlreadyExists, LimitExceeded."""
    name = request["GroupName"]
    check_free(ctx, Group, name)
    check_quota(ctx, IAM_GROUPS, "GroupsPerAccount", ctx.count(ctx.directory.groups))
    group = Group(
        id=new_entity_id(ctx, "AGPA"),
        account=ctx.account,
        name=name,
        path=request.get("Path") or "/",
        created_at=ctx.now,
    )
    return Answer({"Group": render_group(group)}, put(group))


def get_group(ctx: Context, request: Request) -> Answer:
    """With its members, a page at a time.  Raises NoSuchEntity, ValidationError."""
    group = group_named(ctx, request["GroupName"])
    shown, members = page(ctx, request, ctx.directory.members_of(group.id), lambda user: user.name)
    return Answer({"Group": render_group(group), "Users": [render_user(user) for user in shown]} | members)


def list_groups(ctx: Context, request: Request) -> Answer:
    """By name, under PathPrefix.  Raises ValidationError."""
    prefix = request.get("PathPrefix") or "/"
    rows = (group for group in ctx.visible(ctx.directory.groups) if group.path.startswith(prefix))
    shown, members = page(ctx, request, rows, lambda group: group.name)
    return Answer({"Groups": [render_group(group) for group in shown]} | members)


def list_groups_for_user(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, ValidationError."""
    user = user_named(ctx, request["UserName"])
    groups = (ctx.directory.groups[group_id] for group_id in user.group_ids)
    shown, members = page(ctx, request, groups, lambda group: group.name)
    return Answer({"Groups": [render_group(group) for group in shown]} | members)


def update_group(ctx: Context, request: Request) -> Answer:
    """Another name, another path, or both.  Raises NoSuchEntity, EntityAlreadyExists."""
    group = group_named(ctx, request["GroupName"])
    return Answer({}, put(renamed(ctx, group, request.get("NewGroupName"), request.get("NewPath"))))


def delete_group(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, and DeleteConflict while it has members or policies."""
    group = group_named(ctx, request["GroupName"])
    check_deletable({"remove users from group": ctx.directory.members_of(group.id)} | policies_on(group))
    return Answer({}, delete(group))


def add_user_to_group(ctx: Context, request: Request) -> Answer:
    """Adding a member again is no error.  Raises NoSuchEntity, LimitExceeded."""
    group, user = group_named(ctx, request["GroupName"]), user_named(ctx, request["UserName"])
    if group.id in user.group_ids:
        return Answer()
    check_quota(ctx, GROUPS_PER_USER, "GroupsPerUser", len(user.group_ids))
    return Answer({}, put(replace(user, group_ids=(*user.group_ids, group.id))))


def remove_user_from_group(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, also for a user who is not in it."""
    group, user = group_named(ctx, request["GroupName"]), user_named(ctx, request["UserName"])
    if group.id not in user.group_ids:
        raise no_such_entity(f"The user with name {user.name} is not in the group {group.name}.")
    return Answer({}, put(replace(user, group_ids=tuple(each for each in user.group_ids if each != group.id))))


def group_named(ctx: Context, name: str) -> Group:
    """Raises NoSuchEntity."""
    group = ctx.directory.group_named(ctx.account, name)
    if group is None:
        raise no_such_entity(f"The group with name {name} cannot be found.")
    return group


def render_group(group: Group) -> Response:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created_at,
    }
