"""Descriptors between fast and slow: nothing is lost, nothing piles up, and streams do not hold up what is typed."""

from __future__ import annotations

import asyncio
import os
import pty
import threading
import tty

from realvpc.session.descriptor import Characters, Reader, Turns, Writer
from tests.patience import PATIENCE_SECONDS


def test_a_reader_stops_when_there_is_no_room_and_goes_on_when_there_is() -> None:
    async def scene() -> None:
        ours, theirs = os.pipe()
        received = bytearray()
        ended = asyncio.Event()
        limit = 10
        reader = Reader(ours, lambda: len(received) < limit, received.extend, ended.set)
        os.write(theirs, b"x" * 40_000)
        os.close(theirs)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(received) < limit:
                await asyncio.sleep(0)
        await asyncio.sleep(0.02)
        assert len(received) < 40_000
        assert not ended.is_set()
        limit = 100_000
        reader.resume()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ended.wait()
        assert len(received) == 40_000
        os.close(ours)

    asyncio.run(scene())


def test_a_writer_keeps_what_is_not_read_yet_and_says_when_that_shrinks() -> None:
    async def scene() -> None:
        ours, theirs = os.pipe()
        drained, finished = asyncio.Event(), asyncio.Event()
        writer = Writer(theirs, drained.set)
        data = os.urandom(1 << 20)
        writer.write(data)
        assert 0 < writer.pending < len(data)
        drained.clear()
        writer.finish(finished.set)
        writer.write(b"too late")
        received = bytearray()
        while len(received) < len(data):
            received += await asyncio.to_thread(os.read, ours, 1 << 16)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await finished.wait()
        assert received == data
        assert (writer.pending, drained.is_set()) == (0, True)
        os.close(ours)
        os.close(theirs)

    asyncio.run(scene())


def test_what_streams_on_a_terminal_arrives_whole() -> None:
    async def scene() -> None:
        master, slave = pty.openpty()
        tty.setraw(slave)
        data = os.urandom(1 << 20)
        received = bytearray()
        ended = asyncio.Event()
        Reader(master, lambda: True, received.extend, ended.set, Turns())

        def stream() -> None:
            left = memoryview(data)
            while left:
                left = left[os.write(slave, left[:5000]) :]
            os.close(slave)

        threading.Thread(target=stream).start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ended.wait()
        assert received == data
        os.close(master)

    asyncio.run(scene())


def test_streams_take_turns_one_for_each_round_of_the_loop() -> None:
    async def scene() -> None:
        loop, turns = asyncio.get_running_loop(), Turns()
        events: list[str] = []

        def typed(left: int) -> None:
            events.append("key")
            if left:
                loop.call_soon(typed, left - 1)

        for number in range(5):
            turns.wait(lambda number=number: events.append(f"stream {number}"))  # type: ignore[misc]
        loop.call_soon(typed, 4)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(events) < 10:
                await asyncio.sleep(0)
        assert events == [event for number in range(5) for event in (f"stream {number}", "key")]

    asyncio.run(scene())


def test_who_waits_again_has_one_turn_a_round() -> None:
    async def scene() -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))
        turns, taken = Turns(), 0

        def stream() -> None:
            nonlocal taken
            taken += 1
            if taken < 5:
                turns.wait(stream)

        turns.wait(stream)
        for round_ in range(8):
            assert taken == min(round_, 5)
            await asyncio.sleep(0)
        assert not faults

    asyncio.run(scene())


def test_characters_are_not_cut() -> None:
    texts: list[str] = []
    characters = Characters(lambda data: texts.append(data.decode("utf-8", "replace")))
    for byte in "日本€é!".encode():
        characters.feed(bytes([byte]))
    characters.feed(b"\xe6")
    characters.flush()
    assert texts == ["日", "本", "€", "é", "!", "\ufffd"]
