"""MonitorInstances, UnmonitorInstances: detailed monitoring, of which a row and its metadata tell (EC2 API Reference).

There are no metrics: what describes an instance says what was asked for.
"""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.instance import InstanceState
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, unsupported_operation
from ..core.lookup import get_all
from .instance import INSTANCE


def monitor_instances(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidInstanceID.NotFound``, IncorrectInstanceState, UnsupportedOperation."""
    return _set(ctx, request, wanted=True, state="pending")


def unmonitor_instances(ctx: Context, request: Request) -> Answer:
    """As `monitor_instances`."""
    return _set(ctx, request, wanted=False, state="disabling")


def _set(ctx: Context, request: Request, *, wanted: bool, state: str) -> Answer:
    """All or none.  ``state`` is what the answer shows, whatever it was."""
    if request.get("MetricCategoryIds"):
        raise unsupported_operation("The parameter metricCategoryIds is not supported.")
    if not request.get("InstanceIds"):
        raise invalid_parameter_combination("No instances specified")
    instances = get_all(ctx, INSTANCE, request["InstanceIds"])
    for instance in instances:
        if instance.state is InstanceState.TERMINATED:
            raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is {instance.state}.")
    shown = [{"InstanceId": instance.id, "Monitoring": {"State": state}} for instance in instances]
    change = put(*(replace(instance, detailed_monitoring=wanted) for instance in instances))
    return Answer({"InstanceMonitorings": shown}, change)
