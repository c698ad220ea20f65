"""Secondary CIDR blocks of a VPC, and its IPv6 blocks (VPC guide, "VPC CIDR blocks")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.addresses import Cidr, overlapping
from realvpc.net.ended_association import with_ended
from realvpc.net.network_acl import default_acl_id
from realvpc.net.peering import Peering, PeeringEvent
from realvpc.net.quotas import CIDRS_PER_VPC, IPV6_CIDRS_PER_VPC, Quota
from realvpc.net.resource import Resource
from realvpc.net.route_table import LOCAL, table_route_id
from realvpc.net.table import Change, delete, put
from realvpc.net.vpc import CidrAssociation, Ipv6CidrAssociation, Vpc, may_join, valid_block

from ..core.cidr import parse_cidr
from ..core.context import Answer, Context, Request
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter_combination, missing_parameter
from ..core.lookup import named
from .default_group import opened_to_ipv6
from .ipv6_block import amazon_block, render_vpc_association, wants_amazon_block
from .security_group import default_group_of
from .vpc import VPC, refuse_address_pools, render_cidr_association


def associate_vpc_cidr_block(ctx: Context, request: Request) -> Answer:
    """Add a block: the one of IPv4 that is named, or one of IPv6 from Amazon's pool.

    A pending peering request to this VPC fails when the block overlaps the requester's.

    Raises ``InvalidVpc.Range`` for a block of the wrong size, one that AWS restricts for this VPC, and one that
    overlaps the VPC, an actively peered VPC or a route; CidrLimitExceeded; OperationNotPermitted while the VPC is the
    requester of a pending peering connection.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    refuse_address_pools(request)
    if wants_amazon_block(ctx, request):
        if request.get("CidrBlock"):
            raise invalid_parameter_combination(
                "The parameter cidrBlock cannot be used with the parameter amazonProvidedIpv6CidrBlock"
            )
        return _associate_ipv6(ctx, vpc)
    if not request.get("CidrBlock"):
        raise missing_parameter("cidrBlock")
    return _associate_ipv4(ctx, vpc, request["CidrBlock"])


def _associate_ipv4(ctx: Context, vpc: Vpc, text: str) -> Answer:
    cidr = parse_cidr(text, "cidrBlock")
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
    _check_quota(ctx, vpc, vpc.cidrs, CIDRS_PER_VPC)
    _refuse_conflict_with_route(ctx, vpc, cidr)
    association = CidrAssociation(ctx.new_id("vpc-cidr-assoc"), cidr)
    grown = replace(vpc, cidr_associations=(*vpc.cidr_associations, association))
    failed = _peerings_that_fail(ctx, grown, cidr)
    return Answer(
        {"VpcId": vpc.id, "CidrBlockAssociation": render_cidr_association(association, "associating")},
        Change(puts=(grown, *failed)),
    )


def _associate_ipv6(ctx: Context, vpc: Vpc) -> Answer:
    """With the first block, what lets everything pass in IPv4 does so in IPv6, unless somebody has changed it."""
    _check_quota(ctx, vpc, vpc.ipv6_cidrs, IPV6_CIDRS_PER_VPC)
    association = amazon_block(ctx, avoiding={destination for _, destination in _destinations(ctx, vpc)})
    grown = replace(vpc, ipv6_cidr_associations=(*vpc.ipv6_cidr_associations, association))
    failed = _peerings_that_fail(ctx, grown, association.cidr)
    opened = () if vpc.ipv6_cidrs else _opened_to_ipv6(ctx, vpc)
    shown = render_vpc_association(association, vpc.region, "associating")
    return Answer({"VpcId": vpc.id, "Ipv6CidrBlockAssociation": shown}, put(grown, *failed, *opened))


def _opened_to_ipv6(ctx: Context, vpc: Vpc) -> Iterator[Resource]:
    """The default group, and the default ACL where that is stored."""
    group, acl = default_group_of(ctx, vpc.id), ctx.network.network_acls.get(default_acl_id(vpc.id))
    yield opened_to_ipv6(ctx, group)
    if acl is not None:
        yield acl.opened_to_ipv6()


def _check_quota(ctx: Context, vpc: Vpc, blocks: tuple[Cidr, ...], quota: Quota) -> None:
    if len(blocks) >= (allowed := ctx.quota(quota)):
        raise AwsError(
            "CidrLimitExceeded", f"This network {vpc.id} has met its maximum number of allowed CIDRs: {allowed}"
        )


def _destinations(ctx: Context, vpc: Vpc) -> Iterator[tuple[str, Cidr]]:
    """Those of the routes that the user made, with the ids of their tables."""
    for table in ctx.network.route_tables_of(vpc.id):
        routes = ctx.network.routes(table)
        ctx.effort.spend(COMPARING * len(routes))
        yield from ((table.id, row.destination) for row in routes if row.target != LOCAL)


def _refuse_conflict_with_route(ctx: Context, vpc: Vpc, cidr: Cidr) -> None:
    """A new block may not be equal to or larger than the destination of a route that the VPC has."""
    for table_id, destination in _destinations(ctx, vpc):
        if cidr.covers(destination):
            raise AwsError(
                "InvalidVpc.Range",
                f"The CIDR '{cidr}' is equal to or larger than the destination {destination} of a route in "
                f"the route table {table_id}.",
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
    """Take a secondary block away, or one of IPv6.

    Raises ``InvalidVpcCidrBlockAssociationID.NotFound``, OperationNotPermitted for the primary block and
    ``InvalidCidrBlock.InUse`` while a subnet lies in it.
    """
    association_id = request["AssociationId"]
    vpc = ctx.network.vpcs.first(indexes.cidr_association_ids, association_id)
    if vpc is None or not ctx.sees(vpc):
        raise AwsError(
            "InvalidVpcCidrBlockAssociationID.NotFound",
            f"The vpc CIDR block association ID '{association_id}' does not exist",
        )
    for ipv6 in vpc.ipv6_cidr_associations:
        if ipv6.id == association_id:
            return _disassociate_ipv6(ctx, vpc, ipv6)
    [ipv4] = (association for association in vpc.cidr_associations if association.id == association_id)
    return _disassociate_ipv4(ctx, vpc, ipv4)


def _disassociate_ipv4(ctx: Context, vpc: Vpc, association: CidrAssociation) -> Answer:
    if association == vpc.cidr_associations[0]:
        raise AwsError(
            "OperationNotPermitted",
            f"The vpc CIDR block with association ID {association.id} may not be disassociated. "
            "It is the primary IPv4 CIDR block of the VPC",
        )
    _check_unused(ctx, vpc, association.cidr)
    rest = tuple(block for block in vpc.cidr_associations if block != association)
    shown = render_cidr_association(association, "disassociating")
    return Answer(
        {"VpcId": vpc.id, "CidrBlockAssociation": shown}, _without(ctx, vpc, association, cidr_associations=rest)
    )


def _disassociate_ipv6(ctx: Context, vpc: Vpc, association: Ipv6CidrAssociation) -> Answer:
    _check_unused(ctx, vpc, association.cidr)
    rest = tuple(block for block in vpc.ipv6_cidr_associations if block != association)
    shown = render_vpc_association(association, vpc.region, "disassociating")
    return Answer(
        {"VpcId": vpc.id, "Ipv6CidrBlockAssociation": shown},
        _without(ctx, vpc, association, ipv6_cidr_associations=rest),
    )


def _check_unused(ctx: Context, vpc: Vpc, cidr: Cidr) -> None:
    blocks = (block for subnet in ctx.network.subnets_of(vpc.id) for block in subnet.blocks)
    if any(map(cidr.covers, blocks)):
        raise AwsError("InvalidCidrBlock.InUse", f"The vpc {vpc.id} currently has a subnet within CIDR block {cidr}")


def _without(ctx: Context, vpc: Vpc, association: CidrAssociation | Ipv6CidrAssociation, **rest: Any) -> Change:
    """The VPC without the block, and the block's local routes gone that were given other targets."""
    cidr = association.cidr
    ended = with_ended(vpc.ended_associations, association.id, cidr, ctx.now)
    rows = (ctx.network.table_routes.get(table_route_id(row.id, cidr)) for row in ctx.network.route_tables_of(vpc.id))
    return put(replace(vpc, ended_associations=ended, **rest)) + delete(*filter(None, rows))
