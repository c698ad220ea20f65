"""The account's password policy (IAM guide, "Set an account password policy for IAM users")."""

from __future__ import annotations

from collections.abc import Callable

from realvpc.iam.account_settings import PasswordPolicy
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from .common import no_such_entity

_SYMBOLS = frozenset("!@#$%^&*()_+-=[]{}|'")
_DEFAULT_LENGTH = 8
_KINDS_BY_DEFAULT = 3


def get_account_password_policy(ctx: Context, request: Request) -> Answer:
    """An account has none until it makes one.  Raises NoSuchEntity."""
    return Answer({"PasswordPolicy": _render(_own(ctx))})


def update_account_password_policy(ctx: Context, request: Request) -> Answer:
    """What the request does not say becomes what it is by default."""
    wanted = {field: request[member] for member, field in _FIELDS.items() if request.get(member) is not None}
    return Answer({}, put(PasswordPolicy(id=ctx.account, account=ctx.account, **wanted)))


def delete_account_password_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    policy = ctx.state.table(PasswordPolicy).get(ctx.account)
    if policy is None:
        raise no_such_entity("The account policy with name PasswordPolicy cannot be found.")
    return Answer({}, delete(policy))


def check_password(ctx: Context, password: str) -> None:
    """By the account's policy, or by IAM's own where it has none.  Raises PasswordPolicyViolation."""
    policy = ctx.state.table(PasswordPolicy).get(ctx.account)
    has = {name: any(map(test, password)) for name, test in _KINDS.items()}
    if policy is None:
        holds = len(password) >= _DEFAULT_LENGTH and sum(has.values()) >= _KINDS_BY_DEFAULT
    else:
        wanted = {
            "symbols": policy.require_symbols,
            "numbers": policy.require_numbers,
            "uppercase": policy.require_uppercase,
            "lowercase": policy.require_lowercase,
        }
        holds = len(password) >= policy.minimum_length and all(has[name] for name, needed in wanted.items() if needed)
    if not holds:
        raise AwsError("PasswordPolicyViolation", "Password does not conform to the account password policy.")


_KINDS: dict[str, Callable[[str], bool]] = {
    "symbols": _SYMBOLS.__contains__,
    "numbers": str.isdecimal,
    "uppercase": str.isupper,
    "lowercase": str.islower,
}
_FIELDS = {
    "AllowUsersToChangePassword": "may_change",
    "HardExpiry": "hard_expiry",
    "MaxPasswordAge": "maximum_age",
    "MinimumPasswordLength": "minimum_length",
    "PasswordReusePrevention": "reuse_prevention",
    "RequireLowercaseCharacters": "require_lowercase",
    "RequireNumbers": "require_numbers",
    "RequireSymbols": "require_symbols",
    "RequireUppercaseCharacters": "require_uppercase",
}


def _own(ctx: Context) -> PasswordPolicy:
    policy = ctx.state.table(PasswordPolicy).get(ctx.account)
    if policy is None:
        raise no_such_entity(f"The Password Policy with domain name {ctx.account} cannot be found.")
    return policy


def _render(policy: PasswordPolicy) -> Response:
    shown = {member: getattr(policy, field) for member, field in _FIELDS.items()}
    return shown | {"ExpirePasswords": bool(policy.maximum_age)}
