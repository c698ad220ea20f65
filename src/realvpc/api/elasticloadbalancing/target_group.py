"""Target groups: create, describe, modify, delete (Elastic Load Balancing API Reference; Network Load Balancers guide,
"Target groups", "Health checks")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.balancing_arn import PREFIXES
from realvpc.net.load_balancing import balancer_of_group
from realvpc.net.quotas import TARGET_GROUPS_PER_REGION
from realvpc.net.table import delete, put
from realvpc.net.target_group import HealthCheck, Protocol, TargetGroup, TargetType

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from ..core.lookup import find
from ..ec2.vpc import VPC
from .common import (
    balancer_at,
    check_name,
    group_at,
    invalid_configuration,
    listeners_of,
    named,
    paged,
    perhaps_group_at,
    users_of,
    validation_error,
)
from .health_check import check_interplay, read_check, render_check
from .tag import read_tags


def create_target_group(ctx: Context, request: Request) -> Answer:
    """The same once more, under the same name, is the one that is there, if all that is said is so.

    Raises ValidationError, InvalidConfigurationRequest, DuplicateTargetGroupName, TooManyTargetGroups,
    DuplicateTagKeys, TooManyTags.
    """
    name = request["Name"]
    check_name("Target group name", name)
    kind = _type(request)
    protocol = _protocol(request)
    if request.get("ProtocolVersion") or request.get("TargetControlPort"):
        raise invalid_configuration(f"Target groups with the protocol {protocol} have no protocol version")
    if (family := request.get("IpAddressType") or "ipv4") != "ipv4":
        raise invalid_configuration(f"The IP address type '{family}' is not available here")
    port, vpc_id = request.get("Port"), request.get("VpcId")
    if port is None:
        raise validation_error("A port must be specified")
    if not vpc_id:
        raise validation_error("A VPC ID must be specified")
    vpc = find(ctx, VPC, vpc_id)
    if vpc is None:
        raise validation_error(f"The VPC ID '{vpc_id}' is not found")
    check = check_interplay(read_check(request, HealthCheck()))
    tags = read_tags(request.get("Tags") or ())
    there = named(ctx, ctx.network.target_groups, name)
    if there is not None:
        same = (there.protocol, there.port, there.vpc_id, there.target_type) == (protocol, port, vpc.id, kind)
        if not (same and read_check(request, there.check) == there.check and tags.items() <= there.tags.items()):
            raise AwsError(
                "DuplicateTargetGroupName",
                f"A target group with the same name '{name}' exists, but with different settings",
            )
        return Answer({"TargetGroups": [_render(ctx, there)]})
    if ctx.count(ctx.network.target_groups) >= (most := ctx.quota(TARGET_GROUPS_PER_REGION)):
        raise AwsError("TooManyTargetGroups", f"The maximum number of target groups has been reached: '{most}'")
    group = TargetGroup(
        id=ctx.new_id(PREFIXES[TargetGroup]),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        name=name,
        protocol=protocol,
        port=port,
        vpc_id=vpc.id,
        target_type=kind,
        check=check,
    )
    return Answer({"TargetGroups": [_render(ctx, group)]}, put(group))


def _type(request: Request) -> TargetType:
    wanted = request.get("TargetType") or TargetType.INSTANCE
    if wanted not in {*TargetType}:
        raise invalid_configuration(f"Targets of the type '{wanted}' are not available here")
    return TargetType(wanted)


def _protocol(request: Request) -> Protocol:
    wanted = request.get("Protocol")
    if not wanted:
        raise validation_error("A protocol must be specified")
    if wanted not in {*Protocol}:
        raise invalid_configuration(f"Target groups with the protocol '{wanted}' are not available here")
    return Protocol(wanted)


def modify_target_group(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, TargetGroupNotFound, InvalidConfigurationRequest."""
    group = group_at(ctx, request["TargetGroupArn"])
    modified = replace(group, check=check_interplay(read_check(request, group.check)))
    return Answer({"TargetGroups": [_render(ctx, modified)]}, put(modified))


def delete_target_group(ctx: Context, request: Request) -> Answer:
    """Of one that is not there nothing is said.  Raises ValidationError, ResourceInUse."""
    group = perhaps_group_at(ctx, request["TargetGroupArn"])
    if group is None:
        return Answer({})
    if users_of(ctx, group):
        raise AwsError("ResourceInUse", f"Target group '{group.arn}' is currently in use by a listener or a rule")
    return Answer({}, delete(group))


def describe_target_groups(ctx: Context, request: Request) -> Answer:
    """All, or those that are named, or those that a load balancer gives to.

    Raises ValidationError, TargetGroupNotFound, LoadBalancerNotFound.
    """
    arns, names, arn = (request.get(each) for each in ("TargetGroupArns", "Names", "LoadBalancerArn"))
    if sum(map(bool, (arns, names, arn))) > 1:
        raise validation_error(
            "Target group ARNs, target group names and a load balancer ARN cannot be specified at the same time"
        )
    if arns:
        rows = [group_at(ctx, each) for each in dict.fromkeys(arns)]
    elif names:
        rows = [_named(ctx, name) for name in dict.fromkeys(names)]
    elif arn:
        used = {row.target_group_id for row in listeners_of(ctx, balancer_at(ctx, arn))}
        rows = [ctx.network.target_groups[each] for each in used]
    else:
        rows = list(ctx.visible(ctx.network.target_groups))
    shown, marker = paged(ctx, request, rows, lambda row: row.name)
    return Answer({"TargetGroups": [_render(ctx, row) for row in shown], "NextMarker": marker})


def _named(ctx: Context, name: str) -> TargetGroup:
    check_name("Target group name", name)
    row = named(ctx, ctx.network.target_groups, name)
    if row is None:
        raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    return row


def _render(ctx: Context, group: TargetGroup) -> Response:
    balancer = balancer_of_group(ctx.network, group)
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": str(group.protocol),
        "Port": group.port,
        "VpcId": group.vpc_id,
        **render_check(group.check),
        "LoadBalancerArns": [balancer.arn] if balancer else [],
        "TargetType": str(group.target_type),
        "IpAddressType": "ipv4",
    }
