"""DescribeSnapshots and DeleteSnapshot: what images are made of (EC2 API Reference)."""

from __future__ import annotations

from realvpc.net.machine_image import DiskSnapshot, ImageState
from realvpc.net.table import delete

from ..core.context import Answer, Context, Request, Response
from ..core.describe import FilterValues, no_values, paginate, render_tags, select
from ..core.errors import AwsError
from ..core.lookup import SNAPSHOT, get
from .image_registration import images_of_snapshot

_STATES = {ImageState.PENDING: ("pending", "0%"), ImageState.AVAILABLE: ("completed", "100%")}
_NO_VOLUME = "vol-ffffffff"  # as EC2 says of a snapshot that was not made of a volume


def describe_snapshots(ctx: Context, request: Request) -> Answer:
    """The caller's own.  Raises ``InvalidSnapshot.NotFound``, InvalidParameterValue for a filter."""
    rows = select(ctx, request, SNAPSHOT, ids="SnapshotIds", filters=_FILTERS)
    for asked in (request.get("OwnerIds"), request.get("RestorableByUserIds")):
        if asked and not {"self", ctx.account} & set(asked):
            rows = []
    page, token = paginate(request, rows)
    return Answer({"Snapshots": [_render(row) for row in page], "NextToken": token})


def delete_snapshot(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidSnapshot.NotFound``, and ``InvalidSnapshot.InUse`` while an image needs it."""
    row = get(ctx, SNAPSHOT, request["SnapshotId"])
    for image in images_of_snapshot(ctx, row.id):
        raise AwsError("InvalidSnapshot.InUse", f"The snapshot {row.id} is currently in use by {image.id}")
    return Answer({}, delete(row))


def _render(row: DiskSnapshot) -> Response:
    state, progress = _STATES[row.state]
    return {
        "SnapshotId": row.id,
        "OwnerId": row.account,
        "Description": row.description,
        "Encrypted": False,
        "Progress": progress,
        "StartTime": row.started_at,
        "State": state,
        "StorageTier": "standard",
        "Tags": render_tags(row.tags),
        "VolumeId": _NO_VOLUME,
        "VolumeSize": row.size_gib,
    }


_FILTERS: dict[str, FilterValues[DiskSnapshot]] = {
    "description": lambda ctx, row: [row.description],
    "encrypted": lambda ctx, row: [False],
    "owner-alias": no_values,
    "progress": lambda ctx, row: [_STATES[row.state][1]],
    "snapshot-id": lambda ctx, row: [row.id],
    "start-time": lambda ctx, row: [row.started_at],
    "status": lambda ctx, row: [_STATES[row.state][0]],
    "storage-tier": lambda ctx, row: ["standard"],
    "volume-id": lambda ctx, row: [_NO_VOLUME],
    "volume-size": lambda ctx, row: [row.size_gib],
}
