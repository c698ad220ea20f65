"""The default VPC of an account in a Region (VPC guide, "Default VPCs"; EC2 API Reference).

It is there from the first call that an account makes to EC2 in a Region, as if it had always been: see ``first_use``.
Who deletes it is without, until CreateDefaultVpc.
"""

from __future__ import annotations

from realvpc.iam.account import UsedRegion, used_region_id
from realvpc.net.addresses import ANY_IPV4
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.table import Change, put
from realvpc.net.vpc import DEFAULT_VPC_BLOCK, Vpc

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .default_group import default_group
from .default_subnet import default_subnets
from .internet_gateway import check_gateway_quota
from .vpc import check_vpc_quota, main_route_table, new_vpc, render_new


def create_default_vpc(ctx: Context, request: Request) -> Answer:
    """Raises DefaultVpcAlreadyExists, VpcLimitExceeded, InternetGatewayLimitExceeded."""
    if ctx.default_vpc is not None:
        raise AwsError("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.")
    check_vpc_quota(ctx)
    check_gateway_quota(ctx)
    vpc, change = _made(ctx)
    return Answer({"Vpc": render_new(vpc)}, change)


def first_use(ctx: Context) -> Change:
    """What the caller's account finds in its Region when it calls there for the first time; empty at any other time.

    A default VPC, unless somebody has switched that off, or the account has VPCs already: they were made while it was
    off, or by a version of RealVPC that had no default VPCs.
    """
    if used_region_id(ctx.account, ctx.region) in ctx.directory.used_regions:
        return Change()
    account = ctx.directory.accounts.get(ctx.account)
    if account is None or not account.finds_default_vpc(usually=ctx.options.default_vpc):
        return Change()
    if ctx.count(ctx.network.vpcs):
        return put(_used(ctx))
    return _made(ctx)[1]


def _used(ctx: Context) -> UsedRegion:
    return UsedRegion(id=used_region_id(ctx.account, ctx.region), account=ctx.account, region=ctx.region)


def _made(ctx: Context) -> tuple[Vpc, Change]:
    """With a subnet in each zone, an internet gateway and a route to it, and what every VPC begins with."""
    vpc = new_vpc(ctx, DEFAULT_VPC_BLOCK, is_default=True, enable_dns_hostnames=True)
    table = main_route_table(ctx, vpc)
    gateway = InternetGateway(id=ctx.new_id("igw"), account=vpc.account, region=vpc.region, vpc_id=vpc.id)
    out = TableRoute.of(table, Route(ANY_IPV4, Target(TargetKind.INTERNET_GATEWAY, gateway.id)))
    belongings = table, default_group(ctx, vpc), gateway, out, *default_subnets(ctx, vpc)
    return vpc, put(_used(ctx), vpc, *belongings)
