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
from realvpc.net.volume import DEFAULT_VOLUME_TYPE, VOLUME_TYPES, Volume

from ..core.context import Context, Request
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
    unsupported_operation,
)
from ..core.lookup import get
from .snapshot import SNAPSHOT

# EC2 guide, "Device names for volumes": what hardware virtual machines may call theirs.  Numbers are for partitions, of
# which only the first of sda is a name; Windows leaves the directory out.
_DEVICE_NAME = re.compile(r"(/dev/)?(sd[a-z]|sda1|xvd[a-z]{1,2}|nvme[0-9]{1,2}n1)", re.ASCII)
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
    delete_on_termination: bool = True


def read_volumes(ctx: Context, request: Request, image: MachineImage) -> list[VolumePlan]:
    """Raises MissingParameter, InvalidBlockDeviceMapping (a size below the snapshot's, a device twice, without a name
    or with one that is none), what ``_figures`` raises, ``InvalidSnapshot.NotFound``, AttachmentLimitExceeded;
    UnsupportedOperation for a root volume that is to outlive its instance."""
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
    plans = [_plan(image.root_device_name, ebs, image.snapshot_id, image.minimum_size_gib)]
    for name, mapping in mappings.items():
        ebs = mapping.get("Ebs") or {}
        if not ebs or mapping.get("NoDevice") is not None:
            continue  # an instance store, which no type here has, or a device of the image, which has no other
        snapshot = get(ctx, SNAPSHOT, ebs["SnapshotId"]) if ebs.get("SnapshotId") else None
        plans.append(_plan(name, ebs, snapshot.id if snapshot else "", snapshot.size_gib if snapshot else 0))
    if len(plans) > MAXIMUM_VOLUMES:
        raise AwsError("AttachmentLimitExceeded", f"Volume count {len(plans)} exceeds the limit of {MAXIMUM_VOLUMES}.")
    return plans


def _device_name(mapping: Mapping[str, Any], image: MachineImage) -> str:
    """The name that a mapping is for.  Raises also for a mapping that says nothing of its device."""
    name: str = mapping.get("DeviceName") or ""
    if not name:
        raise AwsError("InvalidBlockDeviceMapping", "Missing device name")
    if name != image.root_device_name and not _DEVICE_NAME.fullmatch(name):
        raise AwsError("InvalidBlockDeviceMapping", f"Invalid device name {name}")
    if not mapping.get("Ebs") and mapping.get("NoDevice") is None and not mapping.get("VirtualName"):
        raise missing_parameter("ebs")
    return name


def _plan(device_name: str, ebs: Mapping[str, Any], snapshot_id: str, least: int) -> VolumePlan:
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
    iops, throughput = _figures(volume_type, size, ebs.get("Iops"), ebs.get("Throughput"))
    return VolumePlan(
        device_name=device_name,
        size_gib=size,
        volume_type=volume_type,
        iops=iops,
        throughput=throughput,
        snapshot_id=snapshot_id,
        encrypted=bool(ebs.get("Encrypted")),
        delete_on_termination=bool(ebs.get("DeleteOnTermination")),
    )


def _figures(name: str, size: int, iops: int | None, throughput: int | None) -> tuple[int | None, int | None]:
    """IOPS and throughput in MiB/s.

    Raises InvalidParameterValue for a type or figures that cannot be, InvalidParameterCombination for figures that the
    type does not take, MissingParameter for IOPS that it must be told.
    """
    kind = VOLUME_TYPES.get(name)
    if kind is None:
        raise invalid_parameter_value(f"Value ({name}) for parameter volumeType is invalid.")
    if size < kind.minimum_gib:
        raise invalid_parameter_value(
            f"Volume of {size}GiB is too small for volume type {name}; minimum is {kind.minimum_gib}GiB."
        )
    if size > kind.maximum_gib:
        raise invalid_parameter_value(
            f"Volume of {size}GiB is too large for volume type {name}; maximum is {kind.maximum_gib}GiB."
        )
    for member, value, limits in (("iops", iops, kind.iops), ("throughput", throughput, kind.throughput)):
        if value is not None and limits is None:
            raise invalid_parameter_combination(f"The parameter {member} is not supported for {name} volumes.")
        if value is not None and limits is not None and not limits[0] <= value <= limits[1]:
            raise invalid_parameter_value(
                f"Value ({value}) for parameter {member} is invalid. It has to be {limits[0]} to {limits[1]}."
            )
    if iops is None and kind.needs_iops:
        raise AwsError("MissingParameter", f"The parameter iops must be specified for {name} volumes.")
    return iops or kind.default_iops(size), throughput or (kind.throughput[0] if kind.throughput else None)


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
        device_name=plan.device_name,
        delete_on_termination=plan.delete_on_termination,
    )
