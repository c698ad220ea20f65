"""The target of a route in a request: found, of the right VPC, or refused with AWS's error for its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from realvpc.net.route_table import RouteTable, Target, TargetKind

from ..core.context import Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.lookup import find, get
from .instance import INSTANCE
from .internet_gateway import INTERNET_GATEWAY
from .network_interface import NETWORK_INTERFACE
from .peering import PEERING

_Found: TypeAlias = tuple[Target, str | None]

# Targets that no account has here, with the error that AWS gives for one that does not exist.
_ABSENT = {
    "CarrierGatewayId": ("InvalidCarrierGatewayID.NotFound", "carrierGateway ID"),
    "CoreNetworkArn": ("InvalidCoreNetworkArn.NotFound", "core network ARN"),
    "EgressOnlyInternetGatewayId": ("InvalidGatewayID.NotFound", "eigw ID"),
    "LocalGatewayId": ("InvalidLocalGatewayID.NotFound", "localGateway ID"),
    "NatGatewayId": ("InvalidNatGatewayID.NotFound", "natGateway ID"),
    "OdbNetworkArn": ("InvalidOdbNetworkArn.NotFound", "ODB network ARN"),
    "TransitGatewayId": ("InvalidTransitGatewayID.NotFound", "transitGateway ID"),
    "VpcEndpointId": ("InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"),
}


def find_target(ctx: Context, table: RouteTable, request: Request) -> _Found:
    """The one target of the request, and the instance where it was given as one.

    Raises MissingParameter, InvalidParameterCombination, the ``NotFound`` error of the target's kind, and
    InvalidParameterValue for a target of another VPC.
    """
    given = [name for name in (*_FINDERS, *_ABSENT) if request.get(name)]
    if not given:
        raise missing_parameter("gatewayId, instanceId, networkInterfaceId or vpcPeeringConnectionId")
    if len(given) > 1:
        raise invalid_parameter_combination(
            "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, "
            "vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId, carrierGatewayId, "
            "vpcEndpointId, coreNetworkArn, odbNetworkArn or instanceId"
        )
    [name] = given
    if name in _ABSENT:
        code, noun = _ABSENT[name]
        raise AwsError(code, f"The {noun} '{request[name]}' does not exist")
    return _FINDERS[name](ctx, table, request[name])


def _gateway(ctx: Context, table: RouteTable, gateway_id: str) -> _Found:
    if not gateway_id.startswith(("igw-", "vgw-")):
        raise invalid_parameter_value(f"invalid value for parameter gateway-id: {gateway_id}")
    gateway = find(ctx, INTERNET_GATEWAY, gateway_id)
    if gateway is None:
        raise AwsError("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
    if gateway.vpc_id != table.vpc_id:
        raise _elsewhere(table, f"network gateway {gateway.id}")
    return Target(TargetKind.INTERNET_GATEWAY, gateway.id), None


def _peering(ctx: Context, table: RouteTable, peering_id: str) -> _Found:
    """A connection in any status, for as long as the caller sees it: until it is active the route is a blackhole."""
    peering = get(ctx, PEERING, peering_id)
    if peering.side_of_vpc(table.vpc_id) is None:
        raise _elsewhere(table, f"network gateway {peering.id}")
    return Target(TargetKind.PEERING, peering.id), None


def _interface(ctx: Context, table: RouteTable, interface_id: str) -> _Found:
    interface = get(ctx, NETWORK_INTERFACE, interface_id)
    if interface.vpc_id != table.vpc_id:
        raise _elsewhere(table, f"interface {interface.id}")
    return Target(TargetKind.NETWORK_INTERFACE, interface.id), None


def _instance(ctx: Context, table: RouteTable, instance_id: str) -> _Found:
    instance = get(ctx, INSTANCE, instance_id)
    interfaces = ctx.network.interfaces_of(instance.id)
    if not interfaces:
        raise AwsError("IncorrectInstanceState", f"Instance '{instance.id}' is not in a state to be a route target.")
    if len(interfaces) > 1:
        raise AwsError(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{instance.id}'. "
            "Please specify an interface ID for the operation instead.",
        )
    if interfaces[0].vpc_id != table.vpc_id:
        raise _elsewhere(table, f"instance {instance.id}")
    return Target(TargetKind.NETWORK_INTERFACE, interfaces[0].id), instance.id


_FINDERS: dict[str, Callable[[Context, RouteTable, str], _Found]] = {
    "GatewayId": _gateway,
    "InstanceId": _instance,
    "NetworkInterfaceId": _interface,
    "VpcPeeringConnectionId": _peering,
}


def _elsewhere(table: RouteTable, target: str) -> AwsError:
    return invalid_parameter_value(f"route table {table.id} and {target} belong to different networks")
