"""DescribeVolumes: the root volumes of instances (EC2 API Reference)."""

from __future__ import annotations

from realvpc.net.volume import Volume

from ..core.context import Response
from ..core.describe import describing
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
        "attachment.attach-time": ".created_at",
        "attachment.delete-on-termination": ".delete_on_termination",
        "attachment.device": ".device_name",
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
        "status": "State",
        "volume-id": ".id",
        "volume-type": ".volume_type",
    },
    found_by={"attachment.instance-id": lambda ctx, value: ctx.network.volumes_of(value)},
)

describe_volumes = describing(VOLUME)
