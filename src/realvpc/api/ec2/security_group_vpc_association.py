"""Security groups in other VPCs of their Region (VPC guide, "Associate security groups with multiple VPCs"; EC2 API
Reference)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from realvpc.net.security_group import SecurityGroupVpcAssociation, vpc_association_id
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.errors import AwsError, invalid_parameter_value
from ..core.filter import passing
from ..core.lookup import named
from .security_group import SECURITY_GROUP
from .vpc import VPC

_ASSOCIATED = "associated"


def associate_security_group_vpc(ctx: Context, request: Request) -> Answer:
    """From now on interfaces of the VPC may have the group.  Again, it is answered as if it were new.

    Raises InvalidParameterValue for a default group, a default VPC, and the VPC that the group is of.
    """
    group = named(ctx, SECURITY_GROUP, request, "GroupId")
    vpc = named(ctx, VPC, request, "VpcId")
    if group.is_default:
        raise invalid_parameter_value(f"The default security group {group.id} cannot be associated with another VPC.")
    if vpc.is_default:
        raise invalid_parameter_value(f"The default VPC {vpc.id} cannot be associated with a security group.")
    if vpc.id == group.vpc_id:
        raise invalid_parameter_value(f"The security group {group.id} was made in the VPC {vpc.id}.")
    return Answer({"State": "associating"}, put(SecurityGroupVpcAssociation.of(group, vpc.id)))


def disassociate_security_group_vpc(ctx: Context, request: Request) -> Answer:
    """Raises InvalidParameterValue for what is not associated, DependencyViolation while interfaces or VPC endpoints of
    the VPC have the group: an endpoint may have it without having any interface."""
    group = named(ctx, SECURITY_GROUP, request, "GroupId")
    vpc_id = request["VpcId"]
    row = ctx.network.security_group_vpc_associations.get(vpc_association_id(group.id, vpc_id))
    if row is None:
        raise invalid_parameter_value(f"The security group {group.id} is not associated with the VPC {vpc_id}.")
    network = ctx.network
    has_interface = any(row.vpc_id == vpc_id for row in network.interfaces_with_group(group.id))
    if has_interface or any(row.vpc_id == vpc_id for row in network.vpc_endpoints_with_group(group.id)):
        raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
    return Answer({"State": "disassociating"}, delete(row))


_FILTERS: Mapping[str, Callable[[SecurityGroupVpcAssociation], str]] = {
    "group-id": lambda row: row.group_id,
    "group-owner-id": lambda row: row.account,
    "state": lambda row: _ASSOCIATED,
    "vpc-id": lambda row: row.vpc_id,
    "vpc-owner-id": lambda row: row.account,
}


def describe_security_group_vpc_associations(ctx: Context, request: Request) -> Answer:
    """Raises InvalidParameterValue for an unknown filter."""
    rows = ctx.visible(ctx.network.security_group_vpc_associations)
    found = sorted(passing(ctx, request, rows, _values_of), key=lambda row: row.id)
    page, token = paginate(request, found)
    return Answer({"SecurityGroupVpcAssociations": [_render(row) for row in page], "NextToken": token})


def _values_of(name: str) -> Callable[[Context, SecurityGroupVpcAssociation], tuple[str, ...]] | None:
    value = _FILTERS.get(name)
    return (lambda ctx, row: (value(row),)) if value else None


def _render(row: SecurityGroupVpcAssociation) -> Response:
    return {
        "GroupId": row.group_id,
        "VpcId": row.vpc_id,
        "VpcOwnerId": row.account,
        "State": _ASSOCIATED,
        "GroupOwnerId": row.account,
    }
