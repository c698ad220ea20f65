"""The account's alias (IAM guide, "Use an alias for your AWS account ID")."""

from __future__ import annotations

import re

from realvpc.iam.account_settings import AccountAlias
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request
from .common import entity_already_exists, no_such_entity, page, validation_error

_ACCOUNT = re.compile("[0-9]{12}", re.ASCII)


def create_account_alias(ctx: Context, request: Request) -> Answer:
    """An account has one: a new one takes the old one's place.  Raises EntityAlreadyExists, ValidationError."""
    name = request["AccountAlias"]
    if _ACCOUNT.fullmatch(name):
        raise validation_error("The account alias must not be an account ID.")
    aliases = ctx.state.table(AccountAlias)
    if name in aliases:
        raise entity_already_exists(f"The account alias {name} already exists.")
    new, old = AccountAlias(id=name, account=ctx.account), list(ctx.visible(aliases))
    return Answer({}, put(new) + delete(*old))


def delete_account_alias(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    alias = ctx.state.table(AccountAlias).get(request["AccountAlias"])
    if alias is None or not ctx.sees(alias):
        raise no_such_entity(f"The account alias {request['AccountAlias']} cannot be found.")
    return Answer({}, delete(alias))


def list_account_aliases(ctx: Context, request: Request) -> Answer:
    """One, or none.  Raises ValidationError."""
    shown, members = page(ctx, request, (row.id for row in ctx.visible(ctx.state.table(AccountAlias))), str)
    return Answer({"AccountAliases": shown} | members)
