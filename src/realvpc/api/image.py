"""DescribeImages: the machine images that instances start from (EC2 API Reference)."""

from __future__ import annotations

import re

from realvpc.net.images import AMAZON_ACCOUNT, IMAGES, Image, find_image

from .context import Answer, Context, Request, Response
from .describe import FilterValues, no_values, paginate, passing
from .errors import AwsError

_IMAGE_ID = re.compile(r"ami-[0-9a-f]{8}(?:[0-9a-f]{9})?")
_AMAZON = (AMAZON_ACCOUNT, "amazon")


class _Row:
    """An image in one Region."""

    def __init__(self, image: Image, region: str) -> None:
        self.image = image
        self.id = image.id_in(region)


def describe_images(ctx: Context, request: Request) -> Answer:
    """Images of Amazon are all there are: the owner ``self`` has none.

    Raises ``InvalidAMIID.Malformed``, ``InvalidAMIID.NotFound``, InvalidParameterValue for a filter.
    """
    rows = sorted((_Row(image, ctx.region) for image in IMAGES), key=lambda row: row.id)
    wanted = request.get("ImageIds") or []
    for image_id in wanted:
        if not _IMAGE_ID.fullmatch(image_id):
            raise AwsError("InvalidAMIID.Malformed", f'Invalid id: "{image_id}" (expecting "ami-...")')
        if find_image(ctx.region, image_id) is None:
            raise AwsError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    if wanted:
        rows = [row for row in rows if row.id in wanted]
    owners = request.get("Owners") or []
    users = request.get("ExecutableUsers") or []
    if (owners and not set(owners) & set(_AMAZON)) or (users and "all" not in users):
        rows = []
    page, token = paginate(request, passing(ctx, request, rows, _filter))
    return Answer({"Images": [_render(ctx, row) for row in page], "NextToken": token})


def _render(ctx: Context, row: _Row) -> Response:
    image = row.image
    return {
        "ImageId": row.id,
        "ImageLocation": f"amazon/{image.name}",
        "ImageType": "machine",
        "ImageOwnerAlias": "amazon",
        "OwnerId": AMAZON_ACCOUNT,
        "Name": image.name,
        "Description": image.description,
        "Architecture": image.architecture,
        "CreationDate": image.creation_date,
        "Public": True,
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "State": "available",
        "BlockDeviceMappings": [
            {
                "DeviceName": image.root_device_name,
                "Ebs": {
                    "DeleteOnTermination": True,
                    "Encrypted": False,
                    "Iops": 3000,
                    "SnapshotId": image.snapshot_id_in(ctx.region),
                    "Throughput": 125,
                    "VolumeSize": image.minimum_size_gib,
                    "VolumeType": "gp3",
                },
            }
        ],
        "EnaSupport": True,
        "Hypervisor": "xen",
        "RootDeviceName": image.root_device_name,
        "RootDeviceType": "ebs",
        "SriovNetSupport": "simple",
        "VirtualizationType": "hvm",
        "BootMode": "uefi-preferred",
        "ImdsSupport": "v2.0",
        "FreeTierEligible": True,
    }


def _filter(name: str) -> FilterValues[_Row] | None:
    return no_values if name.startswith("tag:") else _FILTERS.get(name)


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
    "tag-key",
)

_FILTERS: dict[str, FilterValues[_Row]] = {
    **dict.fromkeys(_NO_IMAGE_HAS, no_values),
    "architecture": lambda ctx, row: [row.image.architecture],
    "block-device-mapping.delete-on-termination": lambda ctx, row: [True],
    "block-device-mapping.device-name": lambda ctx, row: [row.image.root_device_name],
    "block-device-mapping.encrypted": lambda ctx, row: [False],
    "block-device-mapping.snapshot-id": lambda ctx, row: [row.image.snapshot_id_in(ctx.region)],
    "block-device-mapping.volume-size": lambda ctx, row: [row.image.minimum_size_gib],
    "block-device-mapping.volume-type": lambda ctx, row: ["gp3"],
    "creation-date": lambda ctx, row: [row.image.creation_date],
    "description": lambda ctx, row: [row.image.description],
    "ena-support": lambda ctx, row: [True],
    "free-tier-eligible": lambda ctx, row: [True],
    "hypervisor": lambda ctx, row: ["xen"],
    "image-allowed": lambda ctx, row: [True],
    "image-id": lambda ctx, row: [row.id],
    "image-type": lambda ctx, row: ["machine"],
    "is-public": lambda ctx, row: [True],
    "manifest-location": lambda ctx, row: [f"amazon/{row.image.name}"],
    "name": lambda ctx, row: [row.image.name],
    "owner-alias": lambda ctx, row: ["amazon"],
    "owner-id": lambda ctx, row: [AMAZON_ACCOUNT],
    "root-device-name": lambda ctx, row: [row.image.root_device_name],
    "root-device-type": lambda ctx, row: ["ebs"],
    "sriov-net-support": lambda ctx, row: ["simple"],
    "state": lambda ctx, row: ["available"],
    "virtualization-type": lambda ctx, row: ["hvm"],
}
