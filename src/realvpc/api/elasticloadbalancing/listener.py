"""Listeners: create, describe, modify, delete, and the one rule that each has (Elastic Load Balancing API Reference;
Network Load Balancers guide, "Listeners")."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from realvpc.net.balancing_arn import PREFIXES
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer
from realvpc.net.load_balancing import balancer_of_group
from realvpc.net.quotas import LISTENERS_PER_LOAD_BALANCER
from realvpc.net.table import Change, delete, put
from realvpc.net.target_group import Protocol, TargetGroup

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from .common import (
    balancer_at,
    group_at,
    invalid_configuration,
    listener_at,
    listeners_of,
    paged,
    validation_error,
)
from .tag import read_tags
from .target import check_target_count

_OF_TLS = ("SslPolicy", "Certificates", "AlpnPolicy", "MutualAuthentication")
_FORWARD = "forward"


def create_listener(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, LoadBalancerNotFound, TargetGroupNotFound, DuplicateListener, TooManyListeners,
    UnsupportedProtocol, IncompatibleProtocols, InvalidLoadBalancerAction, TargetGroupAssociationLimit, TooManyTargets,
    InvalidConfigurationRequest, DuplicateTagKeys, TooManyTags."""
    balancer = balancer_at(ctx, request["LoadBalancerArn"])
    if not request.get("Protocol"):
        raise validation_error("A listener protocol must be specified")
    if request.get("Port") is None:
        raise validation_error("A listener port must be specified")
    protocol, group = _protocol(request), _group(ctx, request["DefaultActions"])
    tags = read_tags(request.get("Tags") or ())
    there = listeners_of(ctx, balancer)
    if len(there) >= (most := ctx.quota(LISTENERS_PER_LOAD_BALANCER)):
        raise AwsError("TooManyListeners", f"The maximum number of listeners has been reached: '{most}'")
    listener = Listener(
        id=ctx.new_id(PREFIXES[Listener]),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        load_balancer_id=balancer.id,
        balancer=balancer.arn_suffix,
        protocol=protocol,
        port=request["Port"],
        target_group_id=group.id,
    )
    return Answer({"Listeners": [_render(listener, balancer, group)]}, _placed(ctx, balancer, listener, group))


def modify_listener(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, ListenerNotFound, and what a new one may be refused for."""
    old = listener_at(ctx, request["ListenerArn"])
    balancer = ctx.network.load_balancers[old.load_balancer_id]
    group = ctx.network.target_groups[old.target_group_id]
    if request.get("DefaultActions"):
        group = _group(ctx, request["DefaultActions"])
    protocol = _protocol(request) if request.get("Protocol") else old.protocol
    _refuse_tls(request)
    port = old.port if request.get("Port") is None else request["Port"]
    listener = replace(old, protocol=protocol, port=port, target_group_id=group.id)
    return Answer({"Listeners": [_render(listener, balancer, group)]}, _placed(ctx, balancer, listener, group))


def _placed(ctx: Context, balancer: LoadBalancer, listener: Listener, group: TargetGroup) -> Change:
    """The listener beside the others of its load balancer; what it gives to is looked at from now on."""
    others = [row for row in listeners_of(ctx, balancer) if row.id != listener.id]
    if any(row.port == listener.port for row in others):
        raise AwsError(
            "DuplicateListener", f"A listener already exists on this port for this load balancer '{balancer.arn}'"
        )
    if not set(listener.protocol.transports) <= set(group.protocol.transports):
        raise AwsError(
            "IncompatibleProtocols",
            f"The protocols '{listener.protocol}' and '{group.protocol}' of the target group are incompatible",
        )
    if group.vpc_id != balancer.vpc_id:
        raise invalid_configuration(
            f"The target group '{group.arn}' is not in the VPC '{balancer.vpc_id}' of the load balancer"
        )
    user = balancer_of_group(ctx.network, group)
    if user is not None and user.id != balancer.id:
        raise AwsError(
            "TargetGroupAssociationLimit",
            f"The following target groups cannot be associated with more than one load balancer: {group.arn}",
        )
    used = {row.target_group_id for row in others} | {group.id}
    check_target_count(ctx, tuple(ctx.network.target_groups[each] for each in used))
    return put(listener) if user or not ctx.options.has_fabric else put(listener, group.looked_at_anew())


def _protocol(request: Request) -> Protocol:
    _refuse_tls(request)
    wanted = request["Protocol"]
    if wanted not in {*Protocol}:
        raise AwsError("UnsupportedProtocol", f"Listeners with the protocol '{wanted}' are not available here")
    return Protocol(wanted)


def _refuse_tls(request: Request) -> None:
    for member in _OF_TLS:
        if request.get(member):
            raise invalid_configuration(
                f"{member} is for listeners with the protocol TLS, which are not available here"
            )


def _group(ctx: Context, actions: list[dict[str, Any]]) -> TargetGroup:
    """Whom the one action forwards to."""
    if len(actions) != 1:
        raise validation_error("A listener must have exactly one default action")
    [action] = actions
    if action["Type"] != _FORWARD:
        raise AwsError(
            "InvalidLoadBalancerAction", f"The action type '{action['Type']}' is not valid with a Network Load Balancer"
        )
    config = action.get("ForwardConfig") or {}
    if (config.get("TargetGroupStickinessConfig") or {}).get("Enabled"):
        raise invalid_configuration("Stickiness between target groups is not available here")
    arns = [each.get("TargetGroupArn") or "" for each in config.get("TargetGroups") or ()]
    if action.get("TargetGroupArn"):
        arns.insert(0, action["TargetGroupArn"])
    arns = list(dict.fromkeys(arns))
    if len(arns) != 1:
        raise invalid_configuration("A listener forwards to exactly one target group here")
    return group_at(ctx, arns[0])


def delete_listener(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, ListenerNotFound."""
    return Answer({}, delete(listener_at(ctx, request["ListenerArn"])))


# -- describe --------------------------------------------------------------------------------------------------------


def describe_listeners(ctx: Context, request: Request) -> Answer:
    """Of a load balancer, or those that are named.  Raises ValidationError, LoadBalancerNotFound, ListenerNotFound."""
    arn, arns = request.get("LoadBalancerArn"), request.get("ListenerArns") or ()
    if bool(arn) == bool(arns):
        raise validation_error("You must specify either listener ARNs or a load balancer ARN")
    rows = listeners_of(ctx, balancer_at(ctx, arn)) if arn else [listener_at(ctx, each) for each in dict.fromkeys(arns)]
    shown, marker = paged(ctx, request, rows, lambda row: row.arn)
    return Answer({"Listeners": [_found(ctx, row) for row in shown], "NextMarker": marker})


def _found(ctx: Context, listener: Listener) -> Response:
    network = ctx.network
    balancer = network.load_balancers[listener.load_balancer_id]
    return _render(listener, balancer, network.target_groups[listener.target_group_id])


def _render(listener: Listener, balancer: LoadBalancer, group: TargetGroup) -> Response:
    return {
        "ListenerArn": listener.arn,
        "LoadBalancerArn": balancer.arn,
        "Port": listener.port,
        "Protocol": str(listener.protocol),
        "DefaultActions": [_render_action(group)],
    }


def _render_action(group: TargetGroup) -> Response:
    return {
        "Type": _FORWARD,
        "TargetGroupArn": group.arn,
        "Order": 1,
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": group.arn, "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }


def describe_rules(ctx: Context, request: Request) -> Answer:
    """The default rule: others are of Application Load Balancers.  Raises ValidationError, ListenerNotFound,
    RuleNotFound."""
    arn, arns = request.get("ListenerArn"), request.get("RuleArns")
    if bool(arn) == bool(arns):
        raise validation_error("You must specify either a listener ARN or rule ARNs")
    if arns:
        raise AwsError("RuleNotFound", "One or more rules not found")
    listener = listener_at(ctx, str(arn))
    group = ctx.network.target_groups[listener.target_group_id]
    path = listener.arn.replace(":listener/", ":listener-rule/", 1)
    rule = {
        "RuleArn": f"{path}/{listener.id[-16:]}",
        "Priority": "default",
        "Conditions": [],
        "Actions": [_render_action(group)],
        "IsDefault": True,
    }
    return Answer({"Rules": [rule]})
