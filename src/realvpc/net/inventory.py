"""The Inventory: an immutable snapshot of what machines are made of and what else accounts own.

No packet's fate depends on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .instance import Instance
from .key_pair import KeyPair
from .machine_image import DiskSnapshot, MachineImage
from .metadata_defaults import MetadataDefaults
from .table import Snapshot, Table
from .volume import Volume


class Inventory(Snapshot):
    TYPES = (Volume, KeyPair, MachineImage, DiskSnapshot, MetadataDefaults)

    __slots__ = ()

    @property
    def volumes(self) -> Table[Volume]:
        return self.table(Volume)

    @property
    def key_pairs(self) -> Table[KeyPair]:
        return self.table(KeyPair)

    @property
    def machine_images(self) -> Table[MachineImage]:
        return self.table(MachineImage)

    @property
    def disk_snapshots(self) -> Table[DiskSnapshot]:
        return self.table(DiskSnapshot)

    @property
    def metadata_defaults(self) -> Table[MetadataDefaults]:
        return self.table(MetadataDefaults)

    def volumes_of(self, instance_id: str) -> Collection[Volume]:
        return self.volumes.where(_volume_instance_id, instance_id)

    def root_volume_of(self, instance: Instance) -> Volume | None:
        """The one that the instance's machine has as its disk."""
        volumes = self.volumes_of(instance.id)
        return next((row for row in volumes if row.device_name == instance.root_device_name), None)


def _volume_instance_id(row: Volume) -> Iterable[str | None]:
    return (row.instance_id,)
