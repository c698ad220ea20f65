"""Volumes: what instances were launched with, and what has outlived them (EC2 API Reference)."""

from __future__ import annotations

from realvpc.net.volume import Volume

from ..core.context import Context, Response
from ..core.describe import deleting, describing
from ..core.errors import AwsError
from ..core.filter import no_values
from ..core.noun import Noun, of_row
from ..core.tags import render_tags


def _render(volume: Volume) -> Response:
    return {
        "VolumeId": volume.id,
        "Size": volume.size_gib,
        "SnapshotId": volume.snapshot_id,
        "AvailabilityZone": volume.zone_name,
        "AvailabilityZoneId": volume.zone_id,
        "State": volume.state,
        "CreateTime": volume.created_at,
        "Attachments": [_render_attachment(volume)] if volume.instance_id else [],
        "Encrypted": volume.encrypted,
        "Iops": volume.iops,
        "Throughput": volume.throughput if volume.volume_type == "gp3" else None,
        "Tags": render_tags(volume.tags),
        "VolumeType": volume.volume_type,
        "MultiAttachEnabled": False,
        "Operator": {"Managed": False},
    }


def _render_attachment(volume: Volume) -> Response:
    return {
        "VolumeId": volume.id,
        "InstanceId": volume.instance_id,
        "Device": volume.device_name,
        "State": "attached",
        "AttachTime": volume.created_at,
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


def _check_unused(ctx: Context, volume: Volume) -> None:
    """Raises VolumeInUse while an instance has it."""
    if volume.instance_id is not None:
        raise AwsError("VolumeInUse", f"Volume {volume.id} is currently attached to {volume.instance_id}")


describe_volumes = describing(VOLUME)
delete_volume = deleting(VOLUME, "VolumeId", _check_unused)
