"""IPv6 CIDR blocks of VPCs and subnets: where they come from, and how they are shown (VPC guide, "IPv6 addressing")."""

from __future__ import annotations

from collections.abc import Collection

from realvpc.net import indexes
from realvpc.net.addresses import Cidr
from realvpc.net.vpc import IPV6_POOL, IPV6_PREFIX_LENGTH, Ipv6CidrAssociation

from ..core.context import Context, Request, Response
from ..core.errors import invalid_parameter_combination, invalid_parameter_value
from ..core.parameters import refuse

NOT_HERE = ("Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength", "Ipv6Pool")
"""What would bring a VPC blocks of the user's own."""

_BLOCKS_OF_POOL = 1 << (IPV6_PREFIX_LENGTH - IPV6_POOL.prefix_length)
_PUBLIC = {"Ipv6AddressAttribute": "public", "IpSource": "amazon"}


def wants_amazon_block(ctx: Context, request: Request) -> bool:
    """Whether a VPC is to have a block of Amazon's pool.

    Raises UnsupportedOperation for blocks of other pools, InvalidParameterCombination for a network border group of no
    block, InvalidParameterValue for one that is not the Region's.
    """
    refuse(request, NOT_HERE)
    group, wanted = request.get("Ipv6CidrBlockNetworkBorderGroup"), bool(request.get("AmazonProvidedIpv6CidrBlock"))
    if group and not wanted:
        raise invalid_parameter_combination(
            "The parameter ipv6CidrBlockNetworkBorderGroup requires amazonProvidedIpv6CidrBlock to be true."
        )
    if group and group != ctx.region:
        raise invalid_parameter_value(
            f"Value ({group}) for parameter ipv6CidrBlockNetworkBorderGroup is invalid. "
            f"The network border group of the Region is {ctx.region}."
        )
    return wanted


def amazon_block(ctx: Context, *, avoiding: Collection[Cidr] = ()) -> Ipv6CidrAssociation:
    """A /56 that no VPC has, of any account, and in which none of those to avoid lies."""
    while True:
        block = IPV6_POOL.subnet(ctx.random.randrange(_BLOCKS_OF_POOL), IPV6_PREFIX_LENGTH)
        if not ctx.network.vpcs.where(indexes.ipv6_cidrs, block) and not any(map(block.covers, avoiding)):
            return Ipv6CidrAssociation(ctx.new_id("vpc-cidr-assoc"), block)


def render_vpc_association(association: Ipv6CidrAssociation, region: str, state: str = "associated") -> Response:
    """AWS does not say which block it will be before it is there."""
    return {
        "AssociationId": association.id,
        "Ipv6CidrBlock": "" if state == "associating" else str(association.cidr),
        "Ipv6CidrBlockState": {"State": state},
        "NetworkBorderGroup": region,
        "Ipv6Pool": "Amazon",
        **_PUBLIC,
    }


def render_subnet_association(association: Ipv6CidrAssociation, state: str = "associated") -> Response:
    return {
        "AssociationId": association.id,
        "Ipv6CidrBlock": str(association.cidr),
        "Ipv6CidrBlockState": {"State": state},
        **_PUBLIC,
    }
