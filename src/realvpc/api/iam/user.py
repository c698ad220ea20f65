"""Users: create, read, rename, tag, delete (IAM API Reference)."""

from __future__ import annotations

from realvpc.iam.user import User
from realvpc.net.quotas import IAM_USERS
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.tags import render_tags
from .common import (
    check_deletable,
    check_free,
    check_quota,
    checked_tags,
    new_entity_id,
    no_such_entity,
    page,
    policies_on,
    renamed,
    validation_error,
)
from .policy_lookup import boundary_asked_for, render_boundary
from .tag import listing_tags, tagging, untagging


def create_user(ctx: Context, request: Request) -> Answer:
    """Raises EntityAlreadyExists, NoSuchEntity (the boundary), InvalidInput, LimitExceeded."""
    name = request["UserName"]
    boundary = boundary_asked_for(ctx, request)
    check_free(ctx, User, name)
    check_quota(ctx, IAM_USERS, "UsersPerAccount", ctx.count(ctx.directory.users))
    user = User(
        id=new_entity_id(ctx, "AIDA"),
        account=ctx.account,
        tags=checked_tags(request.get("Tags")),
        name=name,
        path=request.get("Path") or "/",
        created_at=ctx.now,
        permissions_boundary_arn=boundary,
    )
    return Answer({"User": _detailed(user)}, put(user))


def get_user(ctx: Context, request: Request) -> Answer:
    """The user with this name, or the caller, who may be the account itself.  Raises NoSuchEntity, ValidationError."""
    user = user_asked_for(ctx, request)
    if user is None:
        return Answer({"User": {"UserId": ctx.account, "Arn": ctx.caller.arn}})
    return Answer({"User": _detailed(user)})


def list_users(ctx: Context, request: Request) -> Answer:
    """By name, under PathPrefix; without tags and boundaries, as IAM lists them.  Raises ValidationError."""
    prefix = request.get("PathPrefix") or "/"
    rows = (user for user in ctx.visible(ctx.directory.users) if user.path.startswith(prefix))
    shown, members = page(ctx, request, rows, lambda user: user.name)
    return Answer({"Users": [render_user(user) for user in shown]} | members)


def update_user(ctx: Context, request: Request) -> Answer:
    """Another name, another path, or both.  Raises NoSuchEntity, EntityAlreadyExists."""
    user = user_named(ctx, request["UserName"])
    return Answer({}, put(renamed(ctx, user, request.get("NewUserName"), request.get("NewPath"))))


def delete_user(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, and DeleteConflict while anything hangs on the user."""
    user = user_named(ctx, request["UserName"])
    check_deletable(
        policies_on(user)
        | {
            "delete access keys": ctx.directory.keys_of(user.id),
            "remove users from group": user.group_ids,
            "delete login profile": user.login_profile,
            "delete SSH public keys": ctx.directory.ssh_keys_of(user.id),
            "delete signing certificates": ctx.directory.signing_certificates_of(user.id),
        }
    )
    return Answer({}, delete(user))


def user_named(ctx: Context, name: str) -> User:
    """Raises NoSuchEntity."""
    user = ctx.directory.user_named(ctx.account, name)
    if user is None:
        raise no_such_entity(f"The user with name {name} cannot be found.")
    return user


def user_asked_for(ctx: Context, request: Request) -> User | None:
    """The one that a request names, or the caller; None for the account itself, which may ask for its own.

    Raises NoSuchEntity for a name that no user has, ValidationError for callers that are no user and give none.
    """
    name: str | None = request.get("UserName")
    if name is not None:
        return user_named(ctx, name)
    if ctx.caller.is_root:
        return None
    caller = ctx.directory.users.get(ctx.caller.user_id)
    if caller is None:
        raise validation_error("Must specify userName when calling with non-User credentials")
    return caller


def _of(ctx: Context, request: Request) -> User:
    return user_named(ctx, request["UserName"])


tag_user, untag_user, list_user_tags = tagging(_of), untagging(_of), listing_tags(_of)


def render_user(user: User) -> Response:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created_at,
    }


def _detailed(user: User) -> Response:
    tags = {"Tags": render_tags(user.tags)} if user.tags else {}
    return render_user(user) | render_boundary(user) | tags
