"""What the kernel holds after a change is what it would hold after everything, and a change costs what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from realvpc.fabric.apply import apply_changes, compile_changes, difference, read_tables
from realvpc.fabric.bpf.layout import INDEX_KEY, MAPS
from realvpc.fabric.loader import Object
from realvpc.fabric.plan import Plan, compile_plan
from realvpc.fabric.tables import Tables, compile_tables
from realvpc.net.addresses import Cidr
from realvpc.net.network import Network
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.table import delete, put

from ..packets.hosts import host, number, peering, vpc
from .kernel import SMALL
from .random_world import World


class DictMap(dict[bytes, bytes]):
    """A map that keeps count of what is written."""

    def __init__(self, log: list[tuple[str, str, bytes]], name: str) -> None:
        super().__init__()
        self._log = log
        self._name = name

    def update(self, entries: Mapping[bytes, bytes]) -> None:  # type: ignore[override]
        self._log += [("put", self._name, key) for key in entries]
        super().update(entries)

    def delete(self, keys: Iterable[bytes]) -> None:
        for key in keys:
            self._log.append(("delete", self._name, key))
            self.pop(key, None)

    def __iter__(self) -> Iterator[bytes]:
        return super().__iter__()


def dict_maps() -> tuple[dict[str, DictMap], list[tuple[str, str, bytes]]]:
    log: list[tuple[str, str, bytes]] = []
    return {spec.name: DictMap(log, spec.name) for spec in MAPS}, log


def parts(before: Plan, after: Plan) -> tuple[Plan, Plan]:
    """The entries that are new or have changed, and those that are gone or have changed."""
    kinds = Plan.__struct_fields__
    old = {kind: set(getattr(before, kind)) for kind in kinds}
    new = {kind: set(getattr(after, kind)) for kind in kinds}
    return (
        Plan(**{kind: tuple(new[kind] - old[kind]) for kind in kinds}),
        Plan(**{kind: tuple(old[kind] - new[kind]) for kind in kinds}),
    )


def changed(network: Network, random: Random) -> Network:
    """One interface less, one otherwise, and a route less."""
    gone, other = random.sample(sorted(network.interfaces), 2)
    route = random.choice(sorted(network.table_routes))
    network = network.apply(delete(network.interfaces[gone]))
    network = network.apply(put(replace(network.interfaces[other], source_dest_check=random.random() < 0.5)))
    return network.apply(delete(network.table_routes[route]))


def apply(maps: Mapping[str, DictMap], puts: Plan, deletes: Plan) -> None:
    apply_changes(maps, compile_changes(puts, deletes))  # type: ignore[arg-type]


def held(maps: Mapping[str, DictMap]) -> Tables:
    return {name: dict(maps[name]) for name in compile_tables(Plan())}


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), other=st.integers(0, 10_000))
def test_a_part_leads_where_the_whole_leads(seed: int, other: int) -> None:
    before, after = compile_plan(World(seed).network), compile_plan(World(other).network)
    maps, _ = dict_maps()
    for here, there in ((Plan(), before), (before, after), (after, before)):
        apply(maps, *parts(here, there))
        assert held(maps) == compile_tables(there)


def many(interfaces: int) -> Network:
    rows = [row for place in range(interfaces) for row in host(10 + place, 1, f"10.20.0.{10 + place}")]
    peers = [*vpc(2, "10.30.0.0/16"), peering(1, 1, 2)]
    return Network.of(*vpc(1, "10.20.0.0/16"), *peers, *rows)


@pytest.mark.parametrize("interfaces", [1, 200])
def test_a_change_costs_what_it_changes(interfaces: int) -> None:
    network = many(interfaces)
    table = network.route_tables[number("rtb", 1)]
    route = Route(Cidr.parse("10.30.0.0/16"), Target(TargetKind.PEERING, number("pcx", 1)))
    after = network.apply(put(TableRoute.of(table, route)))
    maps, log = dict_maps()
    apply(maps, compile_plan(network), Plan())
    log.clear()
    apply(maps, *parts(compile_plan(network), compile_plan(after)))
    assert [(what, name) for what, name, _ in log] == [("put", "routes"), ("put", "generation")]
    assert log[1][2] == INDEX_KEY.pack(0), "the program forgets what it has decided"


def test_what_an_entry_names_is_there_before_it_and_goes_after_it() -> None:
    maps, log = dict_maps()
    plan = compile_plan(many(2))
    order = [spec.name for spec in MAPS if spec.desired]
    apply(maps, plan, Plan())
    puts = [order.index(name) for what, name, _ in log if what == "put" and name in order]
    assert puts == sorted(puts)
    log.clear()
    apply(maps, Plan(), plan)
    deletes = [order.index(name) for what, name, _ in log if what == "delete" and name in order]
    assert deletes == sorted(deletes, reverse=True)
    assert len(deletes) >= len(plan.interfaces)


def test_an_address_that_moves_is_written_over_and_never_gone() -> None:
    first = Network.of(*vpc(1, "10.20.0.0/16"), *host(1, 1, "10.20.0.7"))
    second = Network.of(*vpc(1, "10.20.0.0/16"), *host(2, 1, "10.20.0.7"))
    maps, log = dict_maps()
    apply(maps, compile_plan(first), Plan())
    log.clear()
    apply(maps, *parts(compile_plan(first), compile_plan(second)))
    assert [what for what, name, _ in log if name == "addresses"] == ["put"]
    assert held(maps) == compile_tables(compile_plan(second))


@pytest.mark.root
def test_the_kernel_holds_what_was_written() -> None:
    random = Random(7)
    with Object(max_entries=SMALL) as loaded:
        for seed in range(3):
            network = World(seed).network
            wanted = compile_tables(compile_plan(network))
            apply_changes(loaded.maps, difference(read_tables(loaded.maps), wanted))
            for _ in range(2):
                after = changed(network, random)
                plans = compile_plan(network), compile_plan(after)
                apply_changes(loaded.maps, compile_changes(*parts(*plans)))
                network, wanted = after, compile_tables(plans[1])
                kernel = read_tables(loaded.maps)
                assert {name: kernel[name] for name in wanted} == wanted
