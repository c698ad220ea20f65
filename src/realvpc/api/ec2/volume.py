"""Volumes: what instances were launched with, what has outlived them, and what was made by itself (EC2 API Reference).

Data volumes are records: they attach, and no guest sees a device (decision 0047).
"""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.quotas import VOLUME_STORAGE
from realvpc.net.table import delete, put
from realvpc.net.volume import TRANSITIONS, AttachmentState, Volume, VolumeEvent
from realvpc.net.zones import REGIONS, Zone, find_zone

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
)
from ..core.filter import no_values
from ..core.lookup import get, named
from ..core.noun import Noun, of_row
from ..core.parameters import refuse
from ..core.tags import render_tags, tags_on_creation
from .ebs_setting import key_of
from .snapshot import SNAPSHOT, check_readable
from .volume_figures import read_figures

_DEFAULT_TYPE = "gp2"  # of CreateVolume; launches have that of their image
_GIB_PER_TIB = 1024


def _render(volume: Volume) -> Response:
    return {
        "VolumeId": volume.id,
        "Size": volume.size_gib,
        "SnapshotId": volume.snapshot_id,
        "AvailabilityZone": volume.zone_name,
        "AvailabilityZoneId": volume.zone_id,
        "State": volume.state,
        "CreateTime": volume.created_at,
        "Attachments": [render_attachment(volume)] if volume.instance_id else [],
        "Encrypted": volume.encrypted,
        "KmsKeyId": volume.kms_key_id or None,
        "Iops": volume.iops,
        "Throughput": volume.throughput if volume.volume_type == "gp3" else None,
        "Tags": render_tags(volume.tags) or None,
        "VolumeType": volume.volume_type,
        "MultiAttachEnabled": False,
        "Operator": {"Managed": False},
    }


def render_attachment(volume: Volume, state: AttachmentState = AttachmentState.ATTACHED) -> Response:
    return {
        "VolumeId": volume.id,
        "InstanceId": volume.instance_id,
        "Device": volume.device_name,
        "State": state,
        "AttachTime": volume.attached_since,
        "DeleteOnTermination": volume.delete_on_termination,
    }


VOLUME = Noun(
    type=Volume,
    prefix="vol",
    not_found="InvalidVolume.NotFound",
    malformed="InvalidVolumeID.Malformed",
    words="volume",
    tag_type="volume",
    ids="VolumeIds",
    result="Volumes",
    render=of_row(_render),
    filters={
        "attachment.attach-time": "Attachments[].AttachTime",
        "attachment.delete-on-termination": "Attachments[].DeleteOnTermination",
        "attachment.device": "Attachments[].Device",
        "attachment.instance-id": ".instance_id",
        "attachment.status": "Attachments[].State",
        "availability-zone": ".zone_name",
        "availability-zone-id": ".zone_id",
        "create-time": ".created_at",
        "encrypted": ".encrypted",
        "fast-restored": lambda ctx, row: (False,),
        "multi-attach-enabled": "MultiAttachEnabled",
        "operator.managed": "Operator.Managed",
        "operator.principal": no_values,
        "size": ".size_gib",
        "snapshot-id": ".snapshot_id",
        "status": ".state",
        "volume-id": ".id",
        "volume-type": ".volume_type",
    },
    found_by={"attachment.instance-id": lambda ctx, value: ctx.state.inventory.volumes_of(value)},
)

describe_volumes = describing(VOLUME)


def create_volume(ctx: Context, request: Request) -> Answer:
    """Raises MissingParameter, InvalidParameterCombination, ``InvalidSnapshot.NotFound``, ``InvalidZone.NotFound``,
    InvalidParameterValue, IncorrectState for a snapshot in the archive, what ``read_figures`` and ``key_of`` raise,
    VolumeLimitExceeded, UnsupportedOperation."""
    refuse(request, ("MultiAttachEnabled", "OutpostArn"))
    zone = _zone(ctx, request)
    snapshot = get(ctx, SNAPSHOT, request["SnapshotId"]) if request.get("SnapshotId") else None
    if snapshot:
        check_readable(ctx, snapshot)
    size = request.get("Size") or (snapshot.size_gib if snapshot else 0)
    if not size:
        raise AwsError("MissingParameter", "The request must contain the parameter size/snapshot")
    if snapshot and size < snapshot.size_gib:
        raise invalid_parameter_value(
            f"Volume of size {size}GB is smaller than snapshot '{snapshot.id}', expect size >= {snapshot.size_gib}GB"
        )
    figures = read_figures(
        request.get("VolumeType") or _DEFAULT_TYPE, size, request.get("Iops"), request.get("Throughput")
    )
    check_storage(ctx, figures.volume_type, figures.size_gib)
    key = key_of(ctx, request, source=snapshot.kms_key_id if snapshot and snapshot.encrypted else "")
    row = Volume(
        id=ctx.new_id(VOLUME.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags_on_creation(request, VOLUME.tag_type),
        zone_name=zone.name,
        zone_id=zone.id,
        snapshot_id=snapshot.id if snapshot else "",
        size_gib=figures.size_gib,
        created_at=ctx.now,
        volume_type=figures.volume_type,
        iops=figures.iops,
        throughput=figures.throughput,
        encrypted=bool(key),
        kms_key_id=key,
    )
    state, _ = TRANSITIONS[None, VolumeEvent.CREATE]
    return Answer(_render(row) | {"State": state, "Tags": render_tags(row.tags)}, put(row))


def _zone(ctx: Context, request: Request) -> Zone:
    name, zone_id = request.get("AvailabilityZone"), request.get("AvailabilityZoneId")
    if name and zone_id:
        raise invalid_parameter_combination("Specify either an Availability Zone or an Availability Zone ID, not both.")
    if not name and not zone_id:
        raise missing_parameter("availabilityZone")
    zone = find_zone(REGIONS[ctx.region], ctx.account_record.zone_seed, name or zone_id or "")
    if zone is None or (zone.name != name and zone.id != zone_id):
        raise AwsError("InvalidZone.NotFound", f"The zone '{name or zone_id}' does not exist.")
    return zone


def check_storage(ctx: Context, volume_type: str, more_gib: int) -> None:
    """Raises VolumeLimitExceeded where volumes of the type would be larger together than the account may have."""
    limit = ctx.quota(VOLUME_STORAGE[volume_type])
    used = sum(row.size_gib for row in ctx.visible(ctx.state.inventory.volumes) if row.volume_type == volume_type)
    if used + more_gib > limit * _GIB_PER_TIB:
        raise AwsError(
            "VolumeLimitExceeded",
            f"You have exceeded your maximum {volume_type} storage limit of {limit} TiB in this region. Please contact "
            "AWS Support to request an Elastic Block Store service limit increase.",
        )


def delete_volume(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidVolume.NotFound``, VolumeInUse while an instance has it."""
    volume = named(ctx, VOLUME, request, "VolumeId")
    if (volume.state, VolumeEvent.DELETE) not in TRANSITIONS:
        raise AwsError("VolumeInUse", f"Volume {volume.id} is currently attached to {volume.instance_id}")
    return Answer({}, delete(volume))


def detached(volume: Volume) -> Volume:
    return replace(volume, instance_id=None, attached_at=None, delete_on_termination=False)
