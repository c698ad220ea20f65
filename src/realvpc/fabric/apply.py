"""Brings the maps to what they should hold, in an order that no packet can tell from an instant.

Entries are written in the order of ``layout.MAPS``: what an entry names is there before it.  Deletions go the other way
round, after all writing, and last the program forgets what it has decided.  An interface's rules change at once,
because a changed rule set is another set.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Set

from msgspec import Struct

from realvpc.net.reasons import Reason

from .bpf.layout import COUNTER_KEY, GENERATION, ID, INDEX_KEY, MAPS
from .bpf.map import Map
from .plan import Plan
from .tables import Tables, compile_tables


class Changes(Struct, frozen=True):
    """What to write and what to delete, by map.  A key that is in both is written: the entry has a new value."""

    puts: Mapping[str, Mapping[bytes, bytes]]
    deletes: Mapping[str, Set[bytes]]


def compile_changes(puts: Plan, deletes: Plan) -> Changes:
    """The difference of two plans as that of their tables: O(what differs)."""
    return Changes(compile_tables(puts), {name: entries.keys() for name, entries in compile_tables(deletes).items()})


def difference(held: Tables, wanted: Tables) -> Changes:
    """From what the kernel holds to what it should hold; ``wanted`` may leave out maps, which then stay as they are."""
    return Changes(
        {
            name: {key: value for key, value in entries.items() if held[name].get(key) != value}
            for name, entries in wanted.items()
        },
        {name: held[name].keys() - entries.keys() for name, entries in wanted.items()},
    )


def follow(tables: Tables, changes: Changes) -> None:
    """Let the tables hold what they do after the changes: O(what changes)."""
    for name, keys in changes.deletes.items():
        for key in keys:
            tables[name].pop(key, None)
    for name, entries in changes.puts.items():
        tables[name].update(entries)


def read_tables(maps: Mapping[str, Map]) -> Tables:
    """What the kernel holds of the state that ``apply_changes`` writes."""
    return {spec.name: maps[spec.name].items() for spec in MAPS if spec.desired}


def apply_changes(maps: Mapping[str, Map], changes: Changes) -> None:
    """Write and delete.  Raises OSError; then a part of it is done, and doing it again is safe."""
    names = [spec.name for spec in MAPS]
    for name in names:
        maps[name].update(changes.puts.get(name, {}))
    for name in reversed(names):
        maps[name].delete(changes.deletes.get(name, set()) - changes.puts.get(name, {}).keys())
    forget_decisions(maps)
    _forget_interfaces(maps, changes.deletes.get("interfaces", set()) - changes.puts.get("interfaces", {}).keys())


def forget_decisions(maps: Mapping[str, Map]) -> None:
    """What the program decided so far it decides anew.  That the time may go back by a moment with it does no harm.

    New maps begin with a number that nobody can guess: the places of decisions follow from it (``decide.h``).
    """
    index = INDEX_KEY.pack(0)
    before = GENERATION.unpack(maps["generation"].get(index) or bytes(GENERATION.size))
    tables = (before["tables"] or secrets.randbits(32)) + 1
    maps["generation"].update({index: GENERATION.pack(tables % (1 << 32), before["second"])})


def _forget_interfaces(maps: Mapping[str, Map], keys: Set[bytes]) -> None:
    """What the program keeps of an interface goes with it.  (Its flows end by themselves: ``track.h``.)"""
    for name in ("tallies", "buckets"):
        maps[name].delete(keys)
    numbers = [ID.unpack(key)["id"] for key in keys]
    maps["interface_counters"].delete(
        COUNTER_KEY.pack(number, reason.number) for number in numbers for reason in Reason
    )
