"""Access keys of users: they sign requests here, until they are deactivated or deleted (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.iam.account import AccessKey
from realvpc.iam.secrets import new_key_id, new_secret
from realvpc.iam.user import User
from realvpc.net.quotas import ACCESS_KEYS_PER_USER
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request
from ..core.effort import MAKING
from ..core.errors import unsupported_operation
from .common import check_quota, invalid_input, no_such_entity, page
from .user import user_asked_for

_NEVER = {"ServiceName": "N/A", "Region": "N/A"}


def create_access_key(ctx: Context, request: Request) -> Answer:
    """The only answer that ever shows the secret.  Raises NoSuchEntity, LimitExceeded, ValidationError,
    UnsupportedOperation for the account itself."""
    user = _user(ctx, request)
    check_quota(ctx, ACCESS_KEYS_PER_USER, "AccessKeysPerUser", len(ctx.directory.keys_of(user.id)))
    ctx.effort.spend(MAKING)
    key = AccessKey(
        id=new_key_id(ctx.random),
        account=ctx.account,
        secret=new_secret(ctx.random),
        user_id=user.id,
        created_at=ctx.now,
    )
    shown = {
        "UserName": user.name,
        "AccessKeyId": key.id,
        "Status": "Active",
        "SecretAccessKey": key.secret,
        "CreateDate": key.created_at,
    }
    return Answer({"AccessKey": shown}, put(key))


def list_access_keys(ctx: Context, request: Request) -> Answer:
    """Of the user with this name, or the caller's.  Raises NoSuchEntity, ValidationError."""
    user = user_asked_for(ctx, request)
    keys = ctx.directory.keys_of(user.id) if user else []
    shown, members = page(ctx, request, keys, lambda key: key.id)
    rows = [
        {
            "UserName": user.name if user else None,
            "AccessKeyId": key.id,
            "Status": "Active" if key.is_active else "Inactive",
            "CreateDate": key.created_at,
        }
        for key in shown
    ]
    return Answer({"AccessKeyMetadata": rows} | members)


def update_access_key(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput, ValidationError."""
    key, status = _named(ctx, request), request["Status"]
    if status not in ("Active", "Inactive"):
        raise invalid_input(f"The status {status} cannot be set.")
    return Answer({}, put(replace(key, is_active=status == "Active")))


def delete_access_key(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, ValidationError."""
    return Answer({}, delete(_named(ctx, request)))


def get_access_key_last_used(ctx: Context, request: Request) -> Answer:
    """As of the last minute or so, like AWS's own.  Raises NoSuchEntity."""
    key = ctx.directory.access_keys.get(request["AccessKeyId"])
    if key is None or not ctx.sees(key):
        raise _unknown(request)
    use = key.last_use
    shown = {"LastUsedDate": use.at, "ServiceName": use.service, "Region": use.region} if use else _NEVER
    return Answer({"UserName": ctx.directory.users[key.user_id].name, "AccessKeyLastUsed": shown})


def _user(ctx: Context, request: Request) -> User:
    user = user_asked_for(ctx, request)
    if user is None:
        raise unsupported_operation("An account itself has no access keys here: name a user.")
    return user


def _named(ctx: Context, request: Request) -> AccessKey:
    """The key of the user that a request names, or of the caller."""
    user = user_asked_for(ctx, request)
    key = ctx.directory.access_keys.get(request["AccessKeyId"])
    if key is None or user is None or key.user_id != user.id:
        raise _unknown(request)
    return key


def _unknown(request: Request) -> Exception:
    return no_such_entity(f"The Access Key with id {request['AccessKeyId']} cannot be found.")
