"""Route tables and their associations (VPC guide, "Configure route tables"; EC2 API Reference).

For what is in a table see ``route``.
"""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.addresses import Cidr
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.quotas import ROUTE_TABLES_PER_VPC
from realvpc.net.route_table import PrefixListRoute, Route, RouteTable, RouteTableAssociation, TargetKind
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
from ..core.lookup import find, get, named
from ..core.noun import Noun
from ..core.tags import render_tags, tags_on_creation
from .internet_gateway import INTERNET_GATEWAY
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
    network = ctx.network
    return Answer({}, delete(table, *network.routes_in(table.id), *network.prefix_list_routes_in(table.id)))


def associate_route_table(ctx: Context, request: Request) -> Answer:
    """Let a subnet or an internet gateway use a table.  The same association again is answered with the one that
    exists.

    Raises ``Resource.AlreadyAssociated`` for what has another explicit association, InvalidParameterValue across VPCs
    and for a gateway and a table with routes that a gateway may not have, UnsupportedOperation for a pool.
    """
    table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    targets = [name for name in ("SubnetId", "GatewayId", "PublicIpv4Pool") if request.get(name)]
    if not targets:
        raise missing_parameter("subnetId or gatewayId")
    if len(targets) > 1:
        raise invalid_parameter_combination("The request must contain exactly one of subnetId or gatewayId")
    if targets == ["PublicIpv4Pool"]:
        raise unsupported_operation("Route tables can be associated only with subnets and internet gateways.")
    if targets == ["SubnetId"]:
        subnet = get(ctx, SUBNET, request["SubnetId"])
        if subnet.vpc_id != table.vpc_id:
            raise invalid_parameter_value(f"route table {table.id} and subnet {subnet.id} belong to different networks")
        wanted = RouteTableAssociation("", subnet_id=subnet.id)
    else:
        wanted = RouteTableAssociation("", gateway_id=gateway_of(ctx, table, request["GatewayId"]).id)
        check_gateway_routes(ctx, table)
    for other in ctx.network.route_tables_of(table.vpc_id):
        for association in other.associations:
            if replace(association, id="") == wanted:
                if other.id == table.id:
                    return _associated(association)
                raise AwsError(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {table.id} conflicts with an existing association",
                )
    association = replace(wanted, id=ctx.new_id("rtbassoc"))
    return Answer(_associated(association).response, put(_with(table, association)))


def gateway_of(ctx: Context, table: RouteTable, gateway_id: str) -> InternetGateway:
    """The internet gateway of the table's VPC.  Raises InvalidParameterValue, ``InvalidGatewayID.NotFound``."""
    if not gateway_id.startswith(("igw-", "vgw-")):
        raise invalid_parameter_value(f"invalid value for parameter gateway-id: {gateway_id}")
    gateway = find(ctx, INTERNET_GATEWAY, gateway_id)
    if gateway is None:
        raise AwsError("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
    if gateway.vpc_id != table.vpc_id:
        raise invalid_parameter_value(
            f"route table {table.id} and network gateway {gateway.id} belong to different networks"
        )
    return gateway


def check_gateway_routes(ctx: Context, table: RouteTable) -> None:
    """Raises InvalidParameterValue for a table that a gateway cannot route by."""
    if ctx.network.prefix_list_routes_in(table.id):
        raise invalid_parameter_value(f"The route table {table.id} has a route to a prefix list.")
    for route in ctx.network.routes(table):
        check_gateway_route(ctx, table, route)


def check_gateway_route(ctx: Context, table: RouteTable, route: Route) -> None:
    """What comes in is for the VPC, and stays in it (VPC guide, "Gateway route tables").

    Raises InvalidParameterValue.
    """
    if not any(block.covers(route.destination) for block in ctx.network.vpcs[table.vpc_id].blocks):
        raise invalid_parameter_value(
            f"The destination CIDR block {route.destination} is not within the CIDR blocks of the VPC {table.vpc_id}. "
            "A gateway route table can have no other destinations."
        )
    if route.target.kind not in (TargetKind.LOCAL, TargetKind.NETWORK_INTERFACE):
        raise invalid_parameter_value(
            f"The target {route.target.id} is not supported. A gateway route table can target only local, "
            "an interface or an instance."
        )


def disassociate_route_table(ctx: Context, request: Request) -> Answer:
    """The subnet goes back to the main table.

    Raises ``InvalidAssociationID.NotFound``, and InvalidParameterValue for the main association.
    """
    table, association = _association(ctx, request["AssociationId"])
    if association.is_main:
        raise invalid_parameter_value(f"cannot disassociate the main route table association {association.id}")
    return Answer({}, put(_without(table, association)))


def replace_route_table_association(ctx: Context, request: Request) -> Answer:
    """Let the subnet, or for the main association the VPC, use another table.  The association gets a new id.

    Raises ``InvalidAssociationID.NotFound``, and InvalidParameterValue across VPCs.
    """
    table, association = _association(ctx, request["AssociationId"])
    new_table = named(ctx, ROUTE_TABLE, request, "RouteTableId")
    if new_table.vpc_id != table.vpc_id:
        raise invalid_parameter_value(
            f"route table {new_table.id} and route table association {association.id} belong to different networks"
        )
    if new_table.id == table.id:
        return _replaced(association)
    if association.gateway_id:
        check_gateway_routes(ctx, new_table)
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
        "Routes": [render_route(ctx, table, route) for route in _in_order(ctx, table)],
        "Tags": render_tags(table.tags),
    }


def _in_order(ctx: Context, table: RouteTable) -> list[Route | PrefixListRoute]:
    """Those to the VPC's own blocks first, whatever their target, then by destination, then those by prefix lists."""
    return [
        *sorted(ctx.network.local_routes(table), key=_destination_of),
        *sorted(ctx.network.other_routes(table), key=_destination_of),
        *ctx.network.prefix_list_routes_in(table.id),
    ]


def _destination_of(route: Route) -> Cidr:
    return route.destination


def _render_association(table: RouteTable, association: RouteTableAssociation) -> Response:
    return {
        "RouteTableAssociationId": association.id,
        "RouteTableId": table.id,
        "SubnetId": association.subnet_id,
        "GatewayId": association.gateway_id,
        "Main": association.is_main,
        "AssociationState": _ASSOCIATED,
    }


def render_route(ctx: Context, table: RouteTable, route: Route | PrefixListRoute) -> Response:
    """``route`` as DescribeRouteTables shows it.  Whether it is active follows from its target, not from packets."""
    response: Response = _destination(route) | {
        "Origin": str(route.origin),
        "State": str(ctx.network.route_state(table, route)),
    }
    match route.target.kind:
        case TargetKind.LOCAL | TargetKind.INTERNET_GATEWAY | TargetKind.ROUTE_TABLE | TargetKind.VPC_ENDPOINT:
            response["GatewayId"] = route.target.id
        case TargetKind.EGRESS_ONLY_INTERNET_GATEWAY:
            response["EgressOnlyInternetGatewayId"] = route.target.id
        case TargetKind.NAT_GATEWAY:
            response["NatGatewayId"] = route.target.id
        case TargetKind.PEERING:
            response["VpcPeeringConnectionId"] = route.target.id
        case TargetKind.NETWORK_INTERFACE:
            response["NetworkInterfaceId"] = route.target.id
            interface = ctx.network.interfaces.get(route.target.id)
            if interface is not None and interface.attachment is not None:
                response["InstanceId"] = interface.attachment.instance_id
                response["InstanceOwnerId"] = interface.account
    return response


def _destination(route: Route | PrefixListRoute) -> Response:
    if isinstance(route, PrefixListRoute):
        return {"DestinationPrefixListId": route.prefix_list_id}
    family = "DestinationCidrBlock" if route.destination.is_ipv4 else "DestinationIpv6CidrBlock"
    return {family: str(route.destination)}


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
        "association.gateway-id": ".associations[].gateway_id",
        "association.main": ".associations[].is_main",
        "association.route-table-association-id": ".associations[].id",
        "association.route-table-id": "Associations[].RouteTableId",
        "association.subnet-id": ".associations[].subnet_id",
        "route-table-id": ".id",
        "route.destination-cidr-block": "Routes[].DestinationCidrBlock",
        "route.destination-ipv6-cidr-block": "Routes[].DestinationIpv6CidrBlock",
        "route.destination-prefix-list-id": "Routes[].DestinationPrefixListId",
        "route.egress-only-internet-gateway-id": "Routes[].EgressOnlyInternetGatewayId",
        "route.gateway-id": "Routes[].GatewayId",
        "route.instance-id": "Routes[].InstanceId",
        "route.nat-gateway-id": "Routes[].NatGatewayId",
        "route.origin": "Routes[].Origin",
        "route.state": "Routes[].State",
        "route.transit-gateway-id": no_values,
        "route.vpc-peering-connection-id": "Routes[].VpcPeeringConnectionId",
        **dict.fromkeys(("vpc-id", "vpcId"), ".vpc_id"),
    },
    found_by=dict.fromkeys(("vpc-id", "vpcId"), lambda ctx, value: ctx.network.route_tables_of(value)),
)


describe_route_tables = describing(ROUTE_TABLE)
