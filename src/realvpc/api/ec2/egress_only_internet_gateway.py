"""Egress-only internet gateways (VPC guide, "Add egress-only internet access to a subnet"; EC2 API Reference)."""

from __future__ import annotations

from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from realvpc.net.quotas import EGRESS_ONLY_INTERNET_GATEWAYS_PER_REGION
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError, invalid_parameter_value
from ..core.lookup import check_form, find, named
from ..core.noun import Noun, of_row
from ..core.tags import render_tags, tags_on_creation
from .vpc import VPC


def create_egress_only_internet_gateway(ctx: Context, request: Request) -> Answer:
    """One for its VPC, which may have no IPv6 block yet.

    Raises ``InvalidVpcID.NotFound``, InvalidParameterValue for a VPC that has one, and
    EgressOnlyInternetGatewayLimitExceeded.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    tags = tags_on_creation(request, EGRESS_ONLY_INTERNET_GATEWAY.tag_type)
    if ctx.network.egress_only_internet_gateway_of(vpc.id) is not None:
        raise invalid_parameter_value(f"Network {vpc.id} already has an egress only internet gateway attached")
    if ctx.count(ctx.network.egress_only_internet_gateways) >= ctx.quota(EGRESS_ONLY_INTERNET_GATEWAYS_PER_REGION):
        raise AwsError(
            "EgressOnlyInternetGatewayLimitExceeded",
            "The maximum number of egress only internet gateways has been reached.",
        )
    gateway = EgressOnlyInternetGateway(
        id=ctx.new_id(EGRESS_ONLY_INTERNET_GATEWAY.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        vpc_id=vpc.id,
    )
    response: Response = {"EgressOnlyInternetGateway": _render(gateway)}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return Answer(response, put(gateway))


def delete_egress_only_internet_gateway(ctx: Context, request: Request) -> Answer:
    """Routes over it become blackholes.  Raises what ``get_gateway`` raises."""
    gateway = get_gateway(ctx, request["EgressOnlyInternetGatewayId"])
    return Answer({"ReturnCode": True}, delete(gateway))


def get_gateway(ctx: Context, gateway_id: str) -> EgressOnlyInternetGateway:
    """Except when they are described, these gateways are missed like any gateway.

    Raises ``InvalidEgressOnlyInternetGatewayId.Malformed``, ``InvalidGatewayID.NotFound``.
    """
    check_form(EGRESS_ONLY_INTERNET_GATEWAY, gateway_id)
    gateway = find(ctx, EGRESS_ONLY_INTERNET_GATEWAY, gateway_id)
    if gateway is None:
        raise AwsError("InvalidGatewayID.NotFound", f"The eigw ID '{gateway_id}' does not exist")
    return gateway


def _render(gateway: EgressOnlyInternetGateway) -> Response:
    return {
        "EgressOnlyInternetGatewayId": gateway.id,
        "Attachments": [{"VpcId": gateway.vpc_id, "State": "attached"}],
        "Tags": render_tags(gateway.tags),
    }


EGRESS_ONLY_INTERNET_GATEWAY = Noun(
    type=EgressOnlyInternetGateway,
    prefix="eigw",
    not_found="InvalidEgressOnlyInternetGatewayId.NotFound",
    malformed="InvalidEgressOnlyInternetGatewayId.Malformed",
    words="egressOnlyInternetGateway ID",
    tag_type="egress-only-internet-gateway",
    ids="EgressOnlyInternetGatewayIds",
    result="EgressOnlyInternetGateways",
    render=of_row(_render),
    filters={},
)

describe_egress_only_internet_gateways = describing(EGRESS_ONLY_INTERNET_GATEWAY)
