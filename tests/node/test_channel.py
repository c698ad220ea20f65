"""Frames arrive whole and with their descriptors, however the stream is cut."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile

import pytest

from realvpc.net.services import Listener
from realvpc.node.channel import MAX_PAYLOAD, Assembler, AsyncChannel, Channel, FrameError, pack


def test_frames_come_out_of_any_chunks() -> None:
    stream = pack(b"one") + pack(b"") + pack(b"three" * 1000)
    for size in (1, 2, 7, len(stream)):
        assembler = Assembler()
        payloads = []
        for start in range(0, len(stream), size):
            assembler.feed(stream[start : start + size], ())
            while frame := assembler.pop():
                payloads.append(frame.payload)
        assert payloads == [b"one", b"", b"three" * 1000]


def test_an_answer_names_its_question() -> None:
    assembler = Assembler()
    assembler.feed(pack(b"answer", question=7) + pack(b"event"), ())
    frames = [assembler.pop(), assembler.pop()]
    assert [(frame.payload, frame.question) for frame in frames if frame] == [(b"answer", 7), (b"event", 0)]


def test_a_frame_carries_the_sockets_of_all_listeners() -> None:
    assembler, fds = Assembler(), [os.open("/dev/null", os.O_RDONLY) for _ in Listener]
    assembler.feed(pack(b"opened", fds), fds)
    frame = assembler.pop()
    assert frame is not None
    assert list(frame.fds) == fds
    frame.close_fds()


def test_a_frame_that_promises_too_much_is_refused() -> None:
    assembler = Assembler()
    assembler.feed((MAX_PAYLOAD + 1).to_bytes(4, "big") + bytes(5), ())
    with pytest.raises(FrameError):
        assembler.pop()


def test_a_frame_without_its_descriptors_is_refused() -> None:
    assembler = Assembler()
    assembler.feed(pack(b"x", [7]), ())
    with pytest.raises(FrameError):
        assembler.pop()


def file_with(content: bytes) -> int:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return os.dup(file.fileno())


def test_descriptors_stay_with_their_frame() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    sender, receiver = Channel(ours), Channel(theirs)
    a, b, c = (file_with(content) for content in (b"a", b"b", b"c"))
    sender.send(b"plain")
    sender.send(b"two", (a, b))
    sender.send(b"plain again")
    sender.send(b"one", (c,))
    received = []
    for _ in range(4):
        frame = receiver.receive()
        assert frame is not None
        received.append((frame.payload, b"".join(os.pread(fd, 1, 0) for fd in frame.fds)))
        frame.close_fds()
    assert received == [(b"plain", b""), (b"two", b"ab"), (b"plain again", b""), (b"one", b"c")]
    sender.close()
    assert receiver.receive() is None
    receiver.close()
    for fd in (a, b, c):
        os.close(fd)


def test_asyncio_and_blocking_sides_understand_each_other() -> None:
    async def converse() -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        blocking, channel = Channel(ours), AsyncChannel(theirs)
        large = os.urandom(3_000_000)  # more than the socket buffers hold
        fd = file_with(b"z")
        receiving = asyncio.create_task(asyncio.to_thread(blocking.receive))
        await channel.send(large, (fd,))
        frame = await receiving
        assert frame is not None
        assert frame.payload == large
        assert os.pread(frame.fds[0], 1, 0) == b"z"
        frame.close_fds()
        sending = asyncio.create_task(asyncio.to_thread(blocking.send, large))
        answer = await channel.receive()
        await sending
        assert answer is not None
        assert answer.payload == large
        os.close(fd)
        channel.close()
        blocking.close()

    asyncio.run(converse())
