"""DescribeInstanceStatus: the checks that a running machine passes (EC2 guide, "Status checks")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.instance import Instance, InstanceState

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describe
from ..core.errors import AwsError
from ..core.filter import no_values
from .instance import INSTANCE, render_state
from .instance_filters import STATUS_FILTERS

MAXIMUM_IDS = 100  # of one request
_STATUS = {InstanceState.PENDING: "initializing", InstanceState.RUNNING: "ok"}
_REACHABILITY = {"initializing": "initializing", "ok": "passed", "impaired": "failed"}


def describe_instance_status(ctx: Context, request: Request) -> Answer:
    """Running instances, or with IncludeAllInstances all.  Raises ``InvalidInstanceID.NotFound``, InvalidRequest.

    An instance is ``running`` from the moment when its machine was seen up, so its checks have passed by then.  Its
    system status is ``impaired`` while its host has found something of it, a link say, that could not be mended.
    """
    asked = len(request.get("InstanceIds") or ())
    if asked > MAXIMUM_IDS:
        raise AwsError(
            "InvalidRequest",
            f"{asked} exceeds the maximum number of instance IDs that can be specificied ({MAXIMUM_IDS}). "
            f"Please specify fewer than {MAXIMUM_IDS} instance IDs.",
        )
    filters = list(request.get("Filters") or [])
    if not request.get("IncludeAllInstances"):
        filters.append({"Name": "instance-state-name", "Values": [str(InstanceState.RUNNING)]})
    return describe(ctx, request | {"Filters": filters}, _INSTANCE_STATUS)


def _status(instance: Instance) -> str:
    return _STATUS.get(instance.state, "not-applicable")


def _system_status(instance: Instance) -> str:
    status = _status(instance)
    return "impaired" if status == "ok" and instance.impaired_since else status


def _render(ctx: Context, instance: Instance) -> Response:
    return {
        "InstanceId": instance.id,
        "AvailabilityZone": instance.zone_name,
        "AvailabilityZoneId": instance.zone_id,
        "InstanceState": render_state(instance.state),
        "InstanceStatus": _summary(_status(instance)),
        "SystemStatus": _system_summary(instance),
        "AttachedEbsStatus": _summary(_status(instance)),
        "Operator": {"Managed": False},
    }


def _summary(status: str) -> Response:
    if status not in _REACHABILITY:
        return {"Status": status}
    return {"Status": status, "Details": [{"Name": "reachability", "Status": _REACHABILITY[status]}]}


def _system_summary(instance: Instance) -> Response:
    summary = _summary(_system_status(instance))
    if summary["Status"] == "impaired":
        summary["Details"][0]["ImpairedSince"] = instance.impaired_since
    return summary


_EVENT = ("code", "description", "instance-event-id", "not-after", "not-before", "not-before-deadline")


_INSTANCE_STATUS = replace(
    INSTANCE,
    result="InstanceStatuses",
    render=_render,
    filters={
        **STATUS_FILTERS,
        **{f"event.{name}": no_values for name in _EVENT},
        "attached-ebs-status.status": "AttachedEbsStatus.Status",
        "instance-status.reachability": "InstanceStatus.Details[].Status",
        "instance-status.status": "InstanceStatus.Status",
        "system-status.reachability": "SystemStatus.Details[].Status",
        "system-status.status": "SystemStatus.Status",
    },
)
