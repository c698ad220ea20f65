"""Machine images and the snapshots that they are made of (EC2 guide, "Amazon Machine Images")."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from .resource import Resource

ROOT_DEVICE_NAME = "/dev/xvda"
ARCHITECTURE = "x86_64"


class ImageState(StrEnum):
    PENDING = "pending"  # its content is being unpacked
    AVAILABLE = "available"
    DISABLED = "disabled"  # by its owner, so that nobody launches it


class Protection(StrEnum):
    """Against being deregistered; with a cooldown it ends a day after it was disabled."""

    DISABLED = "disabled"
    WITHOUT_COOLDOWN = "enabled-without-cooldown"
    WITH_COOLDOWN = "enabled-with-cooldown"


ALL = "all"
"""Whom a public image or snapshot is shared with; no account is called so."""


class Shareable(Resource, frozen=True, kw_only=True):
    """What its owner lets others use: ``shared_with`` are accounts, and ``ALL``.  It stays its owner's: it counts for
    nobody else's quota, and nobody else sees its tags."""

    shared_with: tuple[str, ...] = ()

    def tags_seen_by(self, account: str, region: str) -> dict[str, str]:
        return self.tags if account == self.account else {}


class MachineImage(Shareable, frozen=True, kw_only=True):
    """An image in one Region.  ``content`` names the directory that instances start from; without one it is what
    every host can make by itself.
    """

    name: str
    description: str = ""
    snapshot_id: str
    minimum_size_gib: int
    created_at: datetime
    state: ImageState = ImageState.AVAILABLE
    architecture: str = ARCHITECTURE
    root_device_name: str = ROOT_DEVICE_NAME
    content: str | None = None
    source_instance_id: str = ""  # that it was made of, if of one
    deprecated_at: datetime | None = None
    protection: Protection = Protection.DISABLED
    protected_until: datetime | None = None  # while it cools down


class Tiering(StrEnum):
    """What was done last to move a snapshot to or from the archive; each is done at once."""

    ARCHIVAL = "archival"
    TEMPORARY_RESTORE = "temporary-restore"
    PERMANENT_RESTORE = "permanent-restore"


class Archiving(Struct, frozen=True, kw_only=True):
    """A snapshot that is or was in the archive (EBS guide, "Archive Amazon EBS snapshots")."""

    latest: Tiering
    latest_at: datetime
    archived_at: datetime
    restored_until: datetime | None = None  # of a temporary one


class DiskSnapshot(Shareable, frozen=True, kw_only=True):
    """What is left when an image is deregistered, and what another one can be registered from.

    Not ``table.Snapshot``, which is the state at one moment.
    """

    description: str = ""
    size_gib: int
    started_at: datetime
    state: ImageState = ImageState.AVAILABLE
    content: str | None  # as of a MachineImage
    volume_id: str = ""  # the volume that it is of
    is_of_image: bool = False  # of a volume that holds an image's content
    encrypted: bool = False
    kms_key_id: str = ""
    archiving: Archiving | None = None

    @property
    def is_archived(self) -> bool:
        """Whether it is in the archive tier, be it restored for a while or not."""
        return self.archiving is not None and self.archiving.latest is not Tiering.PERMANENT_RESTORE

    def restored_until(self, now: datetime) -> datetime | None:
        """When a temporary restore of it will be over, if there is one."""
        until = self.archiving.restored_until if self.archiving is not None else None
        return until if until is not None and now < until else None

    def can_be_read_at(self, now: datetime) -> bool:
        return not self.is_archived or self.restored_until(now) is not None

    @property
    def is_record(self) -> bool:
        """Whether it is of a volume whose data is not kept: no image can be made of it."""
        return bool(self.volume_id) and not self.is_of_image
