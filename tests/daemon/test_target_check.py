"""What a look at a target finds."""

from __future__ import annotations

import asyncio
import socket
from typing import NoReturn

import pytest

from realvpc.daemon.target_check import Look, is_well
from realvpc.net.target_group import CheckProtocol, HealthCheck
from realvpc.session.far_end import FarEndError

NLB, NODE = "nlb-00000000000000001", "eni-a"
BY_HTTP = HealthCheck(protocol=CheckProtocol.HTTP, path="/well", codes="200-299,404", timeout=2)


class Here:
    """Sockets of this process."""

    async def socket(
        self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
    ) -> socket.socket:
        assert (instance_id, interface_id) == (NLB, NODE)
        return socket.socket()


class Away:
    async def socket(self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False) -> NoReturn:
        raise FarEndError(instance_id)


async def looked_at(answer: bytes | None, check: HealthCheck) -> tuple[bool | None, bytes]:
    """What is found of a server that answers so, or closes its port at once, and what it was asked."""
    asked = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        if check.protocol is not CheckProtocol.TCP:
            asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer or b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if answer is None:
        server.close()
    found = await is_well(Here(), Look(NLB, NODE, "127.0.0.1", port, check))
    server.close()
    return found, asked


@pytest.mark.parametrize(
    ("answer", "check", "expected"),
    [
        (b"", HealthCheck(), True),
        (None, HealthCheck(), False),
        (b"HTTP/1.1 200 OK\r\n\r\n", BY_HTTP, True),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", BY_HTTP, True),
        (b"HTTP/1.1 301 Moved\r\n\r\n", BY_HTTP, False),
        (b"HTTP/1.1 500 No\r\n\r\n", BY_HTTP, False),
        (b"SSH-2.0-nothing\r\n", BY_HTTP, False),
        (b"", BY_HTTP, False),
        (b"x" * 100_000, BY_HTTP, False),
    ],
)
def test_a_look(answer: bytes | None, check: HealthCheck, *, expected: bool) -> None:
    found, asked = asyncio.run(looked_at(answer, check))
    assert found is expected
    if asked:
        assert asked.startswith(b"GET /well HTTP/1.1\r\nHost: 127.0.0.1:")


def test_where_nobody_can_look_nothing_is_found() -> None:
    assert asyncio.run(is_well(Away(), Look(NLB, NODE, "127.0.0.1", 1, HealthCheck()))) is None
