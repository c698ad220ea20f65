"""DescribeImages: Amazon's machine images, which everybody sees, and an account's own (EC2 API Reference)."""

from __future__ import annotations

import re
from typing import Any

from realvpc.net.images import AMAZON_ACCOUNT, public_images
from realvpc.net.machine_image import ImageState, MachineImage

from ..core.context import Answer, Context, Request, Response
from ..core.describe import FilterValues, apply_filters, no_values, paginate, render_tags
from ..core.errors import AwsError
from ..core.lookup import IMAGE

_IMAGE_ID = re.compile(r"ami-[0-9a-f]{8}(?:[0-9a-f]{9})?")


def describe_images(ctx: Context, request: Request) -> Answer:
    """By id.  Raises ``InvalidAMIID.Malformed``, ``InvalidAMIID.NotFound``, InvalidParameterValue for a filter."""
    wanted = request.get("ImageIds") or []
    rows = [*public_images(ctx.region).values(), *ctx.visible(ctx.state.inventory.machine_images)]
    for image_id in wanted:
        check_image_id(image_id)
        if find_image(ctx, image_id) is None:
            raise image_not_found(image_id)
    if wanted:
        rows = [row for row in rows if row.id in wanted]
    if owners := request.get("Owners"):
        rows = [row for row in rows if {row.account, _alias(row), _self(ctx, row)} & set(owners)]
    if users := request.get("ExecutableUsers"):  # who may launch by a permission of the image's, not as its owner
        rows = [row for row in rows if row.account == AMAZON_ACCOUNT and "all" in users]
    rows.sort(key=lambda row: row.id)
    page, token = paginate(request, list(apply_filters(ctx, request, rows, _FILTERS)))
    return Answer({"Images": [_render(row) for row in page], "NextToken": token})


def check_image_id(image_id: str) -> None:
    """Raises ``InvalidAMIID.Malformed``."""
    if not _IMAGE_ID.fullmatch(image_id):
        raise AwsError(IMAGE.malformed, f'Invalid id: "{image_id}" (expecting "ami-...")')


def find_image(ctx: Context, image_id: str) -> MachineImage | None:
    """The image of Amazon's or of the caller's with this id."""
    own = ctx.state.inventory.machine_images.get(image_id)
    return own if own is not None and ctx.sees(own) else public_images(ctx.region).get(image_id)


def image_not_found(image_id: str) -> AwsError:
    return AwsError(IMAGE.not_found, f"The image id '[{image_id}]' does not exist")


def check_available(image: MachineImage) -> None:
    """Raises ``InvalidAMIID.Unavailable``."""
    if image.state is not ImageState.AVAILABLE:
        raise AwsError("InvalidAMIID.Unavailable", f"The image id '[{image.id}]' is not available")


def _alias(row: MachineImage) -> str | None:
    return "amazon" if row.account == AMAZON_ACCOUNT else None


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
        "Public": row.account == AMAZON_ACCOUNT,
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
        "ImdsSupport": "v2.0",
        "FreeTierEligible": True,
        "Tags": render_tags(row.tags),
    }


_NO_IMAGE_HAS = (
    "kernel-id",
    "platform",
    "product-code",
    "product-code.type",
    "ramdisk-id",
    "source-image-id",
    "source-image-region",
    "source-instance-id",
    "state-reason-code",
    "state-reason-message",
)

_FILTERS: dict[str, FilterValues[MachineImage]] = {
    **dict.fromkeys(_NO_IMAGE_HAS, no_values),
    "architecture": lambda ctx, row: [row.architecture],
    "block-device-mapping.delete-on-termination": lambda ctx, row: [True],
    "block-device-mapping.device-name": lambda ctx, row: [row.root_device_name],
    "block-device-mapping.encrypted": lambda ctx, row: [False],
    "block-device-mapping.snapshot-id": lambda ctx, row: [row.snapshot_id],
    "block-device-mapping.volume-size": lambda ctx, row: [row.minimum_size_gib],
    "block-device-mapping.volume-type": lambda ctx, row: ["gp3"],
    "creation-date": lambda ctx, row: [row.created_at],
    "description": lambda ctx, row: [row.description],
    "ena-support": lambda ctx, row: [True],
    "free-tier-eligible": lambda ctx, row: [True],
    "hypervisor": lambda ctx, row: ["xen"],
    "image-allowed": lambda ctx, row: [True],
    "image-id": lambda ctx, row: [row.id],
    "image-type": lambda ctx, row: ["machine"],
    "is-public": lambda ctx, row: [row.account == AMAZON_ACCOUNT],
    "manifest-location": lambda ctx, row: [_location(row)],
    "name": lambda ctx, row: [row.name],
    "owner-alias": lambda ctx, row: [_alias(row)],
    "root-device-name": lambda ctx, row: [row.root_device_name],
    "root-device-type": lambda ctx, row: ["ebs"],
    "sriov-net-support": lambda ctx, row: ["simple"],
    "state": lambda ctx, row: [row.state],
    "virtualization-type": lambda ctx, row: ["hvm"],
}
