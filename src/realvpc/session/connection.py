"""One TCP connection out of an instance, to a port of its own or of a host that it reaches."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from .descriptor import Reader, Writer
from .far_end import FarEndError, Instances

_PATIENCE = 10.0  # seconds for a connection to come about

log = logging.getLogger(__name__)


class Connection:
    """Takes data before it is connected.  Of `on_refused` and `on_end` one is called, once, unless `close` was."""

    def __init__(
        self,
        dial: Callable[[], asyncio.Future[socket.socket]],
        room: Callable[[], bool],
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
        on_refused: Callable[[], None],
        on_drain: Callable[[], None],
    ) -> None:
        self._room = room
        self._on_data = on_data
        self._on_end = on_end
        self._on_refused = on_refused
        self._on_drain = on_drain
        self._early = bytearray()
        self._socket: socket.socket | None = None
        self._reader: Reader | None = None
        self._writer: Writer | None = None
        self._finishing = False
        self.closed = False
        self._dialling = asyncio.ensure_future(dial())
        self._dialling.add_done_callback(self._dialled)

    @property
    def pending(self) -> int:
        return self._writer.pending if self._writer else len(self._early)

    def write(self, data: bytes) -> None:
        if self._writer:
            self._writer.write(data)
        elif not self.closed:
            self._early += data

    def finish(self) -> None:
        """The client is done: what it has sent is still written, and then the connection is closed."""
        self._finishing = True
        if self._reader:
            self._reader.stop()
        if self._writer:
            self._writer.finish(self.close)

    def resume(self) -> None:
        if self._reader:
            self._reader.resume()

    def close(self) -> None:
        self.closed = True
        self._early.clear()
        self._dialling.cancel()
        for half in (self._reader, self._writer):
            if half:
                half.stop()
        if self._socket:
            self._socket.close()
            self._socket = None

    def _dialled(self, dialling: asyncio.Future[socket.socket]) -> None:
        if dialling.cancelled():
            return
        error = dialling.exception()
        if self.closed:
            if error is None:
                dialling.result().close()
            return
        if error is not None:
            log.info("a forwarded connection failed: %s", error)
            self.close()
            self._on_refused()
            return
        self._socket = dialling.result()
        fd = self._socket.fileno()
        self._writer = Writer(fd, self._on_drain)
        self._writer.write(bytes(self._early))
        self._early.clear()
        if self._finishing:
            self._writer.finish(self.close)
        else:
            self._reader = Reader(fd, self._room, self._on_data, self._ended)

    def _ended(self) -> None:
        self.close()
        self._on_end()


async def dial(instances: Instances, instance_id: str, host: str, port: int) -> socket.socket:
    """A connection from inside an instance's network: its routes and security groups decide.  Raises FarEndError."""
    address = await instances.resolve(instance_id, host)
    return await connected(await instances.socket(instance_id), host, address, port)


async def connected(sock: socket.socket, host: str, address: str, port: int) -> socket.socket:
    """The socket, once it is connected to the address, which errors call by ``host``; else it is closed.

    Raises FarEndError.
    """
    try:
        sock.setblocking(False)
        async with asyncio.timeout(_PATIENCE):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except TimeoutError:
        sock.close()
        raise FarEndError(f"{host} port {port} did not answer within {_PATIENCE:g} seconds") from None
    except OSError as error:
        sock.close()
        raise FarEndError(f"{host} port {port}: {error.strerror or error}") from error
    except BaseException:
        sock.close()
        raise
    return sock
