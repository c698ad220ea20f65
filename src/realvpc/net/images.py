"""Machine images as data: those of Amazon, Canonical and Debian as a client sees them, with ids of their own in every
Region.

The ids are ours (a digest of Region and name), so that they never change and never name another image of AWS.  What
runs is the same for all of them: the host's system, on the host's processor.  Their descriptions say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from .machine_image import MachineImage
from .zones import REGIONS

AMAZON_ACCOUNT = "137112412989"
CANONICAL_ACCOUNT = "099720109477"
DEBIAN_ACCOUNT = "136693071363"
PUBLISHERS = frozenset({AMAZON_ACCOUNT, CANONICAL_ACCOUNT, DEBIAN_ACCOUNT})
"""Whose images everybody sees, as owned by ``amazon``: on AWS these three are verified providers."""

_AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/"
_UBUNTU = "/aws/service/canonical/ubuntu/server/"
_DEBIAN = "/aws/service/debian/release/"
_STANDS_IN = "(RealVPC: the host's system stands in for it)"


class PublicImage(Struct, frozen=True, kw_only=True):
    """``parameters`` are the public Systems Manager parameters whose value is the image's id."""

    name: str
    description: str
    parameters: tuple[str, ...]
    minimum_size_gib: int = 8
    created_at: datetime
    account: str = AMAZON_ACCOUNT
    architecture: str = "x86_64"
    root_device_name: str = "/dev/xvda"

    def id_in(self, region: str) -> str:
        return "ami-0" + self._digest(region, "ami")

    def image_in(self, region: str) -> MachineImage:
        return MachineImage(
            id=self.id_in(region),
            account=self.account,
            region=region,
            name=self.name,
            description=f"{self.description} {_STANDS_IN}",
            snapshot_id="snap-0" + self._digest(region, "snap"),
            minimum_size_gib=self.minimum_size_gib,
            created_at=self.created_at,
            architecture=self.architecture,
            root_device_name=self.root_device_name,
        )

    def _digest(self, region: str, prefix: str) -> str:
        return hashlib.sha256(f"{prefix}/{region}/{self.name}".encode()).hexdigest()[:16]


_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
"""What Amazon calls them, and what Debian and Ubuntu do."""


def _al2023(
    kernel: str, architecture: str, second: int, *, minimal: bool = False, default: bool = False
) -> PublicImage:
    release, kind = "2023.9.20251117.1", "minimal-" if minimal else ""
    kernels = (f"kernel-{kernel}", "kernel-default") if default else (f"kernel-{kernel}",)
    return PublicImage(
        name=f"al2023-ami-{kind}{release}-kernel-{kernel}-{architecture}",
        description=f"Amazon Linux 2023 AMI {release} {architecture} {'Minimal ' * minimal}HVM kernel-{kernel}",
        parameters=tuple(f"{_AMAZON_LINUX}al2023-ami-{kind}{each}-{architecture}" for each in kernels),
        minimum_size_gib=2 if minimal else 8,
        created_at=datetime(2025, 11, 14, 22, 5, second, tzinfo=UTC),
        architecture=architecture,
    )


def _al2(kernel: str, architecture: str) -> PublicImage:
    release = "2.0.20251110.1"
    return PublicImage(
        name=f"amzn2-ami-{kernel}hvm-{release}-{architecture}-gp2",
        description=f"Amazon Linux 2 {'Kernel 5.10 ' if kernel else ''}AMI {release} {architecture} HVM gp2",
        parameters=(f"{_AMAZON_LINUX}amzn2-ami-{kernel}hvm-{architecture}-gp2",),
        created_at=datetime(2025, 11, 11, 1, 30, 40 + len(kernel), tzinfo=UTC),
        architecture=architecture,
    )


def _ubuntu(version: str, codename: str, storage: str, release: datetime, architecture: str) -> PublicImage:
    """``storage`` is gp2 or gp3: in the parameter's name, and in the image's for gp3."""
    arch = _ARCHITECTURES[architecture]
    place = "hvm-ssd-gp3" if storage == "gp3" else "hvm-ssd"
    return PublicImage(
        name=f"ubuntu/images/{place}/ubuntu-{codename}-{version}-{arch}-server-{release:%Y%m%d}",
        description=f"Canonical, Ubuntu, {version}, {arch} {codename} image",
        parameters=tuple(
            f"{_UBUNTU}{each}/stable/current/{arch}/hvm/ebs-{storage}/ami-id" for each in (version, codename)
        ),
        created_at=release,
        account=CANONICAL_ACCOUNT,
        architecture=architecture,
        root_device_name="/dev/sda1",
    )


def _debian(version: str, codename: str, build: str, release: datetime, architecture: str) -> PublicImage:
    arch = _ARCHITECTURES[architecture]
    return PublicImage(
        name=f"debian-{version}-{arch}-{release:%Y%m%d}-{build}",
        description=f"Debian {version} ({release:%Y%m%d}-{build})",
        parameters=tuple(f"{_DEBIAN}{each}/latest/{arch}" for each in (version, codename)),
        created_at=release,
        account=DEBIAN_ACCOUNT,
        architecture=architecture,
    )


def _of(architecture: str) -> Iterator[PublicImage]:
    """The newest of an owner first: who asks for the most recent one gets the default kernel."""
    yield _al2023("6.1", architecture, 13, default=True)
    yield _al2023("6.12", architecture, 12)
    yield _al2023("6.1", architecture, 11, minimal=True, default=True)
    yield _al2023("6.12", architecture, 10, minimal=True)
    yield _al2("kernel-5.10-", architecture)
    yield _al2("", architecture)
    yield _ubuntu("26.04", "resolute", "gp3", datetime(2026, 7, 14, tzinfo=UTC), architecture)
    yield _ubuntu("24.04", "noble", "gp3", datetime(2026, 7, 13, tzinfo=UTC), architecture)
    yield _ubuntu("22.04", "jammy", "gp2", datetime(2025, 10, 15, tzinfo=UTC), architecture)
    yield _ubuntu("20.04", "focal", "gp2", datetime(2025, 6, 10, tzinfo=UTC), architecture)
    yield _debian("13", "trixie", "2299", datetime(2025, 11, 17, tzinfo=UTC), architecture)
    yield _debian("12", "bookworm", "2294", datetime(2025, 11, 12, tzinfo=UTC), architecture)


_EARLIER = {"x86_64": timedelta(), "arm64": timedelta(minutes=1)}
"""Who asks for the most recent one, and says nothing of architectures, gets what most instance types run."""

IMAGES = tuple(
    replace(image, created_at=image.created_at - _EARLIER[architecture])
    for architecture in _ARCHITECTURES
    for image in _of(architecture)
)
AL2023 = IMAGES[0]

_PUBLIC = {region: {image.id_in(region): image.image_in(region) for image in IMAGES} for region in REGIONS}
_PARAMETERS = {
    region: dict(sorted((name, image.id_in(region)) for image in IMAGES for name in image.parameters))
    for region in REGIONS
}


def public_images(region: str) -> dict[str, MachineImage]:
    """The publishers' images in this Region by id."""
    return _PUBLIC.get(region, {})


def image_parameters(region: str) -> dict[str, str]:
    """Public parameter names and the image ids that they hold."""
    return _PARAMETERS.get(region, {})
