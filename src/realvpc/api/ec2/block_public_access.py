"""VPC Block Public Access: the mode of an account in a Region (VPC guide, "Block public access to VPCs and subnets").

For what is excluded from it see ``block_public_access_exclusion``.
"""

from __future__ import annotations

from realvpc.net.block_public_access import BlockMode, BlockPublicAccess, options_id
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.parameters import choice


def modify_vpc_block_public_access_options(ctx: Context, request: Request) -> Answer:
    """It is done before anybody can look, and under way in the answer.  Raises InvalidParameterValue."""
    row = BlockPublicAccess.of(ctx.account, ctx.region, choice(request, "InternetGatewayBlockMode", BlockMode), ctx.now)
    return Answer({"VpcBlockPublicAccessOptions": _render(ctx, row) | {"State": "update-in-progress"}}, put(row))


def describe_vpc_block_public_access_options(ctx: Context, request: Request) -> Answer:
    row = ctx.network.block_public_access.get(options_id(ctx.account, ctx.region))
    return Answer({"VpcBlockPublicAccessOptions": _render(ctx, row)})


def _render(ctx: Context, row: BlockPublicAccess | None) -> Response:
    return {
        "AwsAccountId": ctx.account,
        "AwsRegion": ctx.region,
        "State": "update-complete" if row else "default-state",
        "InternetGatewayBlockMode": str(row.mode if row else BlockMode.OFF),
        "LastUpdateTimestamp": row.updated_at if row else None,
        "ManagedBy": "account",
        "ExclusionsAllowed": "allowed",
    }
