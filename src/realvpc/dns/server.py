"""The resolver's sockets: UDP and TCP (RFC 1035 section 4.2, RFC 7766).

Who asks is told by the source address, which the fabric sets (``net.services``).  Replies go back from the address that
the socket is bound to.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any

from realvpc.net.addresses import Address
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.services import asker

from .message import LARGEST_TCP_SIZE, respond, servfail
from .sources import Sources

# Packets are counted in the fabric (``net.allowances``).
SHARE = 0.1  # of the thread's own time that the questions of one interface take: names of many labels are not cheap
AROUND = 50e-6  # seconds that a stream takes of each question, beside its answer: a packet brings dozens of them
CONNECTIONS = 16  # of one interface
REMEMBERED = 4096  # answers
LONGEST_REMEMBERED = 8192  # bytes of question and answer: who pads questions fills no memory
IDLE_SECONDS = 10.0  # RFC 7766 section 6.2.3: a server may be short of patience

log = logging.getLogger(__name__)


class Resolver:
    """Answers on any number of sockets.  ``sources`` gives them as they are now, ``timer`` measures in seconds."""

    def __init__(self, sources: Callable[[], Sources], timer: Callable[[], float] = time.thread_time) -> None:
        self.internal_errors = 0
        self._sources = sources
        self._timer = timer
        # Answers by VPC, DNS64, transport and question without its id (the first two bytes): equal as long as the
        # sources are.
        self._known: dict[tuple[str, bool, bool, bytes], bytes] = {}
        self._known_of: tuple[object, object] | None = None
        self._second = 0
        self._spent: defaultdict[str, float] = defaultdict(float)  # seconds of this second, by interface
        self._connections: Counter[object] = Counter()  # by whose they are

    async def on_udp(self, *bound: socket.socket) -> None:
        """Serve on these sockets until cancelled."""
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            for each in bound:
                transport = await _whole(loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=each))
                stack.callback(transport.close)
            await loop.create_future()

    async def on_tcp(self, *listening: socket.socket) -> None:
        """Serve on these sockets until cancelled."""
        with ExitStack() as stack:
            for each in listening:
                server = await asyncio.start_server(self._connected, sock=each, limit=LARGEST_TCP_SIZE)
                stack.callback(server.close)
            await asyncio.get_running_loop().create_future()

    def answer(self, peer: str, wire: bytes, *, over_tcp: bool = False) -> bytes | None:
        """What the client at the address ``peer`` hears; None is silence."""
        sources = self._sources()
        asker = sources.network.interface_with_identity(Address.parse(peer))
        if asker is None or not self._has_share(asker):
            return None
        began = self._timer()
        try:
            return self._answer(sources, asker, wire, over_tcp=over_tcp)
        finally:
            self._spent[asker.id] += self._timer() - began + (AROUND if over_tcp else 0)

    def _answer(self, sources: Sources, asker: NetworkInterface, wire: bytes, *, over_tcp: bool) -> bytes | None:
        now = (sources.network, sources.names)
        if self._known_of != now or len(self._known) >= REMEMBERED:
            self._known_of, self._known = now, {}
        question = (asker.vpc_id, sources.network.subnets[asker.subnet_id].enable_dns64, over_tcp, wire[2:])
        known = self._known.get(question)
        if known is not None:
            return wire[:2] + known
        try:
            answer = respond(sources, asker, wire, over_tcp=over_tcp)
        except Exception:  # the outermost frame of a question: one bad record must not silence the resolver
            self.internal_errors += 1
            log.exception("a question of %s could not be answered", asker.id)
            return servfail(wire)
        if answer is not None and len(wire) + len(answer) <= LONGEST_REMEMBERED:
            self._known[question] = answer[2:]
        return answer

    def _has_share(self, asker: NetworkInterface) -> bool:
        second = int(asyncio.get_running_loop().time())
        if second != self._second:
            self._second = second
            self._spent.clear()
        return self._spent[asker.id] < SHARE

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer: str = writer.get_extra_info("peername")[0]
        interface = asker(peer)
        self._connections[interface] += 1
        try:
            if self._connections[interface] <= CONNECTIONS:
                await self._converse(peer, reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client is gone, or has nothing more to ask
        finally:
            self._connections[interface] -= 1
            if not self._connections[interface]:
                del self._connections[interface]
            self._end(writer)

    @staticmethod
    def _end(writer: asyncio.StreamWriter) -> None:
        """At once, with what a client does not read: waiting for that would have no end."""
        if writer.transport.get_write_buffer_size():
            writer.transport.abort()
        else:
            writer.close()

    async def _converse(self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question after the other, each with its length before it, until there is no answer."""
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                length = int.from_bytes(await reader.readexactly(2), "big")
                wire = await reader.readexactly(length)
            answer = self.answer(peer, wire, over_tcp=True)
            if answer is None:
                return
            writer.write(len(answer).to_bytes(2, "big") + answer)
            async with asyncio.timeout(IDLE_SECONDS):
                await writer.drain()


async def _whole(opening: Coroutine[Any, Any, tuple[asyncio.DatagramTransport, Any]]) -> asyncio.DatagramTransport:
    """Who is cancelled meanwhile closes what comes of it: else it would keep its address, and nobody could end it."""
    task = asyncio.ensure_future(opening)
    try:
        return (await asyncio.shield(task))[0]
    except asyncio.CancelledError:
        (await task)[0].close()
        raise


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        answer = self._resolver.answer(addr[0], data)
        if answer is not None:
            self._transport.sendto(answer, addr)
