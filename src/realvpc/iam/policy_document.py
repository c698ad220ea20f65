"""What makes a policy document one (IAM guide, "Grammar of the IAM JSON policy language")."""

from __future__ import annotations

from typing import Any

from realvpc.hostile_json import NotJsonError, read_json

_VERSIONS = ("2012-10-17", "2008-10-17", None)


def identity_policy_problem(text: str) -> str | None:
    """Why IAM refuses the document as a policy of a role, in IAM's words, or None."""
    statements = _statements(text)
    if statements is None:
        return "Syntax errors in policy."
    for statement in statements:
        if "Principal" in statement or "NotPrincipal" in statement:
            return "Policy document should not specify a principal."
        actions = _texts(statement, "Action", "NotAction")
        if not actions:
            return "Policy statement must contain actions."
        if any(action != "*" and ":" not in action for action in actions):
            return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        if not _texts(statement, "Resource", "NotResource"):
            return "Policy statement must contain resources."
    return None


def trust_policy_problem(text: str) -> str | None:
    """Why IAM refuses the document as the trust policy of a role, or None."""
    statements = _statements(text)
    if statements is None:
        return "This policy contains invalid Json"
    for statement in statements:
        if "Resource" in statement or "NotResource" in statement:
            return "Has prohibited field Resource"
        if "Principal" not in statement and "NotPrincipal" not in statement:
            return "Missing required field Principal"
        if not _is_principal(statement.get("Principal", statement.get("NotPrincipal"))):
            return "Invalid principal in policy"
        if not _is_condition(statement.get("Condition", {})):
            return "Syntax errors in policy."
        actions = _texts(statement, "Action", "NotAction")
        if not actions:
            return "Missing required field Action"
        if any(not action.lower().startswith("sts:") for action in actions):
            return "AssumeRole policy may only specify STS AssumeRole actions."
    return None


def _is_principal(value: Any) -> bool:
    """Everybody, or names by kind: ``AWS``, ``Service``, ``Federated``."""
    return value == "*" or (isinstance(value, dict) and bool(value) and all(map(_are_texts, value.values())))


def _is_condition(value: Any) -> bool:
    """Operators, and below them keys with the values that they are compared with."""
    return isinstance(value, dict) and all(isinstance(keys, dict) for keys in value.values())


def _are_texts(value: Any) -> bool:
    return all(isinstance(item, str) for item in (value if isinstance(value, list) else [value]))


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
        values: list[Any] = value if isinstance(value, list) else [value]
        if value is not None and _are_texts(value):
            return values
    return []
