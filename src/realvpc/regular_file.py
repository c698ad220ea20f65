"""Files that somebody names: what is read of them ends, whatever they are."""

from __future__ import annotations

import errno
import io
import os
import stat
from itertools import count
from pathlib import Path


def open_regular(path: Path) -> io.BufferedReader:
    """Open for reading without waiting for anybody, as a pipe or a lease (fcntl(2)) would have it.

    Raises OSError, also for what is no regular file.
    """
    _check(path, os.stat(path))  # noqa: PTH116 - before it is opened: opening a device may do something
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _check(path, os.fstat(fd))
    except BaseException:
        os.close(fd)
        raise
    return os.fdopen(fd, "rb")


def read_regular(path: Path, most: int) -> bytes:
    """The content, of at most so many bytes.  Raises OSError, also for what is larger or no regular file."""
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"is larger than {most >> 10} KiB", str(path))
    return content


def is_there(path: Path) -> bool:
    """Whether anything is, be it a link that leads nowhere."""
    return path.is_symlink() or path.exists()


def put_aside(path: Path) -> Path:
    """Keep what cannot be read, whatever it is, beside where it was; its new place.  Raises OSError."""
    places = (path.with_name(f"{path.name}.{number}") for number in count(1))
    return path.rename(next(place for place in places if not is_there(place)))


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is no regular file", str(path))
