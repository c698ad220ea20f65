"""Network ACLs and the subnets that they are for (VPC guide, "Network ACLs"; EC2 API Reference).

For their rules see ``network_acl_entry``.  The default one of a VPC follows from the VPC until somebody changes it.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.addresses import ANY_IPV4, ANY_IPV6, Cidr
from realvpc.net.network_acl import STAR_IPV4, STAR_IPV6, AclEntry, NetworkAcl, default_acl_id, vpc_of_default_acl
from realvpc.net.quotas import NETWORK_ACLS_PER_VPC
from realvpc.net.security_group import ALL_PROTOCOLS
from realvpc.net.subnet import Subnet
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import deleting, describing
from ..core.errors import AwsError, dependency_violation, invalid_parameter_value
from ..core.lookup import named
from ..core.noun import Derived, Noun
from ..core.tags import render_tags, tags_on_creation
from .permission import protocol_spellings
from .vpc import VPC


def _stars(number: int, everywhere: Cidr) -> tuple[AclEntry, ...]:
    return tuple(
        AclEntry(is_egress=is_egress, number=number, allows=False, protocol=ALL_PROTOCOLS, cidr=everywhere)
        for is_egress in (False, True)
    )


_STARS = _stars(STAR_IPV4, ANY_IPV4)
_STARS_OF_BOTH = _STARS + _stars(STAR_IPV6, ANY_IPV6)


def entries_of(ctx: Context, acl: NetworkAcl) -> tuple[AclEntry, ...]:
    """With what every ACL ends with: all else is denied, of IPv6 where the VPC has a block of it."""
    has_ipv6 = bool(ctx.network.vpcs[acl.vpc_id].ipv6_cidrs)
    return acl.entries + (_STARS_OF_BOTH if has_ipv6 else _STARS)


def create_network_acl(ctx: Context, request: Request) -> Answer:
    """One that denies everything, and is for no subnet yet.  Raises NetworkAclLimitExceeded."""
    vpc = named(ctx, VPC, request, "VpcId")
    tags = tags_on_creation(request, NETWORK_ACL.tag_type)
    others = {default_acl_id(vpc.id), *(acl.id for acl in ctx.network.network_acls_of(vpc.id))}
    if len(others) >= ctx.quota(NETWORK_ACLS_PER_VPC):
        raise AwsError("NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached.")
    acl = NetworkAcl(
        id=ctx.new_id(NETWORK_ACL.prefix), account=ctx.account, region=ctx.region, tags=tags, vpc_id=vpc.id
    )
    return Answer({"NetworkAcl": _render(ctx, acl), "ClientToken": request.get("ClientToken")}, put(acl))


def _check_unused(ctx: Context, acl: NetworkAcl) -> None:
    """Raises InvalidParameterValue for a default one, DependencyViolation while it is for a subnet."""
    if acl.is_default:
        raise invalid_parameter_value(f"cannot delete default network ACL {acl.id}")
    if ctx.network.subnets_with_acl(acl):
        raise dependency_violation("network ACL", acl.id)


def replace_network_acl_association(ctx: Context, request: Request) -> Answer:
    """Let another ACL be for a subnet.  The association gets a new id, unless it is with that ACL already.

    Raises ``InvalidAssociationID.NotFound``, and InvalidParameterValue across VPCs.
    """
    subnet = _subnet(ctx, request["AssociationId"])
    acl = named(ctx, NETWORK_ACL, request, "NetworkAclId")
    if acl.vpc_id != subnet.vpc_id:
        raise invalid_parameter_value(
            f"network ACL {acl.id} and subnet {subnet.id} belong to different networks",
        )
    if ctx.network.network_acl_for(subnet).id == acl.id:
        return Answer({"NewAssociationId": subnet.network_acl_association_id})
    association_id = ctx.new_id("aclassoc")
    moved = replace(subnet, network_acl_id=None if acl.is_default else acl.id, network_acl_association=association_id)
    return Answer({"NewAssociationId": association_id}, put(moved))


def _subnet(ctx: Context, association_id: str) -> Subnet:
    subnet = ctx.network.subnets.first(indexes.network_acl_association_id, association_id)
    if subnet is None or not ctx.sees(subnet):
        raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")
    return subnet


def _render(ctx: Context, acl: NetworkAcl) -> Response:
    return {
        "NetworkAclId": acl.id,
        "VpcId": acl.vpc_id,
        "OwnerId": acl.account,
        "IsDefault": acl.is_default,
        "Associations": [
            {
                "NetworkAclAssociationId": subnet.network_acl_association_id,
                "NetworkAclId": acl.id,
                "SubnetId": subnet.id,
            }
            for subnet in _subnets(ctx, acl)
        ],
        "Entries": [_render_entry(entry) for entry in sorted(entries_of(ctx, acl), key=_outbound_first)],
        "Tags": render_tags(acl.tags),
    }


def _subnets(ctx: Context, acl: NetworkAcl) -> list[Subnet]:
    return sorted(ctx.network.subnets_with_acl(acl), key=lambda subnet: subnet.id)


def _outbound_first(entry: AclEntry) -> tuple[bool, int]:
    return not entry.is_egress, entry.number


def _render_entry(entry: AclEntry) -> Response:
    response: Response = {
        "CidrBlock" if entry.cidr.is_ipv4 else "Ipv6CidrBlock": str(entry.cidr),
        "Egress": entry.is_egress,
        "Protocol": str(entry.protocol),
        "RuleAction": "allow" if entry.allows else "deny",
        "RuleNumber": entry.number,
    }
    if entry.has_ports:
        response["PortRange"] = {"From": entry.low, "To": entry.high}
    elif entry.has_types:
        response["IcmpTypeCode"] = {"Type": entry.low, "Code": entry.high}
    return response


def _protocols(ctx: Context, acl: NetworkAcl) -> Iterable[str]:
    protocols = {entry.protocol for entry in entries_of(ctx, acl)}
    return (text for protocol in protocols for text in protocol_spellings(protocol))


def _one(ctx: Context, acl_id: str) -> NetworkAcl | None:
    acl = ctx.network.network_acls.get(acl_id)
    if acl is not None:
        return acl if ctx.sees(acl) else None
    vpc = ctx.network.vpcs.get(vpc_of_default_acl(acl_id))
    if vpc is None or default_acl_id(vpc.id) != acl_id or not ctx.sees(vpc):
        return None
    return ctx.network.default_network_acl(vpc)


def _all(ctx: Context) -> Iterable[NetworkAcl]:
    yield from (acl for acl in ctx.visible(ctx.network.network_acls) if not acl.is_default)
    yield from (ctx.network.default_network_acl(vpc) for vpc in ctx.visible(ctx.network.vpcs))


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
        "association.subnet-id": "Associations[].SubnetId",
        "default": ".is_default",
        "entry.cidr": "Entries[].CidrBlock",
        "entry.egress": "Entries[].Egress",
        "entry.icmp.code": "Entries[].IcmpTypeCode.Code",
        "entry.icmp.type": "Entries[].IcmpTypeCode.Type",
        "entry.ipv6-cidr": "Entries[].Ipv6CidrBlock",
        "entry.port-range.from": "Entries[].PortRange.From",
        "entry.port-range.to": "Entries[].PortRange.To",
        "entry.protocol": _protocols,
        "entry.rule-action": "Entries[].RuleAction",
        "entry.rule-number": "Entries[].RuleNumber",
        "network-acl-id": ".id",
        **dict.fromkeys(("vpc-id", "vpcId"), ".vpc_id"),
    },
    derived=Derived(one=_one, all=_all),
)

describe_network_acls = describing(NETWORK_ACL)
delete_network_acl = deleting(NETWORK_ACL, "NetworkAclId", _check_unused)
