"""A machine's console log: a file that the machine has a descriptor of, and no more.

It is root's of the host: the machine appends to what it was given, or opens that once more for writing, but cannot put
another file in its place.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from ..logfile import cut
from . import mounts

KEPT = 64 * 1024  # as EC2's GetConsoleOutput
_LARGEST = 1 << 20
_MODE = 0o622  # every user of the machine may write what its process 1 lends it
_CAREFULLY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: no waiting for who has a lease (fcntl(2))


class Console:
    """The log at `path`.  Methods raise OSError, BlockingIOError when a machine keeps others from opening it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> int:
        """A descriptor that appends to it, for the machine, which does not see by it where on the host it is.

        Made if need be.
        """
        directory = mounts.detached(self._path.parent)
        try:
            fd = os.open(self._path.name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _CAREFULLY, 0o600, dir_fd=directory)
        finally:
            os.close(directory)
        os.fchown(fd, 0, 0)
        os.fchmod(fd, _MODE)
        return fd

    def read(self, since: int | None = None) -> tuple[bytes, int]:
        """What was written from a position on, or the end of it; and the position behind.

        A position that is not there, because the log's beginning was cut off meanwhile, means what is left of it.
        """
        try:
            fd = self._open(os.O_RDONLY)
        except FileNotFoundError:
            return b"", 0
        try:
            size = os.fstat(fd).st_size
            start = max(0, size - KEPT) if since is None else since if since <= size else 0
            output = os.pread(fd, KEPT, start)
            return output, start + len(output)
        finally:
            os.close(fd)

    def trim(self) -> None:
        """Cut it down to what is ever shown of it, if it has grown large."""
        with contextlib.suppress(FileNotFoundError):  # it has never run, or goes just now
            status = self._path.lstat()
            if max(status.st_size, status.st_blocks * 512) > _LARGEST:
                fd = self._open(os.O_RDWR | os.O_APPEND)
                try:
                    cut(fd, KEPT)
                finally:
                    os.close(fd)

    def exists(self) -> bool:
        return self._path.exists()

    def copy_to(self, other: Console) -> None:
        """Put all of a small log in the other's place; one that is not there changes nothing."""
        try:
            fd = self._open(os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            output = os.pread(fd, _LARGEST, 0)
        finally:
            os.close(fd)
        draft = other._path.with_name(f".{other._path.name}")
        draft.unlink(missing_ok=True)
        draft.write_bytes(output)
        draft.chmod(0o600)
        draft.rename(other._path)

    def _open(self, flags: int) -> int:
        fd = os.open(self._path, flags | _CAREFULLY, 0o600)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(f"{self._path} is not a file")
        return fd
