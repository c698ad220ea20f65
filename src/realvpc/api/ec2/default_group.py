"""The security group that every VPC begins with (VPC guide, "Default security groups")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4, ANY_IPV6, Cidr
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
            *everything_out(ctx, vpc),
        ),
    )


def everything_out(ctx: Context, vpc: Vpc) -> tuple[SecurityGroupRule, ...]:
    """The rules with which every group of the VPC begins."""
    families = (ANY_IPV4, ANY_IPV6) if vpc.ipv6_cidrs else (ANY_IPV4,)
    return tuple(all_traffic(ctx, everywhere, is_egress=True) for everywhere in families)


def opened_to_ipv6(ctx: Context, group: SecurityGroup) -> SecurityGroup:
    """The default group of a VPC that gets its first IPv6 block; one whose outbound rules somebody changed stays as it
    is (VPC guide, "Default security groups")."""
    outbound = {rule.meaning for rule in group.rules if rule.is_egress}
    if outbound != {all_traffic(ctx, ANY_IPV4, is_egress=True).meaning}:
        return group
    return replace(group, rules=(*group.rules, all_traffic(ctx, ANY_IPV6, is_egress=True)))


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
