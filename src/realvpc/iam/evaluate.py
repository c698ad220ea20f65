"""The authorisation seam: whether a principal may perform an action on the resources that it concerns.

Every call is asked here, once, before anything of it is performed.  What is another account's no identity can allow;
only ``sts:AssumeRole`` has a policy on the other side, the role's trust policy.  To what is its account's own a
principal may do what its policies allow; one that comes without policies, everything (decision 0062).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from .condition import Circumstances, circumstances
from .decision import Decision, Layer, Policies, decide, matches
from .statement import Statement

EVERYTHING = "*"
"""The resource of actions that concern none in particular."""

_RESOURCE_DECIDES = frozenset({"sts:AssumeRole"})
_NEED_NO_PERMISSION = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
OF_INSTANCES = frozenset(
    {
        *("aws:ec2instancesourcevpc", "aws:ec2instancesourceprivateipv4"),
        *("ec2:roledelivery", "ec2:sourceinstancearn"),
    }
)
"""Keys, in small letters, that calls to every service have with the credentials that an instance got of its metadata,
and no others have (IAM guide, "AWS global condition context keys", properties of a role session)."""

_ABSENT = frozenset(
    {
        *OF_INSTANCES,
        *("aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip", "aws:username"),
        *("aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths"),
        *("aws:principaltag/", "aws:requesttag/", "aws:tagkeys", "sts:externalid"),
        # Of temporary credentials, and of those that were had with MFA, with an identity or from elsewhere.
        *("aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime"),
        *("aws:sourceidentity", "sts:sourceidentity", "sts:transitivetagkeys", "aws:federatedprovider"),
        # Of calls by a service, or in a principal's name.
        *("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"),
        *("aws:principalservicename", "aws:principalservicenameslist"),
        *("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"),
    }
)
"""Keys that a call has not got when it comes without a value for them."""

_NOBODYS = frozenset({"", "aws"})  # the account in an ARN: of what has no account in it, and of AWS's own


class Principal(Struct, frozen=True):
    """Who acts.  ``account`` has twelve digits, ``arn`` is a user's or an assumed role's.  Without ``policies`` it is
    not asked for them."""

    account: str
    arn: str
    user_id: str
    policies: Policies | None = None


class Allowed(Struct, frozen=True):
    """It may."""


class Refused(Struct, frozen=True):
    """It may not; ``sentence`` says why, as IAM words it.  ``resource`` decided it, and where something is denied,
    ``denying`` are the statements that say so."""

    sentence: str
    resource: str = EVERYTHING
    denying: tuple[Statement, ...] = ()


Verdict: TypeAlias = Allowed | Refused

Conditions: TypeAlias = Mapping[str, str | Sequence[str] | None]
"""The values of condition keys, by their names: see ``condition.circumstances``."""

Evaluate: TypeAlias = Callable[[Principal, str, Sequence[str], Conditions], Verdict]
"""``evaluate`` or another of its kind."""


def evaluate(principal: Principal, action: str, resources: Sequence[str], conditions: Conditions) -> Verdict:
    """``action`` is as policies write it (``ec2:CreateRoute``), ``resources`` are ARNs or ``*``, ``conditions`` the
    values of the condition keys that the request has."""
    is_decided_there = action in _RESOURCE_DECIDES
    foreign = (arn for arn in resources if account_in(arn) not in (principal.account, *_NOBODYS))
    arn = None if is_decided_there else next(foreign, None)
    if arn is not None:
        return refused(principal, action, arn)
    if principal.policies is None or action in _NEED_NO_PERMISSION:
        return Allowed()
    given = circumstances_of(conditions)
    outcome = decide(principal.policies, action, resources, given)
    if outcome.decision is Decision.EXPLICIT_DENY:
        sources = principal.policies.layers[outcome.layer]
        denying = matches(sources, action, outcome.resource, given, denies=True)
        why = f"with an explicit deny in {_an(outcome.layer)}"
        return refused(principal, action, outcome.resource, why, tuple(each.statement for each in denying))
    if outcome.decision is Decision.IMPLICIT_DENY and not is_decided_there:
        return refused(principal, action, outcome.resource, f"because no {outcome.layer} allows the {action} action")
    return Allowed()


def circumstances_of(conditions: Conditions) -> Circumstances:
    """Of a call with these values."""
    return circumstances(conditions, _ABSENT)


def allows(policies: Policies | None, action: str, resource: str, conditions: Conditions) -> bool:
    """Whether identity policies allow what is decided elsewhere, too."""
    if policies is None:
        return True
    return decide(policies, action, (resource,), circumstances_of(conditions)).decision is Decision.ALLOWED


def refused(
    principal: Principal,
    action: str,
    resource: str = EVERYTHING,
    why: str = "",
    denying: tuple[Statement, ...] = (),
) -> Refused:
    """The refusal of what nothing allows, or of what ``why`` says (IAM guide, "Troubleshoot access denied error
    messages")."""
    place = "" if resource == EVERYTHING else f" on resource: {resource}"
    return Refused(
        f"User: {principal.arn} is not authorized to perform: {action}{place} "
        f"{why or f'because no identity-based policy allows the {action} action'}",
        resource,
        denying,
    )


def _an(layer: Layer) -> str:
    return f"{'an' if layer[0] in 'aeiou' else 'a'} {layer}"


def account_in(arn: str) -> str:
    """The account in an ARN: empty where there is none in it, and for what is no ARN."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
