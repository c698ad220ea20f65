"""ModifyVpcEndpoint: routes, interfaces, groups, policy and private names of an endpoint that is there (EC2 API
Reference).  All of a request happens, or nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.table import Change, delete, put
from realvpc.net.vpc_endpoint import VpcEndpoint

from ..core.context import Answer, Context, Request
from ..core.errors import invalid_parameter, invalid_parameter_combination
from ..core.lookup import named
from .address_picker import AddressPicker
from .endpoint_service_use import check_zones, connecting, service_now
from .security_group import check_group_count
from .vpc_endpoint import VPC_ENDPOINT
from .vpc_endpoint_dns import check_private_names, read_dns
from .vpc_endpoint_parts import (
    check_families,
    fitted,
    new_interfaces,
    new_routes,
    only_for_gateways,
    read_groups,
    read_policy,
    read_route_tables,
    read_subnets,
    refuse_of_interfaces,
    wanted_addresses,
)

_OF_GATEWAYS = ("AddRouteTableIds", "RemoveRouteTableIds")


def modify_vpc_endpoint(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidVpcEndpointId.NotFound``, InvalidParameter, InvalidParameterCombination, InvalidPolicyDocument,
    and what ``vpc_endpoint_parts`` and ``vpc_endpoint_dns`` raise."""
    endpoint = named(ctx, VPC_ENDPOINT, request, "VpcEndpointId")
    modified = _with_private_names(ctx, request, _with_policy(request, endpoint))
    change = _routes if endpoint.is_gateway else _interfaces
    return Answer({"Return": True}, change(ctx, request, modified))


def _with_policy(request: Request, endpoint: VpcEndpoint) -> VpcEndpoint:
    if request.get("ResetPolicy"):
        if request.get("PolicyDocument"):
            raise invalid_parameter_combination("The parameters policyDocument and resetPolicy cannot be used together")
        return replace(endpoint, policy="")
    return replace(endpoint, policy=read_policy(request, endpoint.service) or endpoint.policy)


def _with_private_names(ctx: Context, request: Request, old: VpcEndpoint) -> VpcEndpoint:
    """They are checked only when they are changed: what the VPC allowed then it need not allow now."""
    service = service_now(ctx, old)
    dns = read_dns(ctx, request, service, old, is_accepted=old.is_connected)
    named_now = service.private_names[0] if service.is_owned and request.get("PrivateDnsEnabled") else None
    new = replace(
        old,
        owned_private_name=named_now or old.owned_private_name,
        private_dns_enabled=dns.private_dns_enabled,
        private_dns_only_inbound=dns.private_dns_only_inbound,
        ip_address_type=dns.ip_address_type,
        dns_record_ip_type=dns.record_ip_type,
    )
    if (new.private_dns_enabled, new.private_dns_only_inbound) != (
        old.private_dns_enabled,
        old.private_dns_only_inbound,
    ):
        check_private_names(ctx, new)
    return new


def _routes(ctx: Context, request: Request, endpoint: VpcEndpoint) -> Change:
    """A gateway endpoint, with the routes that tables lose and get."""
    refuse_of_interfaces(request)
    there = {row.route_table_id: row for row in ctx.network.prefix_list_routes_over(endpoint.id)}
    removed = read_route_tables(ctx, endpoint.vpc_id, request.get("RemoveRouteTableIds") or ())
    for table in removed:
        if table.id not in there:
            raise invalid_parameter(
                f"The route table {table.id} is not associated with the VPC endpoint {endpoint.id}."
            )
    added = read_route_tables(ctx, endpoint.vpc_id, request.get("AddRouteTableIds") or ())
    routes = new_routes(ctx, endpoint, added)
    return put(endpoint, *routes) + delete(*(there[table.id] for table in removed))


def _interfaces(ctx: Context, request: Request, endpoint: VpcEndpoint) -> Change:
    """An interface endpoint, with the interfaces that it gives up, keeps with its groups, and gets.

    A subnet that it is to give up still counts as one of its zone.
    """
    for member in _OF_GATEWAYS:
        if request.get(member):
            raise only_for_gateways()
    endpoint = replace(endpoint, group_ids=_groups(ctx, request, endpoint))
    there = {row.subnet_id: row for row in ctx.network.interfaces_of(endpoint.id)}
    removed = [subnet.id for subnet in read_subnets(ctx, endpoint.vpc_id, request.get("RemoveSubnetIds") or ())]
    for subnet_id in removed:
        if subnet_id not in there:
            raise invalid_parameter(f"The subnet {subnet_id} is not associated with the VPC endpoint {endpoint.id}.")
    wanted = wanted_addresses(request, endpoint, *request.get("AddSubnetIds") or ())
    chosen = {subnet_id: wanted.pop(subnet_id) for subnet_id in [each for each in wanted if each in there]}
    added = read_subnets(ctx, endpoint.vpc_id, wanted, there)
    given_up = [there.pop(subnet_id) for subnet_id in removed]
    check_families(endpoint, [*added, *(ctx.network.subnets[subnet_id] for subnet_id in there)])
    picker = AddressPicker(ctx)
    kept = []
    for subnet_id, row in there.items():
        fitting = fitted(ctx, picker, endpoint, row, chosen.get(subnet_id))
        if fitting != row:
            kept.append(fitting)
    check_zones(ctx, endpoint, added)
    made = connecting(ctx, endpoint, new_interfaces(ctx, picker, endpoint, added, wanted))
    return put(endpoint, *kept, *made) + delete(*given_up)


def _groups(ctx: Context, request: Request, endpoint: VpcEndpoint) -> tuple[str, ...]:
    """In the order in which they came.  Raises SecurityGroupsPerInterfaceLimitExceeded, InvalidParameter when none
    would be left."""
    removed = {row.id for row in read_groups(ctx, endpoint.vpc_id, request.get("RemoveSecurityGroupIds") or ())}
    for group_id in sorted(removed - {*endpoint.group_ids}):
        raise invalid_parameter(f"The security group {group_id} is not associated with the VPC endpoint {endpoint.id}.")
    added = [row.id for row in read_groups(ctx, endpoint.vpc_id, request.get("AddSecurityGroupIds") or ())]
    groups = tuple(each for each in dict.fromkeys([*endpoint.group_ids, *added]) if each not in removed)
    if not groups:
        raise invalid_parameter(f"The VPC endpoint {endpoint.id} must have at least one security group.")
    check_group_count(ctx, groups)
    return groups
