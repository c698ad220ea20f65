"""Internet gateways (VPC guide, "Enable internet access for a VPC using an internet gateway"; EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.quotas import INTERNET_GATEWAYS_PER_REGION
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import FilterValues, describe, render_tags
from ..core.errors import AwsError, dependency_violation, invalid_parameter_value
from ..core.lookup import INTERNET_GATEWAY, VPC, get
from ..core.tags import tags_on_creation


def create_internet_gateway(ctx: Context, request: Request) -> Answer:
    """A gateway that is attached to no VPC yet.  Raises InternetGatewayLimitExceeded."""
    tags = tags_on_creation(request, INTERNET_GATEWAY.tag_type)
    if sum(1 for _ in ctx.visible(ctx.network.internet_gateways)) >= ctx.quota(INTERNET_GATEWAYS_PER_REGION):
        raise AwsError("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.")
    gateway = InternetGateway(id=ctx.new_id("igw"), account=ctx.account, region=ctx.region, tags=tags)
    return Answer({"InternetGateway": _render(ctx, gateway)}, put(gateway))


def delete_internet_gateway(ctx: Context, request: Request) -> Answer:
    """Raises DependencyViolation while the gateway is attached."""
    gateway = get(ctx, INTERNET_GATEWAY, request["InternetGatewayId"])
    if gateway.vpc_id is not None:
        raise dependency_violation("internetGateway", gateway.id)
    return Answer({}, delete(gateway))


def attach_internet_gateway(ctx: Context, request: Request) -> Answer:
    """Raises ``Resource.AlreadyAssociated`` for a gateway in use, InvalidParameterValue for a VPC that has one."""
    gateway = get(ctx, INTERNET_GATEWAY, request["InternetGatewayId"])
    vpc = get(ctx, VPC, request["VpcId"])
    if gateway.vpc_id is not None:
        raise AwsError(
            "Resource.AlreadyAssociated", f"resource {gateway.id} is already attached to network {gateway.vpc_id}"
        )
    if ctx.network.internet_gateway_of(vpc.id) is not None:
        raise invalid_parameter_value(f"Network {vpc.id} already has an internet gateway attached")
    return Answer({}, put(replace(gateway, vpc_id=vpc.id)))


def detach_internet_gateway(ctx: Context, request: Request) -> Answer:
    """Raises ``Gateway.NotAttached``, and DependencyViolation while the VPC has public addresses in use."""
    gateway = get(ctx, INTERNET_GATEWAY, request["InternetGatewayId"])
    vpc = get(ctx, VPC, request["VpcId"])
    if gateway.vpc_id != vpc.id:
        raise AwsError("Gateway.NotAttached", f"resource {gateway.id} is not attached to network {vpc.id}")
    if any(interface.public_address is not None for interface in ctx.network.interfaces_in_vpc(vpc.id)):
        raise AwsError(
            "DependencyViolation",
            f"Network {vpc.id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway.",
        )
    return Answer({}, put(replace(gateway, vpc_id=None)))


def describe_internet_gateways(ctx: Context, request: Request) -> Answer:
    return describe(
        ctx,
        request,
        INTERNET_GATEWAY,
        ids="InternetGatewayIds",
        result="InternetGateways",
        render=_render,
        filters=_FILTERS,
    )


def _render(ctx: Context, gateway: InternetGateway) -> Response:
    return {
        "InternetGatewayId": gateway.id,
        "OwnerId": gateway.account,
        "Attachments": [{"VpcId": gateway.vpc_id, "State": "available"}] if gateway.vpc_id else [],
        "Tags": render_tags(gateway.tags),
    }


_FILTERS: dict[str, FilterValues[InternetGateway]] = {
    "attachment.state": lambda ctx, row: ["available"] if row.vpc_id else [],
    "attachment.vpc-id": lambda ctx, row: [row.vpc_id],
    "internet-gateway-id": lambda ctx, row: [row.id],
}
