"""Targets: registered, deregistered, and how they are (Elastic Load Balancing API Reference; Network Load Balancers
guide, "Register targets", "Target health status")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from realvpc.net.addresses import RFC1918, Address, Cidr
from realvpc.net.load_balancing import balancer_of_group
from realvpc.net.quotas import TARGETS_PER_GROUP, TARGETS_PER_LOAD_BALANCER
from realvpc.net.table import put
from realvpc.net.target_group import ALL_ZONES, Health, RegisteredTarget, TargetGroup, TargetType
from realvpc.net.target_place import is_of_balancer, place_of

from ..core.context import Answer, Context, Request, Response
from ..core.effort import COMPARING, SHOWING
from ..core.errors import AwsError
from .common import group_at, invalid_configuration, listeners_of, validation_error

_SHARED = Cidr.parse("100.64.0.0/10")  # RFC 6598
_HEALTHS = {
    Health.INITIAL: ("Elb.InitialHealthChecking", "Initial health checks in progress"),
    Health.UNHEALTHY: ("Target.FailedHealthChecks", "Health checks failed"),
}


def register_targets(ctx: Context, request: Request) -> Answer:
    """One that is there already stays as it is, and one that drains comes back.

    Raises ValidationError, TargetGroupNotFound, InvalidTarget, TooManyTargets.
    """
    group = _as_it_is(ctx, group_at(ctx, request["TargetGroupArn"]))
    there = {row.key: row for row in group.serving()}
    new = [_read(ctx, group, each) for each in request["Targets"]]
    after = group.with_targets(ctx.now, [row for row in new if row.key not in there])
    if len(list(after.serving())) > (most := ctx.quota(TARGETS_PER_GROUP)):
        raise AwsError("TooManyTargets", f"The maximum number of targets in a target group has been reached: '{most}'")
    balancer = balancer_of_group(ctx.network, group)
    if balancer is not None:
        used = {row.target_group_id for row in listeners_of(ctx, balancer)} - {group.id}
        check_target_count(ctx, (after, *(ctx.network.target_groups[each] for each in used)))
    return Answer({}, put(after))


def check_target_count(ctx: Context, groups: tuple[TargetGroup, ...]) -> None:
    """Whether a load balancer may give to all of these groups.  Raises TooManyTargets."""
    count = sum(len(_as_it_is(ctx, row).registered) for row in groups)
    if count > (most := ctx.quota(TARGETS_PER_LOAD_BALANCER)):
        raise AwsError("TooManyTargets", f"The maximum number of targets of a load balancer has been reached: '{most}'")


def _read(ctx: Context, group: TargetGroup, asked: Mapping[str, Any]) -> RegisteredTarget:
    if asked.get("QuicServerId"):
        raise invalid_configuration("A QUIC server ID is for target groups with the protocol QUIC")
    name, port, zone = asked["Id"], asked.get("Port") or group.port, asked.get("AvailabilityZone") or ""
    if group.target_type is TargetType.INSTANCE:
        if zone:
            raise validation_error("You cannot specify an Availability Zone for a target of the type 'instance'")
        _check_instance(ctx, group, name)
    else:
        _check_address(ctx, group, name, zone)
    health = Health.INITIAL if ctx.options.has_fabric else Health.HEALTHY  # where nobody can look
    return RegisteredTarget(id=name, port=port, zone=zone, health=health)


def _check_instance(ctx: Context, group: TargetGroup, name: str) -> None:
    instance = ctx.network.instances.get(name)
    if instance is None or not ctx.sees(instance):
        raise AwsError("InvalidTarget", f"The following targets are not valid instances: '{name}'")
    if not instance.machine_wanted:
        raise AwsError(
            "InvalidTarget", f"The following targets are not in a running state and cannot be registered: '{name}'"
        )
    [interface, *_] = ctx.network.interfaces_of(name)
    if interface.vpc_id != group.vpc_id:
        raise AwsError(
            "InvalidTarget", f"The following targets are not in the target group VPC '{group.vpc_id}': '{name}'"
        )


def _check_address(ctx: Context, group: TargetGroup, name: str, zone: str) -> None:
    try:
        address = Address.parse(name)
    except ValueError:
        raise validation_error(f"The IP address '{name[:64]}' is not a valid IPv4 address") from None
    if not address.is_ipv4 or str(address) != name:
        raise validation_error(f"The IP address '{name[:64]}' is not a valid IPv4 address")
    subnets = ctx.network.subnets_of(group.vpc_id)
    ctx.effort.spend(COMPARING * len(subnets))
    subnet = next((row for row in subnets if row.holds(address)), None)
    if subnet is None:
        _check_elsewhere(address, zone)
    elif not subnet.usable(address):
        raise validation_error(f"The IP address '{name}' is reserved in the subnet '{subnet.id}'")
    elif zone not in ("", subnet.zone_name):
        raise validation_error(
            f"The IP address '{name}' is within the VPC, and cannot have its Availability Zone overridden to "
            f"'{zone[:64]}' from '{subnet.zone_name}'"
        )


def _check_elsewhere(address: Address, zone: str) -> None:
    """That no subnet has, be it in a block of the VPC or not (guide, "Target type")."""
    if not any(address in block for block in (*RFC1918, _SHARED)):
        raise validation_error(f"The IP address '{address}' is not within an allowed range of a target group")
    if not zone:
        raise validation_error(
            f"The Availability Zone is required for IP address '{address}' because it is not in the VPC"
        )
    if zone != ALL_ZONES:
        raise invalid_configuration(
            f"The IP address '{address}' is outside the VPC: specify the Availability Zone '{ALL_ZONES}', the only one "
            "that is available for it here"
        )


def deregister_targets(ctx: Context, request: Request) -> Answer:
    """They get no new connections, and drain.  What is not registered is not missed.

    Raises ValidationError, TargetGroupNotFound.
    """
    group = _as_it_is(ctx, group_at(ctx, request["TargetGroupArn"]))
    asked = {(each["Id"], each.get("Port")) for each in request["Targets"]}
    leaving = [row for row in group.serving() if (row.id, row.port) in asked or (row.id, None) in asked]
    if balancer_of_group(ctx.network, group) is None:
        keys = {row.key for row in leaving}
        kept = tuple(row for row in group.registered if row.key not in keys)
        return Answer({}, put(replace(group, registered=kept)))
    drained = [replace(row, deregistered_at=ctx.now) for row in leaving]
    return Answer({}, put(group.with_targets(ctx.now, drained)))


def describe_target_health(ctx: Context, request: Request) -> Answer:
    """All, or those that are named, of which some may never have been registered.

    Raises ValidationError, TargetGroupNotFound.
    """
    group = _as_it_is(ctx, group_at(ctx, request["TargetGroupArn"]))
    if not request.get("Targets"):
        ctx.effort.spend(SHOWING * len(group.registered))
        return Answer({"TargetHealthDescriptions": [_render(ctx, group, row) for row in group.registered]})
    there: dict[str, list[RegisteredTarget]] = {}
    for row in group.registered:
        there.setdefault(row.id, []).append(row)
    shown = []
    for asked in request["Targets"]:
        name, port = asked["Id"], asked.get("Port")
        found = [row for row in there.get(name, ()) if port in (None, row.port)]
        ctx.effort.spend(SHOWING * (1 + len(found)) + COMPARING * len(there.get(name, ())))
        shown += [_render(ctx, group, row) for row in found] or [_unregistered(group, name, port or group.port)]
    return Answer({"TargetHealthDescriptions": shown})


def _as_it_is(ctx: Context, group: TargetGroup) -> TargetGroup:
    """The group with whoever is in it now: those that have drained, and instances that were terminated, are stored
    until it is next written, but take nobody's room."""
    ctx.effort.spend(COMPARING * len(group.registered))
    there = tuple(row for row in group.targets_at(ctx.now) if not _has_ended(ctx, group, row))
    return replace(group, registered=there)


def _has_ended(ctx: Context, group: TargetGroup, target: RegisteredTarget) -> bool:
    """Whether it is an instance that was terminated: then it is registered no more."""
    return group.target_type is TargetType.INSTANCE and not ctx.network.interfaces_of(target.id)


def _unregistered(group: TargetGroup, name: str, port: int) -> Response:
    return {
        "Target": {"Id": name, "Port": port},
        "TargetHealth": {
            "State": "unused",
            "Reason": "Target.NotRegistered",
            "Description": "Target is not registered to the target group",
        },
    }


def _render(ctx: Context, group: TargetGroup, target: RegisteredTarget) -> Response:
    place = place_of(ctx.network, group, target)
    shown: Response = {"Id": target.id, "Port": target.port}
    if group.target_type is TargetType.IP and place is not None:
        zones = {row.zone_id: row.zone_name for row in ctx.network.subnets_of(group.vpc_id)}
        shown["AvailabilityZone"] = zones.get(place.zone_id, ALL_ZONES)
    return {
        "Target": shown,
        "HealthCheckPort": str(group.check.port_of(target)),
        "TargetHealth": _health(ctx, group, target, is_there=place is not None),
    }


def _health(ctx: Context, group: TargetGroup, target: RegisteredTarget, *, is_there: bool) -> Response:
    if target.is_draining:
        return {
            "State": "draining",
            "Reason": "Target.DeregistrationInProgress",
            "Description": "Target deregistration is in progress",
        }
    if balancer_of_group(ctx.network, group) is None:
        return {
            "State": "unused",
            "Reason": "Target.NotInUse",
            "Description": "Target group is not configured to receive traffic from the load balancer",
        }
    if not is_there and group.target_type is TargetType.INSTANCE:
        return {
            "State": "unused",
            "Reason": "Target.InvalidState",
            "Description": f"Target is in the {ctx.network.instances[target.id].state} state",
        }
    if not is_there and is_of_balancer(ctx.network, group.vpc_id, Address.parse(target.id)):
        return {
            "State": "unused",
            "Reason": "Target.IpUnusable",
            "Description": "The target IP address is reserved for use by a load balancer",
        }
    health = target.health if is_there else Health.UNHEALTHY  # at an address that is in no subnet any more
    if health is Health.HEALTHY:
        return {"State": str(health)}
    reason, description = _HEALTHS[health]
    return {"State": str(health), "Reason": reason, "Description": description}
