"""The default network ACL of every VPC (VPC guide, "Default network ACL").

It allows everything in both directions, which is what the data plane does; it cannot be changed and there are no
others, so nothing is stored: it follows from the VPC and its subnets.
"""

from __future__ import annotations

from realvpc.net.resource import Resource
from realvpc.net.vpc import Vpc

from ..core.context import Answer, Context, Request, Response
from ..core.describe import FilterValues, describe, no_values, render_tags
from ..core.lookup import Kind

_ALLOW, _DENY = (100, "allow"), (32767, "deny")


class NetworkAcl(Resource, frozen=True, kw_only=True):
    """``subnet_ids`` are all subnets of the VPC."""

    vpc_id: str
    subnet_ids: tuple[str, ...]


_NETWORK_ACL = Kind(
    NetworkAcl,
    "acl",
    "InvalidNetworkAclID.NotFound",
    "InvalidNetworkAclId.Malformed",
    "networkAcl ID",
    "network-acl",
)


def describe_network_acls(ctx: Context, request: Request) -> Answer:
    acls = [_default_acl(ctx, vpc) for vpc in ctx.visible(ctx.network.vpcs)]
    return describe(
        ctx,
        request,
        _NETWORK_ACL,
        ids="NetworkAclIds",
        result="NetworkAcls",
        render=_render,
        filters=_FILTERS,
        rows={acl.id: acl for acl in acls},
    )


def _default_acl(ctx: Context, vpc: Vpc) -> NetworkAcl:
    return NetworkAcl(
        id=_sibling_id("acl", vpc.id),
        account=vpc.account,
        region=vpc.region,
        vpc_id=vpc.id,
        subnet_ids=tuple(sorted(subnet.id for subnet in ctx.network.subnets_of(vpc.id))),
    )


def _sibling_id(prefix: str, resource_id: str) -> str:
    """An id with the digits of another resource: derived things keep their ids without being stored."""
    return f"{prefix}-{resource_id.rpartition('-')[2]}"


def _associations(acl: NetworkAcl) -> list[Response]:
    return [
        {
            "NetworkAclAssociationId": _sibling_id("aclassoc", subnet_id),
            "NetworkAclId": acl.id,
            "SubnetId": subnet_id,
        }
        for subnet_id in acl.subnet_ids
    ]


_ENTRIES: list[Response] = [
    {"CidrBlock": "0.0.0.0/0", "Egress": egress, "Protocol": "-1", "RuleAction": action, "RuleNumber": number}
    for egress in (True, False)
    for number, action in (_ALLOW, _DENY)
]


def _render(ctx: Context, acl: NetworkAcl) -> Response:
    return {
        "NetworkAclId": acl.id,
        "VpcId": acl.vpc_id,
        "OwnerId": acl.account,
        "IsDefault": True,
        "Associations": _associations(acl),
        "Entries": _ENTRIES,
        "Tags": render_tags(acl.tags),
    }


def _entry(member: str) -> FilterValues[NetworkAcl]:
    return lambda ctx, row: [entry[member] for entry in _ENTRIES]


def _association(member: str) -> FilterValues[NetworkAcl]:
    return lambda ctx, row: [association[member] for association in _associations(row)]


_FILTERS: dict[str, FilterValues[NetworkAcl]] = {
    "association.association-id": _association("NetworkAclAssociationId"),
    "association.network-acl-id": _association("NetworkAclId"),
    "association.subnet-id": _association("SubnetId"),
    "default": lambda ctx, row: [True],
    "entry.cidr": _entry("CidrBlock"),
    "entry.egress": _entry("Egress"),
    "entry.icmp.code": no_values,
    "entry.icmp.type": no_values,
    "entry.ipv6-cidr": no_values,
    "entry.port-range.from": no_values,
    "entry.port-range.to": no_values,
    "entry.protocol": _entry("Protocol"),
    "entry.rule-action": _entry("RuleAction"),
    "entry.rule-number": _entry("RuleNumber"),
    "network-acl-id": lambda ctx, row: [row.id],
    "vpc-id": lambda ctx, row: [row.vpc_id],
}
