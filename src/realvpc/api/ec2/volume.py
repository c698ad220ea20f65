"""DescribeVolumes: the root volumes of instances (EC2 API Reference)."""

from __future__ import annotations

from realvpc.net.volume import Volume

from ..core.context import Answer, Context, Request, Response
from ..core.describe import FilterValues, describe, no_values, render_tags
from ..core.lookup import VOLUME


def describe_volumes(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidVolume.NotFound``, InvalidParameterValue for a filter."""
    return describe(ctx, request, VOLUME, ids="VolumeIds", result="Volumes", render=_render, filters=_FILTERS)


def _render(ctx: Context, volume: Volume) -> Response:
    return {
        "VolumeId": volume.id,
        "Size": volume.size_gib,
        "SnapshotId": volume.snapshot_id,
        "AvailabilityZone": volume.zone_name,
        "AvailabilityZoneId": volume.zone_id,
        "State": "in-use",
        "CreateTime": volume.created_at,
        "Attachments": [
            {
                "VolumeId": volume.id,
                "InstanceId": volume.instance_id,
                "Device": volume.device_name,
                "State": "attached",
                "AttachTime": volume.created_at,
                "DeleteOnTermination": volume.delete_on_termination,
            }
        ],
        "Encrypted": volume.encrypted,
        "Iops": volume.iops,
        "Throughput": volume.throughput if volume.volume_type == "gp3" else None,
        "Tags": render_tags(volume.tags),
        "VolumeType": volume.volume_type,
        "MultiAttachEnabled": False,
        "Operator": {"Managed": False},
    }


_FILTERS: dict[str, FilterValues[Volume]] = {
    "attachment.attach-time": lambda ctx, row: [row.created_at],
    "attachment.delete-on-termination": lambda ctx, row: [row.delete_on_termination],
    "attachment.device": lambda ctx, row: [row.device_name],
    "attachment.instance-id": lambda ctx, row: [row.instance_id],
    "attachment.status": lambda ctx, row: ["attached"],
    "availability-zone": lambda ctx, row: [row.zone_name],
    "availability-zone-id": lambda ctx, row: [row.zone_id],
    "create-time": lambda ctx, row: [row.created_at],
    "encrypted": lambda ctx, row: [row.encrypted],
    "fast-restored": lambda ctx, row: [False],
    "multi-attach-enabled": lambda ctx, row: [False],
    "operator.managed": lambda ctx, row: [False],
    "operator.principal": no_values,
    "size": lambda ctx, row: [row.size_gib],
    "snapshot-id": lambda ctx, row: [row.snapshot_id],
    "status": lambda ctx, row: ["in-use"],
    "volume-id": lambda ctx, row: [row.id],
    "volume-type": lambda ctx, row: [row.volume_type],
}
