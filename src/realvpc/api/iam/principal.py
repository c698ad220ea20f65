"""Principals that a role's trust policy may name (IAM guide, "AWS JSON policy elements: Principal")."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..core.context import Context

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ARN = re.compile(r"arn:aws:(iam|sts)::([0-9]{12}):(.+)", re.ASCII)
_SESSION = re.compile(r"assumed-role/([\w+=,.@-]+)/[\w+=,.@-]{2,64}", re.ASCII)
_FEDERATED = re.compile(r"federated-user/[\w+=,.@-]{2,32}", re.ASCII)


def known_principals(ctx: Context) -> Callable[[str], bool]:
    """Whether there is such a principal: everybody, an account, its root, a user, a role, or a session of one.

    An account id is taken as it is.
    """
    return lambda text: _exists(ctx, text)


def _exists(ctx: Context, text: str) -> bool:
    if text in ("*", ctx.caller.arn) or _ACCOUNT.fullmatch(text) or ctx.directory.user_with_arn(text):
        return True
    arn = _ARN.fullmatch(text)
    if arn is None:
        return False
    service, account, name = arn.groups()
    if service == "sts":
        session = _SESSION.fullmatch(name)
        if session is not None:
            return ctx.directory.role_named(account, session[1]) is not None
        return _FEDERATED.fullmatch(name) is not None and _is_account(ctx, account)
    if name == "root":
        return _is_account(ctx, account)
    return ctx.directory.roles.get(text) is not None


def _is_account(ctx: Context, account: str) -> bool:
    """Where everybody's credentials are believed and callers are root, every account is one."""
    return account in ctx.directory.accounts or ctx.caller.is_root
