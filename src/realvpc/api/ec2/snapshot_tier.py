"""The archive tier of snapshots (EBS guide, "Archive Amazon EBS snapshots"; EC2 API Reference).

Moving takes hours on AWS; here it is over by the next question, as everything is that snapshots pass through.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from msgspec.structs import replace

from realvpc.net.machine_image import Archiving, DiskSnapshot, ImageState, Tiering
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.filter import FilterValues, passing
from ..core.lookup import named
from ..core.tags import render_tags
from .image import images_of_snapshot
from .sharing import check_owner
from .snapshot import SNAPSHOT

_MOST_DAYS = 180


def modify_snapshot_tier(ctx: Context, request: Request) -> Answer:
    """Into the archive, where it is shared with nobody.

    Raises ``InvalidSnapshot.NotFound``, AuthFailure, IncorrectState for one that is pending or archived already,
    ``InvalidSnapshot.InUse`` for one of an image that is not disabled, MissingParameter.
    """
    row = _own(ctx, request)
    if not request.get("StorageTier"):
        raise missing_parameter("storageTier")
    if row.state is not ImageState.AVAILABLE:
        raise AwsError("IncorrectState", f"The snapshot '{row.id}' is not completed.")
    if row.is_archived:
        raise AwsError("IncorrectState", f"The snapshot '{row.id}' is already archived.")
    for image in images_of_snapshot(ctx, row.id):
        if image.state is not ImageState.DISABLED:
            raise AwsError("InvalidSnapshot.InUse", f"The snapshot {row.id} is currently in use by {image.id}")
    archiving = Archiving(latest=Tiering.ARCHIVAL, latest_at=ctx.now, archived_at=ctx.now)
    return Answer(
        {"SnapshotId": row.id, "TieringStartTime": ctx.now}, put(replace(row, archiving=archiving, shared_with=()))
    )


def restore_snapshot_tier(ctx: Context, request: Request) -> Answer:
    """For some days or for good; asked again, it is for other days or for good from now on.

    Raises ``InvalidSnapshot.NotFound``, AuthFailure, IncorrectState for one that is not archived, MissingParameter,
    InvalidParameterCombination, InvalidParameterValue.
    """
    row = _own(ctx, request)
    days, for_good = request.get("TemporaryRestoreDays"), bool(request.get("PermanentRestore"))
    if for_good and days is not None:
        raise invalid_parameter_combination(
            "The parameter temporaryRestoreDays cannot be used with the parameter permanentRestore"
        )
    if not for_good and days is None:
        raise missing_parameter("temporaryRestoreDays")
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise invalid_parameter_value(
            f"Value ({days}) for parameter temporaryRestoreDays is invalid. It must be between 1 and {_MOST_DAYS}."
        )
    if row.archiving is None or not row.is_archived:
        raise AwsError("IncorrectState", f"The snapshot '{row.id}' is not archived.")
    archiving = replace(
        row.archiving,
        latest=Tiering.PERMANENT_RESTORE if for_good else Tiering.TEMPORARY_RESTORE,
        latest_at=ctx.now,
        restored_until=None if days is None else ctx.now + timedelta(days=days),
    )
    return Answer(
        {
            "SnapshotId": row.id,
            "RestoreStartTime": ctx.now,
            "RestoreDuration": days,
            "IsPermanentRestore": for_good,
        },
        put(replace(row, archiving=archiving)),
    )


def describe_snapshot_tier_status(ctx: Context, request: Request) -> Answer:
    """Of the caller's own snapshots, archived or not.  Raises InvalidParameterValue for a filter."""
    own = ctx.visible(ctx.state.inventory.disk_snapshots)
    rows = passing(ctx, request, own, lambda name: _FILTERS.get(name) or SNAPSHOT.values_of(name))
    page, token = paginate(request, sorted(rows, key=lambda row: row.id))
    return Answer({"SnapshotTierStatuses": [_render(ctx, row) for row in page], "NextToken": token})


def _own(ctx: Context, request: Request) -> DiskSnapshot:
    row = named(ctx, SNAPSHOT, request, "SnapshotId")
    check_owner(ctx, row)
    return row


def _latest(row: DiskSnapshot) -> str | None:
    return f"{row.archiving.latest}-completed" if row.archiving is not None else None


def _render(ctx: Context, row: DiskSnapshot) -> Response:
    shown, archiving = SNAPSHOT.render(ctx, row), row.archiving
    same = ("SnapshotId", "VolumeId", "OwnerId", "StorageTier")
    return {
        **{name: shown[name] for name in same},
        "Status": shown["State"],
        "Tags": render_tags(row.tags),
        "LastTieringStartTime": archiving and archiving.latest_at,
        "LastTieringProgress": 100 if archiving else None,
        "LastTieringOperationStatus": _latest(row),
        "ArchivalCompleteTime": archiving and archiving.archived_at,
        "RestoreExpiryTime": row.restored_until(ctx.now),
    }


_FILTERS: Mapping[str, FilterValues[DiskSnapshot]] = {"last-tiering-operation": lambda ctx, row: (_latest(row),)}
