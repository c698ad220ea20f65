"""What makes a policy document one (IAM guide, "Grammar of the IAM JSON policy language")."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from realvpc.hostile_json import NotJsonError, read_json

from .condition_value import is_comparable
from .policy_resource import fails_legacy_parsing, resource_problem

_VERSIONS = ("2012-10-17", "2008-10-17", None)
_SYNTAX = "Syntax errors in policy."
_UNPARSED = "The policy failed legacy parsing"
_PRINCIPAL = "Policy document should not specify a principal."
NO_POLICY = frozenset({_SYNTAX, _PRINCIPAL})
"""What is said before a managed policy's version is asked for; all else is said after."""
_MEMBERS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_TRUST_MEMBERS = frozenset({"Sid", "Effect", "Principal", "Action", "NotAction", "Condition"})
_ENDPOINT_MEMBERS = _STATEMENT_MEMBERS | {"Principal", "NotPrincipal"}
_EFFECTS = frozenset({"Allow", "Deny"})
_KINDS = frozenset({"AWS", "CanonicalUser", "Federated", "Service"})  # of principals
_VENDOR = re.compile(r"[\w.-]+", re.ASCII)
_OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?"
    r"((String(Not)?(Equals(IgnoreCase)?|Like)|(Numeric|Date)(NotEquals|Equals|(Less|Greater)Than(Equals)?)"
    r"|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?|Null)"
)
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
    if statements is None or not _has_members(text, _MEMBERS):
        return _SYNTAX
    if any("Principal" in statement or "NotPrincipal" in statement for statement in statements):
        return _PRINCIPAL
    if not all(_is_statement(statement, _STATEMENT_MEMBERS) for statement in statements):
        return _SYNTAX
    resources = [each for statement in statements for each in _texts(statement, "Resource", "NotResource")]
    if (
        any(map(_is_in_other_case, statements))
        or any(map(fails_legacy_parsing, resources))
        or any(map(_compares_in_vain, statements))
    ):
        return _UNPARSED
    ids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(ids)) < len(ids):
        return "Statement IDs (SID) in a single policy must be unique."
    if not all(_texts(statement, "Action", "NotAction") for statement in statements):
        return "Policy statement must contain actions."
    actions = [each for statement in statements for each in _texts(statement, "Action", "NotAction")]
    problems = (*map(resource_problem, resources), *map(_action_problem, actions))
    if problem := next(filter(None, problems), None):
        return problem
    if not all(_texts(statement, "Resource", "NotResource") for statement in statements):
        return "Policy statement must contain resources."
    return None


def _action_problem(action: str) -> str | None:
    vendor, colon, name = action.partition(":")
    if action == "*":
        return None
    if not colon:
        return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
    if ":" in name:
        return "Actions/Condition can contain only one colon."
    return None if _VENDOR.fullmatch(vendor) else f"Vendor {vendor} is not valid"


def trust_policy_problem(text: str, exists: Callable[[str], bool]) -> str | None:
    """Why IAM refuses the document as the trust policy of a role, or None.

    ``exists`` tells whether there is a principal of the kind ``AWS``: IAM takes no other.
    """
    statements = _statements(text)
    if statements is None:
        return "This policy contains invalid Json"
    for statement in statements:
        for name in ("Resource", "NotResource", "NotPrincipal"):
            if name in statement:
                return f"Has prohibited field {name}"
        if "Principal" not in statement:
            return "Missing required field Principal"
        principal = statement["Principal"]
        if not _is_principal(principal):
            return "Invalid principal in policy"
        unknown = _unknown_principal(principal, exists) if isinstance(principal, dict) else None
        if unknown is not None:
            return f"Invalid principal in policy: {unknown}"
        if not _is_statement(statement, _TRUST_MEMBERS) or _is_in_other_case(statement):
            return _SYNTAX
        if _compares_in_vain(statement):
            return _UNPARSED
        actions = _texts(statement, "Action", "NotAction")
        if not actions:
            return "Missing required field Action"
        if not all(map(_may_be_assuming, actions)):
            return "AssumeRole policy may only specify STS AssumeRole actions."
    return None


def is_endpoint_policy(text: str) -> bool:
    """Whether it may be the policy of a VPC endpoint: a resource's, with principals, in the grammar of all policies and
    of the characters that IAM takes, up to U+00FF."""
    statements = _statements(text)
    return (
        statements is not None
        and max(msgspec.json.encode(read_json(text)).decode()) <= "\xff"
        and _has_members(text, _MEMBERS)
        and all(
            _is_statement(statement, _ENDPOINT_MEMBERS)
            and not _is_in_other_case(statement)
            and not _compares_in_vain(statement)
            and _is_principal(statement.get("Principal", statement.get("NotPrincipal")))
            and bool(_texts(statement, "Action", "NotAction"))
            and bool(_texts(statement, "Resource", "NotResource"))
            for statement in statements
        )
    )


def statements_of(document: str) -> tuple[dict[str, Any], ...]:
    """What there is to evaluate of a document that was found to be a policy."""
    return tuple(
        {name: _without_nulls(value) for name, value in statement.items()}
        for statement in _list(read_json(document)["Statement"])
    )


def _has_members(text: str, allowed: frozenset[str]) -> bool:
    """Whether the document, which is one, has no other members; its Id is a text."""
    document = read_json(text)
    return document.keys() <= allowed and isinstance(document.get("Id", ""), str)


def _is_statement(statement: dict[str, Any], members: frozenset[str]) -> bool:
    """Whether every member is known and of its form, and none comes together with its opposite."""
    return (
        statement.keys() <= members
        and not {"Action", "NotAction"} <= statement.keys()
        and not {"Resource", "NotResource"} <= statement.keys()
        and isinstance(statement.get("Sid", ""), str)
        and _is_condition(statement.get("Condition", {}))
        and all(_are_texts(statement[name]) for name in ("Action", "NotAction") if name in statement)
        and all(
            _are_texts(_without_nulls(statement[name])) for name in ("Resource", "NotResource") if name in statement
        )
    )


def _is_in_other_case(statement: dict[str, Any]) -> bool:
    """Whether its effect is ``allow`` or ``DENY``, which IAM takes for an effect and then for none."""
    return statement["Effect"] not in _EFFECTS


def _compares_in_vain(statement: dict[str, Any]) -> bool:
    """Whether an operator has a value that it cannot compare anything with."""
    return not all(
        is_comparable(operator, value)
        for operator, keys in statement.get("Condition", {}).items()
        for values in keys.values()
        for value in _list(values)
    )


def _unknown_principal(principal: dict[str, Any], exists: Callable[[str], bool]) -> str | None:
    """The first that there is not, as IAM shows it.  Of services only the form is looked at: there are too many."""
    for kind in sorted(principal.keys() - _KINDS):
        return f'"{kind.upper()}":"{_list(principal[kind])[0] if principal[kind] else ""}"'
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
    """Operators, and below them keys with the values that they are compared with.  One without keys may be any."""
    return isinstance(value, dict) and all(
        isinstance(keys, dict) and (not keys or _OPERATOR.fullmatch(operator)) and all(map(_are_values, keys.values()))
        for operator, keys in value.items()
    )


def _are_values(value: Any) -> bool:
    return all(isinstance(item, str | int | float | bool) for item in _list(value))


def _are_texts(value: Any) -> bool:
    return all(isinstance(item, str) for item in _list(value))


def _without_nulls(value: Any) -> Any:
    """IAM passes over a null in a list of resources."""
    return [item for item in value if item is not None] if isinstance(value, list) else value


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
    well_formed = all(isinstance(row, dict) and str(row.get("Effect")).title() in _EFFECTS for row in statements)
    return statements if well_formed else None


def _texts(statement: dict[str, Any], *names: str) -> list[str]:
    """The values of the first of these members that is there: one text, or a list of texts."""
    for name in names:
        value = _without_nulls(statement.get(name))
        if value is not None and _are_texts(value):
            return _list(value)
    return []
