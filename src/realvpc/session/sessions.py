"""The sessions that exist and existed.  A session ends with the process that relays it; `journal` keeps its record.

How long a session may last is AWS's default and limit (Systems Manager guide, "Specify an idle session timeout value",
"Specify maximum session duration").
"""

from __future__ import annotations

import base64
import logging
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from random import Random
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from realvpc.api.core.call import Session as CredentialsSession

from .documents import Plan

HISTORY = 1000  # ended sessions that are remembered, of all accounts

_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9+=,.@_-]")

log = logging.getLogger(__name__)


class Status(StrEnum):
    """SSM's SessionStatus, as far as sessions here have it."""

    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    DISCONNECTED = "Disconnected"
    TERMINATED = "Terminated"
    FAILED = "Failed"


class Ending(StrEnum):
    """Why a session has ended."""

    EXIT = "what it ran has ended"
    CLIENT = "its client has ended it"
    REQUEST = "TerminateSession"
    IDLE = "nobody used it"
    DURATION = "its time was over"
    FAILURE = "it could not be opened"
    STOP = "the service has stopped"


class Limits(Struct, frozen=True):
    """How long a session may last; and when nobody uses it.  How many there may be at a time, of an account and in
    all: AWS names no quota, but what each costs is this machine's."""

    idle: timedelta = timedelta(minutes=20)
    duration: timedelta = timedelta(minutes=1440)
    of_an_account: int = 200
    in_all: int = 1000


class Session(Struct, frozen=True, kw_only=True):
    """One session.  `plan` is what it is for; sessions of an earlier life of the service have none any more."""

    id: str
    token: str
    target: str
    account: str
    region: str
    owner: str
    document: str
    reason: str | None
    plan: Plan | None
    started_at: datetime
    active_at: datetime
    ended_at: datetime | None = None
    ending: Ending | None = None
    status: Status = Status.CONNECTING
    user_id: str = ""  # the owner's, as STS shows it
    credentials: CredentialsSession | None = None  # that the owner's were of, if temporary: whose policies are asked

    def __repr__(self) -> str:
        """Without the token, so that no log line can carry it."""
        return f"Session({self.id})"

    def visible_to(self, account: str, region: str) -> bool:
        return (self.account, self.region) == (account, region)


def overdue(session: Session, now: datetime, limits: Limits) -> tuple[Ending, str] | None:
    """Why a session has to end now, and in words for its user; None while it may go on."""
    if now - session.active_at >= limits.idle:
        return Ending.IDLE, "Your session timed out due to inactivity."
    if now - session.started_at >= limits.duration:
        return Ending.DURATION, "Your session has reached its maximum duration."
    return None


def _ended(session: Session, ending: Ending, now: datetime) -> Session:
    status = Status.FAILED if ending is Ending.FAILURE else Status.TERMINATED
    return replace(session, token="", ended_at=now, status=status, ending=ending)


class _Owned(Protocol):
    @property
    def account(self) -> str: ...


R = TypeVar("R", bound=_Owned)


def remembered(history: Sequence[R], most: int | None = None) -> list[R]:
    """What is kept of a history, which is in its order: of more than `most`, or `HISTORY`, the account that has most
    loses its oldest, so that nobody pushes out what is another's."""
    excess = len(history) - (HISTORY if most is None else most)
    places: dict[str, deque[int]] = {}
    for place, each in enumerate(history):
        places.setdefault(each.account, deque()).append(place)
    for _ in range(excess):
        max(places.values(), key=len).popleft()
    return [history[place] for place in sorted(chain.from_iterable(places.values()))]


def new_token(random: Random) -> str:
    return base64.urlsafe_b64encode(random.randbytes(96)).decode()


def new_id(owner: str, random: Random) -> str:
    """The owner's name and 17 hexadecimal digits, as `admin-0a1b2c3d4e5f60718`.  `owner` is an ARN."""
    name = _NOT_IN_AN_ID.sub("-", re.split("[:/]", owner)[-1])[:64] or "session"
    return f"{name}-0{random.randbytes(8).hex()}"


class Journal(Protocol):
    """Where sessions are written down."""

    def started(self, session: Session) -> None: ...
    def ended(self, session: Session) -> None: ...


class Sessions:
    """`on_end(session, farewell)` is called for a session that ends, whoever ended it.

    `history` are sessions that ended before, the oldest first.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        limits: Limits | None = None,
        journal: Journal | None = None,
        history: Iterable[Session] = (),
    ) -> None:
        self._now = now
        self._limits = limits or Limits()
        self._journal = journal
        self._active: dict[str, Session] = {}
        self._ended = remembered(list(history))
        self.on_end: Callable[[Session, str], None] = lambda session, farewell: None

    # Whoever only looks changes nothing: actions may be worked on beside the event loop.

    def active(self) -> list[Session]:
        """In the order in which they were started."""
        return [session for session in self._seen() if session.ended_at is None]

    def ended(self) -> list[Session]:
        """In the order in which they ended; last those that the next sweep ends."""
        return [*self._ended, *(session for session in self._seen() if session.ended_at is not None)]

    def get(self, session_id: str) -> Session | None:
        """A session that has not ended."""
        session = self.find(session_id)
        return session if session is not None and session.ended_at is None else None

    def find(self, session_id: str) -> Session | None:
        """A session, be it one that has ended."""
        session = self._active.get(session_id)
        if session is not None:
            return self._as_it_is(session)
        return next((each for each in self._ended if each.id == session_id), None)

    def _seen(self) -> Iterable[Session]:
        return map(self._as_it_is, list(self._active.values()))

    def _as_it_is(self, session: Session) -> Session:
        """One that is overdue has ended, whether or not it has been swept."""
        now = self._now()
        why = overdue(session, now, self._limits)
        return session if why is None else _ended(session, why[0], now)

    def full(self, account: str) -> str | None:
        """Why an account can have no other session, in a sentence; None while it can."""
        active, limits = self.active(), self._limits
        if sum(each.account == account for each in active) >= limits.of_an_account:
            return f"The account has {limits.of_an_account} sessions, and can have no more at a time."
        if len(active) >= limits.in_all:
            return f"There are {limits.in_all} sessions, and there can be no more at a time."
        return None

    def start(self, session: Session) -> None:
        self._active[session.id] = session
        log.info(
            "session %s started owner=%s target=%s document=%s",
            session.id,
            session.owner,
            session.target,
            session.document,
        )
        if self._journal:
            self._journal.started(session)

    def renew(self, session_id: str, token: str) -> None:
        """Give a session that has not ended another token; the one before it opens nothing any more."""
        if session := self._active.get(session_id):
            self._active[session_id] = replace(session, token=token)
            log.info("session %s resumed", session_id)

    def note(self, session_id: str, status: Status) -> None:
        """What has become of a session's connection, if it has not ended."""
        if session := self._active.get(session_id):
            self._active[session_id] = replace(session, status=status, active_at=self._now())

    def touch(self, session_id: str, at: datetime | None = None) -> None:
        """Something was typed or shown, `at` that time or now."""
        if session := self._active.get(session_id):
            self._active[session_id] = replace(session, active_at=at or self._now())

    def end(self, session_id: str, ending: Ending, farewell: str = "") -> None:
        """End a session, unless it has ended; `farewell` is for its user."""
        session = self._active.pop(session_id, None)
        if session is None:
            return
        ended = _ended(session, ending, self._now())
        self._ended = remembered([*self._ended, ended])
        log.info(
            "session %s ended owner=%s target=%s document=%s reason=%s",
            session_id, session.owner, session.target, session.document, ending.name,
        )  # fmt: skip
        if self._journal:
            self._journal.ended(ended)
        self.on_end(ended, farewell)

    def sweep(self) -> None:
        """End what is overdue."""
        now = self._now()
        for session in list(self._active.values()):
            if why := overdue(session, now, self._limits):
                self.end(session.id, *why)

    def end_all(self, farewell: str) -> None:
        """The service stops."""
        for session in list(self._active.values()):
            self.end(session.id, Ending.STOP, farewell)
