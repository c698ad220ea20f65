"""The target of a route in a request: found, of the right VPC, or refused with AWS's error for its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from realvpc.net.route_table import RouteTable, Target, TargetKind

from ..core.context import Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.lookup import find, get
from .egress_only_internet_gateway import get_gateway
from .instance import INSTANCE, only_interface
from .nat_gateway import NAT_GATEWAY
from .network_interface import NETWORK_INTERFACE
from .peering import PEERING
from .route_table import gateway_of
from .vpc_endpoint import VPC_ENDPOINT

_Found: TypeAlias = tuple[Target, str | None]

# Targets that no account has here, with the error that AWS gives for one that does not exist.
_ABSENT = {
    "CarrierGatewayId": ("InvalidCarrierGatewayID.NotFound", "carrierGateway ID"),
    "CoreNetworkArn": ("InvalidCoreNetworkArn.NotFound", "core network ARN"),
    "LocalGatewayId": ("InvalidLocalGatewayID.NotFound", "localGateway ID"),
    "OdbNetworkArn": ("InvalidOdbNetworkArn.NotFound", "ODB network ARN"),
    "TransitGatewayId": ("InvalidTransitGatewayID.NotFound", "transitGateway ID"),
}


def names_endpoint(target: str) -> bool:
    return target.startswith(f"{VPC_ENDPOINT.prefix}-")


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
    if names_endpoint(gateway_id):  # which responses call a gateway, too
        return _vpc_endpoint(ctx, table, gateway_id)
    return Target(TargetKind.INTERNET_GATEWAY, gateway_of(ctx, table, gateway_id).id), None


def _egress_only(ctx: Context, table: RouteTable, gateway_id: str) -> _Found:
    gateway = get_gateway(ctx, gateway_id)
    if gateway.vpc_id != table.vpc_id:
        raise _elsewhere(table, f"network gateway {gateway.id}")
    return Target(TargetKind.EGRESS_ONLY_INTERNET_GATEWAY, gateway.id), None


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
    interface = only_interface(ctx, instance)
    if interface is None:
        raise AwsError("IncorrectInstanceState", f"Instance '{instance.id}' is not in a state to be a route target.")
    if interface.vpc_id != table.vpc_id:
        raise _elsewhere(table, f"instance {instance.id}")
    return Target(TargetKind.NETWORK_INTERFACE, interface.id), instance.id


def _nat_gateway(ctx: Context, table: RouteTable, gateway_id: str) -> _Found:
    """Routes miss a NAT gateway in other words than its own actions do."""
    gateway = find(ctx, NAT_GATEWAY, gateway_id)
    if gateway is None or not gateway.is_available:
        raise AwsError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{gateway_id}' does not exist")
    if gateway.vpc_id != table.vpc_id:
        raise _elsewhere(table, f"NAT gateway {gateway.id}")
    return Target(TargetKind.NAT_GATEWAY, gateway.id), None


def _vpc_endpoint(ctx: Context, table: RouteTable, endpoint_id: str) -> _Found:
    """A gateway endpoint makes its routes itself."""
    endpoint = get(ctx, VPC_ENDPOINT, endpoint_id)
    raise invalid_parameter_value(f"The VPC endpoint {endpoint.id} is not a Gateway Load Balancer endpoint.")


_FINDERS: dict[str, Callable[[Context, RouteTable, str], _Found]] = {
    "EgressOnlyInternetGatewayId": _egress_only,
    "GatewayId": _gateway,
    "InstanceId": _instance,
    "NatGatewayId": _nat_gateway,
    "NetworkInterfaceId": _interface,
    "VpcEndpointId": _vpc_endpoint,
    "VpcPeeringConnectionId": _peering,
}


def _elsewhere(table: RouteTable, target: str) -> AwsError:
    return invalid_parameter_value(f"route table {table.id} and {target} belong to different networks")
