"""Attributes of load balancers, target groups and listeners, by the keys that AWS gives them: what they are where
nobody has set them, and what they may be.

Of what is not here an attribute says so, and may not say otherwise: AWS's values for it are known, and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net import load_balancer, target_group
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from .common import balancer_at, group_at, invalid_configuration, listener_at, validation_error

_BOOLEANS = ("true", "false")


class Attribute(Struct, frozen=True):
    """``values`` are those that AWS knows, ``here`` what of them there is here: all, where it says nothing."""

    default: str
    values: Callable[[str], bool]
    here: Callable[[str], bool] = lambda value: True


def _one_of(*values: str) -> Callable[[str], bool]:
    return values.__contains__


def _number(low: int, high: int) -> Callable[[str], bool]:
    return lambda text: text.isascii() and text.isdecimal() and len(text) < 6 and low <= int(text) <= high


def _number_or_off(low: int, high: int) -> Callable[[str], bool]:
    return lambda text: text == "off" or _number(low, high)(text)


def _only(value: str, values: Callable[[str], bool]) -> Attribute:
    return Attribute(value, values, _one_of(value))


def _anything(text: str) -> bool:
    return len(text) <= 1024


OF_LOAD_BALANCERS: dict[str, Attribute] = {
    "access_logs.s3.enabled": _only("false", _one_of(*_BOOLEANS)),
    "access_logs.s3.bucket": Attribute("", _anything),
    "access_logs.s3.prefix": Attribute("", _anything),
    load_balancer.DELETION_PROTECTION: Attribute("false", _one_of(*_BOOLEANS)),
    "ipv6.deny_all_igw_traffic": _only("false", _one_of(*_BOOLEANS)),
    load_balancer.CROSS_ZONE: Attribute("false", _one_of(*_BOOLEANS)),
    "dns_record.client_routing_policy": _only(
        "any_availability_zone",
        _one_of("any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity"),
    ),
    "zonal_shift.config.enabled": _only("false", _one_of(*_BOOLEANS)),
    "secondary_ips.auto_assigned.per_subnet": _only("0", _number(0, 7)),
}

_HEALTH = "target_group_health"
OF_TARGET_GROUPS: dict[str, Attribute] = {
    target_group.DEREGISTRATION_DELAY: Attribute("300", _number(0, 3600)),
    "deregistration_delay.connection_termination.enabled": _only("false", _one_of(*_BOOLEANS)),
    "stickiness.enabled": _only("false", _one_of(*_BOOLEANS)),
    "stickiness.type": _only("source_ip", _one_of("source_ip")),
    "preserve_client_ip.enabled": _only("false", _one_of(*_BOOLEANS)),
    "proxy_protocol_v2.enabled": _only("false", _one_of(*_BOOLEANS)),
    target_group.CROSS_ZONE: Attribute(
        "use_load_balancer_configuration", _one_of(*_BOOLEANS, "use_load_balancer_configuration")
    ),
    f"{_HEALTH}.dns_failover.minimum_healthy_targets.count": _only("1", _number_or_off(1, 1000)),
    f"{_HEALTH}.dns_failover.minimum_healthy_targets.percentage": _only("off", _number_or_off(1, 100)),
    f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets.count": _only("1", _number(1, 1000)),
    f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets.percentage": _only("off", _number_or_off(1, 100)),
    target_group.UNHEALTHY_END: Attribute("true", _one_of(*_BOOLEANS)),
    "target_health_state.unhealthy.draining_interval_seconds": _only("0", _number(0, 360000)),
}

OF_LISTENERS: dict[str, Attribute] = {"tcp.idle_timeout.seconds": _only("350", _number(60, 6000))}


def shown(table: Mapping[str, Attribute], said: Mapping[str, str]) -> list[Response]:
    return [{"Key": key, "Value": said.get(key, each.default)} for key, each in table.items()]


def changed(
    words: str, table: Mapping[str, Attribute], said: Mapping[str, str], asked: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """``said`` with what is asked for.  ``words`` are whose attributes they are.

    Raises ValidationError for a key or a value that AWS does not know, InvalidConfigurationRequest for one that cannot
    be here.
    """
    result = dict(said)
    for row in asked:
        key, value = row.get("Key") or "", row.get("Value") or ""
        attribute = table.get(key)
        if attribute is None:
            raise validation_error(f"{words} attribute key '{key[:256]}' is not recognized")
        if not attribute.values(value):
            raise validation_error(f"{words} attribute value '{value[:256]}' is not valid for the key '{key}'")
        if not attribute.here(value):
            raise invalid_configuration(f"{words} attribute '{key}' cannot be '{value[:256]}' here")
        result[key] = value
    return result


def describe_load_balancer_attributes(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, LoadBalancerNotFound."""
    row = balancer_at(ctx, request["LoadBalancerArn"])
    return Answer({"Attributes": shown(OF_LOAD_BALANCERS, row.attributes)})


def modify_load_balancer_attributes(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, LoadBalancerNotFound, InvalidConfigurationRequest."""
    row = balancer_at(ctx, request["LoadBalancerArn"])
    after = changed("Load balancer", OF_LOAD_BALANCERS, row.attributes, request["Attributes"])
    return Answer({"Attributes": shown(OF_LOAD_BALANCERS, after)}, put(replace(row, attributes=after)))


def describe_target_group_attributes(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, TargetGroupNotFound."""
    row = group_at(ctx, request["TargetGroupArn"])
    return Answer({"Attributes": shown(OF_TARGET_GROUPS, row.attributes)})


def modify_target_group_attributes(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, TargetGroupNotFound, InvalidConfigurationRequest."""
    row = group_at(ctx, request["TargetGroupArn"])
    after = changed("Target group", OF_TARGET_GROUPS, row.attributes, request["Attributes"])
    return Answer({"Attributes": shown(OF_TARGET_GROUPS, after)}, put(replace(row, attributes=after)))


def describe_listener_attributes(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, ListenerNotFound."""
    row = listener_at(ctx, request["ListenerArn"])
    return Answer({"Attributes": shown(OF_LISTENERS, row.attributes)})


def modify_listener_attributes(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, ListenerNotFound, InvalidConfigurationRequest."""
    row = listener_at(ctx, request["ListenerArn"])
    after = changed("Listener", OF_LISTENERS, row.attributes, request["Attributes"])
    return Answer({"Attributes": shown(OF_LISTENERS, after)}, put(replace(row, attributes=after)))
