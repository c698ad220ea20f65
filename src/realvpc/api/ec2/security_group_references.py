"""Security groups across peering connections: who refers to a group, and which rules went stale.

VPC peering guide, "Update your security groups to reference peer security groups".
"""

from __future__ import annotations

from msgspec import Struct

from realvpc.net import indexes
from realvpc.net.security_group import GroupReference, SecurityGroup, SecurityGroupRule

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.effort import COMPARING
from ..core.lookup import get_all, named
from .permission import has_ports, protocol_name, render_pair
from .security_group import SECURITY_GROUP
from .vpc import VPC


def describe_security_group_references(ctx: Context, request: Request) -> Answer:
    """The VPCs on the other side of a peering connection whose groups refer to these groups.

    Raises ``InvalidGroup.NotFound``.
    """
    groups = get_all(ctx, SECURITY_GROUP, request["GroupId"])
    found: set[tuple[str, str, str]] = set()
    for group in groups:
        for other in ctx.network.security_groups.where(indexes.referenced_groups, group.id):
            peering = ctx.network.active_peering_between(group.vpc_id, other.vpc_id)
            if peering is not None:
                found.add((group.id, other.vpc_id, peering.id))
    return Answer(
        {
            "SecurityGroupReferenceSet": [
                {"GroupId": group_id, "ReferencingVpcId": vpc_id, "VpcPeeringConnectionId": peering_id}
                for group_id, vpc_id, peering_id in sorted(found)
            ]
        }
    )


class _Stale(Struct, frozen=True):
    group: SecurityGroup
    rules: tuple[SecurityGroupRule, ...]

    @property
    def id(self) -> str:
        return self.group.id


def describe_stale_security_groups(ctx: Context, request: Request) -> Answer:
    """The VPC's groups with rules whose group is gone, or is no longer reached over an active peering connection."""
    vpc = named(ctx, VPC, request, "VpcId")
    rows = []
    for group in sorted(ctx.network.security_groups_of(vpc.id), key=lambda group: group.id):
        ctx.effort.spend(COMPARING * len(group.rules))
        rules = tuple(rule for rule in group.rules if not _is_live(ctx, group, rule))
        if rules:
            rows.append(_Stale(group, rules))
    page, token = paginate(request, rows)
    return Answer({"StaleSecurityGroupSet": [_render(ctx, row) for row in page], "NextToken": token})


def _is_live(ctx: Context, group: SecurityGroup, rule: SecurityGroupRule) -> bool:
    return not isinstance(rule.peer, GroupReference) or ctx.network.reference_is_live(group, rule.peer)


def _render(ctx: Context, row: _Stale) -> Response:
    return {
        "GroupId": row.group.id,
        "GroupName": row.group.name,
        "Description": row.group.description,
        "VpcId": row.group.vpc_id,
        "StaleIpPermissions": _permissions(ctx, row, is_egress=False),
        "StaleIpPermissionsEgress": _permissions(ctx, row, is_egress=True),
    }


def _permissions(ctx: Context, row: _Stale, *, is_egress: bool) -> list[Response]:
    return [
        {
            "IpProtocol": protocol_name(rule.protocol),
            "FromPort": rule.from_port if has_ports(rule.protocol) else None,
            "ToPort": rule.to_port if has_ports(rule.protocol) else None,
            "UserIdGroupPairs": [render_pair(ctx, row.group, rule.peer) | {"Description": rule.description}],
        }
        for rule in row.rules
        if isinstance(rule.peer, GroupReference) and rule.is_egress == is_egress
    ]
