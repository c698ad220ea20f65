"""Whether the policies of a role let it do certain things.

Calls are not asked for this: see ``evaluate.py``.  It is asked where a service acts in a role's place and the answer is
seen: an instance's Systems Manager agent, the delivery of flow logs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .directory import Directory
from .managed_policies import MANAGED_POLICIES
from .policy_document import statements_of
from .role import Role
from .trust import like, listed

Asked = tuple[str, str]
"""An action in lower case, and the ARN of what it concerns."""


def lets(directory: Directory, role: Role, asked: Collection[Asked], given: Collection[str] = ()) -> bool:
    """Whether the role's policies together allow all of it, and none of them denies any.

    ``given`` are AWS's policies, by ARN, that allow it and whose documents are not here.  A statement with a condition
    allows nothing, and when it denies, it denies.
    """
    allowed = set(asked) if not set(given).isdisjoint(role.attached_policy_arns) else set()
    for document in _documents(directory, role):
        for statement in statements_of(document):
            concerned = {each for each in asked if _concerns(statement, *each)}
            if concerned and statement["Effect"] == "Deny":
                return False
            if not statement.get("Condition"):
                allowed |= concerned
    return len(allowed) == len(asked)


def _documents(directory: Directory, role: Role) -> Iterator[str]:
    """What the role's policies say, inline and managed."""
    yield from role.inline_policies.values()
    for arn in role.attached_policy_arns:
        policy = directory.policies.get(arn)
        version = policy.version(policy.version_id) if policy else None
        if version is not None:
            yield version.document
        elif arn in MANAGED_POLICIES and (document := MANAGED_POLICIES[arn].document):
            yield document


def _concerns(statement: dict[str, Any], action: str, resource: str) -> bool:
    return _is_in(statement, "Action", action, lower=True) and _is_in(statement, "Resource", resource)


def _is_in(statement: dict[str, Any], member: str, text: str, *, lower: bool = False) -> bool:
    """Whether a member has a pattern of it; or its opposite has none."""
    is_opposite = member not in statement
    patterns = listed(statement[f"Not{member}" if is_opposite else member])
    return like(text, (each.lower() if lower else each for each in patterns)) != is_opposite
