"""The sessions that exist and existed, in memory: a shell ends with the process that relays it, and so does its record.

How long a session may last is AWS's default and limit (Systems Manager guide, "Specify an idle session timeout value",
"Specify maximum session duration").
"""

from __future__ import annotations

import logging
import re
import secrets
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

IDLE_TIMEOUT = timedelta(minutes=20)
MAXIMUM_DURATION = timedelta(minutes=1440)
HISTORY = 1000  # ended sessions that are remembered

_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9+=,.@_-]")

log = logging.getLogger(__name__)


class Status(StrEnum):
    """SSM's SessionStatus, as far as sessions here have it."""

    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    DISCONNECTED = "Disconnected"
    TERMINATED = "Terminated"


class Session(Struct, frozen=True, kw_only=True):
    """One session.  `command` is what it runs in place of a shell."""

    id: str
    token: str
    target: str
    account: str
    region: str
    owner: str
    document: str
    reason: str | None
    command: str | None
    started_at: datetime
    active_at: datetime
    ended_at: datetime | None = None
    status: Status = Status.CONNECTING

    def __repr__(self) -> str:
        """Without the token, so that no log line can carry it."""
        return f"Session({self.id})"

    def visible_to(self, account: str, region: str) -> bool:
        return (self.account, self.region) == (account, region)


def overdue(session: Session, now: datetime) -> str | None:
    """Why a session has to end now, in words for its user; None while it may go on."""
    if now - session.active_at >= IDLE_TIMEOUT:
        return "Your session timed out due to inactivity."
    if now - session.started_at >= MAXIMUM_DURATION:
        return "Your session has reached its maximum duration."
    return None


def new_token() -> str:
    return secrets.token_urlsafe(96)


def new_id(owner: str) -> str:
    """The owner's name and 17 hexadecimal digits, as `admin-0a1b2c3d4e5f60718`.  `owner` is an ARN."""
    name = _NOT_IN_AN_ID.sub("-", re.split("[:/]", owner)[-1])[:64] or "session"
    return f"{name}-0{secrets.token_hex(8)}"


class Sessions:
    """`on_end(session, farewell)` is called for a session that ends, whoever ended it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._active: dict[str, Session] = {}
        self._ended: deque[Session] = deque(maxlen=HISTORY)
        self.on_end: Callable[[Session, str], None] = lambda session, farewell: None

    def active(self) -> list[Session]:
        """In the order in which they were started."""
        return list(self._active.values())

    def ended(self) -> list[Session]:
        """In the order in which they ended."""
        return list(self._ended)

    def get(self, session_id: str) -> Session | None:
        """A session that has not ended."""
        return self._active.get(session_id)

    def find(self, session_id: str) -> Session | None:
        """A session, be it one that has ended."""
        return self.get(session_id) or next((each for each in self._ended if each.id == session_id), None)

    def start(
        self,
        *,
        target: str,
        account: str,
        region: str,
        owner: str,
        document: str,
        reason: str | None,
        command: str | None,
    ) -> Session:
        now = self._now()
        session = Session(
            id=new_id(owner), token=new_token(), target=target, account=account, region=region, owner=owner,
            document=document, reason=reason, command=command, started_at=now, active_at=now,
        )  # fmt: skip
        self._active[session.id] = session
        log.info("session %s started owner=%s target=%s document=%s", session.id, owner, target, document)
        return session

    def renew(self, session_id: str) -> Session:
        """Give a session that has not ended another token; the one before it opens nothing any more."""
        session = self._active[session_id] = replace(self._active[session_id], token=new_token())
        log.info("session %s resumed", session_id)
        return session

    def note(self, session_id: str, status: Status) -> None:
        """What has become of a session's connection, if it has not ended."""
        if session := self._active.get(session_id):
            self._active[session_id] = replace(session, status=status, active_at=self._now())

    def touch(self, session_id: str) -> None:
        """Something was typed or shown."""
        if session := self._active.get(session_id):
            self._active[session_id] = replace(session, active_at=self._now())

    def end(self, session_id: str, farewell: str = "") -> None:
        """End a session, unless it has ended; `farewell` is for its user."""
        session = self._active.pop(session_id, None)
        if session is None:
            return
        ended = replace(session, ended_at=self._now(), status=Status.TERMINATED)
        self._ended.append(ended)
        log.info("session %s ended owner=%s target=%s %s", session_id, session.owner, session.target, farewell)
        self.on_end(ended, farewell)

    def sweep(self) -> None:
        """End what is overdue."""
        now = self._now()
        for session in self.active():
            if reason := overdue(session, now):
                self.end(session.id, reason)

    def end_all(self, farewell: str) -> None:
        for session in self.active():
            self.end(session.id, farewell)
