"""The IPv6 CIDR block of a subnet (VPC guide, "Add or remove an IPv6 CIDR block from your subnet")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.ended_association import with_ended
from realvpc.net.subnet import Subnet
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, unsupported_operation
from ..core.lookup import named
from .ipv6_block import render_subnet_association
from .subnet import SUBNET, read_ipv6_block

_PREFIX = "subnet-cidr-assoc-"
_NEED_THE_BLOCK = {
    "assign-ipv6-address-on-creation": "assign_ipv6_address_on_creation",
    "enable-dns64": "enable_dns64",
    "enable-resource-name-dns-aaaa-record-on-launch": "enable_resource_name_dns_aaaa_record",
}


def associate_subnet_cidr_block(ctx: Context, request: Request) -> Answer:
    """Give a subnet its one IPv6 block.

    Raises MissingParameter, InvalidParameterValue, ``InvalidSubnet.Range``, ``InvalidSubnet.Conflict``,
    CidrLimitExceeded for a subnet that has one, UnsupportedOperation for address pools.
    """
    subnet = named(ctx, SUBNET, request, "SubnetId")
    if request.get("Ipv6IpamPoolId") or request.get("Ipv6NetmaskLength"):
        raise unsupported_operation("The parameter ipv6IpamPoolId is not supported.")
    if not request.get("Ipv6CidrBlock"):
        raise AwsError("MissingParameter", "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.")
    association = read_ipv6_block(ctx, ctx.network.vpcs[subnet.vpc_id], request["Ipv6CidrBlock"])
    if subnet.ipv6_cidr is not None:
        raise AwsError("CidrLimitExceeded", f"This subnet {subnet.id} has met its maximum number of allowed CIDRs: 1")
    return Answer(
        {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": render_subnet_association(association, "associating")},
        put(replace(subnet, ipv6_cidr_associations=(association,))),
    )


def disassociate_subnet_cidr_block(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidSubnetCidrBlockAssociationId.Malformed`` and ``…ID.NotFound``, and ``InvalidCidrBlock.InUse``
    while an interface has an address of the block or the subnet an attribute that needs it."""
    association_id = request["AssociationId"]
    subnet = ctx.network.subnets.first(indexes.ipv6_association_ids, association_id)
    if subnet is None or not ctx.sees(subnet):
        raise _not_found(association_id)
    _check_unused(ctx, subnet, association_id)
    [association] = subnet.ipv6_cidr_associations
    ended = with_ended(subnet.ended_associations, association.id, association.cidr, ctx.now)
    return Answer(
        {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": render_subnet_association(association, "disassociating")},
        put(replace(subnet, ipv6_cidr_associations=(), ended_associations=ended)),
    )


def _not_found(association_id: str) -> AwsError:
    what = f"The subnet CIDR block with association ID {association_id}"
    if not association_id.startswith(_PREFIX):
        return AwsError("InvalidSubnetCidrBlockAssociationId.Malformed", f"{what} is malformed")
    return AwsError("InvalidSubnetCidrBlockAssociationID.NotFound", f"{what} does not exist")


def _check_unused(ctx: Context, subnet: Subnet, association_id: str) -> None:
    what = f"The subnet IPv6 CIDR block with association ID {association_id} may not be disassociated"
    for name, field in _NEED_THE_BLOCK.items():
        if getattr(subnet, field):
            raise AwsError("InvalidCidrBlock.InUse", f"{what}, because its subnet has {name} set to true.")
    for interface in ctx.network.interfaces_in_subnet(subnet.id):
        if interface.ipv6_slots:
            raise AwsError("InvalidCidrBlock.InUse", f"{what}, because {interface.id} has an address of it.")
