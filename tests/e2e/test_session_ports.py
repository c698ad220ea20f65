"""Forwarded ports and commands without a terminal: what is in an instance's network, on one's own machine."""

from __future__ import annotations

import asyncio
import hashlib
import random

import pytest

from realvpc.session.message import Flag
from realvpc.session.smux import Command, Decoder, Frame, encode
from tests.running import eventually
from tests.session.client import Client

from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]

FORWARDING, REMOTE = "AWS-StartPortForwardingSession", "AWS-StartPortForwardingSessionToRemoteHost"
MEGABYTE = 1 << 20

# Answers every connection with what it hears: digests, echoes, or a greeting and silence.
SERVER = """
import hashlib, os, socket, threading
def serve(sock):
    kind = sock.recv(1)
    if kind == b"d":
        digest, left = hashlib.sha256(), int(sock.recv(8, socket.MSG_WAITALL))
        while left:
            data = sock.recv(min(left, 65536))
            digest.update(data); left -= len(data)
        sock.sendall(digest.hexdigest().encode())
    elif kind == b"g":
        left = int(sock.recv(8, socket.MSG_WAITALL))
        sock.sendall(bytes(i * 7 % 251 for i in range(251)) * (left // 251))
    elif kind == b"e":
        while data := sock.recv(65536):
            sock.sendall(data)
    elif kind == b"s":
        sock.sendall(b"silent"); threading.Event().wait()
    sock.close()
listener = socket.create_server(("", 7001))
if os.fork(): os._exit(0)
os.setsid()
for fd in range(3): os.dup2(os.open("/dev/null", os.O_RDWR), fd)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


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
        async with asyncio.timeout(30):
            while stream not in self.closed:
                self._take()
                await asyncio.sleep(0.01)
        return bytes(self.arrived[stream])

    async def until(self, stream: int, data: bytes) -> None:
        async with asyncio.timeout(30):
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


@pytest.fixture(scope="module")
def server(target: Target) -> None:
    target.service("exec", target.instance_id, "--", "python3", "-c", SERVER)


def forwarding(target: Target, port: int, **more: str) -> Client:
    parameters = {"portNumber": [str(port)], **{name: [value] for name, value in more.items()}}
    document = REMOTE if "host" in more else FORWARDING
    return Client(target.start(DocumentName=document, Parameters=parameters))


@pytest.mark.usefixtures("server")
def test_many_connections_on_one_session(target: Target) -> None:
    data = random.Random(1).randbytes(2 * MEGABYTE)

    async def converse() -> None:
        async with forwarding(target, 7001) as client:
            await client.agrees()
            (action,) = client.asked["RequestedClientActions"]
            assert action["ActionParameters"]["SessionType"] == "Port"
            assert action["ActionParameters"]["Properties"]["portNumber"] == "7001"
            streams = Streams(client)
            await streams.open(3, b"d%08d" % len(data))
            await streams.open(5, b"g%08d" % MEGABYTE)
            await streams.open(7, b"eecho")
            await streams.send(3, data)
            assert await streams.until_closed(3) == hashlib.sha256(data).hexdigest().encode()
            assert await streams.until_closed(5) == bytes(i * 7 % 251 for i in range(251)) * (MEGABYTE // 251)
            await streams.until(7, b"echo")
            await streams.close(7)
            await client.flag(Flag.TERMINATE_SESSION)
            assert await client.ends() == ""

    asyncio.run(converse())


@pytest.mark.usefixtures("server")
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


@pytest.mark.usefixtures("server")
def test_a_host_is_what_the_instance_knows_by_that_name(target: Target) -> None:
    async def converse() -> None:
        own = target.ec2.describe_instances(InstanceIds=[target.instance_id])["Reservations"][0]["Instances"][0]
        for host, reached in (
            (own["PrivateIpAddress"], True),
            (own["PrivateDnsName"], True),
            ("localhost", True),
            ("nobody.example.net", False),
        ):
            async with forwarding(target, 7001, host=host) as client:
                await client.agrees()
                streams = Streams(client)
                await streams.open(3, b"d%08dhello" % 5)
                assert await streams.until_closed(3) == (
                    hashlib.sha256(b"hello").hexdigest().encode() if reached else b""
                )

    asyncio.run(converse())


@pytest.mark.usefixtures("server")
def test_ssh_sessions_carry_plain_bytes_and_end_with_the_connection(target: Target) -> None:
    async def converse() -> None:
        session = target.start(DocumentName="AWS-StartSSHSession", Parameters={"portNumber": ["7001"]})
        async with Client(session) as client:
            await client.agrees()
            assert client.asked["RequestedClientActions"][0]["ActionParameters"]["Properties"] == {"portNumber": "7001"}
            await client.type(b"d%08dhello" % 5)
            assert await client.ends() == ""
            assert client.output == hashlib.sha256(b"hello").hexdigest().encode()
        async with Client(target.start(DocumentName="AWS-StartSSHSession")) as client:
            await client.agrees()
            assert "failed" in await client.ends()  # no sshd here

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
        client = forwarding(target, 7001)
        client.status = 3
        async with client:
            assert "handshake failed" in await client.ends()

    asyncio.run(converse())
