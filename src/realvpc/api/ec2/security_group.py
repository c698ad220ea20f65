"""Security groups: create, delete, describe (VPC guide, "Security groups"; EC2 API Reference)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from realvpc.net import indexes
from realvpc.net.quotas import SECURITY_GROUPS_PER_INTERFACE, SECURITY_GROUPS_PER_REGION
from realvpc.net.security_group import SecurityGroup
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describe
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter_value, missing_parameter
from ..core.filter import FilterValues, exact_values, no_values
from ..core.lookup import get, is_id
from ..core.noun import Noun
from ..core.tags import render_tags, tags_on_creation
from .default_group import everything_out
from .permission import protocol_spellings, render_permissions
from .vpc import VPC, default_vpc_of

_ALLOWED = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def create_security_group(ctx: Context, request: Request) -> Answer:
    """A new group admits nothing and lets everything out.

    Raises MissingParameter, InvalidParameterValue (name or description), VPCIdNotSpecified, ``InvalidVpcID.NotFound``,
    ``InvalidGroup.Duplicate``, SecurityGroupLimitExceeded.
    """
    name, description = request.get("GroupName") or "", request.get("Description") or ""
    _check_name(name)
    _check_description(description)
    vpc = get(ctx, VPC, request["VpcId"]) if request.get("VpcId") else default_vpc_of(ctx)
    if ctx.network.group_named(vpc.id, name) is not None:
        raise AwsError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'")
    if ctx.count(ctx.network.security_groups) >= ctx.quota(SECURITY_GROUPS_PER_REGION):
        raise AwsError("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
    group = SecurityGroup(
        id=ctx.new_id("sg"),
        account=ctx.account,
        region=ctx.region,
        tags=tags_on_creation(request, SECURITY_GROUP.tag_type),
        vpc_id=vpc.id,
        name=name,
        description=description,
        rules=everything_out(ctx, vpc),
    )
    response: Response = {"GroupId": group.id, "SecurityGroupArn": group_arn(group)}
    if group.tags:
        response["Tags"] = render_tags(group.tags)
    return Answer(response, put(group))


def delete_security_group(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidGroup.NotFound``, CannotDelete (the default group), DependencyViolation (an interface
    or a VPC endpoint has it, a rule of another group names it, or it is associated with a VPC)."""
    group = group_of(ctx, request)
    if group.is_default:
        raise AwsError(
            "CannotDelete", f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
        )
    network = ctx.network
    users = network.interfaces_with_group(group.id) or network.vpc_endpoints_with_group(group.id)
    is_used = users or len(network.vpc_ids_of(group)) > 1
    if is_used or _is_referenced(ctx, group):
        raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
    return Answer({"Return": True, "GroupId": group.id}, delete(group))


def _is_referenced(ctx: Context, group: SecurityGroup) -> bool:
    """Whether a rule of another group names it.  A rule in a peer VPC only goes stale."""
    rows = ctx.network.security_groups.where(indexes.referenced_groups, group.id)
    ctx.effort.spend(COMPARING * len(rows))
    return any(row.id != group.id and row.vpc_id == group.vpc_id for row in rows)


def group_of(ctx: Context, request: Request) -> SecurityGroup:
    """The group of GroupId, or the one in the default VPC with the GroupName."""
    if request.get("GroupId"):
        return get(ctx, SECURITY_GROUP, request["GroupId"])
    if request.get("GroupId") is not None:
        raise AwsError("InvalidGroupId.Malformed", "The security-group ID '' is malformed")
    if request.get("GroupName"):
        return group_named(ctx, request["GroupName"])
    raise missing_parameter("groupId")


def default_group_of(ctx: Context, vpc_id: str) -> SecurityGroup:
    return next(group for group in ctx.network.security_groups_of(vpc_id) if group.is_default)


def group_named(ctx: Context, name: str) -> SecurityGroup:
    """Names alone are those of the default VPC.  Raises VPCIdNotSpecified, ``InvalidGroup.NotFound``."""
    vpc = default_vpc_of(ctx)
    group = ctx.network.group_named(vpc.id, name)
    if group is None:
        raise AwsError(
            SECURITY_GROUP.not_found, f"The security group '{name}' does not exist in default VPC '{vpc.id}'"
        )
    return group


def _check_name(name: str) -> None:
    if name.lower() == "default":
        raise invalid_parameter_value(f"Cannot use reserved security group name: {name}")
    if name.lower().startswith("sg-"):
        raise invalid_parameter_value(
            f"Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*."
        )
    _check_characters("GroupName", "name", name)


def _check_description(description: str) -> None:
    _check_characters("GroupDescription", "description", description)


def _check_characters(parameter: str, what: str, text: str) -> None:
    if not text.isascii():
        raise invalid_parameter_value(
            f"Value ({text}) for parameter {parameter} is invalid. Character sets beyond ASCII are not supported."
        )
    if not _ALLOWED.fullmatch(text):
        raise invalid_parameter_value(
            f"Invalid security group {what}. Valid {what}s are strings less than 256 characters from the following "
            "set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )


# -- describe --------------------------------------------------------------------------------------------------------


def group_arn(group: SecurityGroup) -> str:
    return f"arn:aws:ec2:{group.region}:{group.account}:security-group/{group.id}"


def _render(ctx: Context, group: SecurityGroup) -> Response:
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.account,
        "VpcId": group.vpc_id,
        "SecurityGroupArn": group_arn(group),
        "IpPermissions": render_permissions(ctx, group, is_egress=False),
        "IpPermissionsEgress": render_permissions(ctx, group, is_egress=True),
        "Tags": render_tags(group.tags) or None,
    }


def _protocols(*, is_egress: bool) -> FilterValues[SecurityGroup]:
    def values(ctx: Context, group: SecurityGroup) -> Iterable[str]:
        protocols = {rule.protocol for rule in group.rules if rule.is_egress == is_egress}
        return (text for protocol in protocols for text in protocol_spellings(protocol))

    return values


def _permission_filters(name: str, member: str, *, is_egress: bool) -> dict[str, str | FilterValues[SecurityGroup]]:
    return {
        f"{name}.cidr": f"{member}[].IpRanges[].CidrIp",
        f"{name}.from-port": f"{member}[].FromPort",
        f"{name}.group-id": f"{member}[].UserIdGroupPairs[].GroupId",
        f"{name}.group-name": no_values,  # in a VPC a rule has the id of a group and no name
        f"{name}.ipv6-cidr": f"{member}[].Ipv6Ranges[].CidrIpv6",
        f"{name}.prefix-list-id": f"{member}[].PrefixListIds[].PrefixListId",
        f"{name}.protocol": _protocols(is_egress=is_egress),
        f"{name}.to-port": f"{member}[].ToPort",
        f"{name}.user-id": f"{member}[].UserIdGroupPairs[].UserId",
    }


SECURITY_GROUP = Noun(
    type=SecurityGroup,
    prefix="sg",
    not_found="InvalidGroup.NotFound",
    malformed="InvalidGroupId.Malformed",
    words="security group",
    tag_type="security-group",
    ids="GroupIds",
    result="SecurityGroups",
    render=_render,
    filters={
        "description": ".description",
        "group-id": ".id",
        "group-name": ".name",
        "vpc-id": ".vpc_id",
        **_permission_filters("ip-permission", "IpPermissions", is_egress=False),
        **_permission_filters("egress.ip-permission", "IpPermissionsEgress", is_egress=True),
    },
    found_by={"vpc-id": lambda ctx, value: ctx.network.security_groups_of(value)},
)


def describe_security_groups(ctx: Context, request: Request) -> Answer:
    """GroupNames are looked up in the default VPC only.

    Raises VPCIdNotSpecified, ``InvalidGroup.NotFound``, and InvalidParameterValue for a filter by what is no VPC's id.
    """
    named = [group_named(ctx, name).id for name in request.get("GroupNames") or ()]
    if named:
        request = request | {"GroupIds": [*(request.get("GroupIds") or ()), *named]}
    if not all(is_id(VPC, vpc_id) for vpc_id in exact_values(request, "vpc-id")):
        raise invalid_parameter_value("vpc-id")
    return describe(ctx, request, SECURITY_GROUP)


def check_group_count(ctx: Context, groups: Collection[object]) -> None:
    """Raises SecurityGroupsPerInterfaceLimitExceeded."""
    if len(groups) > ctx.quota(SECURITY_GROUPS_PER_INTERFACE):
        raise AwsError(
            "SecurityGroupsPerInterfaceLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
        )
