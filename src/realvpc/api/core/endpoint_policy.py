"""What the policy of an interface endpoint says of a call that came through it (PrivateLink guide, "Control access to
VPC endpoints using endpoint policies"; IAM guide, "IAM JSON policy elements").

It is asked beside what the caller's identity may, and allows nothing by itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from realvpc.iam.evaluate import Principal
from realvpc.iam.policy_document import statements_of

from .effort import COMPARING
from .glob import read_globs

_CHARACTERS_OF_A_STEP = 200


class Said(Enum):
    """What it comes to; the value is how IAM says why a call may not."""

    ALLOWED = ""
    NOT_ALLOWED = "because no VPC endpoint policy allows the {action} action"
    DENIED = "with an explicit deny in a VPC endpoint policy"


def said_of(
    document: str, principal: Principal, action: str, resources: Sequence[str], conditions: Mapping[str, str]
) -> tuple[Said, str]:
    """And the resource that decides, the first one where all are allowed.

    A condition that is not understood holds where it denies, and holds not where it allows.
    """
    concerned = [
        each
        for each in statements_of(document)
        if _is_for(each, principal) and _has_action(each, action.lower()) and _holds(each, conditions)
    ]
    is_denied, is_allowed = (
        _naming([each for each in concerned if each["Effect"] == effect]) for effect in ("Deny", "Allow")
    )
    worst = Said.ALLOWED, resources[0]
    for resource in resources:
        if is_denied(resource):
            return Said.DENIED, resource
        if worst[0] is Said.ALLOWED and not is_allowed(resource):
            worst = Said.NOT_ALLOWED, resource
    return worst


def steps_of(document: str, resources: Sequence[str]) -> int:
    """What asking it costs, at most: see ``effort``."""
    return COMPARING * len(resources) * (1 + len(document) // _CHARACTERS_OF_A_STEP)


def _holds(statement: dict[str, Any], conditions: Mapping[str, str]) -> bool:
    return _hold(statement.get("Condition", {}), conditions, unknown=statement["Effect"] == "Deny")


def _has_action(statement: dict[str, Any], action: str) -> bool:
    """Whether a pattern names it, or none does that excludes.  Actions are the same in any case."""
    is_opposite = "Action" not in statement
    patterns = _listed(statement["NotAction" if is_opposite else "Action"])
    return _like(action, [each.lower() for each in patterns]) != is_opposite


def _naming(statements: Iterable[dict[str, Any]]) -> Callable[[str], bool]:
    """Whether one of the statements is about a resource: all their patterns together, for a policy may have thousands,
    and a call concern as many resources."""
    given = [each for each in statements if "Resource" in each]
    named = read_globs(tuple(pattern for each in given for pattern in _listed(each["Resource"])))
    others = [read_globs(tuple(_listed(each["NotResource"]))) for each in statements if "NotResource" in each]
    return lambda resource: named.matches(resource) or any(not each.matches(resource) for each in others)


def _is_for(statement: dict[str, Any], principal: Principal) -> bool:
    is_opposite = "Principal" not in statement
    named = statement["NotPrincipal" if is_opposite else "Principal"]
    names = _listed(named) if not isinstance(named, dict) else _listed(named.get("AWS", []))
    return any(_names(name, principal) for name in names) != is_opposite


def _names(name: str, principal: Principal) -> bool:
    """An account stands for all who are in it, a role for its sessions."""
    account = principal.account
    if name in ("*", account, f"arn:aws:iam::{account}:root", principal.arn):
        return True
    kind, _, rest = principal.arn.rpartition(":")[2].partition("/")
    role = rest.partition("/")[0]
    return (
        kind == "assumed-role" and name.startswith(f"arn:aws:iam::{account}:role/") and name.rpartition("/")[2] == role
    )


def _hold(condition: dict[str, dict[str, Any]], given: Mapping[str, str], *, unknown: bool) -> bool:
    """Whether every condition holds."""
    known = {key.lower(): value for key, value in given.items()}
    for operator, keys in condition.items():
        name = operator.rpartition(":")[2]
        is_optional, name = name.endswith("IfExists"), name.removesuffix("IfExists")
        for key, values in keys.items():
            wanted, value = [str(each) for each in _listed(values)], known.get(key.lower())
            compare, is_known = _OPERATORS.get(name.replace("Not", "")), value is not None or _is_answerable(key)
            if not is_known or (compare is None and name != "Null"):
                if not (unknown or (value is None and is_optional)):
                    return False
            elif compare is None:
                if (value is None) != (wanted[:1] in (["true"], ["True"])):
                    return False
            elif value is None:
                if not is_optional and "Not" not in name:
                    return False
            elif compare(value, wanted) == ("Not" in name):
                return False
    return True


def _is_answerable(key: str) -> bool:
    """Whether it is known of a call that it has no such key; of others it may have one that is not looked at here."""
    return key.lower() in ("aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip")


def _in_block(value: str, blocks: Iterable[str]) -> bool:
    try:
        return any(ipaddress.ip_address(value) in ipaddress.ip_network(block, strict=False) for block in blocks)
    except ValueError:
        return False


def _like(text: str, patterns: Sequence[str]) -> bool:
    return read_globs(tuple(patterns)).matches(text)


_OPERATORS: dict[str, Callable[[str, list[str]], bool]] = {  # without their Not
    "StringEquals": lambda value, wanted: value in wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() in [each.lower() for each in wanted],
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda value, wanted: value.lower() in [each.lower() for each in wanted],
    "IpAddress": _in_block,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
