"""What VPC endpoints are made of, as requests name it: service, policy, groups, and an interface in each subnet.

EC2 spells the errors of these actions in its own way: ``InvalidVpcId``, ``InvalidSubnetId``, ``InvalidParameter``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from realvpc.iam.policy_document import is_endpoint_policy
from realvpc.net.addresses import Address
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.quotas import ROUTES_PER_TABLE
from realvpc.net.resource import Resource
from realvpc.net.route_table import PrefixListRoute, RouteTable, Target, TargetKind
from realvpc.net.security_group import SecurityGroup
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import POLICY_MAXIMUM, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointService, EndpointType

from ..core.context import Context, Request
from ..core.errors import AwsError, invalid_parameter, unsupported_operation
from ..core.lookup import get_all
from ..core.noun import Noun
from .address_picker import AddressPicker
from .endpoint_service_use import services_open_to_caller
from .network_interface import groups_for_interface, new_interface
from .prefix_list_use import route_count
from .route_table import ROUTE_TABLE
from .security_group import SECURITY_GROUP
from .subnet import SUBNET
from .vpc import VPC
from .wanted_ipv6 import WantedIpv6, pick_ipv6

R = TypeVar("R", bound=Resource)

_TYPES = ("Interface", "Gateway", "GatewayLoadBalancer", "Resource", "ServiceNetwork", "Tunnel")


def _spelled(noun: Noun[R], name: str) -> Noun[R]:
    return replace(
        noun,
        not_found=f"Invalid{name}Id.NotFound",
        malformed=f"Invalid{name}Id.Malformed",
        words=f"{name} Id",
    )


_VPC = _spelled(VPC, "Vpc")
_SUBNET = _spelled(SUBNET, "Subnet")
_GROUP = _spelled(SECURITY_GROUP, "SecurityGroup")
_ROUTE_TABLE = _spelled(ROUTE_TABLE, "RouteTable")

_OF_INTERFACES = {
    "SubnetIds": "Subnet IDs",
    "AddSubnetIds": "Subnet IDs",
    "RemoveSubnetIds": "Subnet IDs",
    "SecurityGroupIds": "Security group IDs",
    "AddSecurityGroupIds": "Security group IDs",
    "RemoveSecurityGroupIds": "Security group IDs",
    "SubnetConfigurations": "Subnet configurations",
}


def only_for_gateways() -> AwsError:
    return invalid_parameter("Route table IDs are only supported for Gateway type VPC Endpoint.")


def refuse_of_interfaces(request: Request) -> None:
    """Raises InvalidParameter for what a gateway endpoint has none of."""
    for member, words in _OF_INTERFACES.items():
        if request.get(member):
            raise invalid_parameter(f"{words} are only supported for Interface type VPC Endpoint.")


def read_vpc(ctx: Context, request: Request) -> Vpc:
    """Raises ``InvalidVpcId.NotFound``."""
    return get_all(ctx, _VPC, (request["VpcId"],))[0]


def read_service(ctx: Context, request: Request) -> EndpointService:
    """Raises InvalidServiceName, InvalidVpcEndpointType, InvalidParameter for a type that the service does not have,
    UnsupportedOperation for another Region's."""
    kind, name = request.get("VpcEndpointType") or EndpointType.GATEWAY, request.get("ServiceName") or ""
    if kind not in _TYPES:
        raise AwsError("InvalidVpcEndpointType", f"The VPC endpoint type '{kind}' is not valid.")
    if (request.get("ServiceRegion") or ctx.region) != ctx.region:
        raise unsupported_operation("Services of other Regions are not supported.")
    found = services_open_to_caller(ctx, name)
    if not found:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    for service in found:
        if service.type == kind:
            return service
    types = ", ".join(service.type for service in found)
    raise invalid_parameter(f"Endpoint type ({kind}) does not match available service types ([{types}]).")


def read_policy(request: Request, service: EndpointService) -> str:
    """The text of the request's policy, empty where it has none.  Raises InvalidPolicyDocument, InvalidParameter for a
    service that asks no policies."""
    text: str = request.get("PolicyDocument") or ""
    if text and service.is_owned:
        raise invalid_parameter(f"Endpoint policies are not supported by the service {service.name}.")
    if text and (len(text) > POLICY_MAXIMUM or not is_endpoint_policy(text)):
        raise AwsError("InvalidPolicyDocument", "The policy document is not valid.")
    return text


def read_groups(ctx: Context, vpc_id: str, group_ids: Iterable[str]) -> list[SecurityGroup]:
    """Raises ``InvalidSecurityGroupId.NotFound``, InvalidParameter for one of another VPC."""
    groups = get_all(ctx, _GROUP, group_ids)
    for group in groups:
        if vpc_id not in ctx.network.vpc_ids_of(group):
            raise invalid_parameter(f"The security group {group.id} does not belong to the VPC {vpc_id}.")
    return groups


def read_subnets(ctx: Context, vpc_id: str, subnet_ids: Iterable[str], others: Iterable[str] = ()) -> list[Subnet]:
    """``others`` are subnets that the endpoint has already.

    Raises ``InvalidSubnetId.NotFound``, InvalidParameter for one of another VPC, DuplicateSubnetsInSameZone.
    """
    subnets = get_all(ctx, _SUBNET, subnet_ids)
    taken = {ctx.network.subnets[subnet_id].zone_id for subnet_id in others}
    for subnet in subnets:
        if subnet.vpc_id != vpc_id:
            raise invalid_parameter(f"The subnet {subnet.id} does not belong to the VPC {vpc_id}.")
        if subnet.zone_id in taken:
            raise AwsError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet.id}. VPC endpoint subnets "
                "should be in different availability zones supported by the VPC endpoint service.",
            )
        taken.add(subnet.zone_id)
    return subnets


def read_route_tables(ctx: Context, vpc_id: str, table_ids: Iterable[str]) -> list[RouteTable]:
    """Raises ``InvalidRouteTableId.NotFound``, InvalidParameter for one of another VPC or of a gateway."""
    tables = get_all(ctx, _ROUTE_TABLE, table_ids)
    for table in tables:
        if table.vpc_id != vpc_id:
            raise invalid_parameter(f"The route table {table.id} does not belong to the VPC {vpc_id}.")
        if table.serves_gateway:
            raise invalid_parameter(f"The route table {table.id} is associated with a gateway.")
    return tables


def new_routes(ctx: Context, endpoint: VpcEndpoint, tables: Iterable[RouteTable]) -> list[PrefixListRoute]:
    """To the endpoint, in tables that have none to its service.  Raises RouteAlreadyExists, RouteLimitExceeded."""
    named = endpoint.service.prefix_list
    assert named is not None, "every service with gateway endpoints has one"
    target = Target(TargetKind.VPC_ENDPOINT, endpoint.id)
    rows = [PrefixListRoute.of(table, named, target) for table in tables]
    for row in rows:
        if row.id in ctx.network.prefix_list_routes:
            raise AwsError(
                "RouteAlreadyExists",
                f"route table {row.route_table_id} already has a route with destination-prefix-list-id {named.id}",
            )
        if route_count(ctx.network, row.route_table_id, ipv4=True) + named.max_entries > ctx.quota(ROUTES_PER_TABLE):
            raise AwsError("RouteLimitExceeded", "The maximum number of routes has been reached.")
    return rows


class Wanted(Struct, frozen=True):
    """The addresses that an interface is to have; None for any that is free."""

    ipv4: str | None = None
    ipv6: str | None = None


def wanted_addresses(request: Mapping[str, Any], endpoint: VpcEndpoint, *subnet_ids: str) -> dict[str, Wanted]:
    """By subnet: of those that the request names, and of its SubnetConfigurations.  Raises InvalidParameter."""
    wanted = dict.fromkeys(subnet_ids, Wanted())
    for each in request.get("SubnetConfigurations") or []:
        ipv4, ipv6 = each.get("Ipv4"), each.get("Ipv6")
        if ipv6 and not endpoint.has_ipv6:
            raise invalid_parameter("The endpoint has no IPv6 addresses.")
        if ipv4 and not endpoint.has_ipv4:
            raise invalid_parameter("The endpoint has no IPv4 addresses.")
        if not each.get("SubnetId"):
            raise invalid_parameter("A subnet configuration must have a subnet.")
        wanted[each["SubnetId"]] = Wanted(ipv4, ipv6)
    return wanted


def check_families(endpoint: VpcEndpoint, subnets: Iterable[Subnet]) -> None:
    """Raises InvalidParameter for a subnet without a block that the endpoint's IP address type asks for, and for one
    that has more than IPv6 where it is that alone (PrivateLink guide, "IP address types")."""
    for subnet in subnets:
        is_fit = bool(subnet.cidr) == endpoint.has_ipv4 and (not endpoint.has_ipv6 or subnet.ipv6_cidr is not None)
        if not is_fit:
            raise invalid_parameter(
                f"The subnet {subnet.id} is not compatible with the IP address type {endpoint.ip_address_type}."
            )


def new_interfaces(
    ctx: Context,
    picker: AddressPicker,
    endpoint: VpcEndpoint,
    subnets: Iterable[Subnet],
    addresses: Mapping[str, Wanted],
) -> list[NetworkInterface]:
    """Raises InsufficientFreeAddressesInSubnet, InvalidParameterValue, ``InvalidIPAddress.InUse``,
    SecurityGroupsPerInterfaceLimitExceeded."""
    return [_new_interface(ctx, picker, endpoint, subnet, addresses[subnet.id]) for subnet in subnets]


def _new_interface(
    ctx: Context, picker: AddressPicker, endpoint: VpcEndpoint, subnet: Subnet, wanted: Wanted
) -> NetworkInterface:
    addresses: tuple[Address, ...] = ()
    if endpoint.has_ipv4:
        addresses = (picker.claim(subnet, wanted.ipv4) if wanted.ipv4 else picker.pick(subnet),)
    made = new_interface(
        ctx,
        picker,
        subnet,
        groups_for_interface(ctx, subnet, endpoint.group_ids, _elsewhere),
        addresses,
        WantedIpv6((wanted.ipv6,) if endpoint.has_ipv6 else ()),
        description=f"VPC Endpoint Interface {endpoint.id}",
    )
    attachment = Attachment(
        id=ctx.new_id("ela-attach"),
        owner_id=endpoint.id,
        device_index=1,
        attached_at=ctx.now,
        delete_on_termination=False,
    )
    return replace(made, attachment=attachment, deny_all_igw_traffic=endpoint.has_ipv6)


def fitted(
    ctx: Context, picker: AddressPicker, endpoint: VpcEndpoint, row: NetworkInterface, chosen: Wanted | None
) -> NetworkInterface:
    """An interface that stays, with the endpoint's groups and families.  ``chosen`` are the addresses that the request
    gives to it.

    Raises InvalidParameter for another address in the place of one, and for a new one as ``new_interfaces``.
    """
    chosen = chosen or Wanted()
    ipv6 = row.ipv6_addresses if endpoint.has_ipv6 else ()
    if chosen.ipv4 not in (None, str(row.private_address)) or (ipv6 and chosen.ipv6 not in (None, str(ipv6[0]))):
        raise invalid_parameter(f"The address of the endpoint in the subnet {row.subnet_id} cannot be changed.")
    if endpoint.has_ipv6 and not ipv6:
        ipv6 = pick_ipv6(picker, ctx.network.subnets[row.subnet_id], (chosen.ipv6,))
    return replace(row, group_ids=endpoint.group_ids, ipv6_addresses=ipv6, deny_all_igw_traffic=endpoint.has_ipv6)


def _elsewhere(group: SecurityGroup, subnet: Subnet) -> AwsError:
    return invalid_parameter(f"The security group {group.id} does not belong to the VPC {subnet.vpc_id}.")
