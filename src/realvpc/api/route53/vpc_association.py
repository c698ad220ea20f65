"""Which VPCs a private zone answers in, and who may say so (Route 53 developer guide, "Associating an Amazon VPC and a
private hosted zone that you created with different AWS accounts")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.hosted_zone import HostedZone, ZoneVpc
from realvpc.net.quotas import VPC_AUTHORIZATIONS_PER_HOSTED_ZONE, VPCS_PER_HOSTED_ZONE
from realvpc.net.table import put
from realvpc.net.vpc import Vpc

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import (
    access_denied,
    any_zone,
    check_free,
    existing_vpc,
    invalid_input,
    own_zone,
    page_by_token,
    page_size,
    render_vpc,
    requested_vpc,
    submitted,
)

_MAXIMUM_PAGE = 50


def associate_vpc_with_hosted_zone(ctx: Context, request: Request) -> Answer:
    """For the owner of the VPC, who needs an authorization where the zone is another account's.

    Raises NoSuchHostedZone, InvalidInput, InvalidVPCId, PublicZoneVPCAssociation, NotAuthorizedException,
    ConflictingDomainExists, LimitsExceeded.
    """
    zone, asked = any_zone(ctx, request["HostedZoneId"]), requested_vpc(request)
    vpc = existing_vpc(ctx, asked)
    _check_may_associate(ctx, zone, asked, vpc)
    if not zone.is_private:
        raise AwsError(
            "PublicZoneVPCAssociation",
            f"The hosted zone {zone.id} is public, and a VPC can be associated with private hosted zones only.",
        )
    check_free(ctx, zone.name, asked)
    if len(zone.vpcs) >= (allowed := ctx.quota(VPCS_PER_HOSTED_ZONE, zone)):
        raise AwsError("LimitsExceeded", f"A hosted zone can be associated with {allowed} VPCs.")
    comment = request.get("Comment") or ""
    return submitted(ctx, put(replace(zone, vpcs=(*zone.vpcs, asked))), comment=comment)


def _check_may_associate(ctx: Context, zone: HostedZone, asked: ZoneVpc, vpc: Vpc) -> None:
    if vpc.account != ctx.account:
        message = (
            f"User: {ctx.caller.arn} is not authorized to perform: route53:AssociateVPCWithHostedZone on resource: "
            f"arn:aws:ec2:{vpc.region}:{ctx.account}:vpc/{vpc.id}"
        )
        raise AwsError("NotAuthorizedException", message, 401)
    if zone.account != ctx.account and asked not in zone.authorised_vpcs:
        message = f"The VPC: {vpc.id} has not authorized to associate with your hosted zone."
        raise AwsError("NotAuthorizedException", message, 401)


def disassociate_vpc_from_hosted_zone(ctx: Context, request: Request) -> Answer:
    """For the owner of the zone and the owner of the VPC; the VPC itself may be gone already.

    Raises NoSuchHostedZone, AccessDenied, InvalidInput, VPCAssociationNotFound, LastVPCAssociation.
    """
    zone, asked = any_zone(ctx, request["HostedZoneId"]), requested_vpc(request)
    vpc = ctx.network.vpcs.get(asked.vpc_id)
    if ctx.account not in (zone.account, vpc.account if vpc else None):
        raise access_denied(ctx)
    if asked not in zone.vpcs:
        message = f"The VPC: {asked.vpc_id} is not associated with the hosted zone: {zone.id}"
        raise AwsError("VPCAssociationNotFound", message, 404)
    if len(zone.vpcs) == 1:
        raise AwsError("LastVPCAssociation", "Cannot remove last VPC association for the private zone")
    rest = tuple(other for other in zone.vpcs if other != asked)
    comment = request.get("Comment") or ""
    return submitted(ctx, put(replace(zone, vpcs=rest)), comment=comment)


def create_vpc_association_authorization(ctx: Context, request: Request) -> Answer:
    """For the owner of the zone; a second time changes nothing.

    Raises NoSuchHostedZone, AccessDenied, InvalidInput, InvalidVPCId, TooManyVPCAssociationAuthorizations.
    """
    zone, asked = own_zone(ctx, request["HostedZoneId"]), requested_vpc(request)
    existing_vpc(ctx, asked)
    if not zone.is_private:
        raise invalid_input(f"The hosted zone {zone.id} is public: no VPC can be associated with it.")
    authorised = zone.authorised_vpcs if asked in zone.authorised_vpcs else (*zone.authorised_vpcs, asked)
    if len(authorised) > (allowed := ctx.quota(VPC_AUTHORIZATIONS_PER_HOSTED_ZONE)):
        raise AwsError(
            "TooManyVPCAssociationAuthorizations",
            f"A hosted zone can have {allowed} authorizations.",
        )
    response = {"HostedZoneId": zone.id, "VPC": render_vpc(asked)}
    return Answer(response, put(replace(zone, authorised_vpcs=authorised)))


def delete_vpc_association_authorization(ctx: Context, request: Request) -> Answer:
    """Does not end an association.  Raises NoSuchHostedZone, AccessDenied, InvalidInput,
    VPCAssociationAuthorizationNotFound."""
    zone, asked = own_zone(ctx, request["HostedZoneId"]), requested_vpc(request)
    if asked not in zone.authorised_vpcs:
        message = f"The VPC: {asked.vpc_id} is not authorized to be associated with the hosted zone: {zone.id}"
        raise AwsError("VPCAssociationAuthorizationNotFound", message, 404)
    rest = tuple(other for other in zone.authorised_vpcs if other != asked)
    return Answer({}, put(replace(zone, authorised_vpcs=rest)))


def list_vpc_association_authorizations(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchHostedZone, AccessDenied, InvalidInput, InvalidPaginationToken."""
    zone = own_zone(ctx, request["HostedZoneId"])
    size = page_size(request, "MaxResults", _MAXIMUM_PAGE)
    rows, token = page_by_token(request, zone.authorised_vpcs, size)
    return Answer({"HostedZoneId": zone.id, "NextToken": token, "VPCs": [render_vpc(vpc) for vpc in rows]})
