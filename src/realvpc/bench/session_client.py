"""A client of data channels that does no more than it must, so that what is measured is the service."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from realvpc.session import message as m


class BenchClient:
    """`received` counts bytes of output."""

    def __init__(self, socket: ClientConnection) -> None:
        self.received = 0
        self._socket = socket
        self._sequence = 0
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, session: Mapping[str, Any]) -> Self:
        """`session` is StartSession's answer.  Raises OSError."""
        socket = await connect(session["StreamUrl"], compression=None, proxy=None, max_queue=None)
        await socket.send(json.dumps({"MessageSchemaVersion": "1.0", "TokenValue": session["TokenValue"]}))
        return cls(socket)

    async def type(self, keys: bytes) -> None:
        message = m.Message(
            type=m.INPUT, sequence=self._sequence, id=uuid.uuid4(), created_at=time.time_ns() // 1_000_000,
            payload_type=m.PayloadType.OUTPUT, payload=keys,
        )  # fmt: skip
        self._sequence += 1
        await self._socket.send(m.encode(message))

    async def shows_more(self) -> None:
        """Wait for output that is not there yet."""
        self._news.clear()
        await self._news.wait()

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        self._socket.transport.abort()

    async def _read(self) -> None:
        async for frame in self._socket:
            assert isinstance(frame, bytes)
            message = m.decode(frame)
            if message.type == m.OUTPUT:
                answer = m.acknowledgement(message, uuid.uuid4(), time.time_ns() // 1_000_000)
                await self._socket.send(m.encode(answer))
                self.received += len(message.payload)
                self._news.set()
