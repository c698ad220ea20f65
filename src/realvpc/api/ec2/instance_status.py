"""DescribeInstanceStatus: the checks that a running machine passes (EC2 guide, "Status checks")."""

from __future__ import annotations

from realvpc.net.instance import Instance, InstanceState

from ..core.context import Answer, Context, Request, Response
from ..core.describe import FilterValues, describe, no_values
from ..core.lookup import INSTANCE
from .instance_filters import STATUS_FILTERS
from .instance_state import render_state

_STATUS = {InstanceState.PENDING: "initializing", InstanceState.RUNNING: "ok"}
_REACHABILITY = {"initializing": "initializing", "ok": "passed"}


def describe_instance_status(ctx: Context, request: Request) -> Answer:
    """Running instances, or with IncludeAllInstances all.  Raises ``InvalidInstanceID.NotFound``.

    An instance is ``running`` from the moment when its machine was seen up, so its checks have passed by then.
    """
    filters = list(request.get("Filters") or [])
    if not request.get("IncludeAllInstances"):
        filters.append({"Name": "instance-state-name", "Values": [str(InstanceState.RUNNING)]})
    return describe(
        ctx,
        request | {"Filters": filters},
        INSTANCE,
        ids="InstanceIds",
        result="InstanceStatuses",
        render=_render,
        filters=_FILTERS,
    )


def _status(instance: Instance) -> str:
    return _STATUS.get(instance.state, "not-applicable")


def _render(ctx: Context, instance: Instance) -> Response:
    return {
        "InstanceId": instance.id,
        "AvailabilityZone": instance.zone_name,
        "AvailabilityZoneId": instance.zone_id,
        "InstanceState": render_state(instance.state),
        "InstanceStatus": _summary(instance),
        "SystemStatus": _summary(instance),
        "AttachedEbsStatus": _summary(instance),
        "Operator": {"Managed": False},
    }


def _summary(instance: Instance) -> Response:
    status = _status(instance)
    if status not in _REACHABILITY:
        return {"Status": status}
    return {"Status": status, "Details": [{"Name": "reachability", "Status": _REACHABILITY[status]}]}


_EVENT = ("code", "description", "instance-event-id", "not-after", "not-before", "not-before-deadline")

_FILTERS: dict[str, FilterValues[Instance]] = {
    **STATUS_FILTERS,
    **{f"event.{name}": no_values for name in _EVENT},
    "attached-ebs-status.status": lambda ctx, row: [_status(row)],
    "instance-status.reachability": lambda ctx, row: [_REACHABILITY.get(_status(row))],
    "instance-status.status": lambda ctx, row: [_status(row)],
    "system-status.reachability": lambda ctx, row: [_REACHABILITY.get(_status(row))],
    "system-status.status": lambda ctx, row: [_status(row)],
}
