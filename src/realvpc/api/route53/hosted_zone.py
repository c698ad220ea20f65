"""Hosted zones: create, read, comment, delete (Route 53 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.domain_name import ancestors
from realvpc.net.hosted_zone import HostedZone, ZoneVpc
from realvpc.net.quotas import HOSTED_ZONES_PER_ACCOUNT
from realvpc.net.table import Change, put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from .common import (
    canonical_name,
    check_free,
    existing_vpc,
    invalid_input,
    invalid_vpc,
    new_id,
    own_zone,
    render_vpc,
    requested_vpc,
    submitted,
)

_LOCATION = "https://route53.amazonaws.com/2013-04-01/hostedzone"


def create_hosted_zone(ctx: Context, request: Request) -> Answer:
    """A private zone for one VPC of the caller's, or a public one.

    Raises ConflictingDomainExists, HostedZoneAlreadyExists, InvalidDomainName, InvalidInput, InvalidVPCId,
    NoSuchDelegationSet, TooManyHostedZones.
    """
    name = canonical_name(request["Name"])
    config = request.get("HostedZoneConfig") or {}
    vpc = _vpc_of_new_zone(ctx, request, config)
    if vpc is None and len(list(ancestors(name))) == 1:
        raise AwsError("InvalidDomainName", f"{name} is a top-level domain, which cannot be a public hosted zone.")
    if request.get("DelegationSetId"):
        raise AwsError("NoSuchDelegationSet", f"No delegation set found with ID: {request['DelegationSetId']}")
    own = list(ctx.visible(ctx.state.names.hosted_zones))
    if any(zone.caller_reference == request["CallerReference"] for zone in own):
        message = "A hosted zone has already been created with the specified caller reference."
        raise AwsError("HostedZoneAlreadyExists", message, 409)
    if len(own) >= ctx.quota(HOSTED_ZONES_PER_ACCOUNT):
        message = "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones."
        raise AwsError("TooManyHostedZones", message)
    if vpc is not None:
        check_free(ctx, name, vpc)
    zone = HostedZone(
        id=new_id(ctx, "Z"),
        account=ctx.account,
        name=name,
        caller_reference=request["CallerReference"],
        created_at=ctx.now,
        comment=config.get("Comment") or "",
        is_private=vpc is not None,
        vpcs=() if vpc is None else (vpc,),
    )
    records = zone.born_with()
    return submitted(
        ctx,
        put(zone, *records),
        {
            "HostedZone": render(zone, len(records)),
            "DelegationSet": _delegation_set(zone),
            "VPC": None if vpc is None else render_vpc(vpc),
            "Location": f"{_LOCATION}/{zone.id}",
        },
    )


def _vpc_of_new_zone(ctx: Context, request: Request, config: Response) -> ZoneVpc | None:
    """Whoever names a VPC wants a private zone, whatever PrivateZone says."""
    if request.get("VPC") is None:
        if config.get("PrivateZone"):
            raise invalid_input(
                "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also "
                "specify values for VPCId and VPCRegion."
            )
        return None
    asked = requested_vpc(request)
    if existing_vpc(ctx, asked).account != ctx.account:
        raise invalid_vpc(asked)
    return asked


def get_hosted_zone(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchHostedZone, AccessDenied."""
    zone = own_zone(ctx, request["Id"])
    return Answer(
        {
            "HostedZone": render_zone(ctx, zone),
            "DelegationSet": _delegation_set(zone),
            "VPCs": [render_vpc(vpc) for vpc in zone.vpcs] or None,
        }
    )


def update_hosted_zone_comment(ctx: Context, request: Request) -> Answer:
    """Without a comment the old one goes.  Raises NoSuchHostedZone, AccessDenied."""
    zone = replace(own_zone(ctx, request["Id"]), comment=request.get("Comment") or "")
    return Answer({"HostedZone": render_zone(ctx, zone)}, put(zone))


def delete_hosted_zone(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchHostedZone, AccessDenied; HostedZoneNotEmpty while it has records that it was not born with."""
    zone = own_zone(ctx, request["Id"])
    records = ctx.state.names.record_sets_of(zone.id)
    if any(row.name != zone.name or row.type not in ("NS", "SOA") for row in records):
        message = "The specified hosted zone contains non-required resource record sets  and so cannot be deleted."
        raise AwsError("HostedZoneNotEmpty", message)
    return submitted(ctx, Change(deletes=(zone, *records)))


def get_hosted_zone_count(ctx: Context, request: Request) -> Answer:
    return Answer({"HostedZoneCount": sum(1 for _ in ctx.visible(ctx.state.names.hosted_zones))})


def get_dnssec(ctx: Context, request: Request) -> Answer:
    """No zone is signed here.  Raises NoSuchHostedZone, AccessDenied; InvalidArgument for a private zone."""
    zone = own_zone(ctx, request["HostedZoneId"])
    if zone.is_private:
        raise AwsError("InvalidArgument", "Operation is unsupported for private hosted zones.")
    return Answer({"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": []})


def render_zone(ctx: Context, zone: HostedZone) -> Response:
    return render(zone, len(ctx.state.names.record_sets_of(zone.id)))


def render(zone: HostedZone, record_sets: int) -> Response:
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": {"Comment": zone.comment or None, "PrivateZone": zone.is_private},
        "ResourceRecordSetCount": record_sets,
    }


def _delegation_set(zone: HostedZone) -> Response | None:
    """Nobody delegates to a private zone."""
    return None if zone.is_private else {"NameServers": list(zone.name_servers)}
