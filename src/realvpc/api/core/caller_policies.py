"""What the caller's policies are, where they are evaluated (decision 0062)."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from realvpc.iam.decision import ALLOWING_ALL, Policies, PolicySource, Source
from realvpc.iam.holder_policies import managed, policies_of
from realvpc.iam.role import Role
from realvpc.iam.user import User

from .context import Context

_NOTHING = Policies(identity=())
_OWNERS = Policies(identity=(ALLOWING_ALL,))


def policies_of_caller(ctx: Context) -> Policies | None:
    """None where they are not asked: of accounts themselves and of the operator's users, who own the accounts as the
    root user does on AWS, and of everybody where the service does not evaluate policies."""
    caller = ctx.caller
    if not ctx.options.policies or caller.is_root:
        return None
    key = ctx.directory.access_keys.get(caller.access_key_id)
    if key is not None and key.of_operator:
        return None
    holder = holder_of_caller(ctx)
    session = caller.session.policies if caller.session else None
    is_owner = isinstance(holder, User) and holder.of_operator
    is_owner = is_owner or (caller.session is not None and caller.session.holder == caller.account)
    if session is None:
        return None if is_owner else _policies_of(ctx, holder)
    policies = _OWNERS if is_owner else _policies_of(ctx, holder)
    return replace(policies, session=tuple(_of_session(ctx, session)))


def holder_of_caller(ctx: Context) -> Role | User | None:
    """Whose policies they are: a user's, or those of a session's role."""
    name = ctx.caller.session.holder if ctx.caller.session else ctx.caller.user_id
    return ctx.directory.users.get(name) or ctx.directory.roles.get(name)


def _policies_of(ctx: Context, holder: Role | User | None) -> Policies:
    return policies_of(ctx.directory, holder) if holder else _NOTHING


def _of_session(ctx: Context, policies: tuple[str, ...]) -> Iterator[PolicySource]:
    for each in policies:
        yield managed(ctx.directory, each) if each.startswith("arn:") else PolicySource("", Source.NONE, each)
