"""Immutable tables of resources, and the only thing that changes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, ValuesView
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar, cast, overload

from immutables import Map
from msgspec import Struct

from .resource import Resource

R = TypeVar("R", bound=Resource)
T = TypeVar("T")


class Change(Struct, frozen=True):
    """Resources put and resources deleted, applied together or not at all.  Nothing else writes."""

    puts: tuple[Resource, ...] = ()
    deletes: tuple[Resource, ...] = ()

    def __len__(self) -> int:
        """How many resources it touches; it is false when it touches none."""
        return len(self.puts) + len(self.deletes)

    def __add__(self, other: Change) -> Change:
        """This change and then the other: where both touch a resource, the later one counts."""
        touched = {(type(row), row.id) for row in other.puts + other.deletes}
        puts = tuple(row for row in self.puts if (type(row), row.id) not in touched)
        deletes = tuple(row for row in self.deletes if (type(row), row.id) not in touched)
        return Change(puts + other.puts, deletes + other.deletes)

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Self:
        """These changes one after the other: of a resource that several touch, the last counts."""
        touched: dict[tuple[type[Resource], str], tuple[Resource, bool]] = {}
        for change in changes:
            touched.update({(type(row), row.id): (row, False) for row in change.deletes})
            touched.update({(type(row), row.id): (row, True) for row in change.puts})
        return cls(
            puts=tuple(row for row, is_put in touched.values() if is_put),
            deletes=tuple(row for row, is_put in touched.values() if not is_put),
        )


def put(*resources: Resource) -> Change:
    return Change(puts=resources)


def delete(*resources: Resource) -> Change:
    return Change(deletes=resources)


Keys: TypeAlias = Callable[[Any], Iterable[Hashable]]
"""What a row is found by.  A module-level function: it names the index."""

_NO_ROWS: Any = Map()


class Table(Mapping[str, R], Generic[R]):
    """Resources of one type by id, immutable, in no order that means anything.

    A changed table shares with the one before it all that the change does not touch: what it costs follows from the
    change, not from the size of the table.  ``indexes`` are there from the beginning, others are made when they are
    first asked for; the tables that follow keep them up.
    """

    __slots__ = ("_indexes", "_rows")

    def __init__(self, rows: Mapping[str, R] = _NO_ROWS, indexes: Iterable[Keys] = ()) -> None:
        self._rows: Map[str, R] = Map(rows)
        self._indexes: dict[Keys, Map[Hashable, _Bucket[R]]] = {
            keys: _index(keys, self._rows.values()) for keys in indexes
        }

    def __getitem__(self, key: str) -> R:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    @overload
    def get(self, key: str, /) -> R | None: ...
    @overload
    def get(self, key: str, /, default: R | T) -> R | T: ...
    def get(self, key: str, default: Any = None) -> Any:
        return self._rows.get(key, default)

    def values(self) -> ValuesView[R]:
        return cast("ValuesView[R]", self._rows.values())

    def where(self, keys: Keys, value: Hashable) -> Collection[R]:
        """The rows r with ``value in keys(r)``, in no order that means anything.  It costs nothing to count them."""
        index = self._indexes.get(keys)
        if index is None:
            index = self._indexes[keys] = _index(keys, self._rows.values())
        bucket = index.get(value, ())
        return cast("Collection[R]", bucket.values()) if isinstance(bucket, Map) else bucket

    def first(self, keys: Keys, value: Hashable) -> R | None:
        """One of the rows r with ``value in keys(r)``, where there can be but one."""
        return next(iter(self.where(keys, value)), None)

    def changed(self, puts: Iterable[R], deletes: Iterable[R]) -> Table[R]:
        """A table with these rows put and those taken out; a row that is in both is put."""
        new = {row.id: row for row in puts}
        touched = {*new, *(row.id for row in deletes)}
        old = [self._rows[row_id] for row_id in touched if row_id in self._rows]
        rows = self._rows.mutate()
        for row in old:
            del rows[row.id]
        rows.update(new)
        after = Table(rows.finish())
        after._indexes = {
            keys: _changed(index, keys, old, new.values()) for keys, index in self._indexes.copy().items()
        }
        return after


_Bucket: TypeAlias = "tuple[R, ...] | Map[str, R]"
_FEW = 8


def _bucket(rows: dict[str, R]) -> _Bucket[R]:
    """Few rows are a tuple, which is small; many are a map, which is cheap to change."""
    return tuple(rows.values()) if len(rows) <= _FEW else Map(rows)


def _index(keys: Keys, rows: Iterable[R]) -> Map[Any, _Bucket[R]]:
    buckets: dict[Hashable, dict[str, R]] = {}
    for row in rows:
        for key in keys(row):
            buckets.setdefault(key, {})[row.id] = row
    return Map({key: _bucket(found) for key, found in buckets.items()})


def _changed(index: Map[Any, _Bucket[R]], keys: Keys, old: Iterable[R], new: Iterable[R]) -> Map[Any, _Bucket[R]]:
    """``index`` without the rows ``old`` and with the rows ``new``."""
    if not index:
        return _index(keys, new)
    gone: dict[Hashable, set[str]] = {}
    added: dict[Hashable, dict[str, R]] = {}
    for row in old:
        for key in keys(row):
            gone.setdefault(key, set()).add(row.id)
    for row in new:
        for key in keys(row):
            added.setdefault(key, {})[row.id] = row
    after = index.mutate()
    for key in gone.keys() | added.keys():
        found = _replaced(index.get(key, ()), gone.get(key, set()), added.get(key, {}))
        if found:
            after[key] = found
        else:
            after.pop(key, None)
    return after.finish()


def _replaced(bucket: _Bucket[R], gone: set[str], added: dict[str, R]) -> _Bucket[R]:
    if isinstance(bucket, Map) and len(bucket) > _FEW + len(gone):
        rows = bucket.mutate()
        for row_id in gone:
            rows.pop(row_id, None)
        rows.update(added)
        return rows.finish()
    few = bucket.values() if isinstance(bucket, Map) else bucket
    return _bucket({row.id: row for row in few if row.id not in gone} | added)


def by_tag(row: Resource) -> Iterable[tuple[str, str, str, str]]:
    """Names the index of what an account has in a Region with a value of a tag: account, Region, key and value."""
    return ((*place, *pair) for place in row.places for pair in row.tag_pairs)


def by_place(row: Resource) -> Iterable[tuple[str, str]]:
    return row.places


class Snapshot:
    """Tables by resource type, at one moment.

    ``apply`` returns a new snapshot; the old one stays valid.  Tables that a change does not touch are shared, with
    their indexes.
    """

    TYPES: ClassVar[tuple[type[Resource], ...]] = ()
    INDEXES: ClassVar[Mapping[type[Resource], tuple[Keys, ...]]] = {}  # beside that by place

    __slots__ = ("_tables",)

    def __init__(self, tables: Mapping[type[Resource], Table[Any]] | None = None) -> None:
        self._tables: dict[type[Resource], Table[Any]] = dict(
            tables or {kind: Table(indexes=(by_place, by_tag, *self.INDEXES.get(kind, ()))) for kind in self.TYPES}
        )

    @classmethod
    def of(cls, *resources: Resource) -> Self:
        """A snapshot of these resources."""
        return cls().apply(Change(puts=resources))

    def table(self, kind: type[R]) -> Table[R]:
        """The table of one type.  Raises KeyError for a type that does not belong here."""
        return self._tables[kind]

    def apply(self, change: Change) -> Self:
        """The snapshot after the change, as far as it concerns types that belong here: this one when it does not."""
        kinds = {type(row) for row in change.puts + change.deletes} & self._tables.keys()
        if not kinds:
            return self
        tables = dict(self._tables)
        for kind in kinds:
            puts = [row for row in change.puts if type(row) is kind]
            deletes = [row for row in change.deletes if type(row) is kind]
            tables[kind] = tables[kind].changed(puts, deletes)
        return type(self)(tables)
