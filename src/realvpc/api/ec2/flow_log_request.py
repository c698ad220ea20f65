"""What a request for flow logs says of all of them (EC2 API Reference, CreateFlowLogs)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from realvpc.iam.flow_log_role import trusts_flow_logs
from realvpc.net.flow_log import PLAIN_TEXT, DestinationType, TrafficType
from realvpc.net.flow_log_format import DEFAULT_FORMAT, fields_of

from ..core.context import Context, Request
from ..core.errors import invalid_parameter
from ..core.parameters import choice, refuse, required

RESOURCES_MAXIMUM = 1000
_INTERVALS = (60, 600)
_NOT_HERE = ("DeliverCrossAccountRole", "TagFieldSpecifications")
_ARN = re.compile(r"arn:aws:(?P<service>[a-z0-9]+):(?P<region>[a-z0-9-]*):(?P<account>\d*):(?P<rest>\S+)", re.ASCII)
_GROUP = re.compile(r"[A-Za-z0-9._/#-]{1,512}", re.ASCII)
_SERVICES = {
    DestinationType.CLOUD_WATCH_LOGS: "logs",
    DestinationType.S3: "s3",
    DestinationType.FIREHOSE: "firehose",
}


class _FileFormat(StrEnum):
    PLAIN_TEXT = PLAIN_TEXT
    PARQUET = "parquet"


def read_settings(ctx: Context, request: Request) -> dict[str, Any]:
    """The fields of every ``FlowLog`` that the request makes.

    Raises InvalidParameter, MissingParameter, InvalidParameterValue, UnsupportedOperation.
    """
    refuse(request, _NOT_HERE)
    if len(request["ResourceIds"]) > RESOURCES_MAXIMUM:
        raise invalid_parameter(f"ResourceIds can't have more than {RESOURCES_MAXIMUM} members.")
    required(request, "TrafficType")
    interval = request.get("MaxAggregationInterval")
    if interval is not None and interval not in _INTERVALS:
        raise invalid_parameter("Invalid Flow Log Max Aggregation Interval")
    kind = DestinationType.CLOUD_WATCH_LOGS
    if request.get("LogDestinationType"):
        kind = choice(request, "LogDestinationType", DestinationType)
    return {
        "traffic_type": choice(request, "TrafficType", TrafficType),
        "destination_type": kind,
        "interval": interval or _INTERVALS[-1],
        "log_format": _format(request),
        **_destination(ctx, request, kind),
        **_files(ctx, request, kind),
        "role_arn": _role(ctx, request, kind),
    }


def _format(request: Request) -> str:
    text: str = request.get("LogFormat") or DEFAULT_FORMAT
    try:
        return " ".join(f"${{{name}}}" for name in fields_of(text))
    except ValueError as error:
        raise invalid_parameter(f"Invalid Flow Log Format: {error}") from None


def _destination(ctx: Context, request: Request, kind: DestinationType) -> dict[str, str]:
    name, arn = request.get("LogGroupName") or "", request.get("LogDestination") or ""
    if name and kind is not DestinationType.CLOUD_WATCH_LOGS:
        raise invalid_parameter("LogDestination type must be cloud-watch-logs if LogGroupName is provided.")
    if name and arn:
        raise invalid_parameter("Please only provide LogGroupName or only provide LogDestination.")
    if not name and not arn:
        raise invalid_parameter("LogDestination can't be empty if LogGroupName is not provided.")
    if arn:
        match = _ARN.fullmatch(arn)
        if match is None or match["service"] != _SERVICES[kind]:
            raise invalid_parameter(f"LogDestination: {arn} is not the ARN of a destination of the type {kind}.")
        if kind is not DestinationType.CLOUD_WATCH_LOGS:
            return {"log_destination": arn}
        if (match["account"], match["region"]) != (ctx.account, ctx.region):
            raise invalid_parameter(
                f"LogDestination: {arn} does not belong to the account and the Region of the flow log."
            )
        name = match["rest"].removeprefix("log-group:")
    if _GROUP.fullmatch(name) is None:
        raise invalid_parameter(f"LogGroupName: {name} is not a valid name of a log group.")
    return {"log_group_name": name, "log_destination": arn}


def _files(ctx: Context, request: Request, kind: DestinationType) -> dict[str, Any]:
    options = request.get("DestinationOptions")
    if kind is not DestinationType.S3:
        if options:
            raise invalid_parameter(f"DestinationOptions is not applicable for {kind} delivery")
        return {}
    options = options or {}
    return {
        "reaches_s3": ctx.options.has_s3,
        "file_format": str(choice(options, "FileFormat", _FileFormat) if options.get("FileFormat") else PLAIN_TEXT),
        "has_hive_partitions": bool(options.get("HiveCompatiblePartitions")),
        "has_hourly_partitions": bool(options.get("PerHourPartition")),
    }


def _role(ctx: Context, request: Request, kind: DestinationType) -> str:
    arn: str = request.get("DeliverLogsPermissionArn") or ""
    if kind is DestinationType.S3 and arn:
        raise invalid_parameter("DeliverLogsPermissionArn is not applicable for s3 delivery")
    if kind is not DestinationType.CLOUD_WATCH_LOGS:
        return arn
    if not arn:
        raise invalid_parameter("DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.")
    role = ctx.directory.roles.get(arn)
    if role is None or role.account != ctx.account or not trusts_flow_logs(role, ctx.region):
        raise invalid_parameter(f"Unable to assume given IAM role: '{arn}'")
    return arn
