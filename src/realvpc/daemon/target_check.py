"""One look at one target: a TCP connection from its load balancer's place, and by HTTP an answer over it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl

from msgspec import Struct

from realvpc.net.target_group import CheckProtocol, HealthCheck
from realvpc.session.far_end import FarEndError
from realvpc.session.tunnels import Places

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_LONGEST_LINE = 4096  # bytes that a target may say of itself


class Look(Struct, frozen=True):
    """Where a target is looked at, and how."""

    place: str  # of the load balancer
    interface_id: str  # of its node that looks
    address: str
    port: int
    check: HealthCheck


async def is_well(places: Places, look: Look) -> bool | None:
    """None when nobody could look: that is no fault of the target's."""
    try:
        sock = await places.socket(look.place, look.interface_id)
    except FarEndError:
        return None
    with contextlib.closing(sock):
        try:
            async with asyncio.timeout(look.check.timeout):
                sock.setblocking(False)
                await asyncio.get_running_loop().sock_connect(sock, (look.address, look.port))
                return look.check.protocol is CheckProtocol.TCP or await _answers(sock, look)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            return False


async def _answers(sock: socket.socket, look: Look) -> bool:
    """Whether an HTTP answer begins with a status that is well.  Raises OSError, ValueError, IncompleteReadError."""
    tls = _any_certificate() if look.check.protocol is CheckProtocol.HTTPS else None
    name = look.address if tls else None
    reader, writer = await asyncio.open_connection(sock=sock, limit=_LONGEST_LINE, ssl=tls, server_hostname=name)
    try:
        host = f"{look.address}:{look.port}"
        request = f"GET {look.check.path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ELB-HealthChecker/2.0\r\n"
        writer.write(f"{request}Accept: */*\r\nConnection: close\r\n\r\n".encode("ascii"))
        found = _STATUS.fullmatch(await reader.readline())
        return found is not None and look.check.is_well(int(found[1]))
    finally:
        writer.transport.abort()


def _any_certificate() -> ssl.SSLContext:
    """Load balancers do not look at the certificates of targets (guide, "Health checks")."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
