"""The sessions' log that outlives the service: a JSON object a line, without tokens and without parameters.

A session has a line when it starts and one when it ends; `HISTORY` are kept.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..regular_file import put_aside, read_regular
from .sessions import HISTORY, Ending, Session, Status, remembered

_LONGEST = 4 * HISTORY  # lines
_LARGEST = 16 << 20  # bytes

log = logging.getLogger(__name__)


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who, when, where, with what document, and how it ended."""

    id: str
    target: str
    account: str
    region: str
    owner: str
    document: str
    reason: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    status: Status = Status.TERMINATED
    ending: Ending | None = None


_decoder = msgspec.json.Decoder(Entry)


class SessionJournal:
    """`path` is read once; lines that cannot be read are left out, and a file that cannot be is kept aside.  Nobody
    waits for it, whatever it is."""

    def __init__(self, path: Path, now: datetime) -> None:
        """`now` ends the sessions that had not ended when the service did."""
        self._path = path
        self._open: dict[str, Session] = {}
        self._lines = _LONGEST  # so that it is written anew with the next session, if it cannot be now
        self.history: list[Session] = []
        try:
            self.history = [_session(entry, now) for entry in _read(path)]
            self._rewrite()
        except OSError as error:
            log.warning("the sessions of before are not written down: %s", error)

    def started(self, session: Session) -> None:
        self._open[session.id] = session
        self._append(session)

    def ended(self, session: Session) -> None:
        self._open.pop(session.id, None)
        self.history = remembered([*self.history, session])
        self._append(session)

    def _append(self, session: Session) -> None:
        """A disk that is full must not end a session, or keep one from starting."""
        try:
            if self._lines >= _LONGEST + len(self._open):
                self._rewrite()
            with open(self._path, "ab", opener=_at_once) as file:
                file.write(msgspec.json.encode(_entry(session)) + b"\n")
            self._lines += 1
        except OSError as error:
            log.warning("session %s is not written down: %s", session.id, error)

    def _rewrite(self) -> None:
        lines = [msgspec.json.encode(_entry(each)) + b"\n" for each in (*self.history, *self._open.values())]
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_bytes(b"".join(lines))
        draft.replace(self._path)
        self._lines = len(lines)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW, 0o600)


def _read(path: Path) -> list[Entry]:
    """The last word on each of the newest sessions, in the order in which they ended; those that had not come last.

    Raises OSError when it can neither be read nor put aside.
    """
    entries: dict[str, Entry] = {}
    try:
        lines = read_regular(path, _LARGEST).splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        place = put_aside(path)
        log.warning("what is known of earlier sessions cannot be read, and is kept as %s: %s", place.name, error)
        return []
    for line in lines:
        try:
            entry = _decoder.decode(line)
        except msgspec.MsgspecError:  # cut off with the machine's power
            continue
        entries.pop(entry.id, None)
        entries[entry.id] = entry
    return remembered(sorted(entries.values(), key=lambda entry: entry.ended_at is None))


def _entry(session: Session) -> Entry:
    return Entry(**{name: getattr(session, name) for name in Entry.__struct_fields__})


def _session(entry: Entry, now: datetime) -> Session:
    fields = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    session = Session(token="", plan=None, active_at=entry.started_at, **fields)
    if session.ended_at is None:
        return replace(session, ended_at=now, status=Status.TERMINATED, ending=Ending.STOP)
    return session
