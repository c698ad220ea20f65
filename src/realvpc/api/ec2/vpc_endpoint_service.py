"""DescribeVpcEndpointServices: what VPC endpoints can lead to (EC2 API Reference; PrivateLink guide, "AWS services that
integrate with AWS PrivateLink").
"""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.endpoint_service import EndpointServiceConfiguration
from realvpc.net.vpc_endpoint_services import EndpointService, EndpointType, endpoint_services
from realvpc.net.zones import REGIONS, zones

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter_value
from ..core.filter import FilterValues, passing
from ..core.tags import render_tags
from .endpoint_service import zones_of
from .endpoint_service_use import is_open_to_caller, services_open_to_caller

_OWNER = "amazon"
_IP_ADDRESS_TYPES = {EndpointType.GATEWAY: ("ipv4",), EndpointType.INTERFACE: ("ipv4", "ipv6")}


class _Row(Struct, frozen=True):
    """A service in the order of pages: by its name, and where it has two types by those."""

    service: EndpointService

    @property
    def id(self) -> str:
        return f"{self.service.name} {self.service.type}"


def describe_vpc_endpoint_services(ctx: Context, request: Request) -> Answer:
    """Those of the caller's Region; what is here of other Regions can be reached from nowhere else.

    Raises InvalidServiceName, InvalidParameterValue for a Region, a filter or a page.
    """
    regions = request.get("ServiceRegions") or [ctx.region]
    wrong = sorted(set(regions) - REGIONS.keys())
    if wrong:
        raise invalid_parameter_value(f"Invalid region: [{', '.join(wrong)}]")
    services = _asked(ctx, request) if ctx.region in regions else ()
    found = passing(ctx, request, services, _filter)
    shown, token = paginate(request, [_Row(service) for service in found])
    zone_names = [zone.name for zone in zones(REGIONS[ctx.region], ctx.account_record.zone_seed)]
    return Answer(
        {
            "ServiceNames": list(dict.fromkeys(row.service.name for row in shown)),
            "ServiceDetails": [_render(ctx, row.service, zone_names) for row in shown],
            "NextToken": token,
        }
    )


def _asked(ctx: Context, request: Request) -> tuple[EndpointService, ...]:
    """All, or those that the request names.  Raises InvalidServiceName."""
    names = list(dict.fromkeys(request.get("ServiceNames") or ()))
    unknown = [name for name in names if not services_open_to_caller(ctx, name)]
    if unknown:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{', '.join(unknown)}' does not exist")
    if names:
        return tuple(each for name in names for each in services_open_to_caller(ctx, name))
    owned = ctx.network.endpoint_services.values()
    ctx.effort.spend(COMPARING * len(owned))
    return (*endpoint_services(ctx.region), *(row.service for row in owned if is_open_to_caller(ctx, row)))


def _render(ctx: Context, service: EndpointService, zone_names: list[str]) -> Response:
    owned = _owned(ctx, service)
    shown: Response = {
        "ServiceName": service.name,
        "ServiceId": service.id,
        "ServiceType": [{"ServiceType": str(service.type)}],
        "ServiceRegion": service.region,
        "AvailabilityZones": zone_names if owned is None else list(zones_of(ctx, owned).values()),
        "Owner": owned.account if owned else _OWNER,
        "BaseEndpointDnsNames": [service.base_name],
        "VpcEndpointPolicySupported": owned is None,
        "AcceptanceRequired": owned is not None and owned.acceptance_required,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": list(_families(service)),
        "Tags": render_tags(owned.tags) if owned is not None and ctx.sees(owned) else [],
    }
    if owned is not None and owned.private_name is not None:
        shown["PrivateDnsNameVerificationState"] = str(owned.private_name.state)
    if service.private_names:
        shown["PrivateDnsName"] = service.private_names[0]
        shown["PrivateDnsNames"] = [{"PrivateDnsName": name} for name in service.private_names]
        shown["PrivateDnsNameVerificationState"] = "verified"
    return shown


def _owned(ctx: Context, service: EndpointService) -> EndpointServiceConfiguration | None:
    """The account's configuration of a service that is no AWS's."""
    return ctx.network.endpoint_services[service.id] if service.is_owned else None


def _families(service: EndpointService) -> tuple[str, ...]:
    return ("ipv4",) if service.is_owned else _IP_ADDRESS_TYPES[service.type]


_FILTERS: dict[str, FilterValues[EndpointService]] = {
    "owner": lambda ctx, service: [owned.account if (owned := _owned(ctx, service)) else _OWNER],
    "service-name": lambda ctx, service: [service.name],
    "service-region": lambda ctx, service: [service.region],
    "service-type": lambda ctx, service: [str(service.type)],
    "supported-ip-address-types": lambda ctx, service: _families(service),
}


def _filter(name: str) -> FilterValues[EndpointService] | None:
    """By tags are found those of the caller's own: AWS's have none."""
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda ctx, service: [value for own, value in _tags(ctx, service).items() if own == key]
    return (lambda ctx, service: _tags(ctx, service)) if name == "tag-key" else _FILTERS.get(name)


def _tags(ctx: Context, service: EndpointService) -> dict[str, str]:
    owned = _owned(ctx, service)
    return owned.tags if owned is not None and ctx.sees(owned) else {}
