"""Gateway endpoints of random networks, and what happens to endpoints."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from realvpc.net.aws_prefix_lists import aws_prefix_lists
from realvpc.net.network import Network
from realvpc.net.prefix_list import PrefixList
from realvpc.net.route_table import PrefixListRoute, RouteTable, Target, TargetKind
from realvpc.net.table import Change, delete, put
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType

from ..packets.hosts import NOW

if TYPE_CHECKING:
    from .random_world import World


def add_gateway_endpoints(world: World) -> None:
    """To S3, with routes in some tables of their VPCs."""
    for vpc in world.vpcs:
        if world.chance(0.6):
            _add(world, vpc)


def _add(world: World, vpc: Vpc) -> None:
    fields = {"type": EndpointType.GATEWAY, "created_at": NOW, "state": EndpointState.AVAILABLE}
    name = f"com.amazonaws.{vpc.region}.s3"
    endpoint = world._add(VpcEndpoint, "vpce", vpc.region, vpc_id=vpc.id, service_name=name, **fields)
    tables = [row for row in world.resources if isinstance(row, RouteTable) and row.vpc_id == vpc.id]
    world.resources += [_route(table, endpoint) for table in tables if not table.serves_gateway and world.chance(0.7)]


def endpoint_changes(random: Random, network: Network, row: VpcEndpoint | None) -> Change:
    """It goes, gives up an interface, or gets another group for all that it has; one to an account's service comes into
    another state."""
    if row is None or random.random() < 0.5:
        return delete(row) if row else Change()
    interfaces = sorted(network.interfaces_of(row.id), key=lambda each: each.id)
    if interfaces and random.random() < 0.3:
        return delete(random.choice(interfaces))
    groups = sorted(group.id for group in network.security_groups.values() if group.vpc_id == row.vpc_id)
    group_ids = tuple(groups and [random.choice(groups)])
    state = row.state if row.leads_to_aws else random.choice(list(EndpointState))
    modified = replace(row, state=state, group_ids=group_ids, private_dns_enabled=not row.private_dns_enabled)
    return put(modified, *(replace(each, group_ids=group_ids) for each in interfaces))


def endpoint_route_changes(random: Random, network: Network, row: VpcEndpoint | None) -> Change:
    """A table gets a route to the endpoint, or loses it."""
    if row is None or not row.is_gateway:
        return Change()
    route = _route(random.choice(sorted(network.route_tables_of(row.vpc_id), key=lambda each: each.id)), row)
    return delete(route) if route.id in network.prefix_list_routes else put(route)


def _route(table: RouteTable, endpoint: VpcEndpoint) -> PrefixListRoute:
    return PrefixListRoute.of(table, _list_of_s3(endpoint.region), Target(TargetKind.VPC_ENDPOINT, endpoint.id))


def _list_of_s3(region: str) -> PrefixList:
    [row] = (row for row in aws_prefix_lists(region) if row.name == f"com.amazonaws.{region}.s3")
    return row
