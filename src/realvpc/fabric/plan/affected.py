"""Which entries of the plan a change can affect: the owners whose entries are worked out again.

To name too many costs time; to name too few leaves the kernel behind the state, which a test looks for with random
changes.  What touches no packet (tags, descriptions) names none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from msgspec import Struct, field

from realvpc.net import indexes
from realvpc.net.addresses import Cidr
from realvpc.net.instance import Instance
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import Peering
from realvpc.net.resource import Resource
from realvpc.net.route_table import RouteTable, TableRoute
from realvpc.net.security_group import SecurityGroup
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change
from realvpc.net.vpc import Vpc

from .owners import Groups


class Affected(Struct):
    """Owners, by what names them; they may be there before the change, after it, or both."""

    vpcs: set[str] = field(default_factory=set)
    routes: set[tuple[str, Cidr]] = field(default_factory=set)  # by table and destination
    interfaces: set[str] = field(default_factory=set)
    groups: set[Groups] = field(default_factory=set)  # whose rules together may differ

    def add_interfaces(self, rows: Iterable[NetworkInterface]) -> None:
        self.interfaces.update(row.id for row in rows)

    def add_routes_over(self, network: Network, target_id: str) -> None:
        self.routes.update((row.route_table_id, row.route.destination) for row in network.routes_over(target_id))

    def add_rules_of(self, network: Network, group_id: str) -> None:
        for row in network.interfaces_with_group(group_id):
            self.interfaces.add(row.id)
            self.groups.add(frozenset(row.group_ids))


def affected(before: Network, after: Network, change: Change) -> Affected:
    """The owners whose entries may differ between the networks before and after the change."""
    found = Affected()
    for row in change.puts + change.deletes:
        follow = _FOLLOW.get(type(row))
        if follow is not None:
            follow((before, after), row, found)
    return found


_Times: TypeAlias = tuple[Network, Network]
"""Before and after the change."""


def _vpc(times: _Times, row: Vpc, found: Affected) -> None:
    old, new = (network.vpcs.get(row.id) for network in times)
    cidrs = [set(vpc.cidrs if vpc else ()) for vpc in (old, new)]
    if cidrs[0] != cidrs[1]:
        found.vpcs.add(row.id)
        for table in (table for network in times for table in network.route_tables_of(row.id)):
            found.routes.update((table.id, cidr) for cidr in cidrs[0] ^ cidrs[1])
    if old and new and (old.resolver, old.enable_dns_support) != (new.resolver, new.enable_dns_support):
        found.add_interfaces(times[1].interfaces_in_vpc(row.id))


def _subnet(times: _Times, row: Subnet, found: Affected) -> None:
    old, new = (network.subnets.get(row.id) for network in times)
    if old and new and old.cidr != new.cidr:
        found.add_interfaces(times[1].interfaces_in_subnet(row.id))


def _route_table(times: _Times, row: RouteTable, found: Affected) -> None:
    old, new = (network.route_tables.get(row.id) for network in times)
    if old is None or new is None:
        found.add_routes_over(times[1], row.id)
        for network, table in zip(times, (old, new), strict=True):
            found.routes.update((row.id, route.destination) for route in (network.routes(table) if table else ()))
    uses = [{association.subnet_id for association in table.associations} if table else set() for table in (old, new)]
    changed = uses[0] ^ uses[1]
    if None in changed:  # the main table serves all subnets that have no other
        tables, subnets = times[1].route_tables, times[1].subnets_of(row.vpc_id)
        changed |= {each.id for each in subnets if tables.first(indexes.associated_subnets, each.id) is None}
    for subnet in (times[1].subnets.get(subnet_id) for subnet_id in changed if subnet_id):
        if subnet is not None:
            found.add_interfaces(times[1].interfaces_in_subnet(subnet.id))


def _table_route(times: _Times, row: TableRoute, found: Affected) -> None:
    found.routes.add((row.route_table_id, row.route.destination))


def _internet_gateway(times: _Times, row: InternetGateway, found: Affected) -> None:
    old, new = (network.internet_gateways.get(row.id) for network in times)
    vpc_ids = {gateway.vpc_id for gateway in (old, new) if gateway}
    if len(vpc_ids) == 1 and old and new:
        return
    found.add_routes_over(times[1], row.id)
    for vpc_id in vpc_ids:
        found.add_interfaces(times[1].interfaces.where(indexes.vpc_with_public_address, vpc_id))


def _security_group(times: _Times, row: SecurityGroup, found: Affected) -> None:
    old, new = (network.security_groups.get(row.id) for network in times)
    if old and new and (old.rules == new.rules or _meaning(old) == _meaning(new)):
        return
    found.add_rules_of(times[1], row.id)
    if old is None or new is None:  # references to it come to life or go stale
        for group in times[1].security_groups.where(indexes.referenced_groups, row.id):
            found.add_rules_of(times[1], group.id)


def _meaning(group: SecurityGroup) -> set[Any]:
    return {rule.meaning for rule in group.rules}


def _network_interface(times: _Times, row: NetworkInterface, found: Affected) -> None:
    found.interfaces.add(row.id)
    old, new = (network.interfaces.get(row.id) for network in times)
    if old is None or new is None or old.attachment != new.attachment:
        found.add_routes_over(times[1], row.id)


def _instance(times: _Times, row: Instance, found: Affected) -> None:
    old, new = (network.instances.get(row.id) for network in times)
    if (old is not None and old.machine_wanted) != (new is not None and new.machine_wanted):
        for interface in times[1].interfaces_of(row.id):
            found.interfaces.add(interface.id)
            found.add_routes_over(times[1], interface.id)


def _peering(times: _Times, row: Peering, found: Affected) -> None:
    old, new = (network.peerings.get(row.id) for network in times)
    if (old is not None and old.is_active) == (new is not None and new.is_active):
        return
    found.add_routes_over(times[1], row.id)
    sides = row.requester.vpc_id, row.accepter.vpc_id
    for vpc_id, far in (sides, sides[::-1]):
        for group in times[1].security_groups.where(indexes.vpc_with_references, vpc_id):
            others = (times[1].security_groups.get(group_id) for group_id in indexes.referenced_groups(group))
            if any(other is not None and other.vpc_id == far for other in others):
                found.add_rules_of(times[1], group.id)


_FOLLOW: dict[type[Resource], Callable[[_Times, Any, Affected], None]] = {
    Vpc: _vpc,
    Subnet: _subnet,
    RouteTable: _route_table,
    TableRoute: _table_route,
    InternetGateway: _internet_gateway,
    SecurityGroup: _security_group,
    NetworkInterface: _network_interface,
    Instance: _instance,
    Peering: _peering,
}
