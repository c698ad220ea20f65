"""Internet gateways (VPC guide, "Enable internet access for a VPC using an internet gateway"; EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.quotas import INTERNET_GATEWAYS_PER_REGION
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import deleting, describing
from ..core.errors import AwsError, dependency_violation, invalid_parameter_value
from ..core.lookup import named
from ..core.noun import Noun, of_row
from ..core.tags import render_tags, tags_on_creation
from .vpc import VPC


def create_internet_gateway(ctx: Context, request: Request) -> Answer:
    """A gateway that is attached to no VPC yet.  Raises InternetGatewayLimitExceeded."""
    tags = tags_on_creation(request, INTERNET_GATEWAY.tag_type)
    check_gateway_quota(ctx)
    gateway = InternetGateway(id=ctx.new_id("igw"), account=ctx.account, region=ctx.region, tags=tags)
    return Answer({"InternetGateway": _render(gateway)}, put(gateway))


def check_gateway_quota(ctx: Context) -> None:
    """Raises InternetGatewayLimitExceeded."""
    if ctx.count(ctx.network.internet_gateways) >= ctx.quota(INTERNET_GATEWAYS_PER_REGION):
        raise AwsError("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.")


def attach_internet_gateway(ctx: Context, request: Request) -> Answer:
    """Raises ``Resource.AlreadyAssociated`` for a gateway in use, InvalidParameterValue for a VPC that has one."""
    gateway = named(ctx, INTERNET_GATEWAY, request, "InternetGatewayId")
    vpc = named(ctx, VPC, request, "VpcId")
    if gateway.vpc_id is not None:
        raise AwsError(
            "Resource.AlreadyAssociated", f"resource {gateway.id} is already attached to network {gateway.vpc_id}"
        )
    if ctx.network.internet_gateway_of(vpc.id) is not None:
        raise invalid_parameter_value(f"Network {vpc.id} already has an internet gateway attached")
    return Answer({}, put(replace(gateway, vpc_id=vpc.id)))


def detach_internet_gateway(ctx: Context, request: Request) -> Answer:
    """Raises ``Gateway.NotAttached``, and DependencyViolation while the VPC has public addresses in use, or the gateway
    a route table."""
    gateway = named(ctx, INTERNET_GATEWAY, request, "InternetGatewayId")
    vpc = named(ctx, VPC, request, "VpcId")
    if gateway.vpc_id != vpc.id:
        raise AwsError("Gateway.NotAttached", f"resource {gateway.id} is not attached to network {vpc.id}")
    if ctx.network.gateway_route_table(gateway.id) is not None:
        raise AwsError(
            "DependencyViolation",
            f"The gateway {gateway.id} is associated with a route table. Please disassociate it before detaching it.",
        )
    if any(map(ctx.network.public_addresses_of, ctx.network.interfaces_in_vpc(vpc.id))):
        raise AwsError(
            "DependencyViolation",
            f"Network {vpc.id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway.",
        )
    return Answer({}, put(replace(gateway, vpc_id=None)))


def _render(gateway: InternetGateway) -> Response:
    return {
        "InternetGatewayId": gateway.id,
        "OwnerId": gateway.account,
        "Attachments": [{"VpcId": gateway.vpc_id, "State": "available"}] if gateway.vpc_id else [],
        "Tags": render_tags(gateway.tags),
    }


INTERNET_GATEWAY = Noun(
    type=InternetGateway,
    prefix="igw",
    not_found="InvalidInternetGatewayID.NotFound",
    malformed="InvalidInternetGatewayId.Malformed",
    words="internetGateway ID",
    tag_type="internet-gateway",
    ids="InternetGatewayIds",
    result="InternetGateways",
    render=of_row(_render),
    filters={
        "attachment.state": "Attachments[].State",
        "attachment.vpc-id": ".vpc_id",
        "internet-gateway-id": ".id",
    },
)


def _check_unused(ctx: Context, gateway: InternetGateway) -> None:
    """Raises DependencyViolation while the gateway is attached."""
    if gateway.vpc_id is not None:
        raise dependency_violation("internetGateway", gateway.id)


describe_internet_gateways = describing(INTERNET_GATEWAY)
delete_internet_gateway = deleting(INTERNET_GATEWAY, "InternetGatewayId", _check_unused)
