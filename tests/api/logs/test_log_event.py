"""Events of logs: put, read page by page, found by what they say, and dropped when there are too many."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from inspect import isawaitable
from typing import Any

import pytest

from realvpc.api.core.call import Call
from realvpc.clock import Clock
from realvpc.net import logs
from realvpc.net.table import Table

from ..conftest import OTHER, VIRGINIA, Client, caller
from .test_log_group import GROUP, NOW, make_group

DAY = 86_400_000
WHERE = {"logGroupName": GROUP, "logStreamName": "s"}


@pytest.fixture
def stream(client: Client) -> Client:
    make_group(client)
    client("CreateLogStream", of="logs", **WHERE)
    return client


def put(client: Client, *messages: str, at: int = NOW, name: str = "s") -> dict[str, Any]:
    events = [{"timestamp": at + number, "message": message} for number, message in enumerate(messages)]
    return client("PutLogEvents", of="logs", logGroupName=GROUP, logStreamName=name, logEvents=events)


def read(client: Client, **more: Any) -> list[str]:
    return [event["message"] for event in client("GetLogEvents", of="logs", **WHERE, **more)["events"]]


def found(client: Client, **more: Any) -> list[str]:
    answer = client("FilterLogEvents", of="logs", **{"logGroupName": GROUP} | more)
    return [event["message"] for event in answer["events"]]


def test_events_come_in_the_order_of_their_time(stream: Client) -> None:
    put(stream, "c", "d", at=NOW + 10)
    put(stream, "a", "b")
    assert read(stream) == ["a", "b", "c", "d"]
    assert read(stream, limit=2) == ["c", "d"]
    assert read(stream, limit=2, startFromHead=True) == ["a", "b"]
    assert read(stream, startTime=NOW + 1, endTime=NOW + 11) == ["b", "c"]
    (first, *_) = stream("GetLogEvents", of="logs", **WHERE)["events"]
    assert first == {"timestamp": NOW, "message": "a", "ingestionTime": NOW}


def test_tokens_lead_forwards_and_backwards_and_stay_at_the_ends(stream: Client) -> None:
    put(stream, *"abcde")
    page = stream("GetLogEvents", of="logs", **WHERE, limit=2)
    assert [event["message"] for event in page["events"]] == ["d", "e"]
    assert read(stream, nextToken=page["nextBackwardToken"], limit=2) == ["b", "c"]
    end = stream("GetLogEvents", of="logs", **WHERE, nextToken=page["nextForwardToken"])
    assert (end["events"], end["nextForwardToken"]) == ([], page["nextForwardToken"])
    put(stream, "f", at=NOW + 9)
    assert read(stream, nextToken=end["nextForwardToken"]) == ["f"]
    error = stream.refused("GetLogEvents", of="logs", **WHERE, nextToken="x")
    assert (error.code, error.message) == ("InvalidParameterException", "The specified nextToken is invalid.")


def test_a_stream_without_events_has_tokens(stream: Client) -> None:
    empty = stream("GetLogEvents", of="logs", **WHERE)
    put(stream, "a")
    assert read(stream, nextToken=empty["nextForwardToken"]) == ["a"]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ((1, 0), "Log events in a single PutLogEvents request must be in chronological order."),
        ((0, DAY + 1), "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."),
    ],
)
def test_events_that_cannot_be_put(stream: Client, times: tuple[int, int], words: str) -> None:
    events = [{"timestamp": NOW - DAY + time, "message": "m"} for time in times]
    error = stream.refused("PutLogEvents", of="logs", **WHERE, logEvents=events)
    assert (error.code, error.message) == ("InvalidParameterException", words)


def test_a_request_has_a_mebibyte_of_events_at_most(stream: Client) -> None:
    event = {"timestamp": NOW, "message": "x" * (1 << 20)}
    error = stream.refused("PutLogEvents", of="logs", **WHERE, logEvents=[event])
    assert error.message == "Upload too large: 1048602 bytes exceeds limit of 1048576"


def test_what_is_too_old_or_too_new_is_left_out_and_said(stream: Client) -> None:
    assert put(stream, "old", at=NOW - 15 * DAY)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    assert put(stream, "new", at=NOW + DAY)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
    stream("PutRetentionPolicy", of="logs", logGroupName=GROUP, retentionInDays=1)
    assert put(stream, "expired", at=NOW - 2 * DAY)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert "rejectedLogEventsInfo" not in put(stream, "good")
    assert read(stream) == ["good"]


def test_events_are_gone_after_the_retention(stream: Client, clock: Clock) -> None:
    put(stream, "a")
    stream("PutRetentionPolicy", of="logs", logGroupName=GROUP, retentionInDays=1)
    clock.offset = timedelta(days=1)
    assert read(stream) == []
    put(stream, "b", at=NOW + DAY)
    assert len(stream.service.state.logs.batches) == 1


def test_events_of_all_streams_are_found_by_what_they_say(stream: Client) -> None:
    stream("CreateLogStream", of="logs", logGroupName=GROUP, logStreamName="t")
    put(stream, "ACCEPT OK 443", "REJECT OK 22")
    put(stream, "ACCEPT OK 53", at=NOW + 1, name="t")
    assert found(stream) == ["ACCEPT OK 443", "REJECT OK 22", "ACCEPT OK 53"]
    assert found(stream, filterPattern="ACCEPT OK") == ["ACCEPT OK 443", "ACCEPT OK 53"]
    assert found(stream, filterPattern='"OK 4"') == ["ACCEPT OK 443"]
    assert found(stream, filterPattern="OK -ACCEPT") == ["REJECT OK 22"]
    assert found(stream, filterPattern="?22 ?53") == ["REJECT OK 22", "ACCEPT OK 53"]
    assert found(stream, logStreamNames=["t"]) == found(stream, logStreamNamePrefix="t") == ["ACCEPT OK 53"]
    page = stream("FilterLogEvents", of="logs", logGroupName=GROUP, limit=2)
    assert found(stream, nextToken=page["nextToken"]) == ["ACCEPT OK 53"]
    last = stream("FilterLogEvents", of="logs", logGroupName=GROUP, limit=1, startFromHead=False)
    assert last["events"][0]["message"] == "ACCEPT OK 53"
    assert found(stream, nextToken=last["nextToken"]) == ["REJECT OK 22", "ACCEPT OK 443"]
    for pattern, code in (("{ $.a = 1 }", "UnsupportedOperation"), ('"open', "InvalidParameterException")):
        assert stream.refused("FilterLogEvents", of="logs", logGroupName=GROUP, filterPattern=pattern).code == code
    error = stream.refused("FilterLogEvents", of="logs", logGroupName=GROUP, logStreamNames=["nothing"])
    assert error.code == "ResourceNotFoundException"


def test_a_search_that_is_long_leaves_the_loop_and_goes_on_with_the_next_call(stream: Client) -> None:
    """Three mebibytes of what a term of 900 characters is compared with character by character."""
    for at in range(3):
        put(stream, *["x" * 100_000] * 10, at=NOW + 10 * at)
    term = "x" * 450 + "y" + "x" * 449
    pages, token = 0, None
    while pages == 0 or token:
        params = {"logGroupName": GROUP, "filterPattern": term, "nextToken": token}
        answer = stream.service.handle(Call("logs", "FilterLogEvents", params, caller(), "request"))
        assert isawaitable(answer), "beside the loop"
        page = asyncio.run(_awaited(answer))
        assert page["events"] == []
        pages, token = pages + 1, page.get("nextToken")
    assert pages > 5
    assert len(found(stream, filterPattern="xx -y")) == 10, "as many as an answer has"


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def test_batches_that_are_gone_are_not_looked_for(stream: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many streams were made and deleted since the oldest event that is there."""
    looked = 0
    get = Table.get

    def counted(table: Table[Any], *arguments: Any) -> Any:
        nonlocal looked
        looked += 1
        return get(table, *arguments)

    put(stream, "first")
    for _ in range(100):
        stream("CreateLogStream", of="logs", logGroupName=GROUP, logStreamName="t")
        put(stream, "gone", name="t")
        stream("DeleteLogStream", of="logs", logGroupName=GROUP, logStreamName="t")
    monkeypatch.setattr(Table, "get", counted)
    assert read(stream) == ["first"]
    assert looked < 50


def test_a_group_keeps_its_newest_events(stream: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "GROUP_BYTES", 4 * logs.BATCH_OVERHEAD)
    for number in range(10):
        put(stream, str(number), at=NOW + number)
    kept = read(stream)
    assert kept == ["7", "8", "9"]
    assert len(stream.service.state.logs.batches) == 3
    (row,) = stream("DescribeLogGroups", of="logs")["logGroups"]
    assert 0 < row["storedBytes"] <= logs.GROUP_BYTES


def fill(client: Client, group: str, *messages: str, at: int = NOW) -> None:
    """A group of its own with these events."""
    make_group(client, group)
    client("CreateLogStream", of="logs", logGroupName=group, logStreamName="s")
    events = [{"timestamp": at, "message": message} for message in messages]
    client("PutLogEvents", of="logs", logGroupName=group, logStreamName="s", logEvents=events)


def stored(client: Client) -> dict[str, int]:
    return {row["logGroupName"]: row["storedBytes"] for row in client("DescribeLogGroups", of="logs")["logGroups"]}


def test_what_an_account_has_is_bounded_however_many_groups_and_regions_it_uses(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "ACCOUNT_BYTES", 20_000)
    elsewhere = Client(client.service, client.account, VIRGINIA)
    other = Client(client.service, OTHER, client.region)
    fill(other, "g", "x" * 10_000)
    for number in range(30):
        fill(client, f"g{number:02}", "x" * 3000)
        fill(elsewhere, f"g{number:02}", "x" * 3000)
        kept = client.service.state.logs.batches.values()
        assert sum(batch.size for batch in kept if batch.account == client.account) <= 20_000
    every = stored(client) | {f"elsewhere {name}": size for name, size in stored(elsewhere).items()}
    assert sum(every.values()) == sum(row.size for row in kept if row.account == client.account) > 15_000
    assert every["elsewhere g29"], "what is written is there, whatever its share would be"
    assert stored(other)["g"] > 10_000, "nobody else's"


def test_the_largest_group_makes_room_first(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "ACCOUNT_BYTES", 20_000)
    fill(client, "small", "x" * 1000)
    fill(client, "large", "x" * 9000)
    small = stored(client)["small"]
    fill(client, "new", "x" * 9000)
    assert stored(client) == {"small": small, "large": 0, "new": 9000 + 26 + logs.BATCH_OVERHEAD}
    assert found(client, logGroupName="small") == ["x" * 1000]


def test_what_is_beyond_its_retention_makes_room_before_anything_else(
    client: Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a group that nobody writes to any more, too."""
    monkeypatch.setattr(logs, "ACCOUNT_BYTES", 20_000)
    fill(client, "idle", "x" * 8000)
    client("PutRetentionPolicy", of="logs", logGroupName="idle", retentionInDays=1)
    clock.offset = timedelta(days=1)
    fill(client, "large", "y" * 9000, at=NOW + DAY)
    fill(client, "new", "z" * 8000, at=NOW + DAY)
    assert stored(client) == {
        name: size + 26 + logs.BATCH_OVERHEAD if size else 0
        for name, size in {"idle": 0, "large": 9000, "new": 8000}.items()
    }
