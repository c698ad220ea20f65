"""What makes a policy document one (IAM guide, "Grammar of the IAM JSON policy language")."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from realvpc.hostile_json import NotJsonError, read_json

_VERSIONS = ("2012-10-17", "2008-10-17", None)
_SYNTAX = "Syntax errors in policy."
_MEMBERS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_ASSUMING = frozenset(
    f"sts:{name}".lower()
    for name in (
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "SetContext",
        "SetSourceIdentity",
        "TagSession",
    )
)
_SERVICE = re.compile(r"([\w-]+\.)+(amazonaws|amazon|aws)(\.[a-z]+)+", re.ASCII)


def identity_policy_problem(text: str) -> str | None:
    """Why IAM refuses the document as a policy of a role, in IAM's words, or None."""
    statements = _statements(text)
    if statements is None:
        return _SYNTAX
    if any("Principal" in statement or "NotPrincipal" in statement for statement in statements):
        return "Policy document should not specify a principal."
    if not _has_members(text, _MEMBERS) or not all(map(_is_identity_statement, statements)):
        return _SYNTAX
    ids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(ids)) < len(ids):
        return "Statement IDs (SID) in a single policy must be unique."
    if not all(_texts(statement, "Action", "NotAction") for statement in statements):
        return "Policy statement must contain actions."
    if not all(_texts(statement, "Resource", "NotResource") for statement in statements):
        return "Policy statement must contain resources."
    for resource in (each for statement in statements for each in _texts(statement, "Resource", "NotResource")):
        if resource != "*" and ":" not in resource:
            return f'Resource {resource} must be in ARN format or "*".'
    for action in (each for statement in statements for each in _texts(statement, "Action", "NotAction")):
        if action != "*" and ":" not in action:
            return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        if action.count(":") > 1:
            return "Actions/Condition can contain only one colon."
    return None


def trust_policy_problem(text: str, exists: Callable[[str], bool]) -> str | None:
    """Why IAM refuses the document as the trust policy of a role, or None.

    ``exists`` tells whether there is a principal of the kind ``AWS``: IAM takes no other.
    """
    statements = _statements(text)
    if statements is None:
        return "This policy contains invalid Json"
    for statement in statements:
        if "Resource" in statement or "NotResource" in statement:
            return "Has prohibited field Resource"
        if "Principal" not in statement and "NotPrincipal" not in statement:
            return "Missing required field Principal"
        principal = statement.get("Principal", statement.get("NotPrincipal"))
        if not _is_principal(principal):
            return "Invalid principal in policy"
        unknown = _unknown_principal(principal, exists) if isinstance(principal, dict) else None
        if unknown is not None:
            return f"Invalid principal in policy: {unknown}"
        if not _is_condition(statement.get("Condition", {})):
            return _SYNTAX
        actions = _texts(statement, "Action", "NotAction")
        if not actions:
            return "Missing required field Action"
        if not all(map(_may_be_assuming, actions)):
            return "AssumeRole policy may only specify STS AssumeRole actions."
    return None


def _has_members(text: str, allowed: frozenset[str]) -> bool:
    """Whether the document, which is one, has no other members; its Id is a text."""
    document = read_json(text)
    return document.keys() <= allowed and isinstance(document.get("Id", ""), str)


def _is_identity_statement(statement: dict[str, Any]) -> bool:
    """Whether every member is known and of its form, and none comes together with its opposite."""
    return (
        statement.keys() <= _STATEMENT_MEMBERS
        and not {"Action", "NotAction"} <= statement.keys()
        and not {"Resource", "NotResource"} <= statement.keys()
        and isinstance(statement.get("Sid", ""), str)
        and _is_condition(statement.get("Condition", {}))
        and all(
            _are_texts(statement[name])
            for name in ("Action", "NotAction", "Resource", "NotResource")
            if name in statement
        )
    )


def _unknown_principal(principal: dict[str, Any], exists: Callable[[str], bool]) -> str | None:
    """The first that there is not, as IAM shows it.  Of services only the form is looked at: there are too many."""
    for name in _list(principal.get("AWS", [])):
        if not exists(name):
            return f'"AWS":"{name}"'
    for name in _list(principal.get("Service", [])):
        if not _SERVICE.fullmatch(name):
            return f'"SERVICE":"{name}"'
    return None


def _may_be_assuming(action: str) -> bool:
    """Whether it is one of the actions that a trust policy is about, or a pattern of STS's."""
    name = action.lower()
    return name in _ASSUMING or (name.startswith("sts:") and ("*" in name or "?" in name))


def _is_principal(value: Any) -> bool:
    """Everybody, or names by kind: ``AWS``, ``Service``, ``Federated``."""
    return value == "*" or (isinstance(value, dict) and bool(value) and all(map(_are_texts, value.values())))


def _is_condition(value: Any) -> bool:
    """Operators, and below them keys with the values that they are compared with."""
    return isinstance(value, dict) and all(isinstance(keys, dict) for keys in value.values())


def _are_texts(value: Any) -> bool:
    return all(isinstance(item, str) for item in _list(value))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements(text: str) -> list[dict[str, Any]] | None:
    """The statements, or None for a text that is no policy document."""
    try:
        document = read_json(text)
    except NotJsonError:
        return None
    if not isinstance(document, dict) or document.get("Version") not in _VERSIONS:
        return None
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        return None
    well_formed = all(isinstance(row, dict) and row.get("Effect") in ("Allow", "Deny") for row in statements)
    return statements if well_formed else None


def _texts(statement: dict[str, Any], *names: str) -> list[str]:
    """The values of the first of these members that is there: one text, or a list of texts."""
    for name in names:
        value = statement.get(name)
        if value is not None and _are_texts(value):
            return _list(value)
    return []
