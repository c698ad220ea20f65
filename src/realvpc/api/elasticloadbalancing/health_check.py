"""The health check of a target group, as requests say and responses show it (Network Load Balancers guide, "Health
check settings")."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from realvpc.net.target_group import TRAFFIC_PORT, CheckProtocol, HealthCheck

from ..core.context import Request, Response
from .common import invalid_configuration, validation_error

_NUMBERS = {  # by the member: the field, and what it may be
    "HealthCheckIntervalSeconds": ("interval", "Health check interval", 5, 300),
    "HealthCheckTimeoutSeconds": ("timeout", "Health check timeout", 2, 120),
    "HealthyThresholdCount": ("healthy_threshold", "Healthy threshold count", 2, 10),
    "UnhealthyThresholdCount": ("unhealthy_threshold", "Unhealthy threshold count", 2, 10),
}
_DEFAULT_TIMEOUTS = {CheckProtocol.HTTP: 6}
_CODES = re.compile(r"[2-5][0-9]{2}(?:-[2-5][0-9]{2})?", re.ASCII)  # API Reference, Matcher; one of a list
_CODES_MAXIMUM = 256  # characters
_PATH = re.compile(r"/[\x21-\x7e]{0,1023}")


def read_check(request: Request, old: HealthCheck) -> HealthCheck:
    """``old`` with what the request says.  Raises ValidationError, InvalidConfigurationRequest."""
    if request.get("HealthCheckEnabled") is False:
        raise invalid_configuration("Health checks cannot be disabled for targets of this type")
    protocol = _protocol(request.get("HealthCheckProtocol") or old.protocol)
    changes: dict[str, Any] = {"protocol": protocol}
    if protocol is not old.protocol:
        changes["timeout"] = _DEFAULT_TIMEOUTS.get(protocol, HealthCheck().timeout)
        changes |= {"path": "", "codes": ""} if protocol is CheckProtocol.TCP else {"path": "/", "codes": "200-399"}
    for member, (field, words, low, high) in _NUMBERS.items():
        if (value := request.get(member)) is not None:
            if not low <= value <= high:
                raise validation_error(f"{words} '{value}' must be in the range {low} - {high}")
            changes[field] = value
    if (port := request.get("HealthCheckPort")) is not None:
        changes["port"] = _port(port)
    matcher = request.get("Matcher") or {}
    if matcher.get("GrpcCode"):
        raise invalid_configuration("Health checks by gRPC are not for target groups of this protocol")
    given = {"path": request.get("HealthCheckPath"), "codes": matcher.get("HttpCode")}
    for field, value in given.items():
        if value is None:
            continue
        if protocol is CheckProtocol.TCP:
            raise invalid_configuration("Health check paths and matchers are for the protocols HTTP and HTTPS")
        if not (_PATH.fullmatch(value) if field == "path" else _are_codes(value)):
            raise validation_error(f"Health check {field} '{value[:256]}' is not valid")
        changes[field] = value
    return replace(old, **changes)


def check_interplay(check: HealthCheck) -> HealthCheck:
    """The check, if there is an end to one before the next begins.  Raises ValidationError."""
    if check.timeout > check.interval:
        raise validation_error(
            f"Health check timeout '{check.timeout}' must be smaller than or equal to the interval '{check.interval}'"
        )
    return check


def _protocol(wanted: str) -> CheckProtocol:
    if wanted not in {*CheckProtocol}:
        raise invalid_configuration(f"Health checks by the protocol '{wanted}' are not available")
    return CheckProtocol(wanted)


def _are_codes(text: str) -> bool:
    """Numbers and ranges, none of which is empty."""
    parts = text.split(",") if len(text) <= _CODES_MAXIMUM else ()
    return bool(parts) and all(_CODES.fullmatch(each) and each[:3] <= each[-3:] for each in parts)


def _port(text: str) -> str:
    if text != TRAFFIC_PORT and not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= 65535):
        raise validation_error(f"Health check port '{text[:256]}' must be '{TRAFFIC_PORT}' or in the range 1 - 65535")
    return text


def render_check(check: HealthCheck) -> Response:
    shown: Response = {
        "HealthCheckProtocol": str(check.protocol),
        "HealthCheckPort": check.port,
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
    }
    if check.protocol is not CheckProtocol.TCP:
        shown |= {"HealthCheckPath": check.path, "Matcher": {"HttpCode": check.codes}}
    return shown
