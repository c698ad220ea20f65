"""Whose disks were made here and have not been deleted: of them, one that is not there any more was lost.

A name in a directory beside the disks; what is lost with the whole of the state directory, nobody here can know.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class Made:
    """Methods raise OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, there: Iterable[str]) -> None:
        """``there`` are the instances that have a disk, be it from before this was written down."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        for instance_id in there:
            self.add(instance_id)

    def __contains__(self, instance_id: str) -> bool:
        return (self._root / instance_id).exists()

    def ids(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self._root.iterdir())

    def add(self, instance_id: str) -> None:
        (self._root / instance_id).touch()

    def discard(self, instance_id: str) -> None:
        (self._root / instance_id).unlink(missing_ok=True)
