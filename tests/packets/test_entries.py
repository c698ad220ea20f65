"""Whatever was written into the maps is looked after."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from realvpc.fabric.bpf.layout import MAPS, MapType
from realvpc.fabric.bpf.map import Map
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.finding import Part
from realvpc.fabric.loader import Object
from realvpc.fabric.plan import Plan, compile_plan
from realvpc.net.table import put

from .hosts import bring_up
from .nat import vpc_with_nat
from .sabotage import assert_packets_pass, audited, maps_of
from .test_fabric import walkthrough

pytestmark = pytest.mark.root


def take_out(table: Map, key: bytes, value: bytes) -> None:
    table.delete([key])


def change(table: Map, key: bytes, value: bytes) -> None:
    """Its first byte: nothing in the value, where there are many CPUs, is a pad."""
    table.update({key: bytes((value[0] ^ 1, *value[1:]))})


def add(table: Map, key: bytes, value: bytes) -> None:
    """Of a route, in a table that nobody has."""
    place = 4 if table.spec.type is MapType.LPM_TRIE else 0
    table.update({key[:place] + bytes((key[place] ^ 0x55,)) + key[place + 1 :]: value})


@pytest.mark.parametrize("tamper", [take_out, change, add])
def test_every_entry_that_was_written_is_looked_after(
    fabric: Fabric, tamper: Callable[[Map, bytes, bytes], None]
) -> None:
    """Of every map that holds a part of the plan, as `bpftool map update` and `delete` change them."""
    bring_up(fabric, walkthrough().apply(put(*vpc_with_nat(9, "10.90.0.0/16"))))
    with Object(maps_of(fabric)) as other:
        for spec in MAPS:
            if not spec.desired or (spec.type is MapType.ARRAY and tamper is not change):
                continue
            table = other.maps[spec.name]
            before = table.items()
            tamper(table, *next(iter(before.items())))
            assert table.items() != before
            assert audited(fabric) == {(Part.TABLE, "tables")}, spec.name
            assert table.items() == before, spec.name
    assert_packets_pass(fabric)


def test_what_a_change_of_the_plan_writes_is_looked_after_as_well(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    whole = compile_plan(walkthrough())
    some = Plan(routes=whole.routes[:1], interfaces=whole.interfaces[:1])
    for puts, deletes in ((Plan(), some), (some, Plan())):
        fabric.apply_delta(puts, deletes)
        assert audited(fabric) == set()
        with Object(maps_of(fabric)) as other:
            other.maps["interfaces"].delete(list(other.maps["interfaces"]))
        assert audited(fabric) == {(Part.TABLE, "tables")}
    assert_packets_pass(fabric)


def test_of_very_many_entries_all_are_looked_at_in_turns(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realvpc.fabric.data_plane.ENTRIES_AT_A_TIME", 3)
    bring_up(fabric, walkthrough())
    seen: list[str] = []
    wanted = {spec.name for spec in MAPS if spec.desired}
    while set(seen) != wanted:
        fabric.next_turn()
        assert fabric.expected().tables == fabric.expected().tables, "the same until the turn ends"
        assert 0 < len(fabric.expected().tables) < len(wanted)
        seen += fabric.expected().tables
    assert len(seen) < 2 * len(wanted)
