"""DescribeVpcEndpointServices: what VPC endpoints can lead to (EC2 API Reference; PrivateLink guide, "AWS services that
integrate with AWS PrivateLink").
"""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.vpc_endpoint_services import EndpointService, EndpointType, endpoint_services, services_named
from realvpc.net.zones import REGIONS, zones

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.errors import AwsError, invalid_parameter_value
from ..core.filter import FilterValues, no_values, passing

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
            "ServiceDetails": [_render(row.service, zone_names) for row in shown],
            "NextToken": token,
        }
    )


def _asked(ctx: Context, request: Request) -> tuple[EndpointService, ...]:
    """All, or those that the request names.  Raises InvalidServiceName."""
    names = list(dict.fromkeys(request.get("ServiceNames") or ()))
    unknown = [name for name in names if not services_named(ctx.region, name)]
    if unknown:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{', '.join(unknown)}' does not exist")
    return tuple(each for each in endpoint_services(ctx.region) if not names or each.name in names)


def _render(service: EndpointService, zone_names: list[str]) -> Response:
    shown: Response = {
        "ServiceName": service.name,
        "ServiceId": service.id,
        "ServiceType": [{"ServiceType": str(service.type)}],
        "ServiceRegion": service.region,
        "AvailabilityZones": zone_names,
        "Owner": _OWNER,
        "BaseEndpointDnsNames": [service.base_name],
        "VpcEndpointPolicySupported": True,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": list(_IP_ADDRESS_TYPES[service.type]),
        "Tags": [],
    }
    if service.private_names:
        shown["PrivateDnsName"] = service.private_names[0]
        shown["PrivateDnsNames"] = [{"PrivateDnsName": name} for name in service.private_names]
        shown["PrivateDnsNameVerificationState"] = "verified"
    return shown


_FILTERS: dict[str, FilterValues[EndpointService]] = {
    "owner": lambda ctx, service: [_OWNER],
    "service-name": lambda ctx, service: [service.name],
    "service-region": lambda ctx, service: [service.region],
    "service-type": lambda ctx, service: [str(service.type)],
    "supported-ip-address-types": lambda ctx, service: _IP_ADDRESS_TYPES[service.type],
}


def _filter(name: str) -> FilterValues[EndpointService] | None:
    """Services of AWS's have no tags."""
    return no_values if name == "tag-key" or name.startswith("tag:") else _FILTERS.get(name)
