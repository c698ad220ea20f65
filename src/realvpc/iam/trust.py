"""Whom a role's trust policy lets assume the role (IAM guide, "Policy evaluation logic").

Of the conditions only those on ``sts:ExternalId`` are understood.  A statement with any other condition allows nothing,
and when it denies, it denies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import msgspec

ASSUME_ROLE = "sts:AssumeRole"
EC2 = "ec2.amazonaws.com"


class Assumer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a role: an AWS service, or a principal with all the ARNs that name it."""

    service: str = ""
    account: str = ""
    arns: tuple[str, ...] = ()
    external_id: str | None = None


def trusts(policy: str, assumer: Assumer) -> bool:
    """Whether the trust policy allows ``sts:AssumeRole``: a statement that allows it, and none that denies it."""
    statements: Any = msgspec.json.decode(policy)["Statement"]
    effects = {row["Effect"] for row in _list(statements) if _concerns(row, assumer)}
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
        return _like(ASSUME_ROLE.lower(), (action.lower() for action in _list(statement["Action"])))
    return not _like(ASSUME_ROLE.lower(), (action.lower() for action in _list(statement["NotAction"])))


def _names(principal: Any, assumer: Assumer) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    if assumer.service:
        return assumer.service in _list(principal.get("Service") or [])
    own = {"*", assumer.account, f"arn:aws:iam::{assumer.account}:root", *assumer.arns}
    return not own.isdisjoint(_list(principal.get("AWS") or []))


def _holds(condition: dict[str, Any], assumer: Assumer, *, unknown: bool) -> bool:
    """Whether every condition holds.  ``unknown`` is the answer where one is not understood."""
    given = assumer.external_id
    for operator, keys in condition.items():
        for key, values in keys.items():
            wanted = [str(value) for value in _list(values)]
            if key.lower() != "sts:externalid":
                return unknown
            match operator:
                case "StringEquals":
                    holds = given in wanted
                case "StringLike":
                    holds = given is not None and _like(given, wanted)
                case _:
                    return unknown
            if not holds:
                return False
    return True


def _like(text: str, patterns: Iterable[str]) -> bool:
    """IAM's wildcards are ``*`` and ``?``; brackets mean nothing to it."""
    return any(fnmatchcase(text, re.sub(r"\[", "[[]", pattern)) for pattern in patterns)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
