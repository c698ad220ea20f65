"""Websockets of strangers, on real sockets and the loop that the service has."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from realvpc.daemon.websocket import BoundedWebsocket
from realvpc.http_connection import BoundedHttp
from tests.patience import PATIENCE_SECONDS
from tests.serving import served

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING = b"\x89\xfd\0\0\0\0" + bytes(125)
BEGINNING, PIECE = b"\x02\x80\0\0\0\0", b"\0\x80\0\0\0\0"  # of a binary message that does not end
MOST = 64 << 20  # bytes that a test sends at most


async def waiting(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def talking(scope: Any, receive: Any, send: Any) -> None:
    """As much as the client's connection takes at once, and then it is over."""
    await receive()
    await send({"type": "websocket.accept"})
    try:
        async with asyncio.timeout(0.5):
            while True:
                await send({"type": "websocket.send", "bytes": bytes(1 << 15)})
                await asyncio.sleep(0)
    except TimeoutError:
        return


def run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


async def upgraded(address: tuple[str, int]) -> socket.socket:
    client = socket.create_connection(address)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, UPGRADE)
    assert b" 101 " in await loop.sock_recv(client, 1 << 12)
    return client


@pytest.mark.parametrize(
    ("begin", "more"), [(b"", PING * 500), (BEGINNING, PIECE * 500)], ids=["pings", "pieces of a message"]
)
def test_what_a_client_makes_us_keep_is_bounded(begin: bytes, more: bytes) -> None:
    """Here one that reads nothing."""

    async def scenario() -> None:
        async with served(waiting, BoundedHttp) as address:
            with await upgraded(address) as client:
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(client, begin)
                with pytest.raises(ConnectionError):
                    for _ in range(MOST // len(more)):
                        await loop.sock_sendall(client, more)

    run(scenario())


@pytest.mark.parametrize(
    "asked",
    [UPGRADE.replace(b"/", b"/" + b"x" * 9000, 1), UPGRADE.replace(b"Host", b"a: b\r\n" * 200 + b"Host", 1)],
    ids=["a long target", "many headers"],
)
def test_a_request_that_is_too_large_is_answered_and_its_connection_ends(asked: bytes) -> None:
    async def scenario() -> None:
        async with served(waiting, BoundedHttp) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(asked)
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
            writer.close()

    run(scenario())


def test_who_does_not_take_the_rest_is_gone_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedWebsocket, "patience", 0.2)
    lost = asyncio.Event()
    ended: Callable[[BoundedWebsocket, Exception | None], None] = BoundedWebsocket.connection_lost

    def connection_lost(self: BoundedWebsocket, error: Exception | None) -> None:
        ended(self, error)
        lost.set()

    monkeypatch.setattr(BoundedWebsocket, "connection_lost", connection_lost)

    async def scenario() -> None:
        async with served(talking, BoundedHttp) as address:
            with await upgraded(address):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await lost.wait()

    run(scenario())


def test_a_client_that_breaks_the_protocol_is_no_defect_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def refusing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    async def scenario() -> None:
        async with served(refusing, BoundedHttp) as address:
            with await upgraded(address) as client:
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(client, PIECE)  # of no message
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while await loop.sock_recv(client, 1 << 12):
                        pass

    run(scenario())
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pings come, and have to be answered, within moments."""
    begin: Callable[[BoundedWebsocket], None] = BoundedWebsocket.start_keepalive

    def start_keepalive(self: BoundedWebsocket) -> None:
        self.ping_interval, self.ping_timeout = 0.05, 0.2
        begin(self)

    monkeypatch.setattr(BoundedWebsocket, "start_keepalive", start_keepalive)


@pytest.mark.usefixtures("impatient")
def test_a_client_that_is_silent_and_answers_no_ping_is_given_up() -> None:
    async def scenario() -> None:
        async with served(waiting, BoundedHttp) as address:
            with await upgraded(address) as client:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while await asyncio.get_running_loop().sock_recv(client, 1 << 12):
                        pass

    run(scenario())


@pytest.mark.usefixtures("impatient")
def test_one_that_is_made_to_wait_or_is_heard_otherwise_is_not() -> None:
    """Its answer to a ping comes after all that it has sent, and that is not read as long as it waits."""
    taken = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.sleep(1)
        while (message := await receive())["type"] == "websocket.receive":
            if message["bytes"] == b"last":
                taken.set()

    async def scenario() -> None:
        message, last = b"\x82\xfe\x10\0\0\0\0\0" + bytes(1 << 12), b"\x82\x84\0\0\0\0last"
        async with served(slow, BoundedHttp) as address:
            with await upgraded(address) as client:
                loop = asyncio.get_running_loop()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await loop.sock_sendall(client, message * 4000)
                    for _ in range(10):
                        await asyncio.sleep(0.1)
                        await loop.sock_sendall(client, message)
                    await loop.sock_sendall(client, last)
                    await taken.wait()

    run(scenario())
