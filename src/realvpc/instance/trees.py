"""Removing trees of files that strangers wrote: of any depth, with any names and flags, and while they change.

Nothing here follows a link, leaves the file system that the tree begins on, or needs more of the stack or of
descriptors for a deeper tree: a directory that is not empty is moved up to the top, and emptied when its turn comes.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FS_IOC_GETFLAGS, _FS_IOC_SETFLAGS = 0x80086601, 0x40086602  # ioctl_iflags(2)
_FS_IMMUTABLE_FL, _FS_APPEND_FL = 0x10, 0x20


class Interrupted(Exception):  # noqa: N818 - not an error: the rest waits for another time
    """There was something more important to do."""


def remove_tree(path: Path, interrupted: Callable[[], bool] = lambda: False) -> None:
    """Remove what is at `path`, be it a directory or not; nothing there is fine.

    Whatever can be removed is, and then OSError raised for the first thing that cannot.  Raises Interrupted, with the
    tree smaller but there, once `interrupted` says so: it is asked before every removal.
    """
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # where it is, the caller says
    except FileNotFoundError:
        return
    try:
        try:
            status = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(status.st_mode):
            _unlink(path.name, parent)
            return
        _allow_changes(path.name, parent)
        top = os.open(path.name, _DIRECTORY, dir_fd=parent)
        try:
            _Removal(top, interrupted).run(path)
        finally:
            os.close(top)
        os.rmdir(path.name, dir_fd=parent)
    finally:
        os.close(parent)


class _Removal:
    """Empties the directory that `top` is a descriptor of."""

    def __init__(self, top: int, interrupted: Callable[[], bool]) -> None:
        self._top = top
        self._device = os.fstat(top).st_dev
        self._interrupted = interrupted
        self._serial = 0
        self._removed = 0
        self._obstacle: OSError | None = None

    def run(self, path: Path) -> None:
        while True:
            before = self._removed
            self._obstacle = None
            with os.scandir(self._top) as entries:
                for entry in entries:
                    self._attempt(self._remove, entry.name, entry.is_dir(follow_symlinks=False))
            if self._obstacle is None and before == self._removed:
                return  # it was empty
            if before == self._removed and self._obstacle is not None:
                raise OSError(self._obstacle.errno, self._obstacle.strerror, str(path))

    def _remove(self, name: str, is_directory: bool) -> None:
        if not is_directory:
            _unlink(name, self._top)
            self._removed += 1
            return
        _allow_changes(name, self._top)
        fd = os.open(name, _DIRECTORY, dir_fd=self._top)
        try:
            if os.fstat(fd).st_dev != self._device:
                raise OSError(errno.EXDEV, "something is mounted in it")
            with os.scandir(fd) as entries:
                for entry in entries:
                    self._attempt(self._empty_of, fd, entry.name, entry.is_dir(follow_symlinks=False))
        finally:
            os.close(fd)
        try:
            os.rmdir(name, dir_fd=self._top)
            self._removed += 1
        except OSError as error:
            if error.errno != errno.ENOTEMPTY or self._obstacle is None:
                raise

    def _empty_of(self, directory: int, name: str, is_directory: bool) -> None:
        """Remove an entry of a directory below the top, or move it to the top."""
        if not is_directory:
            _unlink(name, directory)
        else:
            try:
                os.rmdir(name, dir_fd=directory)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EPERM):
                    raise
                _allow_changes(name, directory)
                self._move_up(directory, name)
        self._removed += 1

    def _move_up(self, directory: int, name: str) -> None:
        while True:
            self._serial += 1
            try:
                os.rename(name, f".{self._serial}", src_dir_fd=directory, dst_dir_fd=self._top)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):  # the name is taken
                    raise
            else:
                return

    def _attempt(self, function: Callable[..., None], *arguments: object) -> None:
        if self._interrupted():
            raise Interrupted
        try:
            function(*arguments)
        except FileNotFoundError:
            pass  # somebody else was faster
        except OSError as error:
            self._obstacle = self._obstacle or error


def _unlink(name: str, directory: int) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except PermissionError:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):  # a device or a pipe might do something when it is opened
            _allow_changes(name, directory)
        _clear_flags(directory)
        os.unlink(name, dir_fd=directory)


def _allow_changes(name: str, directory: int) -> None:
    """Take the flags that chattr(1) gives from a file or directory; where there are none this does nothing."""
    with contextlib.suppress(OSError):
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        try:
            _clear_flags(fd)
        finally:
            os.close(fd)


def _clear_flags(fd: int) -> None:
    with contextlib.suppress(OSError):  # a file system without flags
        flags = array.array("l", [0])
        fcntl.ioctl(fd, _FS_IOC_GETFLAGS, flags)
        if flags[0] & (_FS_IMMUTABLE_FL | _FS_APPEND_FL):
            flags[0] &= ~(_FS_IMMUTABLE_FL | _FS_APPEND_FL)
            fcntl.ioctl(fd, _FS_IOC_SETFLAGS, flags)
