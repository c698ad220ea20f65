"""A load generator: requests that are signed and encoded beforehand, sent as fast as they are answered."""

from __future__ import annotations

import resource
import selectors
import socket
import time
from collections.abc import Iterator, Sequence

import httptools
from msgspec import Struct

_CHUNK = 1 << 20
_GIVE_UP = 120.0  # seconds without any answer


class LoadError(Exception):
    """A server does not answer, or refuses; the text is what it said."""


class Load(Struct, frozen=True):
    """``seconds`` in all, ``generator`` of them on the generator's own processor time; ``bodies`` in the order of the
    requests, ``refused`` of which are no success."""

    seconds: float
    generator: float
    bodies: list[bytes]
    refused: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.bodies) / self.seconds


class _Connection:
    """One request at a time; made again where the server closes it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self.socket = self._connect()
        self.number = -1
        self.status = 0
        self.done = True

    def send(self, number: int, request: bytes) -> None:
        self.number, self.done, self._keep, self._body = number, False, True, bytearray()
        self._parser = httptools.HttpResponseParser(self)
        self.socket.sendall(request)

    def receive(self) -> None:
        data = self.socket.recv(_CHUNK)
        if not data:
            raise LoadError("the server has closed the connection in the middle of an answer")
        self._parser.feed_data(data)

    def body(self) -> bytes:
        return bytes(self._body)

    def renew(self) -> bool:
        """Connect again if the server wants that.  Returns whether it did."""
        if self._keep:
            return False
        self.socket.close()
        self.socket = self._connect()
        return True

    def _connect(self) -> socket.socket:
        made = socket.create_connection(self._address, timeout=_GIVE_UP)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    # what httptools calls

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        self.status, self._keep, self.done = self._parser.get_status_code(), self._parser.should_keep_alive(), True


def run(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> Load:
    """Send all, over so many connections.  Raises LoadError where nothing is answered."""
    refused = 0
    bodies: list[bytes] = [b""] * len(requests)
    waiting = iter(enumerate(requests))
    began, processor = time.perf_counter(), _processor_time()
    with selectors.DefaultSelector() as selector:
        busy = 0
        opened = [_Connection(address) for _ in range(min(connections, len(requests)))]
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            busy += _next(connection, waiting)
        while busy:
            ready = selector.select(_GIVE_UP)
            if not ready:
                raise LoadError(f"no answer within {_GIVE_UP:g} s")
            for key, _ in ready:
                connection = key.data
                connection.receive()
                if not connection.done:
                    continue
                bodies[connection.number] = connection.body()
                refused += connection.status != 200
                old = connection.socket
                if connection.renew():
                    selector.unregister(old)
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                busy -= not _next(connection, waiting)
    for connection in opened:
        connection.socket.close()
    return Load(time.perf_counter() - began, _processor_time() - processor, bodies, refused)


def _next(connection: _Connection, waiting: Iterator[tuple[int, bytes]]) -> bool:
    """Send the next request, if there is one."""
    for number, request in waiting:
        connection.send(number, request)
        return True
    return False


def _processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
