"""Secondary CIDR blocks of a VPC (VPC guide, "VPC CIDR blocks")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.addresses import Cidr, overlapping
from realvpc.net.peering import Peering, PeeringEvent
from realvpc.net.quotas import CIDRS_PER_VPC
from realvpc.net.table import Change, put
from realvpc.net.vpc import CidrAssociation, Vpc, may_join, valid_block

from ..core.cidr import parse_cidr
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, missing_parameter
from ..core.lookup import named
from ..core.parameters import required
from .vpc import VPC, refuse_address_pools, render_cidr_association


def associate_vpc_cidr_block(ctx: Context, request: Request) -> Answer:
    """Add a block.  A pending peering request to this VPC fails when the block overlaps the requester's.

    Raises ``InvalidVpc.Range`` for a block of the wrong size, one that AWS restricts for this VPC, and one that
    overlaps the VPC, an actively peered VPC or a route; CidrLimitExceeded; OperationNotPermitted while the VPC is the
    requester of a pending peering connection.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    refuse_address_pools(request)
    if not request.get("CidrBlock"):
        raise missing_parameter("cidrBlock")
    cidr = parse_cidr(request["CidrBlock"], "cidrBlock")
    if not valid_block(cidr):
        raise AwsError("InvalidVpc.Range", f"The CIDR '{cidr}' is invalid.")
    if overlapping((cidr,), vpc.cidrs):
        raise AwsError("InvalidVpc.Range", f"The CIDR '{cidr}' conflicts with another CIDR of the VPC {vpc.id}.")
    if not may_join(cidr, vpc.cidrs):
        raise AwsError(
            "InvalidVpc.Range",
            f"The CIDR '{cidr}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, "
            "or use a publicly-routable CIDR. For additional restrictions, see "
            "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html",
        )
    if len(vpc.cidrs) >= (allowed := ctx.quota(CIDRS_PER_VPC)):
        raise AwsError(
            "CidrLimitExceeded", f"This network {vpc.id} has met its maximum number of allowed CIDRs: {allowed}"
        )
    _refuse_conflict_with_route(ctx, vpc, cidr)
    association = CidrAssociation(ctx.new_id("vpc-cidr-assoc"), cidr)
    grown = replace(vpc, cidr_associations=(*vpc.cidr_associations, association))
    failed = _peerings_that_fail(ctx, grown, cidr)
    return Answer(
        {"VpcId": vpc.id, "CidrBlockAssociation": render_cidr_association(association, "associating")},
        Change(puts=(grown, *failed)),
    )


def _refuse_conflict_with_route(ctx: Context, vpc: Vpc, cidr: Cidr) -> None:
    """A new block may not be equal to or larger than the destination of a route that the VPC has."""
    for table in ctx.network.route_tables_of(vpc.id):
        for destination in (row.route.destination for row in ctx.network.routes_in(table.id)):
            if cidr.covers(destination):
                raise AwsError(
                    "InvalidVpc.Range",
                    f"The CIDR '{cidr}' is equal to or larger than the destination {destination} of a route in "
                    f"the route table {table.id}.",
                )


def _peerings_that_fail(ctx: Context, vpc: Vpc, cidr: Cidr) -> list[Peering]:
    """The pending requests that are impossible for the VPC with its new block.  Raises when one forbids the block."""
    failed: list[Peering] = []
    for peering in ctx.network.peerings_of(vpc.id):
        if not peering.is_live_at(ctx.now):
            continue
        if not peering.is_active and peering.requester.vpc_id == vpc.id:
            raise AwsError(
                "OperationNotPermitted",
                f"The VPC {vpc.id} is the requester of the pending VPC peering connection {peering.id}. "
                "CIDR blocks can be associated after it has been accepted or deleted.",
            )
        if peering.can_connect(lambda vpc_id: vpc if vpc_id == vpc.id else ctx.network.vpcs.get(vpc_id)):
            continue
        if peering.is_active:
            raise AwsError(
                "InvalidVpc.Range",
                f"The CIDR '{cidr}' conflicts with a CIDR of a VPC that is peered over {peering.id}.",
            )
        after = peering.after(PeeringEvent.FAIL, ctx.now)
        assert after is not None, "a pending request can fail"
        failed.append(after)
    return failed


def disassociate_vpc_cidr_block(ctx: Context, request: Request) -> Answer:
    """Take a secondary block away.

    Raises ``InvalidVpcCidrBlockAssociationID.NotFound``, OperationNotPermitted for the primary block and
    ``InvalidCidrBlock.InUse`` while a subnet lies in it.
    """
    association_id = required(request, "AssociationId")
    for vpc in filter(ctx.sees, ctx.network.vpcs.where(indexes.cidr_association_ids, association_id)):
        for position, association in enumerate(vpc.cidr_associations):
            if association.id != association_id:
                continue
            if position == 0:
                raise AwsError(
                    "OperationNotPermitted",
                    f"The vpc CIDR block with association ID {association_id} may not be disassociated. "
                    "It is the primary IPv4 CIDR block of the VPC",
                )
            if any(association.cidr.covers(subnet.cidr) for subnet in ctx.network.subnets_of(vpc.id)):
                raise AwsError(
                    "InvalidCidrBlock.InUse",
                    f"The vpc {vpc.id} currently has a subnet within CIDR block {association.cidr}",
                )
            rest = tuple(block for block in vpc.cidr_associations if block is not association)
            return Answer(
                {"VpcId": vpc.id, "CidrBlockAssociation": render_cidr_association(association, "disassociating")},
                put(replace(vpc, cidr_associations=rest)),
            )
    raise AwsError(
        "InvalidVpcCidrBlockAssociationID.NotFound",
        f"The vpc CIDR block association ID '{association_id}' does not exist",
    )
