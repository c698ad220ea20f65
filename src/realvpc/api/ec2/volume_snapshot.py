"""CreateSnapshot, CreateSnapshots and CopySnapshot (EC2 API Reference).

A snapshot of a volume is a record of its size and where it is from: what its volume holds is not kept, so no image can
be made of it (decision 0047). Where no machine runs, a root volume holds what its instance's image does, and so does
its snapshot (decision 0055).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from realvpc.net.machine_image import DiskSnapshot
from realvpc.net.quotas import SNAPSHOTS_PER_REGION
from realvpc.net.table import put
from realvpc.net.volume import Volume

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError, invalid_parameter_value
from ..core.lookup import get, named, not_found
from ..core.parameters import refuse
from ..core.tags import is_reserved, render_tags, tags_on_creation
from .ebs_setting import key_of
from .instance import INSTANCE
from .sharing import may_use
from .snapshot import SNAPSHOT, check_readable
from .volume import VOLUME

_NOT_HERE = ("OutpostArn", "DestinationOutpostArn", "DestinationAvailabilityZone")
_ANYTHING = "vol-ffffffff"


def create_snapshot(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidVolume.NotFound``, SnapshotLimitExceeded, UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    volume = named(ctx, VOLUME, request, "VolumeId")
    tags = tags_on_creation(request, SNAPSHOT.tag_type)
    _check_room(ctx, 1)
    row = _snapshot(ctx, volume, request.get("Description") or "", tags)
    return Answer(_begun(ctx, row), put(row))


def create_snapshots(ctx: Context, request: Request) -> Answer:
    """One of each volume of an instance.  Raises ``InvalidInstanceID.NotFound``, ``InvalidVolume.NotFound``,
    InvalidParameterValue for a volume that the instance does not have, SnapshotLimitExceeded."""
    refuse(request, _NOT_HERE)
    volumes = volumes_to_copy(ctx, request["InstanceSpecification"])
    _check_room(ctx, len(volumes))
    tags = tags_on_creation(request, SNAPSHOT.tag_type)
    copied = request.get("CopyTagsFromSource") == "volume"
    rows = [
        _snapshot(
            ctx,
            volume,
            request.get("Description") or "",
            ({key: value for key, value in volume.tags.items() if not is_reserved(key)} if copied else {}) | tags,
        )
        for volume in volumes
    ]
    members = ("Description", "Encrypted", "OwnerId", "Progress", "SnapshotId", "StartTime", "State", "Tags")
    shown = [_begun(ctx, row) for row in rows]
    return Answer(
        {"Snapshots": [{name: each[name] for name in (*members, "VolumeId", "VolumeSize")} for each in shown]},
        put(*rows),
    )


def volumes_to_copy(ctx: Context, wanted: Request) -> Sequence[Volume]:
    """Those of an instance, an ``InstanceSpecification``, at least one, by their devices.  Raises
    ``InvalidInstanceID.NotFound``, ``InvalidVolume.NotFound``, InvalidParameterValue."""
    instance = get(ctx, INSTANCE, wanted["InstanceId"])
    root = ctx.state.inventory.root_volume_of(instance)
    volumes = {row.id: row for row in ctx.state.inventory.volumes_of(instance.id)}
    if wanted.get("ExcludeBootVolume") and root is not None:
        del volumes[root.id]
    for volume_id in wanted.get("ExcludeDataVolumeIds") or ():
        excluded = get(ctx, VOLUME, volume_id)
        if excluded.instance_id != instance.id or excluded is root:
            raise invalid_parameter_value(f"The volume '{volume_id}' is not a data volume of '{instance.id}'.")
        volumes.pop(volume_id, None)
    if not volumes:
        raise invalid_parameter_value(f"There is no volume of '{instance.id}' left to take a snapshot of.")
    return sorted(volumes.values(), key=lambda row: row.device_name)


def copy_snapshot(ctx: Context, request: Request) -> Answer:
    """Of this account's or one that is shared with it, from any Region.

    Raises ``InvalidSnapshot.NotFound``, IncorrectState for one in the archive, SnapshotLimitExceeded, what ``key_of``
    raises, UnsupportedOperation.
    """
    refuse(request, _NOT_HERE)
    source_id = request["SourceSnapshotId"]
    source = ctx.state.inventory.disk_snapshots.get(source_id)
    if source is None or not may_use(ctx, source, request["SourceRegion"]):
        raise not_found(SNAPSHOT, source_id)
    check_readable(ctx, source)
    if (request.get("DestinationRegion") or ctx.region) != ctx.region:
        raise invalid_parameter_value(
            f"Value ({request['DestinationRegion']}) for parameter destinationRegion is invalid."
        )
    tags = tags_on_creation(request, SNAPSHOT.tag_type)
    _check_room(ctx, 1)
    key = key_of(ctx, request, source=source.kms_key_id if source.encrypted else "")
    row = DiskSnapshot(
        id=ctx.new_id(SNAPSHOT.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        description=request.get("Description") or "",
        size_gib=source.size_gib,
        started_at=ctx.now,
        state=source.state,
        content=source.content,
        volume_id=_ANYTHING if source.volume_id else "",
        is_of_image=source.is_of_image,
        encrypted=bool(key),
        kms_key_id=key,
    )
    return Answer({"SnapshotId": row.id, "Tags": render_tags(row.tags)}, put(row))


def _snapshot(ctx: Context, volume: Volume, description: str, tags: Mapping[str, str]) -> DiskSnapshot:
    instance = ctx.network.instances.get(volume.instance_id or "")
    is_root = instance is not None and volume.device_name == instance.root_device_name
    is_of_image = is_root and not ctx.options.has_fabric
    return DiskSnapshot(
        id=ctx.new_id(SNAPSHOT.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=dict(tags),
        description=description,
        size_gib=volume.size_gib,
        started_at=ctx.now,
        content=instance.image_content if instance is not None and is_of_image else None,
        volume_id=volume.id,
        is_of_image=is_of_image,
        encrypted=volume.encrypted,
        kms_key_id=volume.kms_key_id,
    )


def _begun(ctx: Context, row: DiskSnapshot) -> Response:
    """As the answer shows it; whoever asks next finds it completed."""
    return dict(SNAPSHOT.render(ctx, row)) | {"State": "pending", "Progress": "", "Tags": render_tags(row.tags)}


def _check_room(ctx: Context, more: int) -> None:
    limit = ctx.quota(SNAPSHOTS_PER_REGION)
    if ctx.count(ctx.state.inventory.disk_snapshots) + more > limit:
        raise AwsError("SnapshotLimitExceeded", f"You have reached the limit of {limit} snapshots.")
