"""Machine images as data: Amazon Linux 2023 as a client sees it, with an id of its own in every Region.

The ids are ours (a digest of Region and name), so that they never change and never name another image of AWS.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from msgspec import Struct

from .machine_image import MachineImage
from .zones import REGIONS

AMAZON_ACCOUNT = "137112412989"
PARAMETER_PREFIX = "/aws/service/ami-amazon-linux-latest/"


class PublicImage(Struct, frozen=True, kw_only=True):
    """``parameters`` are the public Systems Manager parameters whose value is the image's id."""

    name: str
    description: str
    parameters: tuple[str, ...]
    minimum_size_gib: int
    created_at: datetime

    def id_in(self, region: str) -> str:
        return "ami-0" + self._digest(region, "ami")

    def image_in(self, region: str) -> MachineImage:
        return MachineImage(
            id=self.id_in(region),
            account=AMAZON_ACCOUNT,
            region=region,
            name=self.name,
            description=self.description,
            snapshot_id="snap-0" + self._digest(region, "snap"),
            minimum_size_gib=self.minimum_size_gib,
            created_at=self.created_at,
        )

    def _digest(self, region: str, prefix: str) -> str:
        return hashlib.sha256(f"{prefix}/{region}/{self.name}".encode()).hexdigest()[:16]


_RELEASE = "2023.9.20251117.1"
_CREATED = datetime(2025, 11, 14, 22, 5, 13, tzinfo=UTC)

AL2023 = PublicImage(
    name=f"al2023-ami-{_RELEASE}-kernel-6.1-x86_64",
    description=f"Amazon Linux 2023 AMI {_RELEASE} x86_64 HVM kernel-6.1",
    parameters=("al2023-ami-kernel-default-x86_64", "al2023-ami-kernel-6.1-x86_64"),
    minimum_size_gib=8,
    created_at=_CREATED,
)
AL2023_MINIMAL = PublicImage(
    name=f"al2023-ami-minimal-{_RELEASE}-kernel-6.1-x86_64",
    description=f"Amazon Linux 2023 AMI {_RELEASE} x86_64 Minimal HVM kernel-6.1",
    parameters=("al2023-ami-minimal-kernel-default-x86_64", "al2023-ami-minimal-kernel-6.1-x86_64"),
    minimum_size_gib=2,
    created_at=_CREATED,
)
IMAGES = (AL2023, AL2023_MINIMAL)

_PUBLIC = {region: {image.id_in(region): image.image_in(region) for image in IMAGES} for region in REGIONS}
_BY_PARAMETER = {PARAMETER_PREFIX + name: image for image in IMAGES for name in image.parameters}


def public_images(region: str) -> dict[str, MachineImage]:
    """Amazon's images in this Region by id."""
    return _PUBLIC.get(region, {})


def image_parameters(region: str) -> dict[str, str]:
    """Public parameter names and the image ids that they hold."""
    return {name: image.id_in(region) for name, image in sorted(_BY_PARAMETER.items())}
