"""Forwarded ports: many connections at the same time by smux, or one, byte for byte."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from . import smux
from .connection import Connection
from .data_channel import Event, HungUp, Keys
from .far_end import Line
from .message import Flag, PayloadType, flag_payload


class MultiplexedPort:
    """Each stream of the client's is a connection of its own."""

    def __init__(self, dial: Callable[[], asyncio.Future[socket.socket]], line: Line) -> None:
        self._dial = dial
        self._line = line
        self._multiplexer = smux.Multiplexer()
        self._connections: dict[int, Connection] = {}
        self._leaving: set[Connection] = set()  # their clients are done; what they sent is still being written

    @property
    def pending(self) -> int:
        return sum(each.pending for each in (*self._connections.values(), *self._leaving))

    def receive(self, event: Event) -> None:
        if not isinstance(event, Keys):
            return
        try:
            events, answer = self._multiplexer.receive(event.data)
        except smux.SmuxError as error:
            self._line.finish(f"The client does not keep to the framing of port sessions: {error}")
            return
        if answer:
            self._line.send(answer)
        for each in events:
            match each:
                case smux.Opened(stream):
                    self._leaving = {connection for connection in self._leaving if not connection.closed}
                    if len(self._leaving) < smux.STREAMS:
                        self._connections[stream] = self._connect(stream)
                    else:
                        self._line.send(self._multiplexer.close(stream))
                case smux.Arrived(stream, data) if stream in self._connections:
                    self._connections[stream].write(data)
                case smux.Closed(stream) if stream in self._connections:
                    connection = self._connections.pop(stream)
                    connection.finish()
                    self._leaving.add(connection)

    def resume(self) -> None:
        """Another one first each time: the room is soon gone again."""
        if self._connections:
            first = next(iter(self._connections))
            self._connections[first] = self._connections.pop(first)
        for connection in tuple(self._connections.values()):
            connection.resume()

    async def close(self) -> None:
        for connection in (*self._connections.values(), *self._leaving):
            connection.close()

    def _connect(self, stream: int) -> Connection:
        def send(data: bytes) -> None:
            self._line.send(self._multiplexer.send(stream, data))

        def end() -> None:
            self._connections.pop(stream, None)
            self._line.send(self._multiplexer.close(stream))
            self._line.drained()

        def refused() -> None:
            self._line.send(flag_payload(Flag.CONNECT_TO_PORT_ERROR), PayloadType.FLAG)
            end()

        return Connection(self._dial, self._line.room, send, end, refused, self._line.drained)


class SinglePort:
    """The bytes of the session are those of one connection, as SSH wants it; the session ends with it."""

    def __init__(self, dial: Callable[[], asyncio.Future[socket.socket]], line: Line) -> None:
        def refused() -> None:
            line.send(flag_payload(Flag.CONNECT_TO_PORT_ERROR), PayloadType.FLAG)
            line.finish("The connection to the destination port failed.")

        self._connection = Connection(dial, line.room, line.send, line.finish, refused, line.drained)

    @property
    def pending(self) -> int:
        return self._connection.pending

    def receive(self, event: Event) -> None:
        match event:
            case Keys(data):
                self._connection.write(data)
            case HungUp():
                self._connection.finish()

    def resume(self) -> None:
        self._connection.resume()

    async def close(self) -> None:
        self._connection.close()
