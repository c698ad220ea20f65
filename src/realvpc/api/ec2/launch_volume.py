"""The volumes that RunInstances makes (EC2 API Reference, "BlockDeviceMapping"; EBS guide, "Volume types").

The machine has the root volume's disk and no other: more volumes exist, attached, and nobody writes to them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from realvpc.net.instance import Instance
from realvpc.net.machine_image import MachineImage
from realvpc.net.volume import DEFAULT_VOLUME_TYPE, Volume

from ..core.context import Context, Request
from ..core.errors import (
    AwsError,
    missing_parameter,
    unsupported_operation,
)
from ..core.lookup import get
from .ebs_setting import key_of
from .snapshot import SNAPSHOT, check_readable
from .volume_figures import read_figures

# EC2 guide, "Device names for volumes": what hardware virtual machines may call theirs.  Numbers are for partitions, of
# which only the first of sda is a name; Windows leaves the directory out.
DEVICE_NAME = re.compile(r"(/dev/)?(sd[a-z]|sda1|xvd[a-z]{1,2}|nvme[0-9]{1,2}n1)", re.ASCII)
MAXIMUM_VOLUMES = 28  # attachments of a Nitro instance (EC2 guide, "Volume limits")


class VolumePlan(Struct, frozen=True, kw_only=True):
    """One volume of each instance; of the root device first."""

    device_name: str
    size_gib: int
    volume_type: str
    iops: int | None
    throughput: int | None
    snapshot_id: str = ""
    encrypted: bool = False
    kms_key_id: str = ""
    delete_on_termination: bool = True


def read_volumes(ctx: Context, request: Request, image: MachineImage) -> list[VolumePlan]:
    """Raises MissingParameter, InvalidBlockDeviceMapping (a size below the snapshot's, a device twice, without a name
    or with one that is none), what ``read_figures`` and ``key_of`` raise, ``InvalidSnapshot.NotFound``,
    IncorrectState for one in the archive, AttachmentLimitExceeded; UnsupportedOperation for a root volume that is to
    outlive its instance."""
    mappings: dict[str, Mapping[str, Any]] = {}
    for mapping in request.get("BlockDeviceMappings") or []:
        name = _device_name(mapping, image)
        if name in mappings:
            raise AwsError("InvalidBlockDeviceMapping", f"The device '{name}' is used in more than one mapping.")
        mappings[name] = mapping
    root = mappings.pop(image.root_device_name, {})
    if root.get("NoDevice") is not None or (root.get("Ebs") or {}).get("DeleteOnTermination") is False:
        raise unsupported_operation("The root volume is deleted on termination.")
    ebs = {"DeleteOnTermination": True} | (root.get("Ebs") or {})
    if ebs.get("SnapshotId") not in (None, "", image.snapshot_id):
        get(ctx, SNAPSHOT, ebs["SnapshotId"])
    plans = [_plan(ctx, image.root_device_name, ebs, image.snapshot_id, image.minimum_size_gib)]
    for name, mapping in mappings.items():
        ebs = mapping.get("Ebs") or {}
        if not ebs or mapping.get("NoDevice") is not None:
            continue  # an instance store, which no type here has, or a device of the image, which has no other
        snapshot = get(ctx, SNAPSHOT, ebs["SnapshotId"]) if ebs.get("SnapshotId") else None
        if snapshot:
            check_readable(ctx, snapshot)
        plans.append(_plan(ctx, name, ebs, snapshot.id if snapshot else "", snapshot.size_gib if snapshot else 0))
    if len(plans) > MAXIMUM_VOLUMES:
        raise AwsError("AttachmentLimitExceeded", f"Volume count {len(plans)} exceeds the limit of {MAXIMUM_VOLUMES}.")
    return plans


def _device_name(mapping: Mapping[str, Any], image: MachineImage) -> str:
    """The name that a mapping is for.  Raises also for a mapping that says nothing of its device."""
    name: str = mapping.get("DeviceName") or ""
    if not name:
        raise AwsError("InvalidBlockDeviceMapping", "Missing device name")
    if name != image.root_device_name and not DEVICE_NAME.fullmatch(name):
        raise AwsError("InvalidBlockDeviceMapping", f"Invalid device name {name}")
    if not mapping.get("Ebs") and mapping.get("NoDevice") is None and not mapping.get("VirtualName"):
        raise missing_parameter("ebs")
    return name


def _plan(ctx: Context, device_name: str, ebs: Mapping[str, Any], snapshot_id: str, least: int) -> VolumePlan:
    """``least`` is the size of the snapshot in GiB, 0 without one."""
    size = ebs.get("VolumeSize") or least
    if not size:
        raise AwsError("MissingParameter", "The request must contain the parameter size or snapshotId")
    if size < least:
        raise AwsError(
            "InvalidBlockDeviceMapping",
            f"Volume of size {size}GB is smaller than snapshot '{snapshot_id}', expect size>= {least}GB",
        )
    volume_type = ebs.get("VolumeType") or DEFAULT_VOLUME_TYPE
    figures = read_figures(volume_type, size, ebs.get("Iops"), ebs.get("Throughput"))
    key = key_of(ctx, ebs)
    return VolumePlan(
        device_name=device_name,
        size_gib=size,
        volume_type=volume_type,
        iops=figures.iops,
        throughput=figures.throughput,
        snapshot_id=snapshot_id,
        encrypted=bool(key),
        kms_key_id=key,
        delete_on_termination=bool(ebs.get("DeleteOnTermination")),
    )


def make_volume(ctx: Context, instance: Instance, plan: VolumePlan, tags: Mapping[str, str]) -> Volume:
    return Volume(
        id=ctx.new_id("vol"),
        account=ctx.account,
        region=ctx.region,
        tags=dict(tags),
        instance_id=instance.id,
        zone_name=instance.zone_name,
        zone_id=instance.zone_id,
        snapshot_id=plan.snapshot_id,
        size_gib=plan.size_gib,
        created_at=ctx.now,
        volume_type=plan.volume_type,
        iops=plan.iops,
        throughput=plan.throughput,
        encrypted=plan.encrypted,
        kms_key_id=plan.kms_key_id,
        device_name=plan.device_name,
        delete_on_termination=plan.delete_on_termination,
    )
