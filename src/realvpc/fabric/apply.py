"""Brings the maps to what they should hold, in an order that no packet can tell from an instant.

Entries are written in the order of ``layout.MAPS``: what an entry names is there before it.  Deletions go the other way
round, after all writing, and last the program forgets what it has decided.  An interface's rules change at once,
because a changed rule set is another set.
"""

from __future__ import annotations

from collections.abc import Mapping

from .bpf.layout import GENERATION, INDEX_KEY, MAPS
from .bpf.map import Map
from .tables import Tables


def read_tables(maps: Mapping[str, Map]) -> Tables:
    """What the kernel holds of the state that ``apply_tables`` writes."""
    return {spec.name: maps[spec.name].items() for spec in MAPS if spec.desired}


def apply_tables(maps: Mapping[str, Map], held: Tables, wanted: Tables) -> None:
    """Write what differs between ``held`` (what the kernel holds now) and ``wanted``; the latter may leave out maps.

    Raises OSError; then the kernel holds something between the two, and reading it and applying again is safe.
    """
    written = [spec.name for spec in MAPS if spec.name in wanted]
    for name in written:
        before = held[name]
        maps[name].update({key: value for key, value in wanted[name].items() if before.get(key) != value})
    for name in reversed(written):
        maps[name].delete(held[name].keys() - wanted[name].keys())
    forget_decisions(maps)


def forget_decisions(maps: Mapping[str, Map]) -> None:
    """What the program decided so far it decides anew."""
    index = INDEX_KEY.pack(0)
    before = GENERATION.unpack(maps["generation"].get(index) or GENERATION.pack(0))["number"]
    maps["generation"].update({index: GENERATION.pack((before + 1) % (1 << 64))})
