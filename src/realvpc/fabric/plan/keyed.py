"""A plan by key, which is cheap to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .delta import KINDS, Plan, PlanDelta


class KeyedPlan:
    """Entries by kind and key."""

    __slots__ = ("_kinds",)

    def __init__(self, plan: Plan | None = None) -> None:
        self._kinds: dict[str, dict[Any, Any]] = {kind: {} for kind in KINDS}
        if plan is not None:
            self.put(plan)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyedPlan) and self._kinds == other._kinds

    __hash__ = None  # type: ignore[assignment]

    def put(self, plan: Plan) -> None:
        for kind, entries in _entries(plan):
            self.add(kind, entries)

    def add(self, kind: str, entries: Iterable[Any]) -> None:
        """Put entries of one kind."""
        self._kinds[kind].update((entry.key, entry) for entry in entries)

    def remove(self, plan: Plan) -> None:
        """Take out whatever has the keys of these entries."""
        for kind, entries in _entries(plan):
            for entry in entries:
                self._kinds[kind].pop(entry.key, None)

    def advance(self, delta: PlanDelta) -> None:
        self.put(delta.puts)
        self.remove(delta.deletes)

    def plan(self) -> Plan:
        return Plan(**{kind: tuple(held[key] for key in sorted(held)) for kind, held in self._kinds.items()})


def _entries(plan: Plan) -> Iterator[tuple[str, tuple[Any, ...]]]:
    return ((kind, entries) for kind in KINDS if (entries := getattr(plan, kind)))
