"""GetSecurityGroupsForVpc: what interfaces of a VPC may have (EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from realvpc.net.security_group import SecurityGroup

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.effort import FINDING
from ..core.filter import passing
from ..core.lookup import named
from ..core.tags import render_tags
from .vpc import VPC

_FILTERS: Mapping[str, Callable[[SecurityGroup], str]] = {
    "description": lambda row: row.description,
    "group-id": lambda row: row.id,
    "group-name": lambda row: row.name,
    "owner-id": lambda row: row.account,
    "primary-vpc-id": lambda row: row.vpc_id,
}


def get_security_groups_for_vpc(ctx: Context, request: Request) -> Answer:
    """The VPC's own groups and those that are associated with it.

    Raises ``InvalidVpcID.NotFound``, InvalidParameterValue for a filter.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    network = ctx.network
    associated = [row.group_id for row in ctx.visible(network.security_group_vpc_associations) if row.vpc_id == vpc.id]
    ctx.effort.spend(FINDING * len(associated))
    groups = (*network.security_groups_of(vpc.id), *(network.security_groups[group_id] for group_id in associated))
    found = sorted(passing(ctx, request, groups, _values_of), key=lambda row: row.id)
    page, token = paginate(request, found)
    return Answer({"SecurityGroupForVpcs": [_render(row) for row in page], "NextToken": token})


def _values_of(name: str) -> Callable[[Context, SecurityGroup], tuple[str, ...]] | None:
    value = _FILTERS.get(name)
    return (lambda ctx, row: (value(row),)) if value else None


def _render(row: SecurityGroup) -> Response:
    return {
        "GroupId": row.id,
        "GroupName": row.name,
        "Description": row.description,
        "OwnerId": row.account,
        "PrimaryVpcId": row.vpc_id,
        "Tags": render_tags(row.tags),
    }
