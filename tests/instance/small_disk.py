"""A file system with little room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tmpfs(target: Path, options: str) -> Iterator[None]:
    """Mount one with these options (tmpfs(5)) at `target`."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tests", str(target)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(target)], check=True)
