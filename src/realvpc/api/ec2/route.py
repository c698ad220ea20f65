"""Routes: what CreateRoute, ReplaceRoute and DeleteRoute take and refuse (VPC guide, "Configure route tables")."""

from __future__ import annotations

from realvpc.net.addresses import Cidr
from realvpc.net.quotas import ROUTES_PER_TABLE
from realvpc.net.route_table import RESERVED_DESTINATIONS, Route, RouteTable, TableRoute, TargetKind
from realvpc.net.table import delete, put

from ..core.cidr import parse_cidr
from ..core.context import Answer, Context, Request
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
    unsupported_operation,
)
from ..core.lookup import named
from ..core.parameters import parameter_name
from .ip_permission import prefix_list_not_found
from .route_table import ROUTE_TABLE
from .route_target import find_target


def create_route(ctx: Context, request: Request) -> Answer:
    """Add a route.  Exactly the same route again is answered as if it were new.

    Raises RouteAlreadyExists, RouteLimitExceeded, InvalidParameterValue for a destination that the table may not have,
    and what ``find_target`` raises.
    """
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    destination = _destination(request)
    target, instance_id = find_target(ctx, table, request)
    route = Route(destination, target, instance_id=instance_id)
    _check_destination(ctx, table, route)
    existing = ctx.network.route_to(table, destination)
    if existing is not None:
        if existing.target == target:
            return Answer({"Return": True})
        raise AwsError("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    if len(ctx.network.routes_of_family(table.id, ipv4=destination.is_ipv4)) >= ctx.quota(ROUTES_PER_TABLE):
        raise AwsError("RouteLimitExceeded", "The maximum number of routes has been reached.")
    return Answer({"Return": True}, put(TableRoute.of(table, route)))


def replace_route(ctx: Context, request: Request) -> Answer:
    """Give a route another target.

    Raises InvalidParameterValue when there is no such route, and what ``create_route`` raises; UnsupportedOperation
    for another target of a ``local`` route.
    """
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    destination = _destination(request)
    existing = ctx.network.route_to(table, destination)
    if existing is None:
        raise invalid_parameter_value(
            f"There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
        )
    is_local = existing.target.kind is TargetKind.LOCAL
    if request.get("LocalTarget"):
        if is_local:
            return Answer()
        raise invalid_parameter_value(f"The destination {destination} is not a CIDR block of the VPC {table.vpc_id}.")
    target, instance_id = find_target(ctx, table, request)
    route = Route(destination, target, instance_id=instance_id)
    _check_destination(ctx, table, route)
    if is_local:
        raise unsupported_operation(f"The target of the local route {destination} cannot be replaced.")
    return Answer({}, put(TableRoute.of(table, route)))


def delete_route(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidRoute.NotFound``, and InvalidParameterValue for a ``local`` route."""
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    destination = _destination(request)
    existing = ctx.network.route_to(table, destination)
    if existing is None:
        parameter = "destination-cidr-block" if destination.is_ipv4 else "destination-ipv6-cidr-block"
        raise AwsError("InvalidRoute.NotFound", f"no route with {parameter} {destination} in route table {table.id}")
    if existing.target.kind is TargetKind.LOCAL:
        raise invalid_parameter_value(f"cannot remove local route {destination} in route table {table.id}")
    return Answer({}, delete(TableRoute.of(table, existing)))


def _destination(request: Request) -> Cidr:
    """The one destination of the request, with its host bits cleared."""
    given = [
        name
        for name in ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
        if request.get(name)
    ]
    if not given:
        raise missing_parameter("destinationCidrBlock or destinationIpv6CidrBlock")
    if len(given) > 1:
        raise invalid_parameter_combination(
            "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or "
            "destinationPrefixListId"
        )
    [name] = given
    if name == "DestinationPrefixListId":
        raise prefix_list_not_found(request[name])
    return parse_cidr(request[name], parameter_name(name), ipv4=name == "DestinationCidrBlock")


def _check_destination(ctx: Context, table: RouteTable, route: Route) -> None:
    """Inside the VPC's own blocks a route may lead only to an interface, and only a whole subnet may be led away."""
    destination = route.destination
    if any(block.covers(destination) for block in RESERVED_DESTINATIONS):
        raise invalid_parameter_value(
            f"The destination CIDR block {destination} is within a range that is reserved for use by AWS services."
        )
    blocks = ctx.network.vpcs[table.vpc_id].cidrs
    if not any(block.covers(destination) for block in blocks):
        return
    if route.target.kind is not TargetKind.NETWORK_INTERFACE:
        if destination in blocks:
            raise invalid_parameter_value(
                "Route target is not supported. This route only supports interface and instance targets."
            )
        raise invalid_parameter_value(
            f"The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR "
            "blocks. This route can target only an interface or an instance."
        )
    if destination not in blocks and all(subnet.cidr != destination for subnet in ctx.network.subnets_of(table.vpc_id)):
        raise invalid_parameter_value(
            f"The destination CIDR block {destination} does not match the CIDR block of a subnet of the VPC "
            f"{table.vpc_id}."
        )
