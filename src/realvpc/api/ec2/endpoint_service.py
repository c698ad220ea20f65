"""Endpoint services of one's own: create, describe, modify, delete (PrivateLink guide, "Create a service powered by AWS
PrivateLink"; EC2 API Reference, ServiceConfiguration)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from realvpc.net.balancing_arn import row_at
from realvpc.net.domain_name import canonical
from realvpc.net.endpoint_service import EndpointServiceConfiguration, PrivateName
from realvpc.net.load_balancer import LoadBalancer
from realvpc.net.load_balancing import connections_of, service_of
from realvpc.net.table import Change, delete, put
from realvpc.net.target_place import zone_of
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType
from realvpc.net.zones import REGIONS, zones

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter, invalid_parameter_combination, missing_parameter
from ..core.lookup import find, named
from ..core.noun import Noun, TellsPrefix
from ..core.parameters import refuse
from ..core.tags import render_tags, tags_on_creation

_ATTACHED = frozenset({EndpointState.PENDING_ACCEPTANCE, EndpointState.PENDING, EndpointState.AVAILABLE})
_FAMILY = "ipv4"


def create_vpc_endpoint_service_configuration(ctx: Context, request: Request) -> Answer:
    """Raises MissingParameter, InvalidParameter, UnsupportedOperation."""
    refuse(request, ("GatewayLoadBalancerArns",))
    _refuse_elsewhere(ctx, request, "SupportedRegions", "SupportedIpAddressTypes")
    arns = request.get("NetworkLoadBalancerArns") or ()
    if not arns:
        raise missing_parameter("NetworkLoadBalancerArns or GatewayLoadBalancerArns")
    balancers = _balancers(ctx, arns)
    tags = tags_on_creation(request, ENDPOINT_SERVICE.tag_type)
    service_id = ctx.new_id(ENDPOINT_SERVICE.prefix)
    acceptance = request.get("AcceptanceRequired")
    service = EndpointServiceConfiguration(
        id=service_id,
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        load_balancer_ids=balancers,
        acceptance_required=True if acceptance is None else acceptance,
        private_name=_private_name(service_id, request),
    )
    response: Response = {"ServiceConfiguration": _render(ctx, service)}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return Answer(response, put(service))


def _refuse_elsewhere(ctx: Context, request: Request, regions: str, families: str) -> None:
    """Raises InvalidParameter for another Region or family."""
    if wrong := sorted({*(request.get(regions) or ())} - {ctx.region}):
        raise invalid_parameter(f"The Region {wrong[0]} is not supported for this endpoint service.")
    if wrong := sorted({*(request.get(families) or ())} - {_FAMILY}):
        raise invalid_parameter(f"The IP address type {wrong[0]} is not supported by the load balancers.")


def _balancers(ctx: Context, arns: Iterable[str], own: str = "") -> tuple[str, ...]:
    """The ids of load balancers that stand behind no other service than ``own``.  Raises InvalidParameter."""
    return tuple(_balancer(ctx, arn, own).id for arn in dict.fromkeys(arns))


def _balancer(ctx: Context, arn: str, own: str) -> LoadBalancer:
    row = row_at(ctx.network, LoadBalancer, arn)
    if row is None or not ctx.sees(row):
        raise invalid_parameter(f"The load balancer {arn} does not exist or is not a Network Load Balancer.")
    user = service_of(ctx.network, row.id)
    if user is not None and user.id != own:
        raise invalid_parameter(f"The load balancer {arn} is already associated with the endpoint service {user.id}.")
    return row


def _private_name(service_id: str, request: Request) -> PrivateName | None:
    name: str = (request.get("PrivateDnsName") or "").rstrip(".").lower()
    if not name:
        return None
    try:
        canonical(name.removeprefix("*."))
    except ValueError:
        name = ""
    if "." not in name.removeprefix("*."):
        raise invalid_parameter("The private DNS name is not valid.")
    return PrivateName.of(service_id, name)


def modify_vpc_endpoint_service_configuration(ctx: Context, request: Request) -> Answer:
    """Load balancers change while no endpoint is attached.  Endpoints lose a private name that is taken away.

    Raises ``InvalidVpcEndpointServiceId.NotFound``, InvalidParameter, InvalidParameterCombination,
    ExistingVpcEndpointConnections, UnsupportedOperation.
    """
    service = named(ctx, ENDPOINT_SERVICE, request, "ServiceId")
    refuse(request, ("AddGatewayLoadBalancerArns", "RemoveGatewayLoadBalancerArns"))
    _refuse_elsewhere(ctx, request, "AddSupportedRegions", "AddSupportedIpAddressTypes")
    for member in ("RemoveSupportedRegions", "RemoveSupportedIpAddressTypes"):
        if {ctx.region, _FAMILY} & {*(request.get(member) or ())}:
            raise invalid_parameter("An endpoint service needs a Region and an IP address type.")
    after = replace(service, load_balancer_ids=_changed_balancers(ctx, service, request))
    if request.get("AcceptanceRequired") is not None:
        after = replace(after, acceptance_required=request["AcceptanceRequired"])
    if request.get("RemovePrivateDnsName"):
        if request.get("PrivateDnsName"):
            raise invalid_parameter_combination(
                "The parameters privateDnsName and removePrivateDnsName cannot be used together"
            )
        after = replace(after, private_name=None)
    elif request.get("PrivateDnsName"):
        wanted = _private_name(service.id, request)
        if wanted and (service.private_name is None or wanted.name != service.private_name.name):
            after = replace(after, private_name=wanted)
    return Answer({"Return": True}, with_names(ctx, after))


def with_names(ctx: Context, service: EndpointServiceConfiguration) -> Change:
    """The service, and the endpoints that have another private name of it than it is."""
    rows = connections_of(ctx.network, service)
    ctx.effort.spend(COMPARING * len(rows))
    stale = [row for row in rows if row.owned_private_name not in ("", service.verified_name)]
    return put(service, *(row.unnamed() for row in stale))


def _changed_balancers(ctx: Context, service: EndpointServiceConfiguration, request: Request) -> tuple[str, ...]:
    added = _balancers(ctx, request.get("AddNetworkLoadBalancerArns") or (), service.id)
    removed = _balancers(ctx, request.get("RemoveNetworkLoadBalancerArns") or (), service.id)
    kept = tuple(each for each in dict.fromkeys((*service.load_balancer_ids, *added)) if each not in removed)
    if kept == service.load_balancer_ids:
        return kept
    if not kept:
        raise invalid_parameter("An endpoint service must have at least one load balancer.")
    if attached(ctx, service):
        raise AwsError("ExistingVpcEndpointConnections", _EXISTING)
    return kept


_EXISTING = "Service has existing active VPC Endpoint connections!"


def attached(ctx: Context, service: EndpointServiceConfiguration) -> list[VpcEndpoint]:
    """The endpoints that are connected, or ask to be."""
    rows = connections_of(ctx.network, service)
    ctx.effort.spend(COMPARING * len(rows))
    return [row for row in rows if row.state in _ATTACHED]


def delete_vpc_endpoint_service_configurations(ctx: Context, request: Request) -> Answer:
    """Those that cannot be deleted are told one by one."""
    change, unsuccessful = Change(), []

    def fails(service_id: str, code: str, message: str) -> None:
        unsuccessful.append({"ResourceId": service_id, "Error": {"Code": code, "Message": message}})

    for service_id in dict.fromkeys(request["ServiceIds"]):
        service = find(ctx, ENDPOINT_SERVICE, service_id)
        if service is None:
            sentence = f"The VpcEndpointService Id '{service_id}' does not exist"
            fails(service_id, "InvalidVpcEndpointService.NotFound", sentence)
        elif attached(ctx, service):
            fails(service_id, "ExistingVpcEndpointConnections", _EXISTING)
        else:
            change += delete(service)
    return Answer({"Unsuccessful": unsuccessful}, change)


# -- describe --------------------------------------------------------------------------------------------------------


def zones_of(ctx: Context, service: EndpointServiceConfiguration) -> dict[str, str]:
    """The zones in which it has load balancers: their names, which are the caller's, by their ids."""
    network = ctx.network
    ids = {zone_of(network, row) for each in service.load_balancer_ids for row in network.interfaces_of(each)}
    names = {zone.id: zone.name for zone in zones(REGIONS[service.region], ctx.account_record.zone_seed)}
    found = {zone_id: names[zone_id] for zone_id in ids}
    return dict(sorted(found.items(), key=lambda each: each[1]))


def _render(ctx: Context, service: EndpointServiceConfiguration) -> Response:
    balancers = [ctx.network.load_balancers[each] for each in service.load_balancer_ids]
    there = zones_of(ctx, service)
    shown: Response = {
        "ServiceType": [{"ServiceType": str(EndpointType.INTERFACE)}],
        "ServiceId": service.id,
        "ServiceName": service.name,
        "ServiceState": "Available",
        "AvailabilityZoneIds": sorted(there),
        "AvailabilityZones": list(there.values()),
        "AcceptanceRequired": service.acceptance_required,
        "ManagesVpcEndpoints": False,
        "NetworkLoadBalancerArns": [row.arn for row in balancers],
        "SupportedIpAddressTypes": [_FAMILY],
        "BaseEndpointDnsNames": [service.service.base_name],
        "SupportedRegions": [{"Region": service.region, "ServiceState": "Available"}],
        "Tags": render_tags(service.tags),
    }
    if service.private_name is not None:
        shown["PrivateDnsName"] = service.private_name.name
        shown["PrivateDnsNameConfiguration"] = _render_private_name(service.private_name)
    return shown


def _render_private_name(name: PrivateName) -> Mapping[str, Any]:
    return {"State": str(name.state), "Type": "TXT", "Value": name.value, "Name": name.record}


ENDPOINT_SERVICE = Noun(
    type=EndpointServiceConfiguration,
    prefix="vpce-svc",
    not_found="InvalidVpcEndpointServiceId.NotFound",
    malformed="InvalidVpcEndpointServiceId.Malformed",
    words="VpcEndpointService Id",
    tells_prefix=TellsPrefix.OF_OTHERS,
    tag_type="vpc-endpoint-service",
    ids="ServiceIds",
    result="ServiceConfigurations",
    render=_render,
    filters={
        "service-id": ".id",
        "service-name": ".name",
        "service-state": "ServiceState",
        "supported-ip-address-types": "SupportedIpAddressTypes[]",
    },
)

describe_vpc_endpoint_service_configurations = describing(ENDPOINT_SERVICE)
