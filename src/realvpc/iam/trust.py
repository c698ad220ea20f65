"""Whom a role's trust policy lets assume the role (IAM guide, "Policy evaluation logic").

Of the conditions those on ``sts:ExternalId`` are understood, and of a service those on what it acts for.  A statement
with any other condition allows nothing, and when it denies, it denies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from realvpc.net.glob import read_globs

ASSUME_ROLE = "sts:AssumeRole"
EC2 = "ec2.amazonaws.com"


class Assumer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a role: an AWS service, or a principal with all the ARNs that name it.  ``conditions`` are values of
    condition keys, which are in lower case."""

    service: str = ""
    account: str = ""
    arns: tuple[str, ...] = ()
    external_id: str | None = None
    conditions: Mapping[str, str] = {}


def trusts(policy: str, assumer: Assumer) -> bool:
    """Whether the trust policy allows ``sts:AssumeRole``: a statement that allows it, and none that denies it."""
    statements: Any = msgspec.json.decode(policy)["Statement"]
    effects = {row["Effect"] for row in listed(statements) if _concerns(row, assumer)}
    return effects == {"Allow"}


def _concerns(statement: dict[str, Any], assumer: Assumer) -> bool:
    denies = statement["Effect"] == "Deny"
    return (
        _has_action(statement)
        and (_names(statement["Principal"], assumer) if "Principal" in statement else denies)
        and _holds(statement.get("Condition") or {}, assumer, unknown=denies)
    )


def _has_action(statement: dict[str, Any]) -> bool:
    if "Action" in statement:
        return like(ASSUME_ROLE.lower(), (action.lower() for action in listed(statement["Action"])))
    return not like(ASSUME_ROLE.lower(), (action.lower() for action in listed(statement["NotAction"])))


def _names(principal: Any, assumer: Assumer) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    if assumer.service:
        return assumer.service in listed(principal.get("Service") or [])
    own = {"*", assumer.account, f"arn:aws:iam::{assumer.account}:root", *assumer.arns}
    return not own.isdisjoint(listed(principal.get("AWS") or []))


def _holds(condition: dict[str, Any], assumer: Assumer, *, unknown: bool) -> bool:
    """Whether every condition holds.  ``unknown`` is the answer where one is not understood."""
    known: dict[str, str | None] = {"sts:externalid": assumer.external_id, **assumer.conditions}
    for operator, keys in condition.items():
        for key, values in keys.items():
            wanted = [str(value) for value in listed(values)]
            if key.lower() not in known:
                return unknown
            given = known[key.lower()]
            match operator:
                case "StringEquals":
                    holds = given in wanted
                case "StringLike":
                    holds = given is not None and like(given, wanted)
                case "ArnLike" | "ArnEquals" if key.lower() in assumer.conditions:
                    holds = given is not None and like(given, wanted)
                case _:
                    return unknown
            if not holds:
                return False
    return True


def like(text: str, patterns: Iterable[str]) -> bool:
    """IAM's wildcards are ``*`` and ``?``; nothing else means anything to it."""
    return read_globs(tuple(pattern.replace("\\", "\\\\") for pattern in patterns)).matches(text)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
