"""VPCs: create, delete, describe (VPC guide, "Configure a VPC"; EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from realvpc.net import indexes
from realvpc.net.addresses import Cidr
from realvpc.net.block_public_access import BlockMode
from realvpc.net.dhcp_options import default_options_id
from realvpc.net.ended_association import EndedAssociation, still_shown
from realvpc.net.peering import PeeringEvent
from realvpc.net.quotas import VPCS_PER_REGION
from realvpc.net.route_table import RouteTable, RouteTableAssociation
from realvpc.net.table import Change, put
from realvpc.net.vpc import CidrAssociation, Ipv6CidrAssociation, Vpc, valid_block

from ..core.cidr import parse_cidr
from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError, dependency_violation
from ..core.lookup import named
from ..core.noun import Noun, of_row
from ..core.parameters import refuse
from ..core.tags import render_tags, tags_on_creation
from .default_group import default_group
from .ipv6_block import amazon_block, render_vpc_association, wants_amazon_block

_NOT_HERE = ("Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl")
_ENDED = "disassociated"


def create_vpc(ctx: Context, request: Request) -> Answer:
    """A VPC with its main route table and its default security group.

    Raises ``InvalidVpc.Range``, InvalidParameterValue, MissingParameter, UnsupportedTenancy, VpcLimitExceeded; and
    UnsupportedOperation for address pools, IPv6 blocks of the user's own, and encryption controls.
    """
    refuse_address_pools(request)
    wants_ipv6 = wants_amazon_block(ctx, request)
    if not request.get("CidrBlock"):
        raise AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    cidr = parse_cidr(request["CidrBlock"], "cidrBlock")
    if not valid_block(cidr):
        raise AwsError("InvalidVpc.Range", f"The CIDR '{cidr}' is invalid.")
    tenancy = request.get("InstanceTenancy") or "default"
    if tenancy not in ("default", "dedicated"):
        raise AwsError("UnsupportedTenancy", f"The tenancy value {tenancy} is not supported.")
    tags = tags_on_creation(request, VPC.tag_type, code="InvalidParameter")
    check_vpc_quota(ctx)
    ipv6 = (amazon_block(ctx),) if wants_ipv6 else ()
    vpc = new_vpc(ctx, cidr, tags=tags, instance_tenancy=tenancy, ipv6_cidr_associations=ipv6)
    return Answer({"Vpc": render_new(vpc)}, put(vpc, main_route_table(ctx, vpc), default_group(ctx, vpc)))


def default_vpc_of(ctx: Context) -> Vpc:
    """What a call means that needs a VPC and names none.  Raises VPCIdNotSpecified."""
    if ctx.default_vpc is None:
        raise AwsError("VPCIdNotSpecified", "No default VPC for this user")
    return ctx.default_vpc


def check_vpc_quota(ctx: Context) -> None:
    """Raises VpcLimitExceeded."""
    if ctx.count(ctx.network.vpcs) >= ctx.quota(VPCS_PER_REGION):
        raise AwsError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")


def new_vpc(ctx: Context, cidr: Cidr, **more: Any) -> Vpc:
    """With the account's default DHCP options; ``more`` are other fields."""
    return Vpc(
        id=ctx.new_id("vpc"),
        account=ctx.account,
        region=ctx.region,
        cidr_associations=(CidrAssociation(ctx.new_id("vpc-cidr-assoc"), cidr),),
        dhcp_options_id=default_options_id(ctx.account, ctx.region),
        **more,
    )


def main_route_table(ctx: Context, vpc: Vpc) -> RouteTable:
    """The one that a new VPC begins with."""
    return RouteTable(
        id=ctx.new_id("rtb"),
        account=vpc.account,
        region=vpc.region,
        vpc_id=vpc.id,
        associations=(RouteTableAssociation(ctx.new_id("rtbassoc")),),
    )


def refuse_address_pools(request: Request) -> None:
    """Raises UnsupportedOperation for a request that wants an address pool or encryption controls."""
    refuse(request, _NOT_HERE)


def delete_vpc(ctx: Context, request: Request) -> Answer:
    """Delete an empty VPC, with what was made together with it.

    A peering request of the VPC is taken back.  Raises DependencyViolation while there are subnets, an internet
    gateway or an egress-only one, network interfaces, VPC endpoints, security groups, route tables or network ACLs of
    the user, an active peering connection, or a request of another account, which has to be rejected first (peering
    guide, "Delete").
    """
    vpc = named(ctx, VPC, request, "VpcId")
    network = ctx.network
    groups, tables = network.security_groups_of(vpc.id), network.route_tables_of(vpc.id)
    acls = network.network_acls_of(vpc.id)
    peerings = [peering for peering in network.peerings_of(vpc.id) if peering.is_live_at(ctx.now)]
    if (
        network.subnets_of(vpc.id)
        or network.internet_gateway_of(vpc.id)
        or network.egress_only_internet_gateway_of(vpc.id)
        or network.interfaces_in_vpc(vpc.id)
        or network.vpc_endpoints_of(vpc.id)
        or any(not group.is_default for group in groups)
        or any(not table.is_main for table in tables)
        or any(not acl.is_default for acl in acls)
        or any(peering.is_active or peering.requester.account != ctx.account for peering in peerings)
    ):
        raise dependency_violation("vpc", vpc.id)
    associated = network.security_group_vpc_associations.where(indexes.vpc_id, vpc.id)
    excluded = network.block_public_access_exclusions.where(indexes.excluded_id, vpc.id)
    ended = [peering.after(PeeringEvent.DELETE, ctx.now, ctx.account) for peering in peerings]
    routes = [
        row for table in tables for row in (*network.routes_in(table.id), *network.prefix_list_routes_in(table.id))
    ]
    return Answer(
        {},
        Change(
            puts=tuple(row for row in ended if row),
            deletes=(vpc, *groups, *tables, *acls, *routes, *excluded, *associated),
        ),
    )


def render_new(vpc: Vpc) -> Response:
    """As the action that makes it shows it."""
    associating = [render_vpc_association(row, vpc.region, "associating") for row in vpc.ipv6_cidr_associations]
    return _render(vpc) | {
        "State": "pending",
        "Ipv6CidrBlockAssociationSet": associating,
        "Tags": render_tags(vpc.tags),
    }


def _render(vpc: Vpc) -> Response:
    """Without IPv6 the list of its blocks is missing, not empty."""
    ipv6 = [render_vpc_association(row, vpc.region) for row in vpc.ipv6_cidr_associations]
    return {
        **({"Ipv6CidrBlockAssociationSet": ipv6} if ipv6 else {}),
        "VpcId": vpc.id,
        "OwnerId": vpc.account,
        "State": "available",
        "CidrBlock": str(vpc.primary_cidr),
        "CidrBlockAssociationSet": [render_cidr_association(row, "associated") for row in vpc.cidr_associations],
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": vpc.instance_tenancy,
        "IsDefault": vpc.is_default,
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "Tags": render_tags(vpc.tags) or None,
    }


_rendered = of_row(_render)


def _shown(ctx: Context, vpc: Vpc) -> Response:
    """With the blocks that it had until lately, and what is kept from the internet there, which few accounts set."""
    shown = _rendered(ctx, vpc)
    if ended := still_shown(vpc.ended_associations, ctx.now):
        shown = shown | _with_ended(shown, ended, vpc.region)
    mode = ctx.network.block_mode_of(vpc)
    return (
        shown if mode is BlockMode.OFF else shown | {"BlockPublicAccessStates": {"InternetGatewayBlockMode": str(mode)}}
    )


def _with_ended(shown: Response, ended: Iterable[EndedAssociation], region: str) -> Response:
    """The lists of blocks that have some of ``ended``: of IPv4 after those that the VPC has, the first of which is its
    primary one, and of IPv6, as Ansible's target for VPCs has it, before."""
    ipv4 = [render_cidr_association(CidrAssociation(row.id, row.cidr), _ENDED) for row in ended if row.cidr.is_ipv4]
    ipv6 = [
        render_vpc_association(Ipv6CidrAssociation(row.id, row.cidr), region, _ENDED)
        for row in ended
        if not row.cidr.is_ipv4
    ]
    lists: Response = {}
    if ipv4:
        lists["CidrBlockAssociationSet"] = [*shown["CidrBlockAssociationSet"], *ipv4]
    if ipv6:
        lists["Ipv6CidrBlockAssociationSet"] = [*ipv6, *shown.get("Ipv6CidrBlockAssociationSet", ())]
    return lists


def render_cidr_association(association: CidrAssociation, state: str) -> Response:
    return {
        "AssociationId": association.id,
        "CidrBlock": str(association.cidr),
        "CidrBlockState": {"State": state},
    }


_OF_PRIMARY_CIDR = ("cidr", "cidr-block", "cidrBlock")

VPC = Noun(
    type=Vpc,
    prefix="vpc",
    not_found="InvalidVpcID.NotFound",
    malformed="InvalidVpcId.Malformed",  # so it comes; the reference writes ID
    must_have_dash=False,  # an expression that a template has in quotes, `aws_vpc.main.id`, does not exist
    words="vpc ID",
    tag_type="vpc",
    ids="VpcIds",
    result="Vpcs",
    render=_shown,
    found_by=dict.fromkeys(
        _OF_PRIMARY_CIDR,
        lambda ctx, value: ctx.network.vpcs.where(indexes.primary_cidr, (ctx.account, ctx.region, value)),
    ),
    filters={
        **dict.fromkeys(_OF_PRIMARY_CIDR, "CidrBlock"),
        "cidr-block-association.association-id": "CidrBlockAssociationSet[].AssociationId",
        "cidr-block-association.cidr-block": "CidrBlockAssociationSet[].CidrBlock",
        "cidr-block-association.state": "CidrBlockAssociationSet[].CidrBlockState.State",
        **dict.fromkeys(("dhcp-options-id", "dhcpOptionsId"), ".dhcp_options_id"),
        "ipv6-cidr-block-association.association-id": "Ipv6CidrBlockAssociationSet[].AssociationId",
        "ipv6-cidr-block-association.ipv6-cidr-block": "Ipv6CidrBlockAssociationSet[].Ipv6CidrBlock",
        "ipv6-cidr-block-association.ipv6-pool": "Ipv6CidrBlockAssociationSet[].Ipv6Pool",
        "ipv6-cidr-block-association.state": "Ipv6CidrBlockAssociationSet[].Ipv6CidrBlockState.State",
        **dict.fromkeys(("is-default", "isDefault"), ".is_default"),
        "state": "State",
        **dict.fromkeys(("vpc-id", "vpcId"), ".id"),
    },
)

describe_vpcs = describing(VPC)
