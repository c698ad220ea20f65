"""The room on the host's file system, shared out among the volumes that lie on it.

Volumes are sparse, and together larger than the host's disk.  So that a machine is told "No space left on device"
while there is room to keep what it was told is written, each volume may grow by a part of the host's room at a time:
the rest of its free blocks are reserved in its own file system, which has effect at once.  What is left at the end is
the host's and the service's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .disk import DEVICE, ROOT_DEVICE, VOLUME
from .volume import BLOCK, reserve

_RESERVE, _RESERVE_PART = 1 << 30, 20  # bytes, but no more than one of so many parts of the disk
_SHARE = 4  # a volume gets one of so many parts of the room: few grow at a time, and the parts shrink with the room
_SCARCE = 64 << 20


def room(directory: Path) -> int:
    """Bytes that machines may take yet of the file system that `directory` is on.  Raises OSError."""
    host = os.statvfs(directory)
    reserve = min(_RESERVE, host.f_blocks * host.f_frsize // _RESERVE_PART)
    return max(0, host.f_bavail * host.f_frsize - reserve)


def share(directory: Path) -> int:
    """Bytes of it that one machine may take at a time.  Raises OSError."""
    return room(directory) // _SHARE


def hold_back(home: Path, mounted_at: Path) -> None:
    """Tell a volume that is just being mounted how far it may grow at first.  Raises OSError."""
    blocks = max(0, os.statvfs(mounted_at).f_bfree - share(home) // BLOCK)
    reserve(home / VOLUME, (home / DEVICE).read_text(), blocks)


class Space:
    """Shares out the room at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._reserved: dict[Path, int] = {}
        self.fault: str | None = None

    def share_out(self, running: Mapping[Path, int]) -> None:
        """Tell each volume how far it may grow now: all, whatever is wrong with one of them.  One that cannot be looked
        at keeps what it was told last.  `running`: the disk's home -> the pid of its machine.

        Raises OSError.
        """
        volumes = {home: found for home, pid in running.items() if (found := _usage(home, pid))}
        left = max(0, room(self._root) - sum(pending for _, pending in volumes.values()))
        self._reserved = {home: count for home, count in self._reserved.items() if home in volumes}
        self.fault = (
            f"the host's disk is nearly full, {left >> 20} MiB are left for instances: their disks can hardly grow"
            if left < _SCARCE
            else None
        )
        trouble: OSError | None = None
        for home, (free, _) in volumes.items():
            blocks = max(0, free - left // _SHARE // BLOCK)
            is_news = self._reserved.get(home) != blocks
            try:
                if is_news and reserve(home / VOLUME, (home / DEVICE).read_text(), blocks):
                    self._reserved[home] = blocks
            except OSError as error:
                trouble = trouble or error
        if trouble:
            raise trouble


def _usage(home: Path, pid: int) -> tuple[int, int] | None:
    """Free blocks of a volume that is mounted, and the bytes that were written to it and not yet to the host.

    None when it is not, or its machine has no volume, or the machine's first process has gone elsewhere (chroot(2)):
    what it sees there says nothing of the volume.
    """
    try:
        root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            device, inside = os.fstat(root).st_dev, os.fstatvfs(root)
        finally:
            os.close(root)
        host = (home / VOLUME).stat()
        noted = _noted(home)
    except OSError:
        return None
    if noted not in (None, str(device).encode()) or not 0 < inside.f_blocks * inside.f_frsize <= host.st_size:
        return None
    used = (inside.f_blocks - inside.f_bfree) * inside.f_frsize
    return inside.f_bfree, max(0, used - host.st_blocks * 512)


def _noted(home: Path) -> bytes | None:
    """The number of the machine's root; None when an earlier version has started it."""
    try:
        return (home / ROOT_DEVICE).read_bytes()
    except FileNotFoundError:
        return None
