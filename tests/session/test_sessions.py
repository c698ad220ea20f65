"""What a session is follows from the time; only a sweep ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from realvpc.clock import Clock
from realvpc.session.sessions import Ending, Limits, Session, Sessions, Status

START = datetime(2026, 11, 28, tzinfo=UTC)
SESSION = Session(
    id="admin-0a1b2c3d4e5f60718",
    token="secret",
    target="i-0123456789abcd001",
    account="111111111111",
    region="ap-northeast-1",
    owner="arn:aws:iam::111111111111:user/admin",
    document="SSM-SessionManagerRunShell",
    reason=None,
    plan=None,
    started_at=START,
    active_at=START,
)


def test_whoever_looks_at_an_overdue_session_sees_it_ended_and_ends_nothing() -> None:
    """Actions look from a thread of their own when a request is long; what ends a session belongs to the event loop."""
    clock = Clock(source=lambda: START)
    sessions = Sessions(clock.now, Limits(timedelta(minutes=20), timedelta(minutes=60)))
    told: list[str] = []
    sessions.on_end = lambda session, farewell: told.append(session.id)
    sessions.start(SESSION)
    assert (sessions.get(SESSION.id), sessions.active(), sessions.ended()) == (SESSION, [SESSION], [])
    clock.offset = timedelta(minutes=20)
    for _ in range(2):
        seen = sessions.find(SESSION.id)
        assert seen is not None
        assert (seen.token, seen.status, seen.ending) == ("", Status.TERMINATED, Ending.IDLE)
        assert (sessions.get(SESSION.id), sessions.active(), sessions.ended()) == (None, [], [seen])
        assert sessions.full(SESSION.account) is None
        assert not told
    sessions.sweep()
    assert sessions.ended() == [seen]
    assert told == [SESSION.id]
