"""Tunnels through EC2 Instance Connect Endpoints: the bytes of a websocket are those of a TCP connection.

The connection begins in the endpoint's place on the host, so it comes from the endpoint's interface, and its security
groups, routes and the receiver's groups decide.  Whoever is slow makes the other side wait: nothing is queued here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from realvpc.api.core.errors import AwsError
from realvpc.api.ec2instanceconnect.tunnel import Tunnel
from realvpc.net.addresses import Address
from realvpc.net.instance_connect_endpoint import TUNNELS_MAXIMUM

from .connection import connected
from .far_end import FarEndError
from .relay import Receive, Send

ACCOUNT_MAXIMUM = 200
"""Tunnels of all endpoints of an account, at the same time: each has two descriptors here."""

_PIECE = 1 << 15  # bytes read at a time
_CLOSING_SECONDS = 5.0  # for what a client has not read yet
_LOOK_SECONDS = 1.0  # how soon a tunnel ends whose endpoint is deleted
_NORMAL, _GOING_AWAY, _FAILED = 1000, 1001, 1011  # RFC 6455, section 7.4.1
_UNABLE = "Unable to connect to target"  # in AWS's words

log = logging.getLogger(__name__)


class Places(Protocol):
    """Where connections begin."""

    async def socket(
        self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
    ) -> socket.socket:
        """A TCP socket there, not connected; of a load balancer's, it leaves by this interface of its own.  Raises
        FarEndError."""


class Tunnels:
    """`is_there` says of an endpoint, by its id, whether it is still there."""

    def __init__(self, places: Places, is_there: Callable[[str], bool]) -> None:
        self._places = places
        self._is_there = is_there
        self._open: Counter[str] = Counter()  # by endpoint, and by account

    async def __call__(self, tunnel: Tunnel, request_id: str, receive: Receive, send: Send) -> None:
        """Serve one, until either side or its time ends.  Raises AwsError before the websocket is accepted."""
        with self._counted(tunnel):
            await send({"type": "websocket.accept", "headers": [(b"x-amzn-requestid", request_id.encode())]})
            try:
                sock = await self._connect(tunnel)
            except FarEndError as error:
                log.info("a tunnel of %s is not connected: %s", tunnel.endpoint_id, error)
                await _close(send, _FAILED, _UNABLE)
                return
            with contextlib.closing(sock):
                await self._relay(tunnel, sock, receive, send)

    @contextlib.contextmanager
    def _counted(self, tunnel: Tunnel) -> Iterator[None]:
        """Raises ResourceLimitExceeded."""
        limits = {tunnel.endpoint_id: TUNNELS_MAXIMUM, tunnel.account: ACCOUNT_MAXIMUM}
        for name, limit in limits.items():
            if self._open[name] >= limit:
                raise AwsError("ResourceLimitExceeded", f"{name} has {limit} concurrent connections, and no more.")
        self._open.update(limits.keys())
        try:
            yield
        finally:
            self._open.subtract(limits.keys())
            self._open = +self._open

    async def _connect(self, tunnel: Tunnel) -> socket.socket:
        is_ipv6 = not Address.parse(tunnel.address).is_ipv4
        sock = await self._places.socket(tunnel.endpoint_id, is_ipv6=is_ipv6)
        return await connected(sock, tunnel.address, tunnel.address, tunnel.port)

    async def _relay(self, tunnel: Tunnel, sock: socket.socket, receive: Receive, send: Send) -> None:
        """In both directions at once; who ends first says how it is told to the client."""
        halves = {
            asyncio.create_task(_inwards(sock, receive)): None,
            asyncio.create_task(_outwards(sock, send)): (_NORMAL, ""),
            asyncio.create_task(self._gone(tunnel)): (_GOING_AWAY, "The endpoint was deleted"),
        }
        done, _ = await asyncio.wait(halves, timeout=tunnel.seconds, return_when=asyncio.FIRST_COMPLETED)
        for half in halves:
            half.cancel()
        await asyncio.gather(*halves, return_exceptions=True)
        ending = halves[done.pop()] if done else (_GOING_AWAY, "The maximum duration of the tunnel is over")
        if ending is not None:
            await _close(send, *ending)

    async def _gone(self, tunnel: Tunnel) -> None:
        while self._is_there(tunnel.endpoint_id):
            await asyncio.sleep(_LOOK_SECONDS)


async def _inwards(sock: socket.socket, receive: Receive) -> None:
    """What the client sends, until it is done.  Text is nothing that a client of tunnels sends."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while (data := (await receive()).get("bytes")) is not None:
            await loop.sock_sendall(sock, data)


async def _outwards(sock: socket.socket, send: Send) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while data := await loop.sock_recv(sock, _PIECE):
            await send({"type": "websocket.send", "bytes": data})


async def _close(send: Send, code: int, reason: str) -> None:
    """Not waiting for long: who does not read would keep a tunnel beyond its time, and its endpoint's."""
    with contextlib.suppress(OSError, RuntimeError):  # it may be closed already
        async with asyncio.timeout(_CLOSING_SECONDS):
            await send({"type": "websocket.close", "code": code, "reason": reason})
