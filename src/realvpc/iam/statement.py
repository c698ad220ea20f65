"""Statements of policies, read for being asked: whether one is about an action, in the circumstances of a call, and
about a resource (IAM guide, "IAM JSON policy elements")."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import _lru_cache_wrapper, lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from realvpc.hostile_json import read_json
from realvpc.net.glob import (
    Globs,
    have_small_alphabet,
    join_globs,
    read_glob_groups,
    read_globs,
    steps_to_match,
    steps_to_read,
)

from .condition import Circumstances, holds, keys_of, steps_of_condition, variables_in
from .policy_document import statements_of
from .policy_variable import filled_pattern, keys_in, with_stars

_WITH_VARIABLES = "2012-10-17"
_SHORT = 10_240  # characters
_REMEMBERED, _REMEMBERED_LONG = 256, 16  # documents: anybody may ask for any, and a long one becomes megabytes
_READ_IN_A_STEP = 2  # characters of a document
_OF_A_STATEMENT = 4  # steps
_JOINED = 6  # automata at most: of what allows and what denies, in each layer
_MANY = 8
"""Resources for whose sake the patterns of all statements are joined: that takes long, and each of them little then."""
_STRANGE, _NONE = re.compile(r"[^\x00-\x7f]"), "\ufffd"
"""What is in no action's name: one such character stands for all, so that an alphabet is small."""
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
    action_globs: Globs
    kept: Globs  # of its resources
    made: tuple[str, ...]  # those that are read each time: they have variables, or too large an alphabet to be kept
    characters: int  # of its patterns
    variables: int  # in its resources
    variables_in_condition: int
    keys: frozenset[str]  # the condition keys that it asks for, in small letters
    is_settled: bool = False  # whether it is known that its condition holds

    def is_about(self, action: str, given: Circumstances) -> bool:
        """Whether it says something of an action, which is in small letters, in these circumstances."""
        return self._names(action) and (self.is_settled or self._holds(given))

    def _holds(self, given: Circumstances) -> bool:
        return holds(self.condition, given, takes_variables=self.takes_variables, unknown=self.denies)

    def settled(self, action: str, given: Circumstances, varying: frozenset[str]) -> Statement | None:
        """The statement in circumstances of which only the keys in ``varying``, in small letters, may be others: None
        where it says nothing of the action."""
        if not self._names(action):
            return None
        if not self.keys.isdisjoint(varying):
            return self
        return replace(self, is_settled=True) if self._holds(given) else None

    def keys_for(self, action: str) -> frozenset[str]:
        """The condition keys that it asks for when an action, which is in small letters, is asked of it."""
        return self.keys if self.keys and self._names(action) else frozenset()

    def may_be_about(self, action: str, given: Circumstances) -> Callable[[str], bool] | None:
        """Whether it says something of the action and a resource in some circumstances; a variable without a value may
        have any."""
        if not self._names(action):
            return None
        is_known = len(self._filled(self.made, given)) == len(self.made)
        return self.naming(given) if is_known else lambda resource: True

    def _names(self, action: str) -> bool:
        return self.action_globs.matches(action) != self.excludes_actions

    def naming(self, given: Circumstances) -> Callable[[str], bool]:
        """Whether it is about a resource."""
        kept, excludes = self.kept, self.excludes_resources
        if not self.made:
            return lambda resource: kept.matches(resource) != excludes
        made = read_globs(self._filled(self.made, given))
        return lambda resource: (kept.matches(resource) or made.matches(resource)) != excludes

    def patterns(self, given: Circumstances) -> tuple[str, ...]:
        """Of its resources, as ``net.glob`` reads them.  One of which a variable has no value is none."""
        return self._filled(self.resources, given)

    def _filled(self, patterns: Iterable[str], given: Circumstances) -> tuple[str, ...]:
        """What nobody knows may be anything where that denies, and is nothing where it would allow."""
        if not self.takes_variables:
            return tuple(map(_backslashed, patterns))
        shown = ((each, with_stars(each, given.is_hidden)) for each in patterns)
        return tuple(
            text
            for each, starred in shown
            if (starred == each or self.denies != self.excludes_resources)
            and (text := filled_pattern(starred, given.values)) is not None
        )

    def condition_keys(self) -> Iterator[str]:
        """The condition keys that it asks for, as it writes them."""
        return _keys(self.condition, self.resources, takes_variables=self.takes_variables)


def read_statements(document: str) -> tuple[Statement, ...]:
    """Of a document that was found to be a policy."""
    return _cache_of(document)(document)


def _cache_of(document: str) -> _lru_cache_wrapper[tuple[Statement, ...]]:
    return _read_short if len(document) <= _SHORT else _read_long


def _read(document: str) -> tuple[Statement, ...]:
    takes_variables = read_json(document).get("Version") == _WITH_VARIABLES
    return tuple(_statement(place, row, takes_variables) for place, row in enumerate(statements_of(document)))


def _statement(place: int, row: dict[str, Any], takes_variables: bool) -> Statement:
    actions = tuple(each.lower() for each in listed(row.get("Action", row.get("NotAction", []))))
    resources = tuple(listed(row.get("Resource", row.get("NotResource", []))))
    variables = sum(each.count("${") for each in resources) if takes_variables else 0
    plain = tuple(each for each in resources if not (variables and "${" in each))
    kept = plain if have_small_alphabet(plain) else ()
    known = frozenset(kept)
    condition = row.get("Condition") or {}
    return Statement(
        place=place,
        id=row.get("Sid") or "",
        denies=row["Effect"] == DENY,
        actions=actions,
        excludes_actions="Action" not in row,
        resources=resources,
        excludes_resources="Resource" not in row,
        condition=condition,
        principal=row.get("Principal", row.get("NotPrincipal")),
        excludes_principal="NotPrincipal" in row,
        takes_variables=takes_variables,
        action_globs=join_globs(tuple(_backslashed(_STRANGE.sub(_NONE, each)) for each in actions)),
        kept=join_globs(tuple(map(_backslashed, kept))),
        made=tuple(each for each in resources if each not in known),
        characters=sum(map(len, (*actions, *resources))),
        variables=variables,
        variables_in_condition=variables_in(condition) if takes_variables and condition else 0,
        keys=frozenset(key.lower() for key in _keys(condition, resources, takes_variables=takes_variables)),
    )


def _keys(
    condition: Mapping[str, Mapping[str, Any]], resources: Iterable[str], *, takes_variables: bool
) -> Iterator[str]:
    yield from keys_of(condition, takes_variables=takes_variables)
    if takes_variables:
        for each in resources:
            yield from keys_in(each)


def _backslashed(pattern: str) -> str:
    return pattern.replace("\\", "\\\\")


_read_short, _read_long = lru_cache(_REMEMBERED)(_read), lru_cache(_REMEMBERED_LONG)(_read)


def naming(statements: Sequence[Statement], given: Circumstances, resources: int = 1) -> Callable[[str], bool]:
    """Whether one of the statements is about a resource, of which there are so many: for many all their patterns are
    put together, for a policy may have thousands."""
    if resources < _MANY:
        rows = [each.naming(given) for each in statements]
        return lambda resource: any(row(resource) for row in rows)
    patterns: list[str] = []
    excluded: list[tuple[str, ...]] = []
    for each in statements:
        if each.excludes_resources:
            excluded.append(each.patterns(given))
        else:
            patterns += each.patterns(given)
    named, others = read_globs(tuple(patterns)), read_glob_groups(tuple(excluded))
    return lambda resource: named.matches(resource) or not others.all_match(resource)


def steps_of(
    statements: Iterable[Statement], action: str, resources: Sequence[str], given: Circumstances
) -> Iterator[int]:
    """What asking statements for these resources costs, at most, one after the other: see ``api.core.effort``."""
    texts, longest = sum(map(len, resources)), given.longest
    if len(resources) >= _MANY:
        yield steps_to_match(0, texts, _JOINED)
    for each in statements:
        yield steps_of_statement(each, len(action) + texts, len(resources), longest, given)


def reading(document: str) -> tuple[int, tuple[Statement, ...]]:
    """The statements of a document, and what it cost to read them just now."""
    read = _cache_of(document)
    misses = read.cache_info().misses
    statements = read(document)
    return 1 + (len(document) // _READ_IN_A_STEP if read.cache_info().misses > misses else 0), statements


def steps_of_statement(each: Statement, texts: int, resources: int, longest: int, given: Circumstances) -> int:
    """``texts`` are the characters of the action and the resources, ``longest`` those of the longest value that may
    come into a variable's place."""
    is_joined, filled = resources >= _MANY, each.variables * longest
    anew = each.characters if is_joined else sum(map(len, each.made))
    return (
        _OF_A_STATEMENT
        + steps_to_read(anew + filled, len(each.resources) if anew else 0)
        + steps_to_match(each.characters + filled, texts, 0 if is_joined else 1)
        + (steps_of_condition(each.condition, given, longest) if each.condition else 0)
    )


MOST_FILLED = 500_000
"""Characters that may come into the places of variables in one evaluation, for each of which it takes some hundred
bytes."""


def filled(statements: Iterable[Statement], longest: int) -> int:
    """How many characters come into the places of variables, at most."""
    return longest * sum(each.variables + each.variables_in_condition for each in statements)


def steps_to_settle(each: Statement, action: str, longest: int, given: Circumstances) -> int:
    """What deciding its condition costs, at most; ``longest`` as of ``steps_of_statement``."""
    return (
        _OF_A_STATEMENT
        + steps_to_match(sum(map(len, each.actions)), len(action))
        + (steps_of_condition(each.condition, given, longest) if each.condition else 0)
    )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
