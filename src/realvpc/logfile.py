"""Log files that stay small while others have them open: their beginning is cut off in place.

Nobody has to be told to open them again, so it works for what a machine writes to its console too, and whatever the
process that cuts them has or has not seen of them before.
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat

_LARGEST, _KEPT = 16 << 20, 4 << 20  # bytes of a process's log


def keep_end(fd: int, largest: int, kept: int) -> None:
    """Cut a file of more than `largest` bytes down to whole lines of its last `kept`.

    `fd` is open for reading and appending; others may append meanwhile, and what they write in the moment of the cut
    may be lost.  Raises OSError.
    """
    if os.fstat(fd).st_size > largest:
        cut(fd, kept)


def cut(fd: int, kept: int) -> None:
    """As `keep_end`, however large the file is; what was allocated behind its end goes, too.  Raises OSError."""
    start = max(0, os.fstat(fd).st_size - kept)
    end = os.pread(fd, kept, start)
    os.ftruncate(fd, 0)
    os.write(fd, end[end.find(b"\n") + 1 :] if start else end)


class LogHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to stderr; where `realvpc up` has made that a file, keeps it below 16 MiB."""

    def __init__(self) -> None:
        super().__init__()
        is_file = stat.S_ISREG(os.fstat(2).st_mode)
        self._is_ours = is_file and fcntl.fcntl(2, fcntl.F_GETFL) & (os.O_ACCMODE | os.O_APPEND) == (
            os.O_RDWR | os.O_APPEND
        )

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if self._is_ours:
            keep_end(2, _LARGEST, _KEPT)
