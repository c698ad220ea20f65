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
from realvpc.net.block_public_access import BlockPublicAccess, BlockPublicAccessExclusion
from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.flow_log import FlowLog
from realvpc.net.instance import Instance
from realvpc.net.instance_connect_endpoint import InstanceConnectEndpoint
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.load_balancer import LoadBalancer
from realvpc.net.nat_gateway import NatGateway
from realvpc.net.network import Network
from realvpc.net.network_acl import NetworkAcl
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import Peering
from realvpc.net.prefix_list import PrefixList
from realvpc.net.resource import Resource
from realvpc.net.route_table import PrefixListRoute, RouteTable, TableRoute
from realvpc.net.security_group import SecurityGroup, SecurityGroupVpcAssociation
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, by_place
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import VpcEndpoint

from .owners import Groups


class Affected(Struct):
    """Owners, by what names them; they may be there before the change, after it, or both."""

    vpcs: set[str] = field(default_factory=set)
    routes: set[tuple[str, Cidr]] = field(default_factory=set)  # by table and destination
    interfaces: set[str] = field(default_factory=set)
    groups: set[Groups] = field(default_factory=set)  # whose rules together may differ
    acls: set[str] = field(default_factory=set)

    def add_interfaces(self, rows: Iterable[NetworkInterface]) -> None:
        self.interfaces.update(row.id for row in rows)

    def add_routes_over(self, network: Network, target_id: str) -> None:
        self.routes.update((row.route_table_id, row.route.destination) for row in network.routes_over(target_id))
        for row in network.prefix_list_routes_over(target_id):
            self.add_routes_by(network, row)

    def add_routes_by(self, network: Network, row: PrefixListRoute) -> None:
        self.routes.update((row.route_table_id, cidr) for cidr in network.cidrs_of_list(row.prefix_list_id))

    def add_rules_of(self, network: Network, group_id: str) -> None:
        for row in network.interfaces_with_group(group_id):
            self.interfaces.add(row.id)
            self.groups.add(row.filtering)


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
    cidrs = [set(vpc.blocks if vpc else ()) for vpc in (old, new)]
    if cidrs[0] != cidrs[1]:
        found.vpcs.add(row.id)
        for table in (table for network in times for table in network.route_tables_of(row.id)):
            found.routes.update((table.id, cidr) for cidr in cidrs[0] ^ cidrs[1])
    if old and new and _of_interfaces(old) != _of_interfaces(new):
        found.add_interfaces(times[1].interfaces_in_vpc(row.id))


def _of_interfaces(vpc: Vpc) -> tuple[Any, ...]:
    """What the entries of a VPC's interfaces have of it: the default network ACL follows from whether there is IPv6."""
    return vpc.resolver, vpc.enable_dns_support, bool(vpc.ipv6_cidrs)


def _subnet(times: _Times, row: Subnet, found: Affected) -> None:
    old, new = (network.subnets.get(row.id) for network in times)
    if old and new and (old.ipv6_cidr, old.network_acl_id) != (new.ipv6_cidr, new.network_acl_id):
        found.add_interfaces(times[1].interfaces_in_subnet(row.id))


def _route_table(times: _Times, row: RouteTable, found: Affected) -> None:
    old, new = (network.route_tables.get(row.id) for network in times)
    if old is None or new is None:
        found.add_routes_over(times[1], row.id)
        for network, table in zip(times, (old, new), strict=True):
            found.routes.update((row.id, route.destination) for route in (network.routes(table) if table else ()))
    if _gateways(old) != _gateways(new):
        found.add_interfaces(times[1].publicly_addressed(row.vpc_id))
    uses = [_subnets(table) for table in (old, new)]
    changed = uses[0] ^ uses[1]
    if None in changed:  # the main table serves all subnets that have no other
        tables, subnets = times[1].route_tables, times[1].subnets_of(row.vpc_id)
        changed |= {each.id for each in subnets if tables.first(indexes.associated_subnets, each.id) is None}
    for subnet in (times[1].subnets.get(subnet_id) for subnet_id in changed if subnet_id):
        if subnet is not None:
            found.add_interfaces(times[1].interfaces_in_subnet(subnet.id))


def _subnets(table: RouteTable | None) -> set[str | None]:
    """None among them stands for those that have no other table."""
    return {each.subnet_id for each in table.associations if not each.gateway_id} if table else set()


def _gateways(table: RouteTable | None) -> set[str]:
    return set(indexes.associated_gateways(table)) if table else set()


def _table_route(times: _Times, row: TableRoute, found: Affected) -> None:
    found.routes.add((row.route_table_id, row.route.destination))


def _prefix_list_route(times: _Times, row: PrefixListRoute, found: Affected) -> None:
    for network in times:
        found.add_routes_by(network, row)


def _prefix_list(times: _Times, row: PrefixList, found: Affected) -> None:
    old, new = (set(network.cidrs_of_list(row.id)) for network in times)
    changed = old ^ new
    if not changed:
        return
    for network in times:
        for route in network.prefix_list_routes_by(row.id):
            found.routes.update((route.route_table_id, cidr) for cidr in changed)
    for group in times[1].groups_naming_list(row.id):
        found.add_rules_of(times[1], group.id)


def _internet_gateway(times: _Times, row: InternetGateway, found: Affected) -> None:
    old, new = (network.internet_gateways.get(row.id) for network in times)
    vpc_ids = {gateway.vpc_id for gateway in (old, new) if gateway}
    if len(vpc_ids) == 1 and old and new:
        return
    found.add_routes_over(times[1], row.id)
    for vpc_id in vpc_ids:
        found.add_interfaces(times[1].publicly_addressed(vpc_id) if vpc_id else ())


def _block_public_access(times: _Times, row: BlockPublicAccess, found: Affected) -> None:
    for vpc in times[1].vpcs.where(by_place, (row.account, row.region)):
        found.add_interfaces(times[1].publicly_addressed(vpc.id))


def _block_public_access_exclusion(times: _Times, row: BlockPublicAccessExclusion, found: Affected) -> None:
    subnet = times[1].subnets.get(row.excluded_id)
    found.add_interfaces(
        times[1].interfaces_in_subnet(subnet.id) if subnet else times[1].publicly_addressed(row.excluded_id)
    )


def _egress_only_internet_gateway(times: _Times, row: EgressOnlyInternetGateway, found: Affected) -> None:
    rows = [network.egress_only_internet_gateways.get(row.id) for network in times]
    if None in rows:
        found.add_routes_over(times[1], row.id)


def _security_group(times: _Times, row: SecurityGroup, found: Affected) -> None:
    old, new = (network.security_groups.get(row.id) for network in times)
    if old and new and (old.rules == new.rules or _meaning(old) == _meaning(new)):
        return
    found.add_rules_of(times[1], row.id)
    if old is None or new is None:  # references to it come to life or go stale
        for group in times[1].security_groups.where(indexes.referenced_groups, row.id):
            found.add_rules_of(times[1], group.id)


def _security_group_vpc_association(times: _Times, row: SecurityGroupVpcAssociation, found: Affected) -> None:
    found.add_rules_of(times[1], row.group_id)
    for group in times[1].security_groups.where(indexes.referenced_groups, row.group_id):
        found.add_rules_of(times[1], group.id)


def _meaning(group: SecurityGroup) -> set[Any]:
    return {rule.meaning for rule in group.rules}


def _network_acl(times: _Times, row: NetworkAcl, found: Affected) -> None:
    old, new = (network.network_acls.get(row.id) for network in times)
    if old and new and old.entries == new.entries:
        return
    found.acls.add(row.id)
    for subnet in times[1].subnets_with_acl(row):
        found.add_interfaces(times[1].interfaces_in_subnet(subnet.id))


def _network_interface(times: _Times, row: NetworkInterface, found: Affected) -> None:
    found.interfaces.add(row.id)
    old, new = (network.interfaces.get(row.id) for network in times)
    if old is None or new is None or old.attachment != new.attachment:
        found.add_routes_over(times[1], row.id)
        for attachment in (each.attachment for each in (old, new) if each and each.attachment):
            found.add_routes_over(times[1], attachment.owner_id)  # of a NAT gateway


def _elastic_ip(times: _Times, row: ElasticIp, found: Affected) -> None:
    rows = (network.elastic_ips.get(row.id) for network in times)
    old, new = (each.association if each else None for each in rows)
    if old != new:
        found.interfaces.update(association.interface_id for association in (old, new) if association)


def _instance(times: _Times, row: Instance, found: Affected) -> None:
    old, new = (network.instances.get(row.id) for network in times)
    if _said_of(old) == _said_of(new):
        return
    for interface in times[1].interfaces_of(row.id):
        found.interfaces.add(interface.id)
        found.add_routes_over(times[1], interface.id)


def _said_of(row: Instance | None) -> tuple[object, ...]:
    """What its interfaces' entries say of an instance."""
    if row is None:
        return (False,)
    return row.machine_wanted, row.instance_type, row.metadata_options.http_protocol_ipv6


def _nat_gateway(times: _Times, row: NatGateway, found: Affected) -> None:
    """Its routes are usable while it has an interface; the interface names it."""
    for network in times:
        interface = network.interface_of_nat_gateway(row.id)
        found.add_interfaces((interface,) if interface else ())
    found.add_routes_over(times[1], row.id)


def _flow_log(times: _Times, row: FlowLog, found: Affected) -> None:
    old, new = (network.flow_logs.get(row.id) for network in times)
    if (old is None) == (new is None) or not row.is_gathered_for:
        return
    if row.resource_id in times[1].interfaces:
        found.interfaces.add(row.resource_id)
    found.add_interfaces(times[1].interfaces_in_subnet(row.resource_id))
    found.add_interfaces(times[1].interfaces_in_vpc(row.resource_id))


def _instance_connect_endpoint(times: _Times, row: InstanceConnectEndpoint, found: Affected) -> None:
    """Its interfaces are somebody's as long as it is there."""
    if any(row.id not in network.instance_connect_endpoints for network in times):
        found.add_interfaces(times[1].interfaces_of(row.id))


def _load_balancer(times: _Times, row: LoadBalancer, found: Affected) -> None:
    """Its interfaces are somebody's as long as it is active."""
    old, new = (network.load_balancers.get(row.id) for network in times)
    if (old is not None and old.is_active) != (new is not None and new.is_active):
        found.add_interfaces(times[1].interfaces_of(row.id))


def _vpc_endpoint(times: _Times, row: VpcEndpoint, found: Affected) -> None:
    """Its interfaces name it; a gateway endpoint has routes."""
    old, new = (network.vpc_endpoints.get(row.id) for network in times)
    if old is None or new is None or old.is_connected != new.is_connected:
        found.add_interfaces(times[1].interfaces_of(row.id))
        found.add_routes_over(times[1], row.id)


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
    BlockPublicAccess: _block_public_access,
    BlockPublicAccessExclusion: _block_public_access_exclusion,
    PrefixList: _prefix_list,
    PrefixListRoute: _prefix_list_route,
    InternetGateway: _internet_gateway,
    EgressOnlyInternetGateway: _egress_only_internet_gateway,
    SecurityGroup: _security_group,
    SecurityGroupVpcAssociation: _security_group_vpc_association,
    NetworkAcl: _network_acl,
    NetworkInterface: _network_interface,
    ElasticIp: _elastic_ip,
    Instance: _instance,
    Peering: _peering,
    NatGateway: _nat_gateway,
    FlowLog: _flow_log,
    InstanceConnectEndpoint: _instance_connect_endpoint,
    LoadBalancer: _load_balancer,
    VpcEndpoint: _vpc_endpoint,
}
