"""The security group that every VPC begins with (VPC guide, "Default security groups")."""

from __future__ import annotations

from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.security_group import ALL_PROTOCOLS, ANY_TYPE, GroupReference, SecurityGroup, SecurityGroupRule
from realvpc.net.vpc import Vpc

from ..core.context import Context


def default_group(ctx: Context, vpc: Vpc) -> SecurityGroup:
    """Everything from its own members, and everything out."""
    group_id = ctx.new_id("sg")
    return SecurityGroup(
        id=group_id,
        account=vpc.account,
        region=vpc.region,
        vpc_id=vpc.id,
        name="default",
        description="default VPC security group",
        rules=(
            all_traffic(ctx, GroupReference(group_id, vpc.account), is_egress=False),
            all_traffic(ctx, ANY_IPV4, is_egress=True),
        ),
    )


def all_traffic(ctx: Context, peer: Cidr | GroupReference, *, is_egress: bool) -> SecurityGroupRule:
    """A new rule that allows everything to or from ``peer``."""
    return SecurityGroupRule(
        id=ctx.new_id("sgr"),
        is_egress=is_egress,
        protocol=ALL_PROTOCOLS,
        from_port=ANY_TYPE,
        to_port=ANY_TYPE,
        peer=peer,
    )
