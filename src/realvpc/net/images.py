"""Machine images as data: Amazon Linux 2023 as a client sees it, with an id of its own in every Region.

The ids are ours (a digest of Region and name), so that they never change and never name another image of AWS.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

from .zones import REGIONS

AMAZON_ACCOUNT = "137112412989"
PARAMETER_PREFIX = "/aws/service/ami-amazon-linux-latest/"


class Image(Struct, frozen=True, kw_only=True):
    """``parameters`` are the public Systems Manager parameters whose value is the image's id."""

    name: str
    description: str
    parameters: tuple[str, ...]
    minimum_size_gib: int
    creation_date: str  # as the API prints it
    architecture: str = "x86_64"
    root_device_name: str = "/dev/xvda"

    def id_in(self, region: str) -> str:
        return "ami-0" + self._digest(region, "ami")

    def snapshot_id_in(self, region: str) -> str:
        return "snap-0" + self._digest(region, "snap")

    def _digest(self, region: str, prefix: str) -> str:
        return hashlib.sha256(f"{prefix}/{region}/{self.name}".encode()).hexdigest()[:16]


_RELEASE = "2023.9.20251117.1"
_CREATED = "2025-11-14T22:05:13.000Z"

AL2023 = Image(
    name=f"al2023-ami-{_RELEASE}-kernel-6.1-x86_64",
    description=f"Amazon Linux 2023 AMI {_RELEASE} x86_64 HVM kernel-6.1",
    parameters=("al2023-ami-kernel-default-x86_64", "al2023-ami-kernel-6.1-x86_64"),
    minimum_size_gib=8,
    creation_date=_CREATED,
)
AL2023_MINIMAL = Image(
    name=f"al2023-ami-minimal-{_RELEASE}-kernel-6.1-x86_64",
    description=f"Amazon Linux 2023 AMI {_RELEASE} x86_64 Minimal HVM kernel-6.1",
    parameters=("al2023-ami-minimal-kernel-default-x86_64", "al2023-ami-minimal-kernel-6.1-x86_64"),
    minimum_size_gib=2,
    creation_date=_CREATED,
)
IMAGES = (AL2023, AL2023_MINIMAL)

_BY_ID = {(region, image.id_in(region)): image for region in REGIONS for image in IMAGES}
_BY_PARAMETER = {PARAMETER_PREFIX + name: image for image in IMAGES for name in image.parameters}


def find_image(region: str, image_id: str) -> Image | None:
    """The image with this id in this Region, or None."""
    return _BY_ID.get((region, image_id))


def image_parameters(region: str) -> dict[str, str]:
    """Public parameter names and the image ids that they hold."""
    return {name: image.id_in(region) for name, image in sorted(_BY_PARAMETER.items())}
