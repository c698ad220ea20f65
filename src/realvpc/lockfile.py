"""Files that are locked: nobody but their owner may open them, and so lock them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TextIO


def open_lock(path: Path) -> TextIO:
    """For flock(2).  Who may read a file may lock it and hold everybody up.  Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # no waiting for a pipe's reader
    file = os.fdopen(os.open(path, flags, 0o600), "w")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    os.fchmod(file.fileno(), 0o600)
    return file
