"""The plan of a network, worked out from nothing: what a plan that is kept up must be equal to."""

from __future__ import annotations

from realvpc.net.network import Network

from . import owners
from .delta import Plan
from .keyed import KeyedPlan


def compile_plan(network: Network) -> Plan:
    """Everything that decides a packet's fate, for every account and Region of the network.

    It depends on the state of the network alone, never on the history that led to it: equal networks have equal plans.
    """
    collected = KeyedPlan()
    groups = {row.filtering for row in network.interfaces.values()}
    rule_sets = {each: owners.rule_set_of(network, each) for each in groups}
    acls = {row.id: rules for row in network.network_acls.values() if (rules := owners.rule_set_of_acl(row))}
    collected.add("rule_sets", (*rule_sets.values(), *acls.values()))
    for vpc_id in network.vpcs:
        collected.put(owners.of_vpc(network, vpc_id))
    for table in network.route_tables.values():
        for route in network.routes(table):
            collected.put(owners.of_route(network, table.id, route.destination))
    for row in network.interfaces.values():
        acl = network.network_acl_for(network.subnets[row.subnet_id])
        rules, rule_set = acls.get(acl.id), rule_sets[row.filtering]
        which = rules.id if rules else owners.acl_without_rules(acl)
        collected.put(owners.of_interface(network, row, rule_set.id, which))
    return collected.plan()
