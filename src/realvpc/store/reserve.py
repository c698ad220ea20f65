"""Room on the disk that is kept for the state: what fills a disk is mostly not the state, and it must not stop it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

SIZE = 16 << 20  # bytes


class Reserve:
    """A file beside the state that is given up when the disk is full."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self) -> bool:
        """Take the room, if there is any.  Returns whether it is kept."""
        draft = self._path.with_suffix(".new")
        try:
            if self._path.exists():
                return True
            draft.unlink(missing_ok=True)  # whatever it is
            with draft.open("xb") as file:
                os.posix_fallocate(file.fileno(), 0, SIZE)
            draft.rename(self._path)
        except OSError:  # the disk is full, or cannot do this: then there is no reserve
            with contextlib.suppress(OSError):
                draft.unlink()
            return False
        return True

    def release(self) -> bool:
        """Give the room up.  Returns whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
