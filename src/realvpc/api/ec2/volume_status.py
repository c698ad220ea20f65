"""How volumes are: a file on the host's disk is always well (EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from realvpc.net.table import put
from realvpc.net.volume import Volume

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import missing_parameter, unknown_attribute
from ..core.filter import no_values
from ..core.lookup import named
from ..core.noun import of_row
from .volume import VOLUME

_DETAILS = [{"Name": "io-enabled", "Status": "passed"}, {"Name": "io-performance", "Status": "not-applicable"}]
_NO_VOLUME_HAS = (
    *("action.code", "action.description", "action.event-id", "action.event-type"),
    *("attachment-status.instance-id", "attachment-status.io-performance"),
    *("event.description", "event.event-id", "event.event-type", "event.not-after", "event.not-before"),
)


def _render(volume: Volume) -> Response:
    return {
        "VolumeId": volume.id,
        "AvailabilityZone": volume.zone_name,
        "AvailabilityZoneId": volume.zone_id,
        "VolumeStatus": {"Status": "ok", "Details": _DETAILS},
        "Actions": [],
        "Events": [],
        "AttachmentStatuses": [],
        "Operator": {"Managed": False},
    }


describe_volume_status = describing(
    replace(
        VOLUME,
        result="VolumeStatuses",
        render=of_row(_render),
        filters={
            **dict.fromkeys(_NO_VOLUME_HAS, no_values),
            "availability-zone": ".zone_name",
            "volume-status.details-name": "VolumeStatus.Details[].Name",
            "volume-status.details-status": "VolumeStatus.Details[].Status",
            "volume-status.status": "VolumeStatus.Status",
        },
        found_by={},
    )
)

_ATTRIBUTES: dict[str, Callable[[Volume], Response]] = {
    "autoEnableIO": lambda row: {"AutoEnableIO": {"Value": row.auto_enable_io}},
    "productCodes": lambda row: {"ProductCodes": []},
}


def describe_volume_attribute(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidVolume.NotFound``, InvalidParameterValue."""
    volume = named(ctx, VOLUME, request, "VolumeId")
    if request["Attribute"] not in _ATTRIBUTES:
        raise unknown_attribute(request["Attribute"])
    return Answer({"VolumeId": volume.id, **_ATTRIBUTES[request["Attribute"]](volume)})


def modify_volume_attribute(ctx: Context, request: Request) -> Answer:
    """Whether input and output go on by themselves; they never stop.  Raises ``InvalidVolume.NotFound``,
    MissingParameter."""
    volume = named(ctx, VOLUME, request, "VolumeId")
    wanted = (request.get("AutoEnableIO") or {}).get("Value")
    if wanted is None:
        raise missing_parameter("autoEnableIO")
    return Answer({}, put(replace(volume, auto_enable_io=wanted)))


def enable_volume_io(ctx: Context, request: Request) -> Answer:
    """They are enabled.  Raises ``InvalidVolume.NotFound``."""
    named(ctx, VOLUME, request, "VolumeId")
    return Answer({})
