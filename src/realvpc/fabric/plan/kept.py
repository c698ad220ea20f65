"""The plan that is kept: what a change costs follows from the change, not from the size of the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator

from realvpc.net import indexes
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.table import Change

from . import owners
from .affected import Affected, affected
from .delta import KINDS, Plan, PlanDelta
from .entries import RuleSet
from .keyed import KeyedPlan
from .owners import Groups


class KeptPlan:
    """Follows a network from change to change."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._parts: dict[Hashable, Plan] = {}  # by owner
        self._rule_sets: dict[Groups | str, RuleSet] = {}  # of groups together, and of an ACL by its id
        self._sharing: Counter[int] = Counter()  # how many of them have a rule set, by its id
        rows = network.interfaces.values()
        everything = Affected(
            vpcs=set(network.vpcs),
            routes={(t.id, route.destination) for t in network.route_tables.values() for route in network.routes(t)},
            interfaces=set(network.interfaces),
            groups={row.filtering for row in rows},
            acls=set(network.network_acls),
        )
        self._work_out(everything)

    def plan(self) -> Plan:
        """The whole of it."""
        whole = KeyedPlan()
        whole.add("rule_sets", self._rule_sets.values())
        for part in self._parts.values():
            whole.put(part)
        return whole.plan()

    def advance(self, after: Network, change: Change) -> PlanDelta:
        """What the change, which has led to the network ``after``, changes in the plan."""
        before, self._network = self._network, after
        if before is after:
            return PlanDelta()
        found = affected(before, after, change)
        for network in (before, after):
            rows = (network.interfaces.get(interface_id) for interface_id in found.interfaces)
            groups = {row.filtering for row in rows if row is not None}
            found.groups |= {each for each in groups if (each in self._rule_sets) != self._is_used(each)}
        return self._work_out(found)

    def _is_used(self, groups: Groups) -> bool:
        return bool(self._network.interfaces.where(indexes.group_sets, groups))

    def _work_out(self, found: Affected) -> PlanDelta:
        puts, deletes = KeyedPlan(), KeyedPlan()
        named: tuple[Groups | str, ...] = (*found.groups, *found.acls)
        for each in named:
            self._replace_rule_set(each, puts, deletes)
        for owner, new in self._parts_of(found):
            old = self._parts.get(owner, _EMPTY)
            if old != new:
                _compare(old, new, puts, deletes)
                self._parts[owner] = new
            if new == _EMPTY:
                self._parts.pop(owner, None)
        put = puts.plan()
        deletes.remove(put)  # what one owner lost and another one has
        return PlanDelta(put, deletes.plan())

    def _rule_set(self, owner: Groups | str) -> RuleSet | None:
        if isinstance(owner, str):
            acl = self._network.network_acls.get(owner)
            return owners.rule_set_of_acl(acl) if acl else None
        return owners.rule_set_of(self._network, owner) if self._is_used(owner) else None

    def _replace_rule_set(self, owner: Groups | str, puts: KeyedPlan, deletes: KeyedPlan) -> None:
        old, new = self._rule_sets.pop(owner, None), self._rule_set(owner)
        if new is not None:
            self._rule_sets[owner] = new
            self._sharing[new.id] += 1
            if self._sharing[new.id] == 1:
                puts.add("rule_sets", (new,))
        if old is not None:
            self._sharing[old.id] -= 1
            if not self._sharing[old.id]:
                del self._sharing[old.id]
                deletes.add("rule_sets", (old,))

    def _parts_of(self, found: Affected) -> Iterator[tuple[Hashable, Plan]]:
        network = self._network
        for vpc_id in found.vpcs:
            yield vpc_id, owners.of_vpc(network, vpc_id)
        for table_id, destination in found.routes:
            yield (table_id, destination), owners.of_route(network, table_id, destination)
        for interface_id in found.interfaces:
            row = network.interfaces.get(interface_id)
            yield interface_id, self._part_of(row) if row else _EMPTY

    def _part_of(self, row: NetworkInterface) -> Plan:
        acl = self._network.network_acl_for(self._network.subnets[row.subnet_id])
        rules = self._rule_sets.get(acl.id)
        rule_set = self._rule_sets[row.filtering]
        return owners.of_interface(
            self._network, row, rule_set.id, rules.id if rules else owners.acl_without_rules(acl)
        )


_EMPTY = Plan()


def _compare(old: Plan, new: Plan, puts: KeyedPlan, deletes: KeyedPlan) -> None:
    for kind in KINDS:
        before, after = getattr(old, kind), getattr(new, kind)
        if before != after:
            kept = {entry.key for entry in after}
            puts.add(kind, (entry for entry in after if entry not in before))
            deletes.add(kind, (entry for entry in before if entry.key not in kept))
