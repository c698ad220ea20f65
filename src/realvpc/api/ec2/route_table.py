"""Route tables and their associations (VPC guide, "Configure route tables"; EC2 API Reference).

For what is in a table see ``route``.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.quotas import ROUTE_TABLES_PER_VPC
from realvpc.net.route_table import LOCAL, Route, RouteTable, RouteTableAssociation, TargetKind
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import (
    AwsError,
    dependency_violation,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
    unsupported_operation,
)
from ..core.filter import no_values
from ..core.lookup import get, named
from ..core.noun import Noun
from ..core.parameters import required
from ..core.tags import render_tags, tags_on_creation
from .subnet import SUBNET
from .vpc import VPC

_ASSOCIATED: Response = {"State": "associated"}


def create_route_table(ctx: Context, request: Request) -> Answer:
    """A table with the VPC's ``local`` routes.  Raises RouteTableLimitExceeded."""
    vpc = named(ctx, VPC, request, "VpcId")
    tags = tags_on_creation(request, ROUTE_TABLE.tag_type)
    if len(ctx.network.route_tables_of(vpc.id)) >= ctx.quota(ROUTE_TABLES_PER_VPC):
        raise AwsError("RouteTableLimitExceeded", "The maximum number of route tables has been reached.")
    table = RouteTable(id=ctx.new_id("rtb"), account=ctx.account, region=ctx.region, tags=tags, vpc_id=vpc.id)
    return Answer({"RouteTable": _render(ctx, table), "ClientToken": request.get("ClientToken")}, put(table))


def delete_route_table(ctx: Context, request: Request) -> Answer:
    """With its routes.  Raises DependencyViolation for the main table and while subnets use the table."""
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    if table.associations:
        raise dependency_violation("routeTable", table.id)
    return Answer({}, delete(table, *ctx.network.routes_in(table.id)))


def associate_route_table(ctx: Context, request: Request) -> Answer:
    """Let a subnet use a table.  The same association again is answered with the one that exists.

    Raises ``Resource.AlreadyAssociated`` for a subnet with another explicit association, InvalidParameterValue across
    VPCs, UnsupportedOperation for a gateway.
    """
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    targets = [name for name in ("SubnetId", "GatewayId", "PublicIpv4Pool") if request.get(name)]
    if not targets:
        raise missing_parameter("subnetId or gatewayId")
    if len(targets) > 1:
        raise invalid_parameter_combination("The request must contain exactly one of subnetId or gatewayId")
    if targets != ["SubnetId"]:
        raise unsupported_operation("Route tables can be associated only with subnets.")
    subnet = get(ctx, SUBNET, request["SubnetId"])
    if subnet.vpc_id != table.vpc_id:
        raise invalid_parameter_value(f"route table {table.id} and subnet {subnet.id} belong to different networks")
    for other in ctx.network.route_tables_of(table.vpc_id):
        for association in other.associations:
            if association.subnet_id == subnet.id:
                if other.id == table.id:
                    return _associated(association)
                raise AwsError(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {table.id} conflicts with an existing association",
                )
    association = RouteTableAssociation(ctx.new_id("rtbassoc"), subnet.id)
    return Answer(_associated(association).response, put(_with(table, association)))


def disassociate_route_table(ctx: Context, request: Request) -> Answer:
    """The subnet goes back to the main table.

    Raises ``InvalidAssociationID.NotFound``, and InvalidParameterValue for the main association.
    """
    table, association = _association(ctx, required(request, "AssociationId"))
    if association.is_main:
        raise invalid_parameter_value(f"cannot disassociate the main route table association {association.id}")
    return Answer({}, put(_without(table, association)))


def replace_route_table_association(ctx: Context, request: Request) -> Answer:
    """Let the subnet, or for the main association the VPC, use another table.  The association gets a new id.

    Raises ``InvalidAssociationID.NotFound``, and InvalidParameterValue across VPCs.
    """
    table, association = _association(ctx, required(request, "AssociationId"))
    new_table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    if new_table.vpc_id != table.vpc_id:
        raise invalid_parameter_value(
            f"route table {new_table.id} and route table association {association.id} belong to different networks"
        )
    if new_table.id == table.id:
        return _replaced(association)
    moved = replace(association, id=ctx.new_id("rtbassoc"))
    return Answer(_replaced(moved).response, put(_without(table, association), _with(new_table, moved)))


def _association(ctx: Context, association_id: str) -> tuple[RouteTable, RouteTableAssociation]:
    for table in ctx.network.route_tables.where(indexes.route_table_association_ids, association_id):
        for association in table.associations:
            if association.id == association_id and ctx.sees(table):
                return table, association
    raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")


def _with(table: RouteTable, association: RouteTableAssociation) -> RouteTable:
    return replace(table, associations=(*table.associations, association))


def _without(table: RouteTable, association: RouteTableAssociation) -> RouteTable:
    return replace(table, associations=tuple(other for other in table.associations if other.id != association.id))


def _associated(association: RouteTableAssociation) -> Answer:
    return Answer({"AssociationId": association.id, "AssociationState": _ASSOCIATED})


def _replaced(association: RouteTableAssociation) -> Answer:
    return Answer({"NewAssociationId": association.id, "AssociationState": _ASSOCIATED})


def _render(ctx: Context, table: RouteTable) -> Response:
    return {
        "RouteTableId": table.id,
        "VpcId": table.vpc_id,
        "OwnerId": table.account,
        "Associations": [_render_association(table, association) for association in table.associations],
        "PropagatingVgws": [],
        "Routes": [render_route(ctx, table, route) for route in _in_order(ctx.network.routes(table))],
        "Tags": render_tags(table.tags),
    }


def _in_order(routes: Iterable[Route]) -> list[Route]:
    """The local ones first, then by destination."""
    return sorted(routes, key=lambda route: (route.target != LOCAL, route.destination))


def _render_association(table: RouteTable, association: RouteTableAssociation) -> Response:
    return {
        "RouteTableAssociationId": association.id,
        "RouteTableId": table.id,
        "SubnetId": association.subnet_id,
        "Main": association.is_main,
        "AssociationState": _ASSOCIATED,
    }


def render_route(ctx: Context, table: RouteTable, route: Route) -> Response:
    """``route`` as DescribeRouteTables shows it.  Whether it is active follows from its target, not from packets."""
    response: Response = {
        "DestinationCidrBlock" if route.destination.is_ipv4 else "DestinationIpv6CidrBlock": str(route.destination),
        "Origin": str(route.origin),
        "State": str(ctx.network.route_state(table, route)),
    }
    match route.target.kind:
        case TargetKind.LOCAL | TargetKind.INTERNET_GATEWAY | TargetKind.ROUTE_TABLE:
            response["GatewayId"] = route.target.id
        case TargetKind.PEERING:
            response["VpcPeeringConnectionId"] = route.target.id
        case TargetKind.NETWORK_INTERFACE:
            response["NetworkInterfaceId"] = route.target.id
            interface = ctx.network.interfaces.get(route.target.id)
            if interface is not None and interface.attachment is not None:
                response["InstanceId"] = interface.attachment.instance_id
                response["InstanceOwnerId"] = interface.account
    return response


ROUTE_TABLE = Noun(
    type=RouteTable,
    prefix="rtb",
    not_found="InvalidRouteTableID.NotFound",
    malformed="InvalidRouteTableId.Malformed",
    must_have_dash=False,  # as of VPCs
    words="routeTable ID",
    tag_type="route-table",
    ids="RouteTableIds",
    result="RouteTables",
    render=_render,
    filters={
        "association.gateway-id": no_values,
        "association.main": ".associations[].is_main",
        "association.route-table-association-id": ".associations[].id",
        "association.route-table-id": "Associations[].RouteTableId",
        "association.subnet-id": ".associations[].subnet_id",
        "route-table-id": ".id",
        "route.destination-cidr-block": "Routes[].DestinationCidrBlock",
        "route.destination-ipv6-cidr-block": "Routes[].DestinationIpv6CidrBlock",
        "route.destination-prefix-list-id": no_values,
        "route.egress-only-internet-gateway-id": no_values,
        "route.gateway-id": "Routes[].GatewayId",
        "route.instance-id": "Routes[].InstanceId",
        "route.nat-gateway-id": no_values,
        "route.origin": "Routes[].Origin",
        "route.state": "Routes[].State",
        "route.transit-gateway-id": no_values,
        "route.vpc-peering-connection-id": "Routes[].VpcPeeringConnectionId",
        **dict.fromkeys(("vpc-id", "vpcId"), ".vpc_id"),
    },
    found_by=dict.fromkeys(("vpc-id", "vpcId"), lambda ctx, value: ctx.network.route_tables_of(value)),
)


describe_route_tables = describing(ROUTE_TABLE)
