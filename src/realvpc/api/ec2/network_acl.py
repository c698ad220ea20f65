"""The default network ACL of every VPC (VPC guide, "Default network ACL").

It allows everything in both directions, which is what the data plane does; it cannot be changed and there are no
others, so nothing is stored but its tags: it follows from the VPC and its subnets.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.net.resource import Resource
from realvpc.net.vpc import Vpc

from ..core.context import Context, Response
from ..core.describe import describing
from ..core.filter import no_values
from ..core.noun import Derived, Noun
from ..core.tags import render_tags

_ALLOW, _DENY = (100, "allow"), (32767, "deny")


class NetworkAcl(Resource, frozen=True, kw_only=True):
    """``subnet_ids`` are all subnets of the VPC."""

    vpc: Vpc
    subnet_ids: tuple[str, ...]


def _default_acl(ctx: Context, vpc: Vpc) -> NetworkAcl:
    return NetworkAcl(
        id=_sibling_id("acl", vpc.id),
        account=vpc.account,
        region=vpc.region,
        tags=vpc.network_acl_tags,
        vpc=vpc,
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
        "VpcId": acl.vpc.id,
        "OwnerId": acl.account,
        "IsDefault": True,
        "Associations": _associations(acl),
        "Entries": _ENTRIES,
        "Tags": render_tags(acl.tags),
    }


def _one(ctx: Context, acl_id: str) -> NetworkAcl | None:
    vpc = ctx.network.vpcs.get(_sibling_id("vpc", acl_id))
    return _default_acl(ctx, vpc) if vpc is not None and ctx.sees(vpc) and acl_id.startswith("acl-") else None


def _all(ctx: Context) -> Iterable[NetworkAcl]:
    return (_default_acl(ctx, vpc) for vpc in ctx.visible(ctx.network.vpcs))


def _retagged(vpc: Vpc, acl: NetworkAcl) -> Vpc:
    return replace(vpc, network_acl_tags=acl.tags)


NETWORK_ACL = Noun(
    type=NetworkAcl,
    prefix="acl",
    not_found="InvalidNetworkAclID.NotFound",
    malformed=None,
    words="networkAcl ID",
    tag_type="network-acl",
    ids="NetworkAclIds",
    result="NetworkAcls",
    render=_render,
    filters={
        "association.association-id": "Associations[].NetworkAclAssociationId",
        "association.network-acl-id": "Associations[].NetworkAclId",
        "association.subnet-id": ".subnet_ids[]",
        "default": "IsDefault",
        "entry.cidr": "Entries[].CidrBlock",
        "entry.egress": "Entries[].Egress",
        "entry.icmp.code": no_values,
        "entry.icmp.type": no_values,
        "entry.ipv6-cidr": no_values,
        "entry.port-range.from": no_values,
        "entry.port-range.to": no_values,
        "entry.protocol": "Entries[].Protocol",
        "entry.rule-action": "Entries[].RuleAction",
        "entry.rule-number": "Entries[].RuleNumber",
        "network-acl-id": ".id",
        "vpc-id": ".vpc.id",
    },
    derived=Derived(one=_one, all=_all, owner=lambda acl: acl.vpc, changed=_retagged),
)

describe_network_acls = describing(NETWORK_ACL)
