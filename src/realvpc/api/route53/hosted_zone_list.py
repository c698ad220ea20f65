"""Listings of hosted zones: all, by name, by VPC (Route 53 API Reference)."""

from __future__ import annotations

from realvpc.net.domain_name import order
from realvpc.net.hosted_zone import HostedZone, ZoneVpc

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import canonical_name, invalid_input, page_by_token, page_size
from .hosted_zone import render_zone

_MAXIMUM_PAGE = 100


def list_hosted_zones(ctx: Context, request: Request) -> Answer:
    """By id, from Marker on.  Raises InvalidInput, NoSuchDelegationSet."""
    size = page_size(request, "MaxItems", _MAXIMUM_PAGE)
    if request.get("DelegationSetId"):
        raise AwsError("NoSuchDelegationSet", f"No delegation set found with ID: {request['DelegationSetId']}")
    marker = request.get("Marker") or ""
    rows = sorted(
        (
            zone
            for zone in ctx.visible(ctx.state.names.hosted_zones)
            if zone.id >= marker and (zone.is_private or not request.get("HostedZoneType"))
        ),
        key=lambda zone: zone.id,
    )
    return Answer(
        {
            "HostedZones": [render_zone(ctx, zone) for zone in rows[:size]],
            "Marker": request.get("Marker"),
            "IsTruncated": len(rows) > size,
            "NextMarker": rows[size].id if len(rows) > size else None,
            "MaxItems": str(size),
        }
    )


def list_hosted_zones_by_name(ctx: Context, request: Request) -> Answer:
    """By name, from DNSName (and HostedZoneId, when several have the name) on.

    Raises InvalidInput, InvalidDomainName.
    """
    size = page_size(request, "MaxItems", _MAXIMUM_PAGE)
    if request.get("HostedZoneId") and not request.get("DNSName"):
        raise invalid_input("HostedZoneId needs DNSName.")
    start = ("", "")
    if request.get("DNSName"):
        start = (order(canonical_name(request["DNSName"])), request.get("HostedZoneId") or "")
    keyed = sorted((_key(zone), zone) for zone in ctx.visible(ctx.state.names.hosted_zones))
    rows = [zone for key, zone in keyed if key >= start]
    following = rows[size] if len(rows) > size else None
    return Answer(
        {
            "HostedZones": [render_zone(ctx, zone) for zone in rows[:size]],
            "DNSName": request.get("DNSName"),
            "HostedZoneId": request.get("HostedZoneId"),
            "IsTruncated": following is not None,
            "NextDNSName": following.name if following else None,
            "NextHostedZoneId": following.id if following else None,
            "MaxItems": str(size),
        }
    )


def _key(zone: HostedZone) -> tuple[str, str]:
    return order(zone.name), zone.id


def list_hosted_zones_by_vpc(ctx: Context, request: Request) -> Answer:
    """The private zones that answer in a VPC of the caller's, whoever owns them.

    Raises AccessDenied for another's VPC and for one that does not exist, which nobody can tell apart;
    InvalidInput, InvalidPaginationToken.
    """
    size = page_size(request, "MaxItems", _MAXIMUM_PAGE)
    vpc = ctx.network.vpcs.get(request["VPCId"])
    if vpc is None or vpc.account != ctx.account or vpc.region != request["VPCRegion"]:
        raise AwsError("AccessDenied", f"The VPC {request['VPCId']} is not owned by you.", 403)
    here = ZoneVpc(vpc.region, vpc.id)
    zones = sorted((zone for zone in ctx.state.names.hosted_zones_of(vpc.id) if here in zone.vpcs), key=_key)
    rows, token = page_by_token(request, zones, size)
    summaries = [
        {"HostedZoneId": zone.id, "Name": zone.name, "Owner": {"OwningAccount": zone.account}} for zone in rows
    ]
    return Answer({"HostedZoneSummaries": summaries, "MaxItems": str(size), "NextToken": token})
