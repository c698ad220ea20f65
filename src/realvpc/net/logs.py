"""The Logs: an immutable snapshot of log groups, streams and events; and how events get in and make room.

What is kept is bounded: a group keeps its newest events, up to ``GROUP_BYTES``, and an account, in all Regions
together, up to ``ACCOUNT_BYTES``; what is older is dropped, whole batches at a time, of the largest groups first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from .log_group import LogBatch, LogEvent, LogGroup, LogStream, of_account, of_group, stream_id
from .table import Change, Snapshot, Table, delete, put

GROUP_BYTES = 4 << 20
ACCOUNT_BYTES = 64 << 20  # of all groups of an account: whoever names one more Region has no more for it
BATCH_OVERHEAD = 512  # bytes that a batch counts beside its events, so that many small ones are bounded, too


class Logs(Snapshot):
    TYPES = (LogGroup, LogStream, LogBatch)

    __slots__ = ()

    @property
    def groups(self) -> Table[LogGroup]:
        return self.table(LogGroup)

    @property
    def streams(self) -> Table[LogStream]:
        return self.table(LogStream)

    @property
    def batches(self) -> Table[LogBatch]:
        return self.table(LogBatch)

    def groups_of(self, account: str) -> Collection[LogGroup]:
        """Those of all Regions."""
        return self.groups.where(of_account, account)

    def streams_of(self, group: LogGroup) -> Collection[LogStream]:
        return self.streams.where(of_group, group.id)

    def stream_named(self, group: LogGroup, name: str) -> LogStream | None:
        return self.streams.get(stream_id(group.id, name))

    def batches_of(self, group: LogGroup) -> list[LogBatch]:
        """The oldest first; those of streams that were deleted are not there any more."""
        return sorted(self.batches.where(of_group, group.id), key=lambda batch: batch.number)

    def appended(self, group: LogGroup, stream: LogStream, events: Sequence[LogEvent], now: int) -> Change:
        """Puts events, at least one and in the order of time, into a stream; the oldest batches make room: the group's,
        and those of the account's largest groups.  ``now`` is in milliseconds.
        """
        kept, size = _newest(events, min(GROUP_BYTES, ACCOUNT_BYTES))
        batch = LogBatch(
            id=f"{group.id}#{group.next}",
            account=group.account,
            region=group.region,
            group=group.id,
            stream=stream.name,
            number=group.next,
            ingested=now,
            size=size,
            events=tuple(kept),
        )
        gone, groups = self._room_for(group, size, now)
        times = (stream.first_event, events[0].timestamp)
        written = replace(
            stream,
            first_event=min(time for time in times if time is not None),
            last_event=max(events[-1].timestamp, stream.last_event or 0),
            last_ingestion=now,
        )
        after = groups.pop(group.id)
        after = replace(after, next=group.next + 1, stored=after.stored + size)
        return put(after, written, batch, *groups.values()) + delete(*gone)

    def _room_for(self, group: LogGroup, size: int, now: int) -> tuple[list[LogBatch], dict[str, LogGroup]]:
        """The batches that give way to ``size`` more bytes of a group, and this and other groups without them.

        What is beyond its retention goes first, in whichever group; then the account's largest group loses, so that who
        writes much takes nothing from the small ones.
        """
        gone, after = self._making_room(group, GROUP_BYTES - size, now)
        changed = {group.id: after}
        groups = self.groups_of(group.account)
        missing = sum(row.stored for row in groups) - group.stored + after.stored + size - ACCOUNT_BYTES
        turns = _turns(groups, changed)
        while missing > 0 and (turn := next(turns, None)) is not None:
            before, least = turn
            batches, after = self._making_room(before, max(least, before.stored - missing), now)
            if batches:
                changed[after.id] = after
            gone += batches
            missing -= before.stored - after.stored
        return gone, changed

    def _making_room(self, group: LogGroup, limit: int, now: int) -> tuple[list[LogBatch], LogGroup]:
        """The oldest batches that have to go so that no more than ``limit`` bytes are left, and those beyond the
        retention; and the group without them."""
        oldest, stored, gone = group.oldest, group.stored, []
        while oldest < group.next:
            first = self.batches.get(f"{group.id}#{oldest}")
            if first is not None:
                if stored <= limit and group.is_kept(first.events[-1].timestamp, now):
                    break
                gone.append(first)
                stored -= first.size
            oldest += 1
        return gone, replace(group, oldest=oldest, stored=stored)

    def without_stream(self, group: LogGroup, stream: LogStream) -> Change:
        """Deletes a stream with its events."""
        gone = [batch for batch in self.batches_of(group) if batch.stream == stream.name]
        after = replace(group, stored=group.stored - sum(batch.size for batch in gone))
        return put(after) + delete(stream, *gone)

    def without_group(self, group: LogGroup) -> Change:
        """Deletes a group with everything in it."""
        return delete(group, *self.streams_of(group), *self.batches_of(group))


def _turns(groups: Collection[LogGroup], changed: Mapping[str, LogGroup]) -> Iterator[tuple[LogGroup, int]]:
    """Which group is to make room next, as it is then, and how many bytes it may keep of what is in time."""
    yield from ((changed.get(row.id, row), GROUP_BYTES) for row in groups)
    yield from ((row, 0) for row in sorted((changed.get(row.id, row) for row in groups), key=_largest_first))


def _largest_first(group: LogGroup) -> tuple[int, datetime, str]:
    """Of those that are as large, the group that was made first."""
    return -group.stored, group.created_at, group.id


def _newest(events: Sequence[LogEvent], limit: int) -> tuple[Sequence[LogEvent], int]:
    """The last events that fit, at least one, and their size."""
    size, first = BATCH_OVERHEAD, len(events)
    while first and (first == len(events) or size + events[first - 1].size <= limit):
        first -= 1
        size += events[first].size
    return events[first:], size
