"""Regions, Availability Zones and the account's limits (EC2 guide, "Regions and Zones")."""

from __future__ import annotations

from collections.abc import Callable

from realvpc.net.quotas import ELASTIC_IPS_PER_REGION, SECURITY_GROUPS_PER_INTERFACE
from realvpc.net.zones import REGIONS, Region, Zone, zones

from ..core.context import Answer, Context, Request, Response
from ..core.errors import invalid_parameter_value
from ..core.filter import FilterValues, no_values, passing

_OPT_IN_STATUS = "opt-in-not-required"


def describe_availability_zones(ctx: Context, request: Request) -> Answer:
    """The Region's zones under the names that they have in this account; every account has its own mapping.

    Raises InvalidParameterValue for a name or id that is not of this Region.
    """
    known = zones(REGIONS[ctx.region], ctx.account_record.zone_seed)
    names, ids = request.get("ZoneNames") or [], request.get("ZoneIds") or []
    wrong = sorted({*names, *ids} - {zone.name for zone in known} - {zone.id for zone in known})
    if wrong:
        raise invalid_parameter_value(f"Invalid availability zone: [{', '.join(wrong)}]")
    chosen = [zone for zone in known if (not names or zone.name in names) and (not ids or zone.id in ids)]
    found = passing(ctx, request, chosen, _ZONE_FILTERS.get)
    return Answer({"AvailabilityZones": [_render_zone(zone) for zone in found]})


def describe_regions(ctx: Context, request: Request) -> Answer:
    """Raises InvalidParameterValue for an unknown Region."""
    names = request.get("RegionNames") or []
    wrong = sorted(set(names) - REGIONS.keys())
    if wrong:
        raise invalid_parameter_value(f"Invalid region: [{', '.join(wrong)}]")
    chosen = [region for region in REGIONS.values() if not names or region.name in names]
    found = passing(ctx, request, chosen, _REGION_FILTERS.get)
    return Answer(
        {
            "Regions": [
                {"RegionName": region.name, "Endpoint": _endpoint(region), "OptInStatus": _region_opt_in_status(region)}
                for region in found
            ]
        }
    )


_ATTRIBUTES: dict[str, Callable[[Context], str]] = {
    "supported-platforms": lambda ctx: "VPC",
    "default-vpc": lambda ctx: vpc.id if (vpc := ctx.default_vpc) else "none",
    "max-instances": lambda ctx: "20",  # without a meaning any more, and shown all the same
    "vpc-max-security-groups-per-interface": lambda ctx: str(ctx.quota(SECURITY_GROUPS_PER_INTERFACE)),
    "max-elastic-ips": lambda ctx: str(ctx.quota(ELASTIC_IPS_PER_REGION)),
    "vpc-max-elastic-ips": lambda ctx: str(ctx.quota(ELASTIC_IPS_PER_REGION)),
}


def describe_account_attributes(ctx: Context, request: Request) -> Answer:
    """Raises InvalidParameterValue for an unknown attribute."""
    names = request.get("AttributeNames") or list(_ATTRIBUTES)
    for name in names:
        if name not in _ATTRIBUTES:
            raise invalid_parameter_value(f"Value ({name}) for parameter attributeName is invalid.")
    return Answer(
        {
            "AccountAttributes": [
                {"AttributeName": name, "AttributeValues": [{"AttributeValue": _ATTRIBUTES[name](ctx)}]}
                for name in names
            ]
        }
    )


def _render_zone(zone: Zone) -> Response:
    return {
        "ZoneName": zone.name,
        "ZoneId": zone.id,
        "RegionName": zone.region.name,
        "GroupName": _group_name(zone),
        "GroupLongName": _group_long_name(zone),
        "NetworkBorderGroup": zone.region.name,
        "ZoneType": "availability-zone",
        "OptInStatus": _OPT_IN_STATUS,
        "State": "available",
        "Messages": [],
    }


def _group_name(zone: Zone) -> str:
    return f"{zone.region.name}-zg-1"


def _group_long_name(zone: Zone) -> str:
    return f"{zone.region.long_name} 1"


def _region_opt_in_status(region: Region) -> str:
    return "opted-in" if region.opt_in else _OPT_IN_STATUS


def _endpoint(region: Region) -> str:
    return f"ec2.{region.name}.amazonaws.com"


_ZONE_FILTERS: dict[str, FilterValues[Zone]] = {
    "group-long-name": lambda ctx, zone: [_group_long_name(zone)],
    "group-name": lambda ctx, zone: [_group_name(zone)],
    "message": no_values,
    "opt-in-status": lambda ctx, zone: [_OPT_IN_STATUS],
    "parent-zone-id": no_values,
    "parent-zone-name": no_values,
    "region-name": lambda ctx, zone: [zone.region.name],
    "state": lambda ctx, zone: ["available"],
    "zone-id": lambda ctx, zone: [zone.id],
    "zone-name": lambda ctx, zone: [zone.name],
    "zone-type": lambda ctx, zone: ["availability-zone"],
}

_REGION_FILTERS: dict[str, FilterValues[Region]] = {
    "endpoint": lambda ctx, region: [_endpoint(region)],
    "opt-in-status": lambda ctx, region: [_region_opt_in_status(region)],
    "region-name": lambda ctx, region: [region.name],
}
