"""Frames on a stream socket of the Unix domain, with file descriptors (unix(7), SCM_RIGHTS).

A frame is its payload's length (4 bytes, network order), the number of descriptors it carries (1 byte), the number of
the question that it answers or asks (4 bytes; 0: none), the payload.
The descriptors travel with the frame's first byte, so they have all arrived when the frame has.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Sequence
from struct import Struct

_HEADER = Struct("!IBI")
_CHUNK = 1 << 18
MAX_PAYLOAD = 1 << 28
MAX_FDS = 16


class FrameError(Exception):
    """The peer does not keep to the framing."""


class Frame:
    """A payload with the descriptors that came with it; who receives it owns them."""

    __slots__ = ("fds", "payload", "question")

    def __init__(self, payload: bytes, fds: tuple[int, ...] = (), question: int = 0) -> None:
        self.payload = payload
        self.fds = fds
        self.question = question

    def close_fds(self) -> None:
        for fd in self.fds:
            os.close(fd)
        self.fds = ()


class Assembler:
    """Bytes and descriptors in, frames out.  No I/O but closing descriptors that nobody claimed."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._fds: deque[int] = deque()

    def feed(self, data: bytes, fds: Sequence[int]) -> None:
        """Raises FrameError when descriptors pile up that no frame claims."""
        self._bytes += data
        self._fds.extend(fds)
        if len(self._fds) > 2 * MAX_FDS:
            raise FrameError("descriptors came that no frame claims")

    def pop(self) -> Frame | None:
        """The next whole frame, if it is there.  Raises FrameError."""
        if len(self._bytes) < _HEADER.size:
            return None
        length, count, question = _HEADER.unpack_from(self._bytes)
        if length > MAX_PAYLOAD or count > MAX_FDS:
            raise FrameError(f"a frame of {length} bytes and {count} descriptors is too large")
        end = _HEADER.size + length
        if len(self._bytes) < end:
            return None
        if len(self._fds) < count:
            raise FrameError("a frame came without its descriptors")
        payload = bytes(self._bytes[_HEADER.size : end])
        del self._bytes[:end]
        return Frame(payload, tuple(self._fds.popleft() for _ in range(count)), question)

    def close(self) -> None:
        while self._fds:
            os.close(self._fds.popleft())


def pack(payload: bytes, fds: Sequence[int] = (), question: int = 0) -> bytes:
    return _HEADER.pack(len(payload), len(fds), question) + payload


class Channel:
    """The blocking side."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._assembler = Assembler()

    def send(self, payload: bytes, fds: Sequence[int] = ()) -> None:
        """Raises OSError."""
        data = pack(payload, fds)
        sent = socket.send_fds(self.socket, [data], list(fds)) if fds else 0
        if rest := data[sent:]:  # whoever has it all may be gone already
            self.socket.sendall(rest)

    def receive(self) -> Frame | None:
        """The next frame; None at the end of the stream.  Raises OSError and FrameError."""
        while (frame := self._assembler.pop()) is None:
            data, fds, _, _ = socket.recv_fds(self.socket, _CHUNK, MAX_FDS, socket.MSG_CMSG_CLOEXEC)
            if not data:
                return None
            self._assembler.feed(data, fds)
        return frame

    def close(self) -> None:
        self._assembler.close()
        self.socket.close()


class AsyncChannel:
    """The asyncio side: any number of senders, one receiver."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self._assembler = Assembler()
        self._sending = asyncio.Lock()

    async def send(self, payload: bytes, fds: Sequence[int] = (), question: int = 0) -> None:
        """Raises OSError."""
        data = pack(payload, fds, question)
        async with self._sending:
            sent = await self._send_fds(data, fds) if fds else 0
            if rest := data[sent:]:  # whoever has it all may be gone already
                await asyncio.get_running_loop().sock_sendall(self.socket, rest)

    async def receive(self) -> Frame | None:
        """The next frame; None at the end of the stream.  Raises OSError and FrameError."""
        while (frame := self._assembler.pop()) is None:
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, _CHUNK, MAX_FDS, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                await self._ready(writable=False)
                continue
            if not data:
                return None
            self._assembler.feed(data, fds)
        return frame

    def close(self) -> None:
        self._assembler.close()
        self.socket.close()

    async def _send_fds(self, data: bytes, fds: Sequence[int]) -> int:
        while True:
            try:
                return socket.send_fds(self.socket, [data], list(fds))
            except BlockingIOError:
                await self._ready(writable=True)

    async def _ready(self, *, writable: bool) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        add, remove = (loop.add_writer, loop.remove_writer) if writable else (loop.add_reader, loop.remove_reader)
        add(self.socket, ready.set)
        try:
            await ready.wait()
        finally:
            remove(self.socket)
