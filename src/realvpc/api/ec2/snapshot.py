"""Snapshots: what images are made of, and records of volumes (EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.machine_image import ALL, DiskSnapshot, ImageState
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import deleting, paginate, select
from ..core.errors import AwsError, unknown_attribute
from ..core.filter import no_values
from ..core.lookup import named
from ..core.noun import Derived, Noun, of_row
from ..core.tags import render_tags
from .ebs_setting import is_managed_key, settings_of
from .image import images_of_snapshot
from .sharing import CREATE_VOLUME, check_owner, is_granted, may_use, rendered, shared_anew, usable

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
        "StorageTier": "archive" if row.is_archived else "standard",
        "Tags": render_tags(row.tags) or None,
        "VolumeId": row.volume_id or _NO_VOLUME,
        "VolumeSize": row.size_gib,
    }


def _one(ctx: Context, snapshot_id: str) -> DiskSnapshot | None:
    row = ctx.state.inventory.disk_snapshots.get(snapshot_id)
    return row if row is not None and may_use(ctx, row) else None


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
    derived=Derived(one=_one, all=lambda ctx: usable(ctx, ctx.state.inventory.disk_snapshots), check=check_owner),
)


def describe_snapshots(ctx: Context, request: Request) -> Answer:
    """The caller's own, and those that it may make volumes of.  Raises ``InvalidSnapshot.NotFound``,
    InvalidParameterValue for a filter."""
    rows = select(ctx, request, SNAPSHOT)
    if owners := request.get("OwnerIds"):
        names = {ctx.account if name == "self" else name for name in owners}
        rows = [row for row in rows if row.account in names]
    if users := request.get("RestorableByUserIds"):
        own = bool({"self", ctx.account} & set(users))
        rows = [row for row in rows if is_granted(ctx, row, users) or (own and row.account == ctx.account)]
    page, token = paginate(request, rows)
    return Answer({"Snapshots": [_shown(ctx, row) for row in page], "NextToken": token})


def check_readable(ctx: Context, row: DiskSnapshot) -> None:
    """Raises IncorrectState for one that is in the archive."""
    if not row.can_be_read_at(ctx.now):
        raise AwsError("IncorrectState", f"The snapshot '{row.id}' is archived. Restore it first.")


def _shown(ctx: Context, row: DiskSnapshot) -> Response:
    """Tags are its owner's."""
    shown = SNAPSHOT.render(ctx, row)
    if until := row.restored_until(ctx.now):
        shown = shown | {"RestoreExpiryTime": until}
    return shown if row.account == ctx.account else shown | {"Tags": None}


def describe_snapshot_attribute(ctx: Context, request: Request) -> Answer:
    """Of a snapshot of the caller's.  Raises ``InvalidSnapshot.NotFound``, AuthFailure, InvalidParameterValue."""
    snapshot = named(ctx, SNAPSHOT, request, "SnapshotId")
    check_owner(ctx, snapshot)
    attributes: Response = {CREATE_VOLUME.attribute: "CreateVolumePermissions", "productCodes": "ProductCodes"}
    if request["Attribute"] not in attributes:
        raise unknown_attribute(request["Attribute"])
    values = rendered(snapshot) if request["Attribute"] == CREATE_VOLUME.attribute else []
    return Answer({"SnapshotId": snapshot.id, attributes[request["Attribute"]]: values})


def modify_snapshot_attribute(ctx: Context, request: Request) -> Answer:
    """Who may make volumes of it.

    Raises ``InvalidSnapshot.NotFound``, AuthFailure, InvalidParameterValue, IncorrectState for one that is in the
    archive, OperationNotPermitted, and what ``shared_anew`` raises.
    """
    snapshot = _to_share(ctx, request)
    shared = shared_anew(request, snapshot, CREATE_VOLUME)
    is_wider = not set(shared) <= set(snapshot.shared_with)
    if is_wider:
        check_readable(ctx, snapshot)
    if is_wider and is_managed_key(ctx, snapshot.kms_key_id):
        raise AwsError("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
    if ALL in shared and ALL not in snapshot.shared_with:
        if snapshot.encrypted:
            raise AwsError("OperationNotPermitted", "Encrypted snapshots cannot be shared publicly.")
        if settings_of(ctx).snapshot_block_public_access != "unblocked":
            raise AwsError(
                "OperationNotPermitted", "Block public access for snapshots is enabled for this account in this Region."
            )
    return Answer({}, put(replace(snapshot, shared_with=shared)))


def reset_snapshot_attribute(ctx: Context, request: Request) -> Answer:
    """Its owner's alone.  Raises ``InvalidSnapshot.NotFound``, AuthFailure, InvalidParameterValue."""
    return Answer({}, put(replace(_to_share(ctx, request), shared_with=())))


def _to_share(ctx: Context, request: Request) -> DiskSnapshot:
    snapshot = named(ctx, SNAPSHOT, request, "SnapshotId")
    check_owner(ctx, snapshot)
    if request.get("Attribute") not in (None, CREATE_VOLUME.attribute):
        raise unknown_attribute(request["Attribute"])
    return snapshot


def _check_unused(ctx: Context, row: DiskSnapshot) -> None:
    """Raises AuthFailure for another account's, ``InvalidSnapshot.InUse`` while an image needs it."""
    check_owner(ctx, row)
    for image in images_of_snapshot(ctx, row.id):
        raise AwsError("InvalidSnapshot.InUse", f"The snapshot {row.id} is currently in use by {image.id}")


delete_snapshot = deleting(SNAPSHOT, "SnapshotId", _check_unused)
