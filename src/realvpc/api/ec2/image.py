"""DescribeImages: the publishers' machine images, which everybody sees, and an account's own (EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from realvpc.net.images import PUBLISHERS, public_images
from realvpc.net.instance import InstanceState
from realvpc.net.machine_image import ALL, ImageState, MachineImage

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate, select
from ..core.errors import AwsError
from ..core.filter import no_values
from ..core.lookup import find, is_id
from ..core.noun import Derived, Noun, TellsPrefix, of_row
from ..core.tags import render_tags
from .sharing import check_owner, is_granted, may_use, usable


def check_available(image: MachineImage) -> None:
    """Raises ``InvalidAMIID.Unavailable``."""
    if image.state is not ImageState.AVAILABLE:
        raise AwsError("InvalidAMIID.Unavailable", f"The image id '[{image.id}]' is not available")


def _alias(row: MachineImage) -> str | None:
    return "amazon" if row.account in PUBLISHERS else None


def _self(ctx: Context, row: MachineImage) -> str | None:
    return "self" if row.account == ctx.account else None


def _location(row: MachineImage) -> str:
    return f"{_alias(row) or row.account}/{row.name}"


def _render(row: MachineImage) -> Response:
    ebs: dict[str, Any] = {
        "DeleteOnTermination": True,
        "Encrypted": False,
        "Iops": 3000,
        "SnapshotId": row.snapshot_id,
        "Throughput": 125,
        "VolumeSize": row.minimum_size_gib,
        "VolumeType": "gp3",
    }
    return {
        "ImageId": row.id,
        "ImageLocation": _location(row),
        "ImageType": "machine",
        "ImageOwnerAlias": _alias(row),
        "OwnerId": row.account,
        "Name": row.name,
        "Description": row.description or None,
        "Architecture": row.architecture,
        "CreationDate": f"{row.created_at:%Y-%m-%dT%H:%M:%S}.000Z",
        "Public": row.account in PUBLISHERS or ALL in row.shared_with,
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "State": row.state,
        "BlockDeviceMappings": [{"DeviceName": row.root_device_name, "Ebs": ebs}],
        "EnaSupport": True,
        "Hypervisor": "xen",
        "RootDeviceName": row.root_device_name,
        "RootDeviceType": "ebs",
        "SriovNetSupport": "simple",
        "VirtualizationType": "hvm",
        "BootMode": "uefi-preferred",
        "DeprecationTime": f"{row.deprecated_at:%Y-%m-%dT%H:%M:%S}.000Z" if row.deprecated_at else None,
        "DeregistrationProtection": row.protection,
        "ImdsSupport": "v2.0",
        "FreeTierEligible": True,
        "SourceInstanceId": row.source_instance_id or None,
        "Tags": render_tags(row.tags) or None,
    }


def _one(ctx: Context, image_id: str) -> MachineImage | None:
    """The image with this id that the caller may launch: its own, a publisher's, or one that is shared with it."""
    row = ctx.state.inventory.machine_images.get(image_id)
    return row if row is not None and may_use(ctx, row) else public_images(ctx.region).get(image_id)


def _all(ctx: Context) -> Iterable[MachineImage]:
    return (*public_images(ctx.region).values(), *usable(ctx, ctx.state.inventory.machine_images))


_SEVERITIES = ("critical", "high", "informational", "low", "medium")
_NO_IMAGE_HAS = (
    "boot-mode",
    "image-watermark.source-image-creation-time",
    "image-watermark.source-image-id",
    "image-watermark.source-image-region",
    "image-watermark.watermark-creation-time",
    "image-watermark.watermark-key",
    "instance-type-specification.supported-instance-type",
    "instance-type-specification.unsupported-instance-type",
    "kernel-id",
    "platform",
    "product-code",
    "product-code.type",
    "public-ssm-parameter-name",
    "ramdisk-id",
    *(f"scan-result.{severity}-fix-available-since" for severity in _SEVERITIES),
    "scan-result.finding-scan-date",
    "scan-result.highest-finding-severity-label",
    "source-image-id",
    "source-image-region",
    "state-reason-code",
    "state-reason-message",
)

IMAGE = Noun(
    type=MachineImage,
    prefix="ami",
    not_found="InvalidAMIID.NotFound",
    malformed="InvalidAMIID.Malformed",
    words="image id",
    tag_type="image",
    ids="ImageIds",
    result="Images",
    render=of_row(_render),
    filters={
        **dict.fromkeys(_NO_IMAGE_HAS, no_values),
        "architecture": ".architecture",
        "block-device-mapping.delete-on-termination": "BlockDeviceMappings[].Ebs.DeleteOnTermination",
        "block-device-mapping.device-name": ".root_device_name",
        "block-device-mapping.encrypted": "BlockDeviceMappings[].Ebs.Encrypted",
        "block-device-mapping.snapshot-id": ".snapshot_id",
        "block-device-mapping.volume-size": ".minimum_size_gib",
        "block-device-mapping.volume-type": "BlockDeviceMappings[].Ebs.VolumeType",
        "creation-date": "CreationDate",
        "description": ".description",
        "ena-support": "EnaSupport",
        "free-tier-eligible": "FreeTierEligible",
        "hypervisor": "Hypervisor",
        "image-allowed": lambda ctx, row: (True,),
        "image-id": ".id",
        "image-type": "ImageType",
        "is-public": "Public",
        "manifest-location": "ImageLocation",
        "name": ".name",
        "owner-alias": "ImageOwnerAlias",
        "root-device-name": ".root_device_name",
        "root-device-type": "RootDeviceType",
        "sriov-net-support": "SriovNetSupport",
        "source-instance-id": "SourceInstanceId",
        "state": ".state",
        "virtualization-type": "VirtualizationType",
    },
    derived=Derived(one=_one, all=_all, check=check_owner),
    tells_prefix=TellsPrefix.ALWAYS,
    sentence="The {} '[{}]' {}",
)


def describe_images(ctx: Context, request: Request) -> Answer:
    """By id.  Raises ``InvalidAMIID.Malformed``, ``InvalidAMIID.NotFound``, InvalidParameterValue for a filter."""
    wanted = request.get(IMAGE.ids) or []
    there = _without_remembered(ctx, wanted)
    rows = select(ctx, request | {IMAGE.ids: there}, IMAGE) if there or not wanted else []
    if owners := frozenset(request.get("Owners") or ()):
        rows = [row for row in rows if owners & {row.account, _alias(row), _self(ctx, row)}]
    if users := request.get("ExecutableUsers"):  # who may launch by a permission of the image's, not as its owner
        rows = [row for row in rows if is_granted(ctx, row, users) or (row.account in PUBLISHERS and ALL in users)]
    rows = [row for row in rows if _is_included(ctx, request, row)]
    page, token = paginate(request, rows)
    return Answer({"Images": [_shown(ctx, row) for row in page], "NextToken": token})


def _is_included(ctx: Context, request: Request, row: MachineImage) -> bool:
    """Owners see what they have deprecated, and what they have disabled when they ask for it."""
    if row.state is ImageState.DISABLED:
        return bool(request.get("IncludeDisabled"))
    is_deprecated = row.deprecated_at is not None and ctx.now >= row.deprecated_at
    return not is_deprecated or row.account == ctx.account or bool(request.get("IncludeDeprecated"))


def _without_remembered(ctx: Context, wanted: list[str]) -> list[str]:
    """Without the ids of images that were deregistered: for a while, and as long as an instance names one, it is passed
    over, and not said to be unknown (EC2 API Reference, DescribeImages)."""
    gone = {image_id for image_id in wanted if is_id(IMAGE, image_id) and find(ctx, IMAGE, image_id) is None}
    if not gone:
        return wanted
    rows = ctx.visible(ctx.network.instances)
    named = {row.image_id for row in rows if row.state is not InstanceState.TERMINATED}
    named |= {image_id for image_id in gone if was_deregistered(ctx, image_id)}
    return [image_id for image_id in wanted if image_id not in gone & named]


def was_deregistered(ctx: Context, image_id: str) -> bool:
    """Whether it was an image of the caller's until lately."""
    row = ctx.state.inventory.deregistered_images.get(image_id)
    return row is not None and row.visible_to(ctx.account, ctx.region, ctx.now)


def _shown(ctx: Context, row: MachineImage) -> Response:
    """Tags, and what an image was made of, are its owner's."""
    shown = IMAGE.render(ctx, row)
    return shown if row.account == ctx.account else shown | {"Tags": None, "SourceInstanceId": None}


def images_of_snapshot(ctx: Context, snapshot_id: str) -> list[MachineImage]:
    return [row for row in ctx.state.inventory.machine_images.values() if row.snapshot_id == snapshot_id]
