"""What happens is told to everybody who reads, and a slow reader holds up nobody."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from realvpc.feed import Feed, Gap, Subscription
from tests.patience import PATIENCE_SECONDS

E = TypeVar("E")


async def read(subscription: Subscription[E], count: int) -> list[E | Gap]:
    return [await anext(subscription) for _ in range(count)]


def test_every_reader_reads_what_was_published_since_it_began() -> None:
    async def run() -> None:
        feed = Feed()
        with feed.subscribe(int) as early:
            feed.publish(1)
            with feed.subscribe(int) as late:
                feed.publish(2)
                assert await read(early, 2) == [1, 2]
                assert await read(late, 1) == [2]

    asyncio.run(run())


def test_a_reader_names_the_kind_of_events_that_it_reads() -> None:
    async def run() -> None:
        feed = Feed()
        with feed.subscribe(str, capacity=1) as words:
            for event in (1, "a", 2, 3):
                feed.publish(event)
            assert await read(words, 1) == ["a"]

    asyncio.run(run())


def test_a_reader_waits_for_what_comes() -> None:
    async def run() -> None:
        feed = Feed()
        with feed.subscribe(int) as numbers:
            asyncio.get_running_loop().call_soon(feed.publish, 7)
            assert await read(numbers, 1) == [7]

    asyncio.run(run())


def test_a_slow_reader_is_told_what_it_lost_and_reads_on_from_there() -> None:
    async def run() -> None:
        feed = Feed()
        with feed.subscribe(int, capacity=3) as slow, feed.subscribe(int) as other:
            for event in range(10):
                feed.publish(event)
            assert await read(slow, 2) == [Gap(9), 9]
            feed.publish(10)
            assert await read(slow, 1) == [10]
            assert await read(other, 11) == list(range(11))

    asyncio.run(run())


def test_who_has_left_is_told_nothing() -> None:
    feed = Feed()
    with feed.subscribe(int) as left:
        pass
    feed.publish(1)
    assert not left._events


def test_who_waits_for_something_looks_after_each_event_and_not_for_ever() -> None:
    async def run() -> None:
        feed, seen = Feed(), [0]

        def count() -> bool:
            seen[0] += 1
            return seen[0] == 3

        async def publish() -> None:
            for event in ("no", 1, 2):
                feed.publish(event)
                await asyncio.sleep(0)

        waiting = asyncio.create_task(feed.until(count, int, PATIENCE_SECONDS))
        await asyncio.sleep(0)
        await publish()
        await waiting
        assert seen[0] >= 3, "once at first, and once after each number"
        assert not await feed.until(lambda: False, int, 0.01)
        assert await feed.until(lambda: True, int, 0.0)

    asyncio.run(run())


def test_what_waits_can_be_taken_without_waiting() -> None:
    feed = Feed()
    with feed.subscribe(int, capacity=3) as numbers:
        assert numbers.taken() == []
        for event in range(4):
            feed.publish(event)
        assert numbers.taken() == [Gap(3), 3]
        assert numbers.taken() == []
