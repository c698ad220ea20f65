"""The plan that is kept is the plan of the network, whatever has changed, and a change costs what it touches."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from realvpc.fabric.plan import KeptPlan, Plan, PlanDelta, compile_plan
from realvpc.fabric.plan.keyed import KeyedPlan
from realvpc.net.addresses import Cidr
from realvpc.net.network import Network
from realvpc.net.peering import PeeringStatus
from realvpc.net.route_table import TableRoute
from realvpc.net.table import Change, delete, put
from tests.worlds import three_vpcs

from .random_changes import Changes

WORLDS, STEPS = 25, 220


@pytest.mark.parametrize("seed", range(WORLDS))
def test_after_every_change_the_kept_plan_is_the_compiled_one(seed: int) -> None:
    """And so is what somebody has who was told the first plan and then the differences, over the wire."""
    changes = Changes(seed)
    kept = KeptPlan(changes.network)
    told = KeyedPlan(compile_plan(changes.network))
    for step in range(STEPS):
        change = changes.change()
        delta = kept.advance(changes.network, change)
        told.advance(msgspec.msgpack.decode(msgspec.msgpack.encode(delta), type=PlanDelta))
        compiled = compile_plan(changes.network)
        assert told.plan() == compiled, (step, change)
        if step % 20 == 0:
            assert kept.plan() == compiled, (step, change)


def test_what_touches_no_packet_changes_nothing() -> None:
    network = three_vpcs()
    kept = KeptPlan(network)
    for kind in Network.TYPES:
        for row in network.table(kind).values():
            change = put(replace(row, tags={"Name": "another"}))
            network = network.apply(change)
            assert not kept.advance(network, change)


def entries(plan: Plan) -> dict[str, int]:
    return {kind: len(getattr(plan, kind)) for kind in plan.__struct_fields__ if getattr(plan, kind)}


def test_a_route_is_one_entry_and_a_rule_one_set_with_those_who_name_it() -> None:
    network = three_vpcs()
    kept = KeptPlan(network)

    def after(change: Change) -> PlanDelta:
        nonlocal network
        network = network.apply(change)
        return kept.advance(network, change)

    table = network.route_tables["rtb-a"]
    route = network.route_to(table, Cidr.parse("10.30.0.0/16"))
    assert route is not None
    also = TableRoute.of(table, replace(route, destination=Cidr.parse("10.30.1.0/24")))
    assert entries(after(put(also)).puts) == {"routes": 1}
    group = network.security_groups["sg-a"]
    told = after(put(replace(group, rules=group.rules[:1])))
    assert entries(told.puts) == {"rule_sets": 1, "interfaces": 1}
    assert entries(told.deletes) == {}, "b and c still have the old rules"
    told = after(put(replace(network.peerings["pcx-ab"], status=PeeringStatus.DELETED)))
    assert entries(told.puts) == {"routes": 4}
    gone = after(delete(network.interfaces["eni-a"]))
    assert entries(gone.deletes) == {
        "rule_sets": 1, "group_members": 1, "interfaces": 1, "addresses": 1, "public_addresses": 1,
    }  # fmt: skip
    assert entries(gone.puts) == {}
