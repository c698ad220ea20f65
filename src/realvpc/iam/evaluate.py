"""The authorisation seam: whether a principal may perform an action on the resources that it concerns.

Every call is asked here, once, before anything of it is performed.  There are no identity policies yet: a principal of
an account, be it a user or a role's session, may do everything to what is the account's own.  What is another
account's no identity can allow; only ``sts:AssumeRole`` has a policy on the other side, the role's trust policy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

EVERYTHING = "*"
"""The resource of actions that concern none in particular."""

_RESOURCE_DECIDES = frozenset({"sts:AssumeRole"})
_NOBODYS = frozenset({"", "aws"})  # the account in an ARN: of what has no account in it, and of AWS's own


class Principal(Struct, frozen=True):
    """Who acts.  ``account`` has twelve digits, ``arn`` is a user's or an assumed role's."""

    account: str
    arn: str
    user_id: str


class Allowed(Struct, frozen=True):
    """It may."""


class Refused(Struct, frozen=True):
    """It may not; ``sentence`` says why, as IAM words it."""

    sentence: str


Verdict: TypeAlias = Allowed | Refused

Evaluate: TypeAlias = Callable[[Principal, str, Sequence[str], Mapping[str, str]], Verdict]
"""``evaluate`` or another of its kind."""


def evaluate(principal: Principal, action: str, resources: Sequence[str], conditions: Mapping[str, str]) -> Verdict:
    """``action`` is as policies write it (``ec2:CreateRoute``), ``resources`` are ARNs or ``*``, ``conditions`` the
    values of the condition keys that every request has."""
    if action in _RESOURCE_DECIDES:
        return Allowed()
    foreign = (arn for arn in resources if _account_of(arn) not in (principal.account, *_NOBODYS))
    arn = next(foreign, None)
    return Allowed() if arn is None else refused(principal, action, arn)


def refused(principal: Principal, action: str, resource: str = EVERYTHING, why: str = "") -> Refused:
    """The refusal of what nothing allows, or of what ``why`` says (IAM guide, "Troubleshoot access denied error
    messages")."""
    place = "" if resource == EVERYTHING else f" on resource: {resource}"
    return Refused(
        f"User: {principal.arn} is not authorized to perform: {action}{place} "
        f"{why or f'because no identity-based policy allows the {action} action'}"
    )


def _account_of(arn: str) -> str:
    """Empty for what is no ARN."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
