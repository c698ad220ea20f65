"""A volume (EBS guide, "Volume types", "Elastic Volumes"); a machine writes to its root volume's disk alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

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

MODIFICATIONS_AT_MOST, MODIFICATIONS_WITHIN = 4, timedelta(hours=24)


class VolumeState(StrEnum):
    CREATING = "creating"
    AVAILABLE = "available"
    IN_USE = "in-use"
    DELETING = "deleting"


class AttachmentState(StrEnum):
    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"
    DETACHED = "detached"


class VolumeEvent(StrEnum):
    CREATE = "create"
    ATTACH = "attach"
    DETACH = "detach"
    DELETE = "delete"


_S, _A, _E = VolumeState, AttachmentState, VolumeEvent

# What is asked of a volume in which state, and what the answer shows of it and of its attachment.  By the time of the
# next question it is over: the volume is as its row says, or gone.  What is not here is refused.
TRANSITIONS: dict[tuple[VolumeState | None, VolumeEvent], tuple[VolumeState, AttachmentState]] = {
    (None, _E.CREATE): (_S.CREATING, _A.DETACHED),
    (_S.AVAILABLE, _E.ATTACH): (_S.IN_USE, _A.ATTACHING),
    (_S.IN_USE, _E.DETACH): (_S.IN_USE, _A.DETACHING),
    (_S.AVAILABLE, _E.DELETE): (_S.DELETING, _A.DETACHED),
}


class VolumeFigures(Struct, frozen=True, kw_only=True):
    """What ModifyVolume changes."""

    size_gib: int
    volume_type: str
    iops: int | None
    throughput: int | None


class VolumeModification(Struct, frozen=True, kw_only=True):
    """The latest one, and when those before it began that count against how many there may be."""

    original: VolumeFigures
    target: VolumeFigures
    started_at: datetime
    earlier: tuple[datetime, ...] = ()

    def lately(self, now: datetime) -> tuple[datetime, ...]:
        """When the modifications of the last 24 hours began."""
        return tuple(each for each in (*self.earlier, self.started_at) if now < each + MODIFICATIONS_WITHIN)


class Volume(Resource, frozen=True, kw_only=True):
    """``size_gib`` and ``iops`` are as the API shows them; the host sets the limits of what is stored."""

    instance_id: str | None = None  # None: it is attached to none
    zone_name: str
    zone_id: str
    snapshot_id: str = ""  # what it was made of, if of anything
    size_gib: int
    created_at: datetime
    volume_type: str = "gp3"
    iops: int | None = 3000
    throughput: int | None = 125  # MiB/s
    encrypted: bool = False
    kms_key_id: str = ""  # an ARN; of rows of before there was one, empty
    device_name: str = "/dev/xvda"  # while it is attached
    delete_on_termination: bool = True
    attached_at: datetime | None = None  # None: as it was made
    auto_enable_io: bool = False
    modification: VolumeModification | None = None

    @property
    def state(self) -> VolumeState:
        return VolumeState.IN_USE if self.instance_id else VolumeState.AVAILABLE

    @property
    def attached_since(self) -> datetime:
        return self.attached_at or self.created_at

    @property
    def figures(self) -> VolumeFigures:
        return VolumeFigures(
            size_gib=self.size_gib, volume_type=self.volume_type, iops=self.iops, throughput=self.throughput
        )
