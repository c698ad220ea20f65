"""Statements of policies, read for being asked: whether one is about an action, in the circumstances of a call, and
about a resource (IAM guide, "IAM JSON policy elements")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

from realvpc.hostile_json import read_json
from realvpc.net.glob import read_glob_groups, read_globs

from .condition import Circumstances, holds, keys_of
from .policy_document import statements_of
from .policy_variable import filled_pattern, keys_in

_WITH_VARIABLES = "2012-10-17"
_SHORT = 10_240  # characters
_REMEMBERED, _REMEMBERED_LONG = 256, 16  # documents: anybody may ask for any, and a long one becomes megabytes
_CHARACTERS_OF_A_STEP = 200
DENY = "Deny"


class Statement(Struct, frozen=True, kw_only=True):
    """``place`` is which of its document's it is, ``principal`` the member of its name, of a resource's policy.

    Where something is excluded, the statement is about all else.
    """

    place: int
    id: str  # its Sid, which may be empty
    denies: bool
    actions: tuple[str, ...]  # patterns in small letters
    excludes_actions: bool
    resources: tuple[str, ...]  # patterns
    excludes_resources: bool
    condition: dict[str, dict[str, Any]]
    principal: Any = None
    excludes_principal: bool = False
    takes_variables: bool

    def is_about(self, action: str, given: Circumstances) -> bool:
        """Whether it says something of an action, which is in small letters, in these circumstances."""
        return self._names(action) and holds(
            self.condition, given, takes_variables=self.takes_variables, unknown=self.denies
        )

    def may_be_about(self, action: str, resource: str, given: Circumstances) -> bool:
        """Whether it says something of them in some circumstances; a variable without a value may have any."""
        patterns = self.patterns(given)
        return self._names(action) and (
            len(patterns) < len(self.resources) or read_globs(patterns).matches(resource) != self.excludes_resources
        )

    def _names(self, action: str) -> bool:
        patterns = tuple(each.replace("\\", "\\\\") for each in self.actions)
        return read_globs(patterns).matches(action) != self.excludes_actions

    def patterns(self, given: Circumstances) -> tuple[str, ...]:
        """Of its resources, as ``net.glob`` reads them.  One of which a variable has no value is none."""
        values = given.values if self.takes_variables else None
        return tuple(text for each in self.resources if (text := filled_pattern(each, values)) is not None)

    def condition_keys(self) -> Iterator[str]:
        """The condition keys that it asks for, as it writes them."""
        yield from keys_of(self.condition, takes_variables=self.takes_variables)
        if self.takes_variables:
            for each in self.resources:
                yield from keys_in(each)


def read_statements(document: str) -> tuple[Statement, ...]:
    """Of a document that was found to be a policy."""
    return (_read_short if len(document) <= _SHORT else _read_long)(document)


def _read(document: str) -> tuple[Statement, ...]:
    takes_variables = read_json(document).get("Version") == _WITH_VARIABLES
    return tuple(
        Statement(
            place=place,
            id=row.get("Sid") or "",
            denies=row["Effect"] == DENY,
            actions=tuple(each.lower() for each in listed(row.get("Action", row.get("NotAction", [])))),
            excludes_actions="Action" not in row,
            resources=tuple(listed(row.get("Resource", row.get("NotResource", [])))),
            excludes_resources="Resource" not in row,
            condition=row.get("Condition") or {},
            principal=row.get("Principal", row.get("NotPrincipal")),
            excludes_principal="NotPrincipal" in row,
            takes_variables=takes_variables,
        )
        for place, row in enumerate(statements_of(document))
    )


_read_short, _read_long = lru_cache(_REMEMBERED)(_read), lru_cache(_REMEMBERED_LONG)(_read)


def naming(statements: Iterable[Statement], given: Circumstances) -> Callable[[str], bool]:
    """Whether one of the statements is about a resource: all their patterns together, for a policy may have thousands,
    and a call concern as many resources."""
    patterns: list[str] = []
    excluded: list[tuple[str, ...]] = []
    for each in statements:
        if each.excludes_resources:
            excluded.append(each.patterns(given))
        else:
            patterns += each.patterns(given)
    named, others = read_globs(tuple(patterns)), read_glob_groups(tuple(excluded))
    return lambda resource: named.matches(resource) or not others.all_match(resource)


def steps_of(documents: Iterable[str], resources: int) -> int:
    """What asking policies for so many resources costs, at most: see ``api.core.effort``."""
    return resources * sum(1 + len(each) // _CHARACTERS_OF_A_STEP for each in documents)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
