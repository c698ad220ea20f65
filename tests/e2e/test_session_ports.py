"""Forwarded ports and commands without a terminal: what is in an instance's network, on one's own machine."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from typing import Self
from urllib.parse import urlsplit

import pytest

from realvpc.session.message import Flag
from realvpc.session.smux import Command, Decoder, Frame, encode
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually
from tests.session.client import Client

from .port_server import PORT, generated
from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]

FORWARDING, REMOTE = "AWS-StartPortForwardingSession", "AWS-StartPortForwardingSessionToRemoteHost"
MEGABYTE = 1 << 20


class Streams:
    """The client's side of smux, on a port session."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._decoder = Decoder()
        self._read = 0
        self.arrived: dict[int, bytearray] = {}
        self.closed: set[int] = set()

    async def open(self, stream: int, data: bytes) -> None:
        self.arrived[stream] = bytearray()
        await self._client.type(encode(Frame(Command.SYN, stream)) + encode(Frame(Command.PSH, stream, data)))

    async def send(self, stream: int, data: bytes) -> None:
        for start in range(0, len(data), 32768):
            await self._client.type(encode(Frame(Command.PSH, stream, data[start : start + 32768])))

    async def close(self, stream: int) -> None:
        await self._client.type(encode(Frame(Command.FIN, stream)))

    async def until_closed(self, stream: int) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while stream not in self.closed:
                self._take()
                await asyncio.sleep(0.01)
        return bytes(self.arrived[stream])

    async def until(self, stream: int, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while data not in self.arrived[stream]:
                self._take()
                await asyncio.sleep(0.01)

    def _take(self) -> None:
        news = bytes(self._client.output[self._read :])
        self._read += len(news)
        for frame in self._decoder.feed(news):
            if frame.command is Command.PSH:
                self.arrived[frame.stream] += frame.data
            elif frame.command is Command.FIN:
                self.closed.add(frame.stream)


def forwarding(target: Target, port: int, **more: str) -> Client:
    parameters = {"portNumber": [str(port)], **{name: [value] for name, value in more.items()}}
    document = REMOTE if "host" in more else FORWARDING
    return Client(target.start(DocumentName=document, Parameters=parameters))


def test_many_connections_on_one_session(target: Target) -> None:
    data = random.Random(1).randbytes(2 * MEGABYTE)

    async def converse() -> None:
        async with forwarding(target, PORT) as client:
            await client.agrees()
            (action,) = client.asked["RequestedClientActions"]
            assert action["ActionParameters"]["SessionType"] == "Port"
            assert action["ActionParameters"]["Properties"]["portNumber"] == str(PORT)
            streams = Streams(client)
            await streams.open(3, b"d%08d" % len(data))
            await streams.open(5, b"g%08d" % MEGABYTE)
            await streams.open(7, b"eecho")
            await streams.send(3, data)
            assert await streams.until_closed(3) == hashlib.sha256(data).hexdigest().encode()
            assert await streams.until_closed(5) == generated(MEGABYTE)
            await streams.until(7, b"echo")
            await streams.close(7)
            await client.flag(Flag.TERMINATE_SESSION)
            assert await client.ends() == ""

    asyncio.run(converse())


def test_a_port_where_nobody_listens_is_told_and_the_session_goes_on(target: Target) -> None:
    async def converse() -> None:
        async with forwarding(target, 7002) as client:
            await client.agrees()
            streams = Streams(client)
            for stream in (3, 5):
                await streams.open(stream, b"hello")
                assert await streams.until_closed(stream) == b""
            await client.flagged(Flag.CONNECT_TO_PORT_ERROR)
            await asyncio.to_thread(target.ssm.terminate_session, SessionId=client.session["SessionId"])
            assert await client.ends() == ""

    asyncio.run(converse())


def test_a_server_that_reads_nothing_makes_the_client_wait(target: Target) -> None:
    """Nobody keeps what it does not take; and other connections of other sessions go on."""
    piece = encode(Frame(Command.PSH, 3, bytes(32768)))

    async def converse() -> None:
        async with forwarding(target, PORT) as stuck, forwarding(target, PORT) as other:
            await stuck.agrees()
            streams = Streams(stuck)
            await streams.open(3, b"s")
            await streams.until(3, b"silent")
            pushed = 0
            try:
                while pushed < 128 * MEGABYTE:
                    async with asyncio.timeout(1):
                        await stuck.push(piece)
                    pushed += len(piece)
            except TimeoutError:
                pass
            assert pushed < 32 * MEGABYTE
            await other.agrees()
            elsewhere = Streams(other)
            await elsewhere.open(3, b"eecho")
            await elsewhere.until(3, b"echo")

    asyncio.run(converse())


def test_twenty_megabytes_each_way_over_a_connection_that_is_cut(target: Target) -> None:
    data = random.Random(2).randbytes(20 * MEGABYTE)

    async def converse() -> None:
        client = forwarding(target, PORT)
        async with Cutting(client) as cutting:
            await client.agrees()
            streams = Streams(client)
            await streams.open(3, b"d%08d" % len(data))
            await streams.open(5, b"g%08d" % len(data))
            sending = asyncio.create_task(streams.send(3, data))
            for megabytes in (2, 9, 15):
                await client.received(megabytes * MEGABYTE)
                await cutting.cut()
                await asyncio.sleep(0.1)
                fresh = await asyncio.to_thread(target.ssm.resume_session, SessionId=client.session["SessionId"])
                client.session = client.session | {"TokenValue": fresh["TokenValue"]}
                await client.connect()
            assert (
                hashlib.sha256(await streams.until_closed(5)).digest() == hashlib.sha256(generated(len(data))).digest()
            )
            await sending
            assert await streams.until_closed(3) == hashlib.sha256(data).hexdigest().encode()

    asyncio.run(converse())


class Cutting:
    """A TCP proxy between a client and the service, which breaks the connections through it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        url = urlsplit(self._client.session["StreamUrl"])
        self._service = (url.hostname, url.port)
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self._client.session = self._client.session | {"StreamUrl": url._replace(netloc=f"{host}:{port}").geturl()}
        await self._client.connect()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.cut()
        self._server.close()

    async def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.closed()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._service)
        self._writers += [writer, far_writer]
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._copy(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(1 << 16):
                sink.write(data)
                await sink.drain()


def test_a_host_is_what_the_instance_knows_by_that_name(target: Target) -> None:
    async def converse() -> None:
        own = target.ec2.describe_instances(InstanceIds=[target.instance_id])["Reservations"][0]["Instances"][0]
        for host, reached in (
            (own["PrivateIpAddress"], True),
            (own["PrivateDnsName"], True),
            ("localhost", True),
            ("nobody.example.net", False),
        ):
            async with forwarding(target, PORT, host=host) as client:
                await client.agrees()
                streams = Streams(client)
                await streams.open(3, b"d%08dhello" % 5)
                assert await streams.until_closed(3) == (
                    hashlib.sha256(b"hello").hexdigest().encode() if reached else b""
                )

    asyncio.run(converse())


def test_ssh_sessions_carry_plain_bytes_and_end_with_the_connection(target: Target) -> None:
    async def converse() -> None:
        session = target.start(DocumentName="AWS-StartSSHSession", Parameters={"portNumber": [str(PORT)]})
        async with Client(session) as client:
            await client.agrees()
            assert client.asked["RequestedClientActions"][0]["ActionParameters"]["Properties"] == {
                "portNumber": str(PORT)
            }
            await client.type(b"d%08dhello" % 5)
            assert await client.ends() == ""
            assert client.output == hashlib.sha256(b"hello").hexdigest().encode()
        closed = {"DocumentName": "AWS-StartSSHSession", "Parameters": {"portNumber": ["23"]}}
        async with Client(target.start(**closed)) as client:
            await client.agrees()
            assert "failed" in await client.ends()

    asyncio.run(converse())


def test_a_command_without_a_terminal(target: Target) -> None:
    command = "echo out; echo err >&2; tty; id -un; printf 日本; sleep 0.1; exit 3"
    document = {"DocumentName": "AWS-StartNonInteractiveCommand", "Parameters": {"command": [command]}}

    async def converse() -> None:
        async with Client(target.start(**document)) as client:
            assert await client.ends() == ""
            assert client.output.decode() == "out\nnot a tty\nssm-user\n日本"
            assert (bytes(client.errors), client.exit_code) == (b"err\n", 3)

    asyncio.run(converse())


def test_ctrl_c_ends_a_command_without_a_terminal(target: Target) -> None:
    document = {"DocumentName": "AWS-StartNonInteractiveCommand", "Parameters": {"command": ["echo on; sleep 8642"]}}

    async def converse() -> None:
        async with Client(target.start(**document)) as client:
            await client.shows("on")
            await client.type("\x03")
            assert await client.ends() == ""

    asyncio.run(converse())

    def processes() -> str:
        return target.service("exec", target.instance_id, "--", "pgrep", "-f", "sleep 8642", code=None).out

    eventually(lambda: processes() == "", what="the end of the command")


def test_a_client_that_cannot_is_told_so(target: Target) -> None:
    async def converse() -> None:
        client = forwarding(target, PORT)
        client.status = 3
        async with client:
            assert "handshake failed" in await client.ends()

    asyncio.run(converse())
