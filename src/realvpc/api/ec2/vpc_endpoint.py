"""VPC endpoints: create, delete, describe (PrivateLink guide; EC2 API Reference).

For what they are made of see ``vpc_endpoint_parts``.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.net.network_interface import NetworkInterface
from realvpc.net.quotas import GATEWAY_ENDPOINTS_PER_REGION, INTERFACE_ENDPOINTS_PER_VPC
from realvpc.net.table import Change, delete, put
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import EndpointEvent, VpcEndpoint

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError
from ..core.lookup import find
from ..core.noun import Noun, TellsPrefix
from ..core.parameters import refuse
from ..core.tags import render_tags, tags_on_creation
from .address_picker import AddressPicker
from .endpoint_service_use import asked, check_zones, connecting, wants_to_be_asked
from .security_group import check_group_count, default_group_of
from .vpc_endpoint_dns import check_private_names, needs_gateway, read_dns
from .vpc_endpoint_parts import (
    check_families,
    new_interfaces,
    new_routes,
    only_for_gateways,
    read_groups,
    read_policy,
    read_route_tables,
    read_service,
    read_subnets,
    read_vpc,
    refuse_of_interfaces,
    wanted_addresses,
)


def create_vpc_endpoint(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidVpcId.NotFound``, InvalidServiceName, InvalidParameter, InvalidPolicyDocument,
    VpcEndpointLimitExceeded, and what ``vpc_endpoint_parts`` raises."""
    refuse(request, ("ServiceNetworkArn", "ResourceConfigurationArn"))
    vpc = read_vpc(ctx, request)
    service = read_service(ctx, request)
    policy = read_policy(request, service)
    dns = read_dns(ctx, request, service, is_accepted=not wants_to_be_asked(ctx, service.name))
    tags = tags_on_creation(request, VPC_ENDPOINT.tag_type)
    pending = VpcEndpoint(
        id=ctx.new_id(VPC_ENDPOINT.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        vpc_id=vpc.id,
        service_name=service.name,
        type=service.type,
        created_at=ctx.now,
        policy=policy,
        owned_private_name=service.private_names[0] if service.is_owned and service.private_names else "",
        private_dns_enabled=dns.private_dns_enabled,
        private_dns_only_inbound=dns.private_dns_only_inbound,
        ip_address_type=dns.ip_address_type,
        dns_record_ip_type=dns.record_ip_type,
    )
    create = _create_gateway_endpoint if pending.is_gateway else _create_interface_endpoint
    return create(ctx, request, pending, vpc)


def _create_gateway_endpoint(ctx: Context, request: Request, pending: VpcEndpoint, vpc: Vpc) -> Answer:
    """It is available at once."""
    refuse_of_interfaces(request)
    there = len(ctx.network.vpc_endpoints_in(ctx.account, ctx.region, pending.type))
    if there >= ctx.quota(GATEWAY_ENDPOINTS_PER_REGION):
        raise endpoint_limit_exceeded()
    routes = new_routes(ctx, pending, read_route_tables(ctx, vpc.id, request.get("RouteTableIds") or ()))
    available = _provided(pending)
    shown = _shown(ctx, available, (), [row.route_table_id for row in routes])
    return Answer(_created(request, shown), put(available, *routes))


def _create_interface_endpoint(ctx: Context, request: Request, pending: VpcEndpoint, vpc: Vpc) -> Answer:
    if request.get("RouteTableIds"):
        raise only_for_gateways()
    wanted = wanted_addresses(request, pending, *request.get("SubnetIds") or ())
    subnets = read_subnets(ctx, vpc.id, wanted)
    check_families(pending, subnets)
    groups = read_groups(ctx, vpc.id, request.get("SecurityGroupIds") or ()) or [default_group_of(ctx, vpc.id)]
    check_group_count(ctx, groups)
    check_private_names(ctx, pending)
    check_zones(ctx, pending, subnets)
    there = sum(not row.is_gateway for row in ctx.network.vpc_endpoints_of(vpc.id))
    if there >= ctx.quota(INTERFACE_ENDPOINTS_PER_VPC):
        raise endpoint_limit_exceeded()
    pending = replace(pending, group_ids=tuple(group.id for group in groups))
    interfaces = new_interfaces(ctx, AddressPicker(ctx), pending, subnets, wanted)
    begun = asked(ctx, pending)
    stored = begun if begun.awaits_acceptance else _provided(pending)
    shown = _shown(ctx, begun, interfaces)
    return Answer(_created(request, shown), put(stored, *connecting(ctx, stored, interfaces)))


def _provided(pending: VpcEndpoint) -> VpcEndpoint:
    available = pending.after(EndpointEvent.PROVISION)
    assert available is not None
    return available


def endpoint_limit_exceeded() -> AwsError:
    return AwsError("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")


def _created(request: Request, shown: Response) -> Response:
    response: Response = {"VpcEndpoint": shown}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return response


def delete_vpc_endpoints(ctx: Context, request: Request) -> Answer:
    """With the interfaces and routes of each.  Those that cannot be deleted are told one by one, and one that is not
    there with the code that the reference's list of errors has for bulk requests."""
    change, unsuccessful = Change(), []
    for endpoint_id in dict.fromkeys(request["VpcEndpointIds"]):
        endpoint = find(ctx, VPC_ENDPOINT, endpoint_id)
        if endpoint is None:
            message = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            error = {"Code": "InvalidVpcEndpoint.NotFound", "Message": message}
            unsuccessful.append({"ResourceId": endpoint_id, "Error": error})
            continue
        network = ctx.network
        user = next((row for row in network.vpc_endpoints_of(endpoint.vpc_id) if needs_gateway(row, endpoint)), None)
        if user is not None and user.id not in request["VpcEndpointIds"]:
            message = (
                f"Gateway endpoint cannot be deleted while Interface endpoint {user.id} for the service has "
                "PrivateDnsOnlyForInboundResolverEndpoint set to true."
            )
            unsuccessful.append({"ResourceId": endpoint_id, "Error": {"Code": "InvalidParameter", "Message": message}})
            continue
        change += delete(endpoint, *network.interfaces_of(endpoint.id), *network.prefix_list_routes_over(endpoint.id))
    return Answer({"Unsuccessful": unsuccessful}, change)


# -- describe --------------------------------------------------------------------------------------------------------


def _render(ctx: Context, endpoint: VpcEndpoint) -> Response:
    network = ctx.network
    return _shown(ctx, endpoint, network.interfaces_of(endpoint.id), network.route_tables_with_endpoint(endpoint.id))


def _shown(
    ctx: Context, endpoint: VpcEndpoint, interfaces: Iterable[NetworkInterface], tables: Iterable[str] = ()
) -> Response:
    groups = ctx.network.security_groups
    interfaces = sorted(interfaces, key=lambda row: row.id)
    subnets = [ctx.network.subnets[row.subnet_id] for row in interfaces]
    entries = () if endpoint.is_gateway else endpoint.dns_entries(subnet.zone_name for subnet in subnets)
    return {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointType": str(endpoint.type),
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service_name,
        "ServiceRegion": endpoint.region,
        "State": str(endpoint.state),
        "PolicyDocument": endpoint.policy_document,
        "RouteTableIds": sorted(tables),
        "SubnetIds": [subnet.id for subnet in subnets],
        "Groups": [{"GroupId": each, "GroupName": groups[each].name} for each in endpoint.group_ids],
        "IpAddressType": endpoint.ip_address_type,
        "DnsOptions": _render_dns(endpoint),
        "PrivateDnsEnabled": endpoint.private_dns_enabled,
        "RequesterManaged": False,
        "NetworkInterfaceIds": [row.id for row in interfaces],
        "DnsEntries": [{"DnsName": each.name, "HostedZoneId": each.zone_id} for each in entries],
        "CreationTimestamp": endpoint.created_at,
        "Tags": render_tags(endpoint.tags),
        "OwnerId": endpoint.account,
    }


def _render_dns(endpoint: VpcEndpoint) -> Response:
    shown: Response = {"DnsRecordIpType": endpoint.dns_record_ip_type}
    if endpoint.private_dns_enabled and endpoint.service.has_gateway:
        shown["PrivateDnsOnlyForInboundResolverEndpoint"] = endpoint.private_dns_only_inbound
    return shown


VPC_ENDPOINT = Noun(
    type=VpcEndpoint,
    prefix="vpce",
    not_found="InvalidVpcEndpointId.NotFound",
    malformed="InvalidVpcEndpointId.Malformed",
    words="Vpc Endpoint Id",
    tells_prefix=TellsPrefix.OF_OTHERS,
    tag_type="vpc-endpoint",
    ids="VpcEndpointIds",
    result="VpcEndpoints",
    render=_render,
    filters={
        "ip-address-type": ".ip_address_type",
        "service-name": ".service_name",
        "service-region": ".region",
        "vpc-endpoint-id": ".id",
        "vpc-endpoint-state": ".state",
        "vpc-endpoint-type": ".type",
        "vpc-id": ".vpc_id",
    },
    found_by={"vpc-id": lambda ctx, value: ctx.network.vpc_endpoints_of(value)},
)

describe_vpc_endpoints = describing(VPC_ENDPOINT)
