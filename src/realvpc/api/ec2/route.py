"""Routes: what CreateRoute, ReplaceRoute and DeleteRoute take and refuse (VPC guide, "Configure route tables")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net import nat64
from realvpc.net.addresses import Cidr
from realvpc.net.prefix_list import PrefixList
from realvpc.net.quotas import ROUTES_PER_TABLE
from realvpc.net.route_table import (
    RESERVED_DESTINATIONS,
    PrefixListRoute,
    Route,
    RouteOrigin,
    RouteTable,
    TableRoute,
    Target,
    TargetKind,
    table_route_id,
)
from realvpc.net.table import delete, put

from ..core.cidr import parse_cidr
from ..core.context import Answer, Context, Request
from ..core.effort import COMPARING
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
)
from ..core.lookup import get, named
from ..core.parameters import parameter_name
from .prefix_list import PREFIX_LIST
from .prefix_list_use import check_references, route_count
from .route_table import ROUTE_TABLE, check_gateway_route
from .route_target import find_target, names_endpoint


def create_route(ctx: Context, request: Request) -> Answer:
    """Add a route.  Exactly the same route again is answered as if it were new.

    Raises RouteAlreadyExists, RouteLimitExceeded, InvalidParameterValue for a destination that the table may not have,
    and what ``find_target`` raises.
    """
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    destination = _destination(ctx, request)
    _check_endpoint(request, destination)
    target, instance_id = find_target(ctx, table, request)
    row = _row(table, destination, target, instance_id)
    _check_destinations(ctx, table, row, destination)
    existing = _existing(ctx, table, destination)
    if existing is not None:
        if existing.target == target:
            return Answer({"Return": True})
        raise AwsError("RouteAlreadyExists", f"The route identified by {_name(destination)} already exists.")
    more = 1
    if isinstance(destination, PrefixList):
        check_references(ctx.network.prefix_list_routes_by(destination.id), row.id)
        more = destination.max_entries
    if route_count(ctx.network, table.id, ipv4=destination.is_ipv4) + more > ctx.quota(ROUTES_PER_TABLE):
        raise AwsError("RouteLimitExceeded", "The maximum number of routes has been reached.")
    return Answer({"Return": True}, put(row))


def replace_route(ctx: Context, request: Request) -> Answer:
    """Give a route another target, be it the ``local`` one; ``LocalTarget`` gives that its own back.

    Raises InvalidParameterValue when there is no such route, and what ``create_route`` raises.
    """
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    destination = _destination(ctx, request)
    existing = _existing(ctx, table, destination)
    if existing is None:
        raise invalid_parameter_value(
            f"There is no route defined for '{_name(destination)}' in the route table. Use CreateRoute instead."
        )
    _check_endpoint(request, destination, existing)
    is_of_vpc = destination in ctx.network.vpcs[table.vpc_id].blocks
    if request.get("LocalTarget"):
        if not is_of_vpc:
            raise invalid_parameter_value(
                f"The destination {_name(destination)} is not a CIDR block of the VPC {table.vpc_id}."
            )
        rows = ctx.network.table_routes
        return Answer({}, delete(*filter(None, (rows.get(table_route_id(table.id, _name(destination))),))))
    target, instance_id = find_target(ctx, table, request)
    row = _row(table, destination, target, instance_id)
    _check_destinations(ctx, table, row, destination)
    if is_of_vpc and isinstance(row, TableRoute):
        row = replace(row, route=replace(row.route, origin=RouteOrigin.CREATE_ROUTE_TABLE))
    return Answer({}, put(row))


def delete_route(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidRoute.NotFound``, and InvalidParameterValue for a ``local`` route or a VPC endpoint's."""
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    destination = _destination(ctx, request)
    existing = _existing(ctx, table, destination)
    if existing is None:
        [parameter] = [words for name, words in _DESTINATIONS.items() if request.get(name)]
        raise AwsError(
            "InvalidRoute.NotFound", f"no route with {parameter} {_name(destination)} in route table {table.id}"
        )
    if existing.target.kind is TargetKind.VPC_ENDPOINT:
        words = f"cannot remove VPC endpoint route {_name(destination)} in route table {table.id}"
        raise invalid_parameter_value(words)
    if destination in ctx.network.vpcs[table.vpc_id].blocks:
        raise invalid_parameter_value(f"cannot remove local route {_name(destination)} in route table {table.id}")
    return Answer({}, delete(existing if isinstance(existing, PrefixListRoute) else TableRoute.of(table, existing)))


_DESTINATIONS = {  # as AWS's messages call them
    "DestinationCidrBlock": "destination-cidr-block",
    "DestinationIpv6CidrBlock": "destination-ipv6-cidr-block",
    "DestinationPrefixListId": "destination-prefix-list-id",
}


def _destination(ctx: Context, request: Request) -> Cidr | PrefixList:
    """The one destination of the request, a block with its host bits cleared."""
    given = [name for name in _DESTINATIONS if request.get(name)]
    if not given:
        raise missing_parameter("destinationCidrBlock or destinationIpv6CidrBlock")
    if len(given) > 1:
        raise invalid_parameter_combination(
            "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or "
            "destinationPrefixListId"
        )
    [name] = given
    if name == "DestinationPrefixListId":
        return get(ctx, PREFIX_LIST, request[name])
    return parse_cidr(request[name], parameter_name(name), ipv4=name == "DestinationCidrBlock")


def _name(destination: Cidr | PrefixList) -> str:
    return str(destination) if isinstance(destination, Cidr) else destination.id


def _row(
    table: RouteTable, destination: Cidr | PrefixList, target: Target, instance_id: str | None
) -> TableRoute | PrefixListRoute:
    if isinstance(destination, Cidr):
        return TableRoute.of(table, Route(destination, target, instance_id=instance_id))
    return PrefixListRoute.of(table, destination, target, instance_id)


def _existing(ctx: Context, table: RouteTable, destination: Cidr | PrefixList) -> Route | PrefixListRoute | None:
    if isinstance(destination, Cidr):
        return ctx.network.route_to(table, destination)
    return ctx.network.prefix_list_routes.get(table_route_id(table.id, destination.id))


def _check_endpoint(
    request: Request, destination: Cidr | PrefixList, existing: Route | PrefixListRoute | None = None
) -> None:
    """Raises InvalidParameterValue for a route that only the association with a gateway endpoint makes."""
    named = request.get("VpcEndpointId") or request.get("GatewayId") or ""
    is_asked = isinstance(destination, PrefixList) and names_endpoint(named)
    if is_asked or (existing is not None and existing.target.kind is TargetKind.VPC_ENDPOINT):
        raise invalid_parameter_value("Cannot create or replace a prefix list route targeting a VPC Endpoint.")


def _check_destinations(
    ctx: Context, table: RouteTable, row: TableRoute | PrefixListRoute, destination: Cidr | PrefixList
) -> None:
    """Of a prefix list each block, as it is now."""
    if isinstance(row, TableRoute):
        check_destination(ctx, table, row.route)
        return
    assert isinstance(destination, PrefixList)
    if table.serves_gateway:
        raise invalid_parameter_value("A gateway route table cannot have a route to a prefix list.")
    ctx.effort.spend(COMPARING * len(destination.entries))
    for cidr in destination.cidrs:
        check_destination(ctx, table, row.to(cidr))


def check_destination(ctx: Context, table: RouteTable, route: Route) -> None:
    """Inside the VPC's own blocks a route may lead only to an interface or a NAT gateway, and only a whole subnet may
    be led away."""
    destination = route.destination
    if any(block.covers(destination) for block in RESERVED_DESTINATIONS):
        raise invalid_parameter_value(
            f"The destination CIDR block {destination} is within a range that is reserved for use by AWS services."
        )
    if destination.is_ipv4 and route.target.kind is TargetKind.EGRESS_ONLY_INTERNET_GATEWAY:
        raise invalid_parameter_value(
            f"The destination CIDR block {destination} is of IPv4. An egress-only internet gateway carries IPv6 only."
        )
    if table.serves_gateway:
        check_gateway_route(ctx, table, route)
    if not destination.is_ipv4 and route.target.kind is TargetKind.NAT_GATEWAY and not nat64.BLOCK.covers(destination):
        raise invalid_parameter_value(
            f"The destination CIDR block {destination} is of IPv6. A NAT gateway carries IPv6 to {nat64.BLOCK} only."
        )
    blocks = ctx.network.vpcs[table.vpc_id].blocks
    if not any(block.covers(destination) for block in blocks):
        return
    kind = route.target.kind
    if kind is not TargetKind.NETWORK_INTERFACE and (kind is not TargetKind.NAT_GATEWAY or destination in blocks):
        if destination in blocks:
            raise invalid_parameter_value(
                "Route target is not supported. This route only supports interface and instance targets."
            )
        raise invalid_parameter_value(
            f"The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR "
            "blocks. This route can target only an interface or an instance."
        )
    if destination not in blocks and all(
        destination not in subnet.blocks for subnet in ctx.network.subnets_of(table.vpc_id)
    ):
        raise invalid_parameter_value(
            f"The destination CIDR block {destination} does not match the CIDR block of a subnet of the VPC "
            f"{table.vpc_id}."
        )
