"""Disks that are kept aside: of machines that nobody names any more, and nobody asked to terminate.

So whoever loses the state, or goes back to an older one, has not lost the disks.  A machine that is named again gets
its disk back.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from ..regular_file import read_regular
from .disk import VOLUME

_NOTE = "kept.json"
_LONGEST_NOTE = 1 << 12  # bytes

log = logging.getLogger(__name__)


class Note(Struct, frozen=True):
    """Why a disk was kept aside, when (Unix time), and the state that it belonged to."""

    at: float
    owner: str
    reason: str


class KeptDisk(Struct, frozen=True):
    """A disk that was kept aside, by name: its instance's id, and a number when there are several.

    `size` is what it takes of the host, in bytes; None when that is not known.
    """

    name: str
    at: float
    owner: str
    reason: str
    size: int | None


class Kept:
    """The disks below the directory `root`.  Methods raise OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self) -> None:
        self._root.mkdir(mode=0o700, exist_ok=True)

    def ids(self) -> frozenset[str]:
        """The instances of which a disk is here."""
        return frozenset(owner_of(each.name) for each in self._entries())

    def take(self, home: Path, owner: str, reason: str) -> None:
        """Move a disk here."""
        note = Note(time.time(), owner, reason)
        draft = home / f".{_NOTE}"
        draft.unlink(missing_ok=True)
        draft.write_bytes(msgspec.json.encode(note))
        draft.rename(home / _NOTE)
        self.open()
        target, number = self._root / home.name, 1
        while target.exists():
            number += 1
            target = self._root / f"{home.name}-{number}"
        home.rename(target)
        log.warning("disk kept aside instance=%s at=%s reason=%s", home.name, target, reason)

    def bring_back(self, instance_id: str, home: Path) -> bool:
        """Move the disk of an instance back to `home`, the one that was kept last; whether there was one."""
        found = max(self.homes(instance_id), key=lambda each: _note(each).at, default=None)
        if found is None:
            return False
        found.rename(home)
        (home / _NOTE).unlink(missing_ok=True)
        log.warning("disk brought back instance=%s from=%s", instance_id, found)
        return True

    def home(self, name: str) -> Path | None:
        """The directory of a disk that is here."""
        return next((each for each in self._entries() if each.name == name), None)

    def homes(self, instance_id: str | None = None) -> list[Path]:
        """The directories of all disks, or of one instance's."""
        prefix = instance_id or ""
        return sorted(
            each
            for each in self._entries()
            if each.name == prefix or each.name.startswith(f"{prefix}-" if prefix else "")
        )

    def disks(self) -> tuple[KeptDisk, ...]:
        return tuple(self._describe(home) for home in self.homes())

    def _entries(self) -> Iterator[Path]:
        """Somebody may have removed the directory: then nothing is in it."""
        with contextlib.suppress(FileNotFoundError):
            yield from self._root.iterdir()

    def _describe(self, home: Path) -> KeptDisk:
        note = _note(home)
        size = None
        with contextlib.suppress(OSError):
            size = (home / VOLUME).lstat().st_blocks * 512
        return KeptDisk(home.name, note.at, note.owner, note.reason, size)


def owner_of(name: str) -> str:
    """The instance that the disk of this name is of."""
    return "-".join(name.split("-")[:2])


def _note(home: Path) -> Note:
    try:
        return msgspec.json.decode(read_regular(home / _NOTE, _LONGEST_NOTE), type=Note)
    except (OSError, msgspec.DecodeError):
        return Note(0.0, "", "unknown")
