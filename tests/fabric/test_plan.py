"""What the data plane is told depends on the state of the network alone."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from realvpc.fabric.bpf import constants, layout
from realvpc.fabric.plan import Block, Plan, RuleSet, compile_plan
from realvpc.fabric.tables import compile_links, compile_tables
from realvpc.net.addresses import ANY_IPV4, ANY_IPV6, Cidr
from realvpc.net.instance import InstanceState
from realvpc.net.network import Network
from realvpc.net.peering import PeeringStatus
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, TCP, GroupReference, SecurityGroupRule
from realvpc.net.table import delete, put

from ..packets.hosts import host, number, peering, vpc
from .random_world import World


def two_vpcs(**changes: Any) -> Network:
    peers = peering(1, 1, 2)
    return Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)]),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)]),
        *host(1, 1, "10.20.0.7", public="198.18.0.7"),
        *host(2, 2, "10.30.0.7"),
        replace(peers, **changes),
    )


def with_rules(network: Network, index: int, *rules: SecurityGroupRule) -> Network:
    return network.apply(put(replace(network.security_groups[number("sg", index)], rules=rules)))


def rule(protocol: int, low: int, high: int, peer: Cidr | GroupReference = ANY_IPV4, *, is_egress: bool = False) -> Any:
    return SecurityGroupRule(id="sgr-1", is_egress=is_egress, protocol=protocol, from_port=low, to_port=high, peer=peer)


def rules_of_host(network: Network, index: int) -> RuleSet:
    plan = compile_plan(network)
    wanted = next(entry.rule_set for entry in plan.interfaces if entry.id == number("eni", index))
    return next(rule_set for rule_set in plan.rule_sets if rule_set.id == wanted)


def target(plan: Plan, table: int, destination: str) -> TargetKind | None:
    block = Block.of(Cidr.parse(destination))
    return next(e.target for e in plan.routes if e.route_table_id == number("rtb", table) and e.block == block)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.integers(), detours=st.integers(0, 3))
def test_any_order_of_the_same_changes_gives_the_same_plan(seed: int, order: int, detours: int) -> None:
    world, random = World(seed), Random(order)
    resources = list(world.resources)
    random.shuffle(resources)
    own = {(type(row), row.id) for row in resources}  # what an account has one of in a Region is in both worlds
    passing = [row for row in World(seed + 20_000).resources if (type(row), row.id) not in own]
    network = Network()
    for row in resources:
        network = network.apply(put(row))
        for other in random.sample(passing, min(detours, len(passing))):
            network = network.apply(put(other)).apply(delete(other))
    plan = compile_plan(network)
    assert plan == compile_plan(world.network)
    assert compile_tables(plan) == compile_tables(compile_plan(world.network))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_plan_survives_the_wire(seed: int) -> None:
    plan = compile_plan(World(seed).network)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(plan), type=Plan) == plan


def test_routes_lead_where_the_table_says() -> None:
    plan = compile_plan(two_vpcs())
    assert target(plan, 1, "10.20.0.0/16") is TargetKind.LOCAL
    assert target(plan, 1, "10.30.0.0/16") is TargetKind.PEERING
    assert target(plan, 1, "0.0.0.0/0") is TargetKind.INTERNET_GATEWAY


def test_a_route_over_a_peering_that_is_not_active_is_a_blackhole() -> None:
    plan = compile_plan(two_vpcs(status=PeeringStatus.PENDING_ACCEPTANCE))
    assert target(plan, 1, "10.30.0.0/16") is None


def test_a_local_route_leads_where_somebody_led_it() -> None:
    network = two_vpcs()
    table = network.route_tables[number("rtb", 1)]
    also = Route(Cidr.parse("10.20.0.0/16"), Target(TargetKind.NETWORK_INTERFACE, number("eni", 1)))
    plan = compile_plan(network.apply(put(TableRoute.of(table, also))))
    assert target(compile_plan(network), 1, "10.20.0.0/16") is TargetKind.LOCAL
    assert target(plan, 1, "10.20.0.0/16") is TargetKind.NETWORK_INTERFACE


def test_ipv6_routes_and_rules_do_not_concern_ipv4() -> None:
    network = two_vpcs()
    table = network.route_tables[number("rtb", 1)]
    default = Route(ANY_IPV6, Target(TargetKind.INTERNET_GATEWAY, number("igw", 1)))
    changed = compile_tables(compile_plan(network.apply(put(TableRoute.of(table, default)))))
    assert changed["routes"] == compile_tables(compile_plan(network))["routes"]
    assert len(changed["ipv6_routes"]) == 1
    both = with_rules(network, 1, rule(TCP, 80, 80, ANY_IPV6), rule(TCP, 80, 80))
    rules = rules_of_host(both, 1)
    assert rules.ipv4 == rules_of_host(with_rules(network, 1, rule(TCP, 80, 80)), 1).ipv4
    assert [entry.block for entry in rules.ipv6.ingress] == [Block.of(ANY_IPV6)]


def test_a_stopped_instance_is_not_running() -> None:
    network = two_vpcs()
    stopped = replace(network.instances[number("i", 1)], state=InstanceState.STOPPED)
    plan = compile_plan(network.apply(put(stopped)))
    assert {entry.id: entry.is_running for entry in plan.interfaces} == {
        number("eni", 1): False,
        number("eni", 2): True,
    }


def test_rules_that_name_everywhere_come_first() -> None:
    inside = Cidr.parse("10.0.0.0/8")
    network = with_rules(two_vpcs(), 1, rule(ICMP, -1, -1, inside), rule(TCP, 22, 22, inside), rule(TCP, 443, 443))
    assert [entry.names_everywhere for entry in rules_of_host(network, 1).ipv4.ingress] == [True, False, False]


def test_a_changed_rule_makes_another_set_and_equal_rules_share_one() -> None:
    before = with_rules(with_rules(two_vpcs(), 1, rule(TCP, 22, 22)), 2, rule(TCP, 22, 22))
    assert len(compile_plan(before).rule_sets) == 1
    after = with_rules(before, 1, rule(TCP, 23, 23))
    assert rules_of_host(after, 1).id != rules_of_host(before, 1).id
    assert rules_of_host(after, 2) == rules_of_host(before, 2)


def test_a_referenced_group_is_known_by_the_addresses_of_its_members() -> None:
    reference = GroupReference(number("sg", 2), "111111111111")
    network = with_rules(two_vpcs(), 1, rule(ALL_PROTOCOLS, -1, -1, reference))
    rules = rules_of_host(network, 1)
    for family in (rules.ipv4, rules.ipv6):
        assert [entry.group_id for entry in family.ingress] == [number("sg", 2)]
    members = [entry for entry in compile_plan(network).group_members if entry.group_id == number("sg", 2)]
    assert [member.address for member in members] == [network.interfaces[number("eni", 2)].ipv4_on_link.packed]


def test_a_reference_over_a_deleted_peering_is_stale() -> None:
    reference = GroupReference(number("sg", 2), "111111111111")
    network = with_rules(two_vpcs(status=PeeringStatus.DELETED), 1, rule(ALL_PROTOCOLS, -1, -1, reference))
    assert rules_of_host(network, 1).ipv4.ingress == ()


def test_a_thousand_rules_fit() -> None:
    rules = tuple(rule(TCP, port, port, Cidr.parse("10.0.0.0/8")) for port in range(1000))
    tables = compile_tables(compile_plan(with_rules(two_vpcs(), 1, *rules)))
    chunks = [layout.RULE_KEY.unpack(key)["chunk"] for key in tables["rules"]]
    assert max(chunks) == 1000 // constants.RULES_PER_CHUNK < constants.RULE_CHUNKS


def test_an_interface_and_its_link_know_each_other() -> None:
    tables = compile_links({number("eni", 1): 7})
    assert tables["links"] == {layout.LINK_KEY.pack(7): layout.ID.pack(1)}
    assert tables["ifindexes"] == {layout.ID.pack(1): layout.LINK_KEY.pack(7)}
