"""Users, as far as the keys of an account know them (IAM API Reference)."""

from __future__ import annotations

from ..core.context import Answer, Context, Request
from .common import no_such_entity


def get_user(ctx: Context, request: Request) -> Answer:
    """The user with this name, or the caller, who may be the account itself.  Raises NoSuchEntity."""
    if not request.get("UserName") and ctx.caller.is_root:
        return Answer({"User": {"UserId": ctx.account, "Arn": ctx.caller.arn}})
    name = request.get("UserName") or ctx.caller.arn.rpartition("/")[2]
    key = next((key for key in ctx.visible(ctx.directory.access_keys) if key.user_name == name), None)
    if key is None:
        raise no_such_entity(f"The user with name {name} cannot be found.")
    return Answer(
        {
            "User": {
                "Path": "/",
                "UserName": key.user_name,
                "UserId": key.user_id,
                "Arn": key.arn,
                "CreateDate": key.created_at,
            }
        }
    )


def list_account_aliases(ctx: Context, request: Request) -> Answer:
    """An account has a number and no alias."""
    return Answer({"AccountAliases": [], "IsTruncated": False})
