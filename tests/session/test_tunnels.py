"""Tunnels: the bytes of a websocket are those of a TCP connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.errors import AwsError
from realvpc.api.ec2instanceconnect.tunnel import Tunnel
from realvpc.net.instance_connect_endpoint import TUNNELS_MAXIMUM
from realvpc.session.tunnels import ACCOUNT_MAXIMUM, Tunnels
from tests.patience import PATIENCE_SECONDS

BULK = 8 << 20  # bytes: more than sockets hold


class Loopback:
    """Connections begin here."""

    async def socket(
        self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
    ) -> socket.socket:
        made = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET)
        made.setblocking(False)
        return made


class Websocket:
    """A client's side: what it sends, and what it was sent."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        self.taken = 0  # of the inbox
        self.open = asyncio.Event()

    def says(self, data: bytes) -> None:
        self.inbox.put_nowait({"type": "websocket.receive", "bytes": data})

    def leaves(self) -> None:
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def receive(self) -> dict[str, Any]:
        message = await self.inbox.get()
        self.taken += 1
        return message

    async def send(self, message: Any) -> None:
        self.sent.append(dict(message))
        self.open.set()

    @property
    def output(self) -> bytes:
        return b"".join(each["bytes"] for each in self.sent if each["type"] == "websocket.send")

    @property
    def ending(self) -> tuple[int, str] | None:
        last = self.sent[-1]
        return (last["code"], last["reason"]) if last["type"] == "websocket.close" else None


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def serving(handler: Callable[..., Any] = echo) -> AsyncIterator[Tunnel]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Tunnel("eice-1", "111111111111", "127.0.0.1", port, 60)


def begin(tunnels: Tunnels, tunnel: Tunnel) -> tuple[Websocket, asyncio.Task[None]]:
    client = Websocket()
    return client, asyncio.create_task(tunnels(tunnel, "request", client.receive, client.send))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


def test_bytes_go_both_ways_until_the_client_leaves() -> None:
    async def scenario() -> None:
        async with serving() as tunnel:
            client, running = begin(Tunnels(Loopback(), lambda name: True), tunnel)
            for piece in (b"SSH-2.0-", b"", b"client\r\n"):  # AWS's client sends empty frames at the end of its input
                client.says(piece)
            await until(lambda: client.output == b"SSH-2.0-client\r\n")
            client.leaves()
            await running
            assert client.sent[0] == {"type": "websocket.accept", "headers": [(b"x-amzn-requestid", b"request")]}
            assert client.ending is None

    asyncio.run(scenario())


def test_the_far_end_closes_it() -> None:
    async def goodbye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        writer.close()

    async def scenario() -> None:
        async with serving(goodbye) as tunnel:
            client, running = begin(Tunnels(Loopback(), lambda name: True), tunnel)
            await running
            assert (client.output, client.ending) == (b"bye", (1000, ""))

    asyncio.run(scenario())


def test_a_far_end_that_does_not_read_makes_the_client_wait() -> None:
    async def scenario() -> None:
        reads = asyncio.Event()
        read = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal read
            await reads.wait()
            while data := await reader.read(1 << 20):
                read += len(data)

        async with serving(slow) as tunnel:
            client, running = begin(Tunnels(Loopback(), lambda name: True), tunnel)
            pieces = BULK >> 16
            for _ in range(pieces):
                client.says(bytes(1 << 16))
            await until(lambda: client.taken > 0)
            before = -1
            while before != client.taken:  # until it takes no more
                before = client.taken
                await asyncio.sleep(0.2)
            assert client.taken < pieces
            reads.set()
            await until(lambda: read == BULK)
            client.leaves()
            await running

    asyncio.run(scenario())


def test_nobody_listens() -> None:
    async def scenario() -> None:
        with socket.socket() as bound:  # and does not listen
            bound.bind(("127.0.0.1", 0))
            tunnel = Tunnel("eice-1", "111111111111", "127.0.0.1", bound.getsockname()[1], 60)
            client, running = begin(Tunnels(Loopback(), lambda name: True), tunnel)
            await running
            assert client.ending == (1011, "Unable to connect to target")

    asyncio.run(scenario())


def test_it_ends_with_its_time_and_with_its_endpoint() -> None:
    async def scenario() -> None:
        there = True
        async with serving() as tunnel:
            client, running = begin(Tunnels(Loopback(), lambda name: there), replace(tunnel, seconds=0))
            await running
            assert client.ending == (1001, "The maximum duration of the tunnel is over")
            client, running = begin(Tunnels(Loopback(), lambda name: there), tunnel)
            await client.open.wait()
            there = False
            await running
            assert client.ending == (1001, "The endpoint was deleted")

    asyncio.run(scenario())


def test_a_client_that_does_not_read_keeps_no_tunnel_beyond_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realvpc.session.tunnels._CLOSING_SECONDS", 0.05)

    async def scenario() -> None:
        async with serving() as tunnel:
            client, tunnels = Websocket(), Tunnels(Loopback(), lambda name: True)

            async def send(message: Any) -> None:
                if message["type"] != "websocket.accept":
                    await asyncio.Event().wait()

            async with asyncio.timeout(PATIENCE_SECONDS):
                await tunnels(replace(tunnel, seconds=0), "request", client.receive, send)
                await tunnels(replace(tunnel, port=1), "request", client.receive, send)  # where nobody listens

    asyncio.run(scenario())


@pytest.mark.parametrize("of_account", [False, True])
def test_an_endpoint_and_an_account_have_so_many_at_a_time(*, of_account: bool) -> None:
    async def scenario() -> None:
        tunnels = Tunnels(Loopback(), lambda name: True)
        async with serving() as tunnel:

            def nth(number: int) -> Tunnel:
                return replace(tunnel, endpoint_id=f"eice-{number if of_account else 0}")

            limit = ACCOUNT_MAXIMUM if of_account else TUNNELS_MAXIMUM
            clients = [begin(tunnels, nth(number)) for number in range(limit)]
            await until(lambda: all(client.sent for client, _ in clients))
            one_more, running = begin(tunnels, nth(limit))
            with pytest.raises(AwsError, match="concurrent connections") as refused:
                await running
            assert refused.value.code == "ResourceLimitExceeded"
            assert one_more.sent == []
            clients[0][0].leaves()
            await clients[0][1]
            clients.append(begin(tunnels, nth(limit)))
            await clients[-1][0].open.wait()
            for client, _ in clients[1:]:
                client.leaves()
            await asyncio.gather(*(task for _, task in clients))

    asyncio.run(scenario())
