"""The mounts that a machine starts from, made in the mount namespace of the calling thread for a moment.

A machine with a user namespace sees its disk, its image and the host's /usr through mounts with mapped ids: root's
files are its root's, and on the disk they are root's again, whatever ids the machine has on the host today
(mount_setattr(2), "ID-mapped mounts").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct

from . import mounts, volume
from .disk import DEVICE, LAYER, LOCAL_LAYER, LOCAL_WORK, ROOT_DEVICE, WORK, Disk
from .image import LOCAL
from .space import hold_back

_USR = Path("/usr")


class MountTree(Struct, frozen=True):
    """Where things are while they are mounted."""

    root: Path
    usr: Path | None  # these two where the programs are the host's
    local: Path | None  # what goes to /usr/local


@contextmanager
def mounted(disk: Disk, bundle: Path, user_namespace: int | None) -> Iterator[MountTree]:
    """Mount a machine's disk in the directory `bundle`.  Raises OSError, PermissionError as `Disk.confine`."""
    image, home, root, usr, local = (bundle / name for name in ("image", "disk", "rootfs", "usr", "local"))
    disk.confine(mapped=user_namespace is not None)
    with ExitStack() as stack:

        def clone(source: Path, target: Path, attributes: int) -> None:
            mounts.clone(source, target, attributes, user_namespace)
            stack.callback(mounts.unmount, str(target))

        def overlay(target: Path, lower: Path, upper: str, work: str) -> None:
            options = f"lowerdir={lower},upperdir={home / upper},workdir={home / work}"
            mounts.mount("overlay", str(target), "overlay", mounts.MS_NODEV, options)
            stack.callback(mounts.unmount, str(target))

        for directory in (image, home, root, *((usr, local) if disk.shares_usr else ())):
            directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        clone(disk.image, image, mounts.MOUNT_ATTR_RDONLY | mounts.MOUNT_ATTR_NODEV)
        source = disk.home
        if disk.volume:
            source = bundle / "volume"
            source.mkdir(mode=0o700, exist_ok=True)
            device = stack.enter_context(volume.mounted(disk.volume, source))
            (disk.home / DEVICE).write_text(device)
            hold_back(disk.home, source)
        if disk.files:
            disk.write_files(source / LAYER)
        clone(source, home, mounts.MOUNT_ATTR_NODEV)
        if disk.shares_usr:
            clone(_USR, usr, mounts.MOUNT_ATTR_RDONLY | mounts.MOUNT_ATTR_NODEV)
        owner = (home / LAYER).stat()
        # overlayfs works with the ids of whoever mounts it, and only the machine's own exist on its disk.
        with mounts.as_owner(owner.st_uid, owner.st_gid):
            overlay(root, image, LAYER, WORK)
            if disk.shares_usr:
                overlay(local, image / LOCAL, LOCAL_LAYER, LOCAL_WORK)
        if disk.volume:
            (disk.home / ROOT_DEVICE).write_text(str(root.stat().st_dev))
        yield MountTree(root, usr if disk.shares_usr else None, local if disk.shares_usr else None)
