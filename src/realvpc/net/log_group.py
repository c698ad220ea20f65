"""Log groups, their streams, and the events that were put into them (CloudWatch Logs guide, "Concepts").

Times of events are in milliseconds since 1970, as everywhere in CloudWatch Logs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from .resource import Resource

_DAY = 86_400_000  # milliseconds
EVENT_OVERHEAD = 26  # bytes that CloudWatch Logs counts for an event beside its message


def group_id(account: str, region: str, name: str) -> str:
    return f"{account}/{region}:{name}"


def stream_id(group: str, name: str) -> str:
    """The name has no colon, the id of a group one."""
    return f"{group}:{name}"


class LogGroup(Resource, frozen=True, kw_only=True):
    """``id`` is ``group_id``.  Its batches of events have the numbers from ``oldest`` on; the next one is to have
    ``next``.  ``stored`` is how many bytes they are."""

    name: str
    created_at: datetime
    retention: int | None = None  # days
    log_class: str = "STANDARD"
    is_protected: bool = False  # from being deleted
    oldest: int = 0
    next: int = 0
    stored: int = 0

    @property
    def arn(self) -> str:
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.name}"

    def is_kept(self, timestamp: int, now: int) -> bool:
        """Whether an event of this time is within the retention."""
        return self.retention is None or timestamp > now - self.retention * _DAY


class LogStream(Resource, frozen=True, kw_only=True):
    """``id`` is ``stream_id``."""

    group: str
    name: str
    created_at: datetime
    first_event: int | None = None
    last_event: int | None = None
    last_ingestion: int | None = None

    @classmethod
    def in_group(cls, group: LogGroup, name: str, created_at: datetime) -> LogStream:
        """A new one, without events."""
        return cls(
            id=stream_id(group.id, name),
            account=group.account,
            region=group.region,
            group=group.id,
            name=name,
            created_at=created_at,
        )


class LogEvent(Struct, frozen=True, array_like=True, gc=False):
    timestamp: int
    message: str

    @property
    def size(self) -> int:
        return len(self.message.encode(errors="surrogatepass")) + EVENT_OVERHEAD


class LogBatch(Resource, frozen=True, kw_only=True):
    """What was put into a stream at once, in the order of time; ``id`` is the group's with ``#`` and ``number``."""

    group: str
    stream: str  # its name
    number: int
    ingested: int
    size: int
    events: tuple[LogEvent, ...]

    def __repr__(self) -> str:
        """Without what the events say."""
        return f"LogBatch({self.id}, {len(self.events)} events)"


def of_group(row: LogStream | LogBatch) -> Iterable[str]:
    """Names the index of a group's streams, and of its batches."""
    return (row.group,)


def of_account(row: LogGroup) -> Iterable[str]:
    """Names the index of an account's groups, those of all Regions."""
    return (row.account,)
