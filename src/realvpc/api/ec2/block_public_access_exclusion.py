"""What is excluded from VPC Block Public Access (EC2 API Reference, VpcBlockPublicAccessExclusion)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.block_public_access import EXCLUSIONS_MAXIMUM, BlockPublicAccessExclusion, ExclusionMode
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.lookup import get, named
from ..core.noun import Noun, of_row
from ..core.parameters import choice
from ..core.tags import render_tags, tags_on_creation
from .subnet import SUBNET
from .vpc import VPC


def create_vpc_block_public_access_exclusion(ctx: Context, request: Request) -> Answer:
    """Of a VPC or a subnet, whether or not anything is blocked.

    Raises MissingParameter, InvalidParameterCombination, InvalidParameterValue for what is excluded already,
    VpcBlockPublicAccessExclusionLimitExceeded.
    """
    tags = tags_on_creation(request, EXCLUSION.tag_type)
    excluded_id = _excluded_id(ctx, request)
    if ctx.network.exclusion_of(excluded_id) is not None:
        raise invalid_parameter_value(f"There is already an exclusion for {excluded_id}.")
    if ctx.count(ctx.network.block_public_access_exclusions) >= EXCLUSIONS_MAXIMUM:
        raise AwsError(
            "VpcBlockPublicAccessExclusionLimitExceeded", "The maximum number of exclusions has been reached."
        )
    row = BlockPublicAccessExclusion(
        id=ctx.new_id(EXCLUSION.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        excluded_id=excluded_id,
        mode=choice(request, "InternetGatewayExclusionMode", ExclusionMode),
        created_at=ctx.now,
    )
    return Answer(_under_way(row, "create-in-progress"), put(row))


def _excluded_id(ctx: Context, request: Request) -> str:
    vpc_id, subnet_id = request.get("VpcId"), request.get("SubnetId")
    if vpc_id and subnet_id:
        raise invalid_parameter_combination("The request must contain exactly one of vpcId or subnetId")
    if vpc_id:
        return get(ctx, VPC, vpc_id).id
    if subnet_id:
        return get(ctx, SUBNET, subnet_id).id
    raise missing_parameter("vpcId or subnetId")


def modify_vpc_block_public_access_exclusion(ctx: Context, request: Request) -> Answer:
    row = named(ctx, EXCLUSION, request, "ExclusionId")
    changed = replace(row, mode=choice(request, "InternetGatewayExclusionMode", ExclusionMode), updated_at=ctx.now)
    return Answer(_under_way(changed, "update-in-progress"), put(changed))


def delete_vpc_block_public_access_exclusion(ctx: Context, request: Request) -> Answer:
    row = named(ctx, EXCLUSION, request, "ExclusionId")
    return Answer(_under_way(row, "delete-in-progress"), delete(row))


def _under_way(row: BlockPublicAccessExclusion, state: str) -> Response:
    return {"VpcBlockPublicAccessExclusion": _render(row) | {"State": state}}


def _render(row: BlockPublicAccessExclusion) -> Response:
    kind = row.excluded_id.partition("-")[0]
    return {
        "ExclusionId": row.id,
        "InternetGatewayExclusionMode": str(row.mode),
        "ResourceArn": f"arn:aws:ec2:{row.region}:{row.account}:{kind}/{row.excluded_id}",
        "State": "update-complete" if row.updated_at else "create-complete",
        "CreationTimestamp": row.created_at,
        "LastUpdateTimestamp": row.updated_at,
        "Tags": render_tags(row.tags),
    }


EXCLUSION = Noun(
    type=BlockPublicAccessExclusion,
    prefix="vpcbpa-exclude",
    not_found="InvalidVpcBlockPublicAccessExclusionId.NotFound",
    malformed="InvalidVpcBlockPublicAccessExclusionId.Malformed",
    words="vpcBlockPublicAccessExclusion ID",
    tag_type="vpc-block-public-access-exclusion",
    ids="ExclusionIds",
    result="VpcBlockPublicAccessExclusions",
    render=of_row(_render),
    filters={
        "internet-gateway-exclusion-mode": "InternetGatewayExclusionMode",
        "resource-arn": "ResourceArn",
        "state": "State",
    },
)


describe_vpc_block_public_access_exclusions = describing(EXCLUSION)
