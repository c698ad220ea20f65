"""Login profiles: that a user has a password, which nobody keeps, for there is no console (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.iam.user import LoginProfile, User
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.parameters import refuse
from .common import entity_already_exists, no_such_entity
from .password_policy import check_password
from .user import user_asked_for

_NOT_HERE = ("MaxSigninSessionDuration", "ResetMaxSigninSessionDuration")


def create_login_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, EntityAlreadyExists, PasswordPolicyViolation, ValidationError, UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    user = _user(ctx, request)
    if user.login_profile is not None:
        raise entity_already_exists(f"Login Profile for user {user.name} already exists.")
    check_password(ctx, request.get("Password") or "")
    profile = LoginProfile(created_at=ctx.now, must_change=bool(request.get("PasswordResetRequired")))
    return Answer({"LoginProfile": _render(user, profile)}, put(replace(user, login_profile=profile)))


def get_login_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, ValidationError."""
    user = _user(ctx, request)
    return Answer({"LoginProfile": _render(user, _profile(user))})


def update_login_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, PasswordPolicyViolation, UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    user = _user(ctx, request)
    profile = _profile(user)
    if request.get("Password"):
        check_password(ctx, request["Password"])
    wanted = request.get("PasswordResetRequired")
    changed = replace(profile, must_change=profile.must_change if wanted is None else wanted)
    return Answer({}, put(replace(user, login_profile=changed)))


def delete_login_profile(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, ValidationError."""
    user = _user(ctx, request)
    _profile(user)
    return Answer({}, put(replace(user, login_profile=None)))


def _user(ctx: Context, request: Request) -> User:
    user = user_asked_for(ctx, request)
    if user is None:
        raise no_such_entity(f"Login Profile for User {ctx.account} cannot be found.")
    return user


def _profile(user: User) -> LoginProfile:
    if user.login_profile is None:
        raise no_such_entity(f"Login Profile for User {user.name} cannot be found.")
    return user.login_profile


def _render(user: User, profile: LoginProfile) -> Response:
    return {"UserName": user.name, "CreateDate": profile.created_at, "PasswordResetRequired": profile.must_change}
