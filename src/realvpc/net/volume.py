"""A volume of an instance (EBS guide, "Volume types"); its machine writes to the root volume's disk."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from .resource import Resource


class VolumeType(Struct, frozen=True, kw_only=True):
    """``iops`` and ``throughput`` (MiB/s) are what may be chosen, least and most; None: nothing."""

    minimum_gib: int
    maximum_gib: int
    iops: tuple[int, int] | None = None
    throughput: tuple[int, int] | None = None
    needs_iops: bool = False
    iops_per_gib: int = 0  # what it has without being asked

    def default_iops(self, size_gib: int) -> int | None:
        if self.iops_per_gib:
            return min(16_000, max(100, self.iops_per_gib * size_gib))
        return self.iops[0] if self.iops else None


VOLUME_TYPES = {
    "gp2": VolumeType(minimum_gib=1, maximum_gib=16_384, iops_per_gib=3),
    "gp3": VolumeType(minimum_gib=1, maximum_gib=65_536, iops=(3_000, 80_000), throughput=(125, 2_000)),
    "io1": VolumeType(minimum_gib=4, maximum_gib=16_384, iops=(100, 64_000), needs_iops=True),
    "io2": VolumeType(minimum_gib=4, maximum_gib=65_536, iops=(100, 256_000), needs_iops=True),
    "sc1": VolumeType(minimum_gib=125, maximum_gib=16_384),
    "st1": VolumeType(minimum_gib=125, maximum_gib=16_384),
    "standard": VolumeType(minimum_gib=1, maximum_gib=1_024),
}
DEFAULT_VOLUME_TYPE = "gp3"  # of our images


class Volume(Resource, frozen=True, kw_only=True):
    """``size_gib`` and ``iops`` are as the API shows them; the host sets the limits of what is stored."""

    instance_id: str | None = None  # None: it has outlived its instance
    zone_name: str
    zone_id: str
    snapshot_id: str = ""  # what it was made of, if of anything
    size_gib: int
    created_at: datetime
    volume_type: str = "gp3"
    iops: int | None = 3000
    throughput: int | None = 125  # MiB/s
    encrypted: bool = False
    device_name: str = "/dev/xvda"
    delete_on_termination: bool = True

    @property
    def state(self) -> str:
        return "in-use" if self.instance_id else "available"
