"""A client of data channels, made from the frames alone: what the unmodified clients cannot be made to show."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from realvpc.session import message as m
from tests.patience import PATIENCE_SECONDS


def _now() -> int:
    return time.time_ns() // 1_000_000


class Client:
    """Keeps its numbers from one connection to the next.  `output` is all that was shown, each byte once."""

    def __init__(self, session: dict[str, Any]) -> None:
        self.session = session
        self.output = bytearray()
        self.errors = bytearray()
        self.exit_code: int | None = None
        self.flags: list[m.Flag] = []
        self.agreed = False  # the handshake is complete
        self.farewell: str | None = None
        self._expected = 0
        self._acknowledged: set[int] = set()
        self.asked: dict[str, Any] = {}  # in the handshake
        self.status = 1  # what it answers there: success
        self._next = 0
        self._posts: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.cut()

    async def connect(self) -> None:
        self._socket = await connect(self.session["StreamUrl"], compression=None, proxy=None)
        opening = {
            "MessageSchemaVersion": "1.0",
            "RequestId": str(uuid.uuid4()),
            "TokenValue": self.session["TokenValue"],
        }
        await self._socket.send(json.dumps(opening))
        self._reader = asyncio.create_task(self._read(self._socket))

    async def cut(self) -> None:
        """Lose the connection without a word."""
        assert self._socket is not None and self._reader is not None
        self._socket.transport.abort()
        await self._reader

    async def type(self, text: str | bytes) -> None:
        await self._send(m.PayloadType.OUTPUT, text.encode() if isinstance(text, str) else text)

    async def push(self, data: bytes) -> None:
        """Send, and do not wait for an acknowledgement."""
        assert self._socket is not None
        message = m.Message(
            type=m.INPUT, sequence=self._next, id=uuid.uuid4(), created_at=_now(), payload_type=1, payload=data
        )
        self._next += 1
        await self._socket.send(m.encode(message))

    async def received(self, length: int) -> None:
        """Wait for so much output."""
        await self._until(lambda: len(self.output) >= length, f"{length} bytes")

    async def resize(self, columns: int, rows: int) -> None:
        await self._send(m.PayloadType.SIZE, json.dumps({"cols": columns, "rows": rows}).encode())

    async def shows(self, text: str | bytes, after: int = 0) -> int:
        """Wait until this is shown; returns where it ends."""
        wanted = text.encode() if isinstance(text, str) else text
        await self._until(lambda: wanted in self.output[after:], f"{text!r}")
        return self.output.index(wanted, after) + len(wanted)

    async def ends(self) -> str:
        """Wait for the end of the session; returns what it says."""
        await self._until(lambda: self.farewell is not None, "channel_closed")
        assert self.farewell is not None
        return self.farewell

    async def agrees(self) -> None:
        """Wait for the end of the handshake."""
        await self._until(lambda: self.agreed, "end of the handshake")

    async def flagged(self, flag: m.Flag) -> None:
        await self._until(lambda: flag in self.flags, f"flag {flag.name}")

    async def closed(self) -> None:
        """Wait until the server has closed the connection."""
        assert self._reader is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.shield(self._reader)

    async def _take(self, message: m.Message) -> None:
        match message.payload_type:
            case m.PayloadType.OUTPUT:
                self.output += message.payload
            case m.PayloadType.STDERR:
                self.errors += message.payload
            case m.PayloadType.EXIT_CODE:
                self.exit_code = int(message.payload.removeprefix(b"EXIT_CODE: "))
            case m.PayloadType.FLAG:
                self.flags.append(m.flag(message))
            case m.PayloadType.HANDSHAKE_REQUEST:
                self.asked = json.loads(message.payload)
                actions = [
                    {"ActionType": each["ActionType"], "ActionStatus": self.status, "ActionResult": None, "Error": ""}
                    for each in self.asked["RequestedClientActions"]
                ]
                answer = {"ClientVersion": "1.2.0.0", "ProcessedClientActions": actions, "Errors": None}
                self._post(m.PayloadType.HANDSHAKE_RESPONSE, json.dumps(answer).encode())
            case m.PayloadType.HANDSHAKE_COMPLETE:
                self.agreed = True

    async def _until(self, truth: Callable[[], bool], what: str) -> None:
        try:
            await self._wait(truth, PATIENCE_SECONDS)
        except TimeoutError:
            raise AssertionError(f"there was no {what} in the end of {bytes(self.output[-2000:])!r}") from None

    async def _wait(self, truth: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not truth():
                self._news.clear()
                await self._news.wait()

    def _post(self, kind: m.PayloadType, payload: bytes) -> None:
        """Send from within the reading."""
        post = asyncio.create_task(self._send(kind, payload))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)

    async def flag(self, flag: m.Flag) -> None:
        await self._send(m.PayloadType.FLAG, m.flag_payload(flag))

    async def _send(self, kind: m.PayloadType, payload: bytes) -> None:
        assert self._socket is not None
        message = m.Message(
            type=m.INPUT, sequence=self._next, id=uuid.uuid4(), created_at=_now(), payload_type=kind, payload=payload
        )
        self._next += 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            while message.sequence not in self._acknowledged:  # what the shell has no room for is sent again
                with contextlib.suppress(ConnectionClosed):  # somebody connects again
                    await self._socket.send(m.encode(message))
                with contextlib.suppress(TimeoutError):
                    await self._wait(lambda: message.sequence in self._acknowledged, 0.3)

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                assert isinstance(frame, bytes)
                message = m.decode(frame)
                if message.type == m.CHANNEL_CLOSED:
                    self.farewell = json.loads(message.payload)["Output"]
                elif message.type == m.OUTPUT and message.sequence == self._expected:  # what is old gets no answer
                    self._expected += 1
                    await self._take(message)
                    await socket.send(m.encode(m.acknowledgement(message, uuid.uuid4(), _now())))
                elif message.type == m.ACKNOWLEDGE:
                    self._acknowledged.add(m.acknowledged(message))
                self._news.set()
        except ConnectionClosed:
            pass
        self._news.set()
