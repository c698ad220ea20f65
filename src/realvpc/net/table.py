"""Immutable tables of resources, and the only thing that changes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar

from msgspec import Struct

from .resource import Resource

R = TypeVar("R", bound=Resource)


class Change(Struct, frozen=True):
    """Resources put and resources deleted, applied together or not at all.  Nothing else writes."""

    puts: tuple[Resource, ...] = ()
    deletes: tuple[Resource, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.puts or self.deletes)

    def __add__(self, other: Change) -> Change:
        """This change and then the other: where both touch a resource, the later one counts."""
        touched = {(type(row), row.id) for row in other.puts + other.deletes}
        puts = tuple(row for row in self.puts if (type(row), row.id) not in touched)
        deletes = tuple(row for row in self.deletes if (type(row), row.id) not in touched)
        return Change(puts + other.puts, deletes + other.deletes)


def put(*resources: Resource) -> Change:
    return Change(puts=resources)


def delete(*resources: Resource) -> Change:
    return Change(deletes=resources)


Keys: TypeAlias = Callable[[Any], Iterable[Any]]
"""What a row is found by.  A module-level function: it names the index."""


class Table(Mapping[str, R], Generic[R]):
    """Resources of one type by id, immutable.

    An index is made when it is first asked for; the tables that follow keep it up, so that a change costs what it
    touches and not a new look at every row.
    """

    __slots__ = ("_indexes", "_rows")

    def __init__(self, rows: Mapping[str, R] | None = None) -> None:
        self._rows: dict[str, R] = dict(rows or {})
        self._indexes: dict[Keys, dict[Any, tuple[R, ...]]] = {}

    def __getitem__(self, key: str) -> R:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def where(self, keys: Keys, value: Any) -> tuple[R, ...]:
        """The rows r with ``value in keys(r)``, in no order that means anything."""
        index = self._indexes.get(keys)
        if index is None:
            index = self._indexes[keys] = _index(keys, self._rows.values())
        return index.get(value, ())

    def changed(self, puts: Iterable[R], deletes: Iterable[R]) -> Table[R]:
        """A table with these rows put and those taken out; a row that is in both is put."""
        after = Table(self._rows)
        for row in deletes:
            after._rows.pop(row.id, None)
        for row in puts:
            after._rows[row.id] = row
        touched = {row.id for row in (*puts, *deletes)}
        old = [self._rows[row_id] for row_id in touched if row_id in self._rows]
        new = [after._rows[row_id] for row_id in touched if row_id in after._rows]
        for keys, index in self._indexes.items():
            after._indexes[keys] = _replaced(index, touched, _index(keys, old), _index(keys, new))
        return after


def _index(keys: Keys, rows: Iterable[R]) -> dict[Any, tuple[R, ...]]:
    collected: dict[Any, list[R]] = {}
    for row in rows:
        for key in keys(row):
            collected.setdefault(key, []).append(row)
    return {key: tuple(found) for key, found in collected.items()}


def _replaced(
    index: dict[Any, tuple[R, ...]], touched: set[str], old: Iterable[Any], new: dict[Any, tuple[R, ...]]
) -> dict[Any, tuple[R, ...]]:
    """``index`` without the rows with the ids ``touched``, which are under the keys ``old``, and with ``new``."""
    after = dict(index)
    for key in {*old, *new}:
        rest = tuple(row for row in index.get(key, ()) if row.id not in touched)
        after[key] = rest + new.get(key, ())
        if not after[key]:
            del after[key]
    return after


class Snapshot:
    """Tables by resource type, at one moment.

    ``apply`` returns a new snapshot; the old one stays valid.  Tables that a change does not touch are shared, with
    their indexes.
    """

    TYPES: ClassVar[tuple[type[Resource], ...]] = ()

    __slots__ = ("_tables",)

    def __init__(self, tables: Mapping[type[Resource], Table[Any]] | None = None) -> None:
        self._tables: dict[type[Resource], Table[Any]] = dict(tables or {kind: Table() for kind in self.TYPES})

    @classmethod
    def of(cls, *resources: Resource) -> Self:
        """A snapshot of these resources."""
        return cls().apply(Change(puts=resources))

    def table(self, kind: type[R]) -> Table[R]:
        """The table of one type.  Raises KeyError for a type that does not belong here."""
        return self._tables[kind]

    def apply(self, change: Change) -> Self:
        """The snapshot after the change, as far as it concerns types that belong here."""
        tables = dict(self._tables)
        for kind in dict.fromkeys(type(row) for row in change.puts + change.deletes):
            if kind in tables:
                puts = [row for row in change.puts if type(row) is kind]
                deletes = [row for row in change.deletes if type(row) is kind]
                tables[kind] = tables[kind].changed(puts, deletes)
        return type(self)(tables)
