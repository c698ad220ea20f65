"""Forwarded ports, without a client and without instances."""

from __future__ import annotations

import asyncio
import socket

from realvpc.session import smux
from realvpc.session.data_channel import Keys
from realvpc.session.descriptor import Turns
from realvpc.session.message import PayloadType
from realvpc.session.port import MultiplexedPort
from realvpc.session.smux import Command, Frame, encode


class Line:
    """Remembers what is sent."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.sent = bytearray()

    def room(self) -> bool:
        return True

    def send(self, data: bytes, kind: PayloadType = PayloadType.OUTPUT) -> None:
        self.sent += data

    def drained(self) -> None: ...
    def finish(self, farewell: str = "") -> None: ...


def test_connections_that_a_client_leaves_before_they_are_there_are_counted_too() -> None:
    """Each costs a socket and a visit to the node process, for as long as nobody answers."""

    async def scenario() -> None:
        line = Line()
        dialled: list[asyncio.Future[socket.socket]] = []

        def dial() -> asyncio.Future[socket.socket]:
            dialled.append(asyncio.get_running_loop().create_future())
            return dialled[-1]

        port = MultiplexedPort(dial, line)
        for stream in range(1, 4 * smux.STREAMS, 2):
            frames = Frame(Command.SYN, stream), Frame(Command.PSH, stream, b"x"), Frame(Command.FIN, stream)
            port.receive(Keys(b"".join(map(encode, frames))))
        assert len(dialled) == smux.STREAMS
        port.receive(Keys(encode(Frame(Command.SYN, 2))))
        assert bytes(line.sent) == encode(Frame(Command.FIN, 2))
        for each in dialled:
            each.set_exception(OSError())
        await asyncio.sleep(0)
        port.receive(Keys(encode(Frame(Command.SYN, 1))))
        assert len(dialled) == smux.STREAMS + 1
        await port.close()

    asyncio.run(scenario())
