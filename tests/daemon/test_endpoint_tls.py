"""AWS's endpoint by TLS, as strangers meet it: on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

from realvpc.daemon import endpoint_tls
from realvpc.daemon.authority import open_authority
from realvpc.daemon.endpoint_tls import EndpointTls, TlsServer
from realvpc.http_connection import GuestHttp
from realvpc.net.network import Network
from tests.patience import PATIENCE_SECONDS

from ..packets.endpoint import interface_endpoint
from ..packets.hosts import number, vpc

T = TypeVar("T")
ASK = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = scope["scheme"].encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Endpoint:
    def __init__(self, server: TlsServer, trust: ssl.SSLContext, address: tuple[str, int]) -> None:
        self.server = server
        self.trust = trust
        self.address = address

    async def ask(self, name: str, context: ssl.SSLContext | None = None) -> bytes:
        """What whoever calls it so is answered.  Raises ssl.SSLError."""
        streams = await asyncio.open_connection(*self.address, ssl=context or self.trust, server_hostname=name)
        streams[1].write(ASK)
        answer = await streams[0].read()
        streams[1].close()
        return answer


@asynccontextmanager
async def endpoint(directory: Path) -> AsyncIterator[Endpoint]:
    authority = open_authority(directory, is_new=True)
    server = TlsServer(app, EndpointTls(authority, lambda: network).context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.on(listening))
        try:
            yield Endpoint(server, ssl.create_default_context(cadata=authority.pem), listening.getsockname())
        finally:
            server.should_exit = True
            await serving


def run(work: Coroutine[Any, Any, T]) -> T:
    """On the loop that the service has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


network = Network.of(
    *vpc(1, "10.20.0.0/16"),
    *interface_endpoint(1, 1, "10.20.0.80", service="s3"),
    *interface_endpoint(2, 1, "10.20.0.81", service="ssm"),
)
S3, SSM = (network.vpc_endpoints[number("vpce", index)] for index in (1, 2))
OF_S3 = S3.regional_name
NAMES = (
    "ssm.us-east-1.amazonaws.com",
    "sts.amazonaws.com",
    "aws.test",
    "eice-0a1b2c3d4e5f60718.realvpc0.ec2-instance-connect-endpoint.us-east-1.amazonaws.com",
    "vpce-0a1b2c3d4e5f60718-abcdefgh.ssm.us-east-1.vpce.amazonaws.com",
    "vpce-0a1b2c3d4e5f60718-abcdefgh-us-east-1a.ec2.us-east-1.vpce.amazonaws.com",
    *(f"{front}{OF_S3}" for front in ("", "bucket.", "mine.", "mine.bucket.", "mine.accesspoint.", "1.control.")),
    f"mine.bucket.{S3.zonal_name('a')}",
)


def test_it_proves_itself_by_each_of_awss_names(tmp_path: Path) -> None:
    async def all_of_them() -> list[bytes]:
        async with endpoint(tmp_path) as here:
            return [await here.ask(name) for name in NAMES]

    answers = run(all_of_them())
    assert all(answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"https") for answer in answers)


@pytest.mark.parametrize(
    "name",
    [
        "example.com",
        "no.such.amazonaws.com",
        "a.b.ssm.us-east-1.vpce.amazonaws.com",
        f"not.mine.{OF_S3}",
        f"not.mine.bucket.{OF_S3}",
        f"mine.{S3.zonal_name('z')}",
        f"mine.{OF_S3.replace('vpce-0', 'vpce-1', 1)}",
        f"mine.{SSM.regional_name}",
    ],
)
def test_it_has_no_certificate_for_anything_else(tmp_path: Path, name: str) -> None:
    async def ask() -> None:
        async with endpoint(tmp_path) as here:
            await here.ask(name)

    with pytest.raises(ssl.SSLCertVerificationError):
        run(ask())


def test_whoever_does_not_know_the_authority_does_not_trust_it(tmp_path: Path) -> None:
    async def ask() -> None:
        async with endpoint(tmp_path) as here:
            await here.ask(NAMES[0], ssl.create_default_context())

    with pytest.raises(ssl.SSLCertVerificationError):
        run(ask())


def test_who_does_not_shake_hands_is_one_of_a_few_and_soon_gone_and_delays_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_tls, "_HANDSHAKE_SECONDS", 0.5)
    monkeypatch.setattr(endpoint_tls, "_OF_PEER", 4)

    async def silent() -> tuple[bool, bytes, int]:
        async with endpoint(tmp_path) as here:
            opened = [await asyncio.open_connection(*here.address) for _ in range(3)]
            answer = await here.ask(NAMES[0])  # beside them
            opened.append(await asyncio.open_connection(*here.address))
            one_too_many = await asyncio.open_connection(*here.address)
            refused = await _ended(one_too_many[0])
            for reader, _ in opened:
                await _ended(reader)
            for _, writer in (*opened, one_too_many):
                writer.close()
            return refused, answer, here.server.under_way.total()

    refused, answer, left = run(silent())
    assert refused
    assert answer.startswith(b"HTTP/1.1 200")
    assert left == 0


def test_those_who_do_not_shake_hands_take_nobodys_place_from_however_many_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_tls, "_OF_PEER", 1)
    monkeypatch.setattr(endpoint_tls, "_OF_ALL", 3)

    async def silent() -> tuple[list[bool], bytes]:
        async with endpoint(tmp_path) as here:
            sources = [(f"127.0.0.{number}", 0) for number in range(2, 6)]
            opened = [await asyncio.open_connection(*here.address, local_addr=each) for each in sources]
            answer = await here.ask(NAMES[0])
            async with asyncio.timeout(PATIENCE_SECONDS):
                ended = [await _ended(reader) for reader, _ in opened[:2]]
            for _, writer in opened:
                writer.close()
            return ended, answer

    ended, answer = run(silent())
    assert ended == [True, True]
    assert answer.startswith(b"HTTP/1.1 200")


def test_that_nobody_can_come_in_is_said_when_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """But not that somebody has gone again, which anybody can do as often as he likes."""
    monkeypatch.setattr(endpoint_tls, "_PAUSE_SECONDS", 0)
    gone, short = OSError(errno.ECONNABORTED, "gone"), OSError(errno.EMFILE, "too many open files")
    troubles: list[OSError] = []

    class Loop(asyncio.SelectorEventLoop):
        async def sock_accept(self, sock: socket.socket) -> tuple[socket.socket, Any]:
            if troubles:
                raise troubles.pop(0)
            return await super().sock_accept(sock)

    async def ask() -> list[int]:
        said = []
        for each in ([gone] * 3, [gone, short, gone, short], [short, short]):
            troubles.extend(each)
            async with endpoint(tmp_path) as here:
                answers = [await here.ask(NAMES[0])]
                troubles.extend(each)
                answers += [await here.ask(NAMES[0]) for _ in range(2)]
            assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
            said.append(len(caplog.records))
        return said

    with asyncio.Runner(loop_factory=Loop) as runner:
        assert runner.run(ask()) == [0, 2, 4]
    assert all("too many open files" in record.message for record in caplog.records)


def test_a_name_that_is_none_leaves_no_line_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Who calls by such names could fill it."""

    async def ask() -> None:
        async with endpoint(tmp_path) as here:
            reader, writer = await asyncio.open_connection(*here.address)
            writer.write(_hello("abcd").replace(b"abcd", b"\xff\xfe\xfd\xfc"))
            assert await _ended(reader)
            writer.close()

    run(ask())
    assert capfd.readouterr() == ("", "")


def _hello(name: str) -> bytes:
    """What a client says first (RFC 8446, section 4.1.2)."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


def test_what_is_no_handshake_ends_the_connection(tmp_path: Path) -> None:
    async def ask() -> bytes:
        async with endpoint(tmp_path) as here:
            reader, writer = await asyncio.open_connection(*here.address)
            writer.write(ASK)
            try:
                return await reader.read()
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

    assert b"HTTP" not in run(ask())


def test_connections_are_bounded_as_they_are_without_tls(tmp_path: Path) -> None:
    async def many() -> bool:
        async with endpoint(tmp_path) as here:
            opened = []
            for _ in range((GuestHttp.connections_per_peer or 0) + 1):
                opened.append(await asyncio.open_connection(*here.address, ssl=here.trust, server_hostname=NAMES[0]))
            ended = await _ended(opened[-1][0])
            for _, writer in opened:
                writer.transport.abort()
            return ended

    assert run(many())
