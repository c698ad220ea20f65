"""What a session showed, in a file for its owner's eyes alone.

Only output is written down: what is typed without an echo, as passwords are, is in no transcript.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import NamedTuple

from .documents import Forwarded
from .sessions import Session, remembered

LARGEST = 8 << 20  # bytes
KEPT = 200  # transcripts, of all accounts
_END = b"\n[The transcript ends here: it is full.]\n"

log = logging.getLogger(__name__)


class Transcript:
    """One file, mode 0600.  A disk that is full ends the transcript, not the session."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._left = LARGEST

    def write(self, data: bytes) -> None:
        if self._left <= 0:
            return
        piece = data[: self._left]
        self._left -= len(piece)
        try:
            os.write(self._file, piece if self._left else piece + _END)
        except OSError as error:
            log.warning("the transcript %s is not complete: %s", self._path.name, error)
            self._left = 0

    def close(self) -> None:
        os.close(self._file)
        self._left = 0


class _Written(NamedTuple):
    account: str
    path: Path


class Transcripts:
    """The transcripts of a service, `KEPT` of them: whose are most, loses the oldest."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError."""
        self._directory = directory
        directory.mkdir(mode=0o700, exist_ok=True)

    def open(self, session: Session) -> Transcript | None:
        """None for a session that shows nothing (a forwarded port), or when there is no place."""
        if session.plan is None or isinstance(session.plan.work, Forwarded):
            return None
        try:
            self._forget()
            return Transcript(self._directory / f"{session.account}.{session.id}.log")
        except OSError as error:
            log.warning("session %s has no transcript: %s", session.id, error)
            return None

    def _forget(self) -> None:
        paths = sorted(self._directory.glob("*.log"), key=lambda path: path.stat().st_mtime)
        written = [_Written(path.name.partition(".")[0], path) for path in paths]
        for each in {*written}.difference(remembered(written, KEPT - 1)):
            each.path.unlink(missing_ok=True)
