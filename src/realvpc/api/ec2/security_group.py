"""Security groups: create, delete, describe (VPC guide, "Security groups"; EC2 API Reference)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.quotas import SECURITY_GROUPS_PER_REGION
from realvpc.net.security_group import ALL_PROTOCOLS, ANY_TYPE, GroupReference, SecurityGroup, SecurityGroupRule
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import FilterValues, describe, render_tags
from ..core.errors import AwsError, invalid_parameter_value, missing_parameter
from ..core.lookup import SECURITY_GROUP, VPC, get, not_found
from ..core.tags import tags_on_creation
from .ip_permission import has_ports, protocol_name, render_permissions

_ALLOWED = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def create_security_group(ctx: Context, request: Request) -> Answer:
    """A new group admits nothing and lets everything out.

    Raises MissingParameter, InvalidParameterValue (name or description), VPCIdNotSpecified, ``InvalidVpcID.NotFound``,
    ``InvalidGroup.Duplicate``, SecurityGroupLimitExceeded.
    """
    name, description = request.get("GroupName") or "", request.get("Description") or ""
    _check_name(name)
    _check_description(description)
    if not request.get("VpcId"):
        raise no_default_vpc()
    vpc = get(ctx, VPC, request["VpcId"])
    if any(group.name == name for group in ctx.network.security_groups_of(vpc.id)):
        raise AwsError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'")
    if sum(1 for _ in ctx.visible(ctx.network.security_groups)) >= ctx.quota(SECURITY_GROUPS_PER_REGION):
        raise AwsError("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
    group = SecurityGroup(
        id=ctx.new_id("sg"),
        account=ctx.account,
        region=ctx.region,
        tags=tags_on_creation(request, SECURITY_GROUP.tag_type),
        vpc_id=vpc.id,
        name=name,
        description=description,
        rules=(all_traffic(ctx, ANY_IPV4, is_egress=True),),
    )
    response: Response = {"GroupId": group.id, "SecurityGroupArn": group_arn(group)}
    if group.tags:
        response["Tags"] = render_tags(group.tags)
    return Answer(response, put(group))


def all_traffic(ctx: Context, peer: Cidr | GroupReference, *, is_egress: bool) -> SecurityGroupRule:
    """A new rule that allows everything to or from ``peer``."""
    return SecurityGroupRule(
        id=ctx.new_id("sgr"),
        is_egress=is_egress,
        protocol=ALL_PROTOCOLS,
        from_port=ANY_TYPE,
        to_port=ANY_TYPE,
        peer=peer,
    )


def delete_security_group(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidGroup.NotFound``, CannotDelete (the default group), DependencyViolation (an interface has it, or
    a rule of another group names it)."""
    group = group_of(ctx, request)
    if group.is_default:
        raise AwsError(
            "CannotDelete", f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
        )
    if ctx.network.interfaces_with_group(group.id) or any(_live_references(ctx, group)):
        raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
    return Answer({"Return": True, "GroupId": group.id}, delete(group))


def _live_references(ctx: Context, group: SecurityGroup) -> Iterable[SecurityGroupRule]:
    """Rules of other groups that name this one.  A rule in a peer VPC only goes stale."""
    for other in ctx.network.security_groups_of(group.vpc_id):
        for rule in other.rules:
            if other.id != group.id and isinstance(rule.peer, GroupReference) and rule.peer.group_id == group.id:
                yield rule


def group_of(ctx: Context, request: Request) -> SecurityGroup:
    """The group of GroupId.  A name alone would mean the default VPC, which there is not."""
    if request.get("GroupId"):
        return get(ctx, SECURITY_GROUP, request["GroupId"])
    if request.get("GroupName"):
        raise AwsError(
            SECURITY_GROUP.not_found,
            f"The security group '{request['GroupName']}' does not exist in default VPC 'none'",
        )
    raise missing_parameter("groupId")


def default_group_of(ctx: Context, vpc_id: str) -> SecurityGroup:
    return next(group for group in ctx.network.security_groups_of(vpc_id) if group.is_default)


def no_default_vpc() -> AwsError:
    """There is no default VPC, so that one must be named."""
    return AwsError("VPCIdNotSpecified", "No default VPC for this user")


def _check_name(name: str) -> None:
    if not name:
        raise missing_parameter("groupName")
    if name.lower() == "default":
        raise invalid_parameter_value(f"Cannot use reserved security group name: {name}")
    if name.lower().startswith("sg-"):
        raise invalid_parameter_value(
            f"Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*."
        )
    _check_characters("GroupName", "name", name)


def _check_description(description: str) -> None:
    if not description:
        raise missing_parameter("groupDescription")
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


def render_group(ctx: Context, group: SecurityGroup) -> Response:
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.account,
        "VpcId": group.vpc_id,
        "SecurityGroupArn": group_arn(group),
        "IpPermissions": render_permissions(ctx, group, is_egress=False),
        "IpPermissionsEgress": render_permissions(ctx, group, is_egress=True),
        "Tags": render_tags(group.tags),
    }


def describe_security_groups(ctx: Context, request: Request) -> Answer:
    """AWS looks GroupNames up in the default VPC only, which there is not: ``InvalidGroup.NotFound``."""
    names = request.get("GroupNames") or []
    if names:
        raise not_found(SECURITY_GROUP, *names)
    return describe(
        ctx, request, SECURITY_GROUP, ids="GroupIds", result="SecurityGroups", render=render_group, filters=_FILTERS
    )


def _peer_cidr(rule: SecurityGroupRule, *, is_ipv4: bool) -> str | None:
    return str(rule.peer) if isinstance(rule.peer, Cidr) and rule.peer.is_ipv4 == is_ipv4 else None


def _reference(rule: SecurityGroupRule) -> GroupReference | None:
    return rule.peer if isinstance(rule.peer, GroupReference) else None


def _referenced_name(ctx: Context, rule: SecurityGroupRule) -> str | None:
    reference = _reference(rule)
    group = ctx.network.security_groups.get(reference.group_id) if reference else None
    return group.name if group else None


_RULE_VALUES: dict[str, Callable[[Context, SecurityGroupRule], object]] = {
    "cidr": lambda ctx, rule: _peer_cidr(rule, is_ipv4=True),
    "ipv6-cidr": lambda ctx, rule: _peer_cidr(rule, is_ipv4=False),
    "from-port": lambda ctx, rule: rule.from_port if has_ports(rule.protocol) else None,
    "to-port": lambda ctx, rule: rule.to_port if has_ports(rule.protocol) else None,
    "group-id": lambda ctx, rule: reference.group_id if (reference := _reference(rule)) else None,
    "group-name": _referenced_name,
    "prefix-list-id": lambda ctx, rule: None,
    "protocol": lambda ctx, rule: protocol_name(rule.protocol),
    "user-id": lambda ctx, rule: reference.account if (reference := _reference(rule)) else None,
}


def _of_rules(value: Callable[[Context, SecurityGroupRule], object], *, is_egress: bool) -> FilterValues[SecurityGroup]:
    return lambda ctx, group: [value(ctx, rule) for rule in group.rules if rule.is_egress == is_egress]


_FILTERS: dict[str, FilterValues[SecurityGroup]] = {
    "description": lambda ctx, group: [group.description],
    "group-id": lambda ctx, group: [group.id],
    "group-name": lambda ctx, group: [group.name],
    "vpc-id": lambda ctx, group: [group.vpc_id],
    **{f"ip-permission.{name}": _of_rules(value, is_egress=False) for name, value in _RULE_VALUES.items()},
    **{f"egress.ip-permission.{name}": _of_rules(value, is_egress=True) for name, value in _RULE_VALUES.items()},
}
