"""Connections of strangers, on real sockets."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import Any, ClassVar

import pytest

from realvpc.http_connection import ADMITTED, BoundedHttp, GuestHttp
from tests.patience import PATIENCE_SECONDS
from tests.serving import served

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
LARGEST = BoundedHttp.largest_request


class Impatient(GuestHttp):
    patience = 0.2


async def app(scope: Any, receive: Any, send: Any) -> None:
    """As many bytes as the path says; websockets live until the client leaves."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    body = bytes(int(scope["path"].strip("/") or 2))
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Recording:
    """A transport that notes what is written to it at a time."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        if self._transport.is_closing():
            raise RuntimeError("as uvloop's")
        Recorded.pieces.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Recorded(BoundedHttp):
    pieces: ClassVar[list[bytes]] = []
    latest: ClassVar[Any]

    def connection_made(self, transport: Any) -> None:
        Recorded.latest = transport
        super().connection_made(Recording(transport))  # type: ignore[arg-type]


def test_an_answer_is_sent_in_one_piece() -> None:
    """Whoever is killed has answered or has not: nobody reads of a success whose body never comes."""

    async def scenario() -> None:
        async with served(app, Recorded) as address:
            reader, writer = await asyncio.open_connection(*address)
            for _ in range(3):
                Recorded.pieces.clear()
                writer.write(ASK)
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(2) == b"\0\0"
                assert len(Recorded.pieces) == 1
            writer.close()

    asyncio.run(scenario())


def test_an_answer_to_whoever_has_left_meanwhile_is_no_fault() -> None:
    faults: list[Any] = []

    async def leaving(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)
        Recorded.latest.abort()

    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))
        async with served(leaving, Recorded) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(ASK)
            assert await is_left(reader)
            writer.close()

    asyncio.run(scenario())
    assert not faults


async def is_left(reader: asyncio.StreamReader) -> bool:
    """Whether the server goes away without another byte."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


@pytest.mark.parametrize(
    "beginning", [b"", b"GET / HT", ASK[:-2], b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"]
)
def test_half_a_request_is_not_waited_for(beginning: bytes) -> None:
    async def scenario() -> None:
        async with served(app, Impatient) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(beginning)
            assert await is_left(reader)
            writer.close()

    asyncio.run(scenario())


def test_who_does_not_read_an_answer_is_left() -> None:
    async def scenario() -> None:
        async with served(app, Impatient) as address:
            with socket.create_connection(address) as client:
                client.sendall(b"GET /50000000 HTTP/1.1\r\nHost: x\r\n\r\n")
                async with asyncio.timeout(PATIENCE_SECONDS):
                    with pytest.raises(ConnectionError):
                        while True:
                            await asyncio.sleep(0.05)
                            client.send(b"\n")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nX: ",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: ",
    ],
)
def test_a_request_without_end_is_not_kept(beginning: bytes) -> None:
    async def scenario() -> None:
        async with served(app, BoundedHttp) as address:
            _, writer = await asyncio.open_connection(*address)
            with pytest.raises(ConnectionError):
                writer.write(beginning)
                for _ in range(100):
                    writer.write(b"x" * (LARGEST // 10))
                    await writer.drain()
            writer.close()

    asyncio.run(scenario())


def test_requests_that_are_none_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with served(app, GuestHttp) as address:
            for nonsense in (b"nonsense\r\n\r\n", UPGRADE.replace(b"websocket", b"nonsense", 1)):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(nonsense)
                assert (await reader.readline()).startswith(b"HTTP/1.1 ")
                writer.close()

    asyncio.run(scenario())
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_large_requests_may_follow_each_other_on_one_connection() -> None:
    async def scenario() -> None:
        async with served(app, GuestHttp) as address:
            reader, writer = await asyncio.open_connection(*address)
            length = LARGEST // 2
            for _ in range(4):
                writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length)
                assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
                assert (await reader.readuntil(b"\r\n\r\n")).lower().count(b"content-length: 2")
                await reader.readexactly(2)
            writer.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("opening", [b"", UPGRADE])
def test_one_peer_cannot_take_all_connections(opening: bytes) -> None:
    async def scenario() -> None:
        async with served(app, GuestHttp) as (host, port), AsyncExitStack() as stack:

            async def connect(source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
                reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
                stack.callback(writer.close)
                return reader, writer

            for _ in range(GuestHttp.connections_per_peer or 0):
                reader, writer = await connect("127.0.0.1")
                writer.write(opening)
                if opening:
                    assert await reader.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
            reader, writer = await connect("127.0.0.1")
            assert await is_left(reader)
            reader, writer = await connect("127.0.0.2")
            writer.write(ASK)
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

    asyncio.run(scenario())


class Crowded(BoundedHttp):
    maximum_connections = 8


def test_those_that_wait_for_nothing_give_way_and_those_that_ask_are_answered() -> None:
    async def scenario() -> None:
        async with served(app, Crowded) as address:
            idle = [await asyncio.open_connection(*address) for _ in range(30)]
            for _ in range(3):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(ASK)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
                writer.close()
            assert await is_left(idle[0][0])
            left = [reader.at_eof() for reader, _ in idle]
            assert sum(not gone for gone in left) <= Crowded.maximum_connections
            for _, writer in idle:
                writer.close()

    asyncio.run(scenario())


def test_so_do_websockets_whose_clients_have_not_said_who_they_are_and_no_others() -> None:
    async def letting_in(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket" and scope["path"] == "/known":
            scope["extensions"][ADMITTED]()
        await app(scope, receive, send)

    async def scenario() -> None:
        async with served(letting_in, Crowded) as address, AsyncExitStack() as stack:

            async def upgraded(opening: bytes) -> asyncio.StreamReader:
                reader, writer = await asyncio.open_connection(*address)
                stack.callback(writer.close)
                writer.write(opening)
                assert await reader.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
                await reader.readuntil(b"\r\n\r\n")
                return reader

            known = [await upgraded(UPGRADE.replace(b"/", b"/known", 1)) for _ in range(3)]
            strangers = [await upgraded(UPGRADE) for _ in range(30)]
            for _ in range(3):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(ASK)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
                writer.close()
            assert await is_left(strangers[0])
            assert sum(not reader.at_eof() for reader in strangers) <= Crowded.maximum_connections
            assert not any(reader.at_eof() for reader in known)

    asyncio.run(scenario())


def test_nobody_says_that_a_request_comes_from_elsewhere() -> None:
    """Whoever is on the host comes from the loopback, which servers that stand behind others believe."""
    scopes: list[Any] = []

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await app(scope, receive, send)

    async def scenario() -> None:
        claims = b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nForwarded: for=203.0.113.9\r\n\r\n"
        for asked in (ASK, UPGRADE):
            async with served(noting, BoundedHttp) as address:
                reader, writer = await asyncio.open_connection(*address)
                writer.write(asked[:-2] + claims)
                await reader.readuntil(b"\r\n\r\n")
                writer.close()

    asyncio.run(scenario())
    assert [(scope["client"][0], scope["scheme"]) for scope in scopes] == [("127.0.0.1", "http"), ("127.0.0.1", "ws")]
