"""Snapshots: what images are made of, and records of volumes (EC2 API Reference)."""

from __future__ import annotations

from realvpc.net.machine_image import DiskSnapshot, ImageState

from ..core.context import Answer, Context, Request, Response
from ..core.describe import deleting, paginate, select
from ..core.errors import AwsError, unknown_attribute
from ..core.filter import no_values
from ..core.lookup import named
from ..core.noun import Noun, of_row
from ..core.tags import render_tags
from .image import images_of_snapshot

_STATES = {ImageState.PENDING: ("pending", "0%"), ImageState.AVAILABLE: ("completed", "100%")}
_NO_VOLUME = "vol-ffffffff"  # as EC2 says of a snapshot that was not made of a volume


def _render(row: DiskSnapshot) -> Response:
    state, progress = _STATES[row.state]
    return {
        "SnapshotId": row.id,
        "OwnerId": row.account,
        "Description": row.description,
        "Encrypted": row.encrypted,
        "KmsKeyId": row.kms_key_id or None,
        "Progress": progress,
        "StartTime": row.started_at,
        "State": state,
        "StorageTier": "standard",
        "Tags": render_tags(row.tags) or None,
        "VolumeId": row.volume_id or _NO_VOLUME,
        "VolumeSize": row.size_gib,
    }


SNAPSHOT = Noun(
    type=DiskSnapshot,
    prefix="snap",
    not_found="InvalidSnapshot.NotFound",
    malformed="InvalidSnapshotID.Malformed",
    words="snapshot",
    tag_type="snapshot",
    ids="SnapshotIds",
    result="Snapshots",
    render=of_row(_render),
    filters={
        "description": ".description",
        "encrypted": "Encrypted",
        "owner-alias": no_values,
        "progress": "Progress",
        "snapshot-id": ".id",
        "start-time": ".started_at",
        "status": "State",
        "storage-tier": "StorageTier",
        "transfer-type": no_values,
        "volume-id": "VolumeId",
        "volume-size": ".size_gib",
    },
)


def describe_snapshots(ctx: Context, request: Request) -> Answer:
    """The caller's own.  Raises ``InvalidSnapshot.NotFound``, InvalidParameterValue for a filter."""
    rows = select(ctx, request, SNAPSHOT)
    for asked in (request.get("OwnerIds"), request.get("RestorableByUserIds")):
        if asked and not {"self", ctx.account} & set(asked):
            rows = []
    page, token = paginate(request, rows)
    return Answer({"Snapshots": [SNAPSHOT.render(ctx, row) for row in page], "NextToken": token})


_NOBODY = {"createVolumePermission": "CreateVolumePermissions", "productCodes": "ProductCodes"}


def describe_snapshot_attribute(ctx: Context, request: Request) -> Answer:
    """No snapshot is shared with anybody.  Raises ``InvalidSnapshot.NotFound``, InvalidParameterValue."""
    snapshot = named(ctx, SNAPSHOT, request, "SnapshotId")
    if request["Attribute"] not in _NOBODY:
        raise unknown_attribute(request["Attribute"])
    return Answer({"SnapshotId": snapshot.id, _NOBODY[request["Attribute"]]: []})


def _check_unused(ctx: Context, row: DiskSnapshot) -> None:
    """Raises ``InvalidSnapshot.InUse`` while an image needs it."""
    for image in images_of_snapshot(ctx, row.id):
        raise AwsError("InvalidSnapshot.InUse", f"The snapshot {row.id} is currently in use by {image.id}")


delete_snapshot = deleting(SNAPSHOT, "SnapshotId", _check_unused)
