"""The plan that is kept is the plan of the network, whatever has changed, and a change costs what it touches."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from realvpc.fabric.plan import KeptPlan, Plan, PlanDelta, compile_plan
from realvpc.fabric.plan.keyed import KeyedPlan
from realvpc.net.addresses import Address, Cidr
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import Peering, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import RouteTable, RouteTableAssociation, TableRoute
from realvpc.net.security_group import SecurityGroup
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, delete, put
from realvpc.net.vpc import CidrAssociation, Vpc
from tests.worlds import three_vpcs

from .random_world import SECONDARY, World

WORLDS, STEPS = 25, 220
SPARE_BLOCKS = (Cidr.parse(SECONDARY), Cidr.parse("100.64.16.0/20"))


class Changes:
    """Random changes that keep a network whole: what a row needs is there, and addresses are nobody else's."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.random = Random(seed)
        self.network = self.world.network
        self._all: dict[tuple[type[Any], str], Any] = {(type(row), row.id): row for row in self.world.resources}
        self._public = 200

    def change(self) -> Change:
        """One to three at once."""
        total = Change()
        after = self.network
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            some = self._one(after)
            total, after = total + some, after.apply(some)
        self.network = after
        return total

    def _one(self, network: Network) -> Change:
        steps: tuple[Callable[[Network], Change], ...] = (
            self._interface, self._interface, self._interface_goes_or_comes, self._instance, self._instance,
            self._group, self._group, self._group_goes_or_comes, self._peering, self._gateway, self._route,
            self._route, self._association, self._main, self._table_goes_or_comes, self._vpc, self._tags,
        )  # fmt: skip
        return self.random.choice(steps)(network)

    def _pick(self, network: Network, kind: type[Any]) -> Any:
        rows = sorted(network.table(kind).values(), key=lambda row: row.id)
        return self.random.choice(rows) if rows else None

    def _missing(self, network: Network, kind: type[Any]) -> Any:
        rows = [
            row for (type_, row_id), row in self._all.items() if type_ is kind and row_id not in network.table(kind)
        ]
        return self.random.choice(rows) if rows else None

    def _interface(self, network: Network) -> Change:
        row = self._pick(network, NetworkInterface)
        if row is None:
            return Change()
        self._public += 1
        groups = sorted(group.id for group in network.security_groups_of(row.vpc_id))
        subnet = network.subnets[row.subnet_id]
        free = [subnet.cidr.at(at) for at in range(40, 44) if not network.interface_at(row.vpc_id, subnet.cidr.at(at))]
        new: dict[str, Any] = self.random.choice(
            [
                {"group_ids": tuple(self.random.sample(groups, self.random.randint(1, len(groups))))},
                {"public_address": Address.parse(f"198.18.1.{self._public % 256}") if self._public % 3 else None},
                {"source_dest_check": not row.source_dest_check},
                {"attachment": None if row.attachment else self._all[NetworkInterface, row.id].attachment},
                {"private_addresses": (row.private_address, *free[:1])},
                {"tags": {"Name": str(self._public)}},
            ]
        )
        taken = new.get("public_address") and network.interface_with_public_address(new["public_address"])
        moved = put(replace(taken, public_address=None)) if taken and taken.id != row.id else Change()
        return moved + put(replace(row, **new))

    def _interface_goes_or_comes(self, network: Network) -> Change:
        back = self._missing(network, NetworkInterface)
        if back is not None and all(group in network.security_groups for group in back.group_ids):
            clash = any(network.interface_at(back.vpc_id, address) for address in back.private_addresses)
            public = back.public_address and network.interface_with_public_address(back.public_address)
            return Change() if clash or public else put(back)
        row = self._pick(network, NetworkInterface)
        return delete(row) if row else Change()

    def _instance(self, network: Network) -> Change:
        back = self._missing(network, Instance)
        if back is not None:
            return put(back)
        row: Instance = self._pick(network, Instance)
        if self.random.random() < 0.15:
            return delete(row)
        return put(replace(row, state=self.random.choice(list(InstanceState))))

    def _group(self, network: Network) -> Change:
        row: SecurityGroup | None = self._pick(network, SecurityGroup)
        if row is None:
            return Change()
        vpc = network.vpcs[row.vpc_id]
        rules = list(row.rules)
        if rules and self.random.random() < 0.5:
            rules.remove(self.random.choice(rules))
        else:
            rules.append(self.world._rule(vpc, self.random.random() < 0.5))
        return put(replace(row, rules=tuple(rules)))

    def _group_goes_or_comes(self, network: Network) -> Change:
        back = self._missing(network, SecurityGroup)
        if back is not None:
            return put(back)
        row = self._pick(network, SecurityGroup)
        return Change() if network.interfaces_with_group(row.id) else delete(row)

    def _peering(self, network: Network) -> Change:
        back = self._missing(network, Peering)
        if back is not None:
            return put(back)
        row = self._pick(network, Peering)
        if self.random.random() < 0.2:
            return delete(row)
        return put(replace(row, status=self.random.choice([PeeringStatus.ACTIVE, *PeeringStatus])))

    def _gateway(self, network: Network) -> Change:
        back = self._missing(network, InternetGateway)
        if back is not None:
            return Change() if network.internet_gateway_of(back.vpc_id) else put(back)
        row = self._pick(network, InternetGateway)
        if row is None or self.random.random() < 0.2:
            return delete(row) if row else Change()
        free = [vpc_id for vpc_id in sorted(network.vpcs) if network.internet_gateway_of(vpc_id) is None]
        return put(replace(row, vpc_id=self.random.choice([None, *free])))

    def _route(self, network: Network) -> Change:
        table = self._pick(network, RouteTable)
        rows = sorted(network.routes_in(table.id), key=lambda row: row.id)
        if rows and self.random.random() < 0.4:
            return delete(self.random.choice(rows))
        routes = self.world._routes(network.vpcs[table.vpc_id])
        return put(TableRoute.of(table, self.random.choice(routes))) if routes else Change()

    def _association(self, network: Network) -> Change:
        """A subnet goes from one table to another, or to none."""
        subnet = self._pick(network, Subnet)
        tables = sorted(network.route_tables_of(subnet.vpc_id), key=lambda row: row.id)
        to = self.random.choice([None, *tables])
        changed = []
        for table in tables:
            others = tuple(each for each in table.associations if each.subnet_id != subnet.id)
            wanted = others + ((RouteTableAssociation("rtbassoc-9", subnet.id),) if table is to else ())
            if wanted != table.associations:
                changed.append(replace(table, associations=wanted))
        return put(*changed)

    def _main(self, network: Network) -> Change:
        new = self._pick(network, RouteTable)
        old = network.main_route_table(new.vpc_id)
        if new.id == old.id:
            return Change()
        main = tuple(each for each in old.associations if each.is_main)
        rest = tuple(each for each in old.associations if not each.is_main)
        return put(replace(old, associations=rest), replace(new, associations=(*new.associations, *main)))

    def _table_goes_or_comes(self, network: Network) -> Change:
        back = self._missing(network, RouteTable)
        if back is not None:
            return put(replace(back, associations=()))
        row = self._pick(network, RouteTable)
        return Change() if row.associations else delete(row, *network.routes_in(row.id))

    def _vpc(self, network: Network) -> Change:
        row: Vpc = self._pick(network, Vpc)
        if self.random.random() < 0.5:
            return put(replace(row, enable_dns_support=not row.enable_dns_support))
        cidr = self.random.choice(SPARE_BLOCKS)
        if cidr not in row.cidrs:
            return put(replace(row, cidr_associations=(*row.cidr_associations, CidrAssociation("vpc-cidr-1", cidr))))
        if any(cidr.covers(subnet.cidr) for subnet in network.subnets_of(row.id)) or row.primary_cidr == cidr:
            return Change()
        kept = tuple(each for each in row.cidr_associations if each.cidr != cidr)
        return put(replace(row, cidr_associations=kept))

    def _tags(self, network: Network) -> Change:
        row: Resource | None = self._pick(network, self.random.choice(Network.TYPES))
        return put(replace(row, tags={"Name": "another"})) if row else Change()


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
