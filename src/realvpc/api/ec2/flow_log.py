"""Flow logs (VPC guide, "VPC Flow Logs"; EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realvpc.net.flow_log import DestinationType, FlowLog, logged_id
from realvpc.net.quotas import FLOW_LOGS_PER_RESOURCE
from realvpc.net.table import Change, delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describe
from ..core.errors import AwsError, unsupported_operation
from ..core.lookup import find, get
from ..core.noun import Noun
from ..core.tags import render_tags, tags_on_creation
from .flow_log_delivery import trouble
from .flow_log_request import read_settings
from .network_interface import NETWORK_INTERFACE
from .subnet import SUBNET
from .vpc import VPC

_PLACES: Mapping[str, Noun[Any]] = {"VPC": VPC, "Subnet": SUBNET, "NetworkInterface": NETWORK_INTERFACE}
_ASKING = 100  # steps: what its role may
_EXISTS = "Error. There is an existing Flow Log with the same configuration and log destination."


def create_flow_logs(ctx: Context, request: Request) -> Answer:
    """One for each resource.  Where one cannot be made, the others are, and the answer says why; where none can, that
    is the error.

    Raises what ``read_settings`` raises, ``Invalid….NotFound``, FlowLogAlreadyExists, FlowLogsLimitExceeded.
    """
    place = _PLACES.get(request["ResourceType"])
    if place is None:
        raise unsupported_operation(f"There are no flow logs of the resource type {request['ResourceType']} here.")
    tags = tags_on_creation(request, FLOW_LOG.tag_type)
    settings = read_settings(ctx, request)
    made: list[FlowLog] = []
    failed: dict[str, AwsError] = {}
    for resource_id in dict.fromkeys(request["ResourceIds"]):
        try:
            get(ctx, place, resource_id)
            made.append(_new(ctx, resource_id, tags, settings))
        except AwsError as error:
            failed[resource_id] = error
    if not made:
        raise next(iter(failed.values()))
    response: Response = {"FlowLogIds": [row.id for row in made], "Unsuccessful": _unsuccessful(failed)}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return Answer(response, put(*made))


def _new(ctx: Context, resource_id: str, tags: dict[str, str], settings: dict[str, Any]) -> FlowLog:
    """Raises FlowLogAlreadyExists, FlowLogsLimitExceeded."""
    row = FlowLog(
        id=ctx.new_id(FLOW_LOG.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        resource_id=resource_id,
        created_at=ctx.now,
        **settings,
    )
    others = ctx.network.flow_logs.where(logged_id, resource_id)
    if any(_configuration(other) == _configuration(row) for other in others):
        raise AwsError("FlowLogAlreadyExists", _EXISTS)
    if len(others) >= ctx.quota(FLOW_LOGS_PER_RESOURCE):
        raise AwsError("FlowLogsLimitExceeded", "The maximum number of flow logs per resource has been reached.")
    return row


def _configuration(row: FlowLog) -> tuple[Any, ...]:
    return row.destination, row.traffic_type, row.log_format, row.interval


def _unsuccessful(failed: Mapping[str, AwsError]) -> list[Response]:
    return [
        {"ResourceId": each, "Error": {"Code": error.code, "Message": error.message}} for each, error in failed.items()
    ]


def delete_flow_logs(ctx: Context, request: Request) -> Answer:
    """What was delivered stays.  Raises ``InvalidFlowLogId.NotFound`` for all that are unknown, and deletes none."""
    ids = list(dict.fromkeys(request["FlowLogIds"]))
    found = {each: find(ctx, FLOW_LOG, each) for each in ids}
    missing = [each for each, row in found.items() if row is None]
    if missing:
        count = f"[TotalCount: {len(missing)}] {' '.join(missing)}"
        raise AwsError(FLOW_LOG.not_found, f"These flow log ids in the input list are not found: {count}")
    change = sum((delete(row) for row in found.values() if row is not None), Change())
    return Answer({"Unsuccessful": []}, change)


def describe_flow_logs(ctx: Context, request: Request) -> Answer:
    """Ids that are unknown are passed over.  This action calls its filters by another name than others do."""
    wanted: list[str] | None = request.get("FlowLogIds")
    known = [each for each in wanted or () if find(ctx, FLOW_LOG, each) is not None]
    if wanted and not known:
        return Answer({"FlowLogs": []})
    return describe(ctx, {**request, "Filters": request.get("Filter"), "FlowLogIds": known}, FLOW_LOG)


def _render(ctx: Context, row: FlowLog) -> Response:
    ctx.effort.spend(_ASKING)
    message = trouble(ctx.state, row)
    response: Response = {
        "FlowLogId": row.id,
        "FlowLogStatus": "ACTIVE",
        "CreationTime": row.created_at,
        "ResourceId": row.resource_id,
        "TrafficType": str(row.traffic_type),
        "LogDestinationType": str(row.destination_type),
        "LogFormat": row.log_format,
        "MaxAggregationInterval": row.interval,
        "DeliverLogsStatus": "FAILED" if message else "SUCCESS",
        "DeliverLogsErrorMessage": message,
        "DeliverLogsPermissionArn": row.role_arn or None,
        "LogGroupName": row.log_group_name or None,
        "LogDestination": row.log_destination or None,
        "Tags": render_tags(row.tags),
    }
    if row.destination_type is DestinationType.S3:
        response["DestinationOptions"] = {
            "FileFormat": row.file_format,
            "HiveCompatiblePartitions": row.has_hive_partitions,
            "PerHourPartition": row.has_hourly_partitions,
        }
    return {name: value for name, value in response.items() if value is not None}


FLOW_LOG = Noun(
    type=FlowLog,
    prefix="fl",
    not_found="InvalidFlowLogId.NotFound",
    malformed=None,
    words="flow log ID",
    tag_type="vpc-flow-log",
    ids="FlowLogIds",
    result="FlowLogs",
    render=_render,
    filters={
        "deliver-log-status": "DeliverLogsStatus",
        "flow-log-id": ".id",
        "log-destination-type": "LogDestinationType",
        "log-group-name": "LogGroupName",
        "resource-id": ".resource_id",
        "traffic-type": "TrafficType",
    },
)
