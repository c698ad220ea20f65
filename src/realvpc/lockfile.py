"""Files that are locked: nobody but their owner may open them, and so lock them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO


def open_lock(path: Path) -> TextIO:
    """For flock(2).  Who may read a file may lock it and hold everybody up.  Raises OSError."""
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "w")
    os.fchmod(file.fileno(), 0o600)
    return file
