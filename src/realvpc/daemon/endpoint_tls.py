"""How AWS's endpoint proves itself to whoever calls it by one of its names (RFC 6066, "Server Name Indication")."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import sys
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec

from realvpc.dns.internet import certified_names
from realvpc.dns.private_link import bucket_names
from realvpc.http_connection import GuestHttp
from realvpc.net.domain_name import MAXIMUM_NAME
from realvpc.net.network import Network
from realvpc.net.services import ENDPOINT_NAME
from realvpc.wire.asgi import AsgiApp

from .authority import Authority, private_pem
from .http_server import HttpServer
from .private_http import caller

_CONTEXTS = 64  # that are kept ready; making one takes a millisecond
_HANDSHAKE_SECONDS, _CLOSING_SECONDS = 10.0, 5.0
_OF_PEER, _OF_ALL = 16, 256  # handshakes under way
_PAUSE_SECONDS = 0.05

log = logging.getLogger(__name__)

_unraisable = sys.unraisablehook


def _but_for_names(unraisable: sys.UnraisableHookArgs) -> None:
    """Not a line for each client that calls us by a name that is not ASCII: ssl refuses it, and has nowhere to say so
    (the object is the name)."""
    if not (unraisable.exc_type is UnicodeDecodeError and isinstance(unraisable.object, bytes)):
        _unraisable(unraisable)


sys.unraisablehook = _but_for_names


class EndpointTls:
    """A certificate for each name, made when somebody asks for it.  All have one key, which lives as long as this.
    ``network`` has the interface endpoints whose names may be asked for."""

    def __init__(self, authority: Authority, network: Callable[[], Network]) -> None:
        self._authority = authority
        self._network = network
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._context_for = lru_cache(_CONTEXTS)(self._make)
        self.context = self._make((ENDPOINT_NAME,))
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        if not name or len(name) > MAXIMUM_NAME:
            return
        names = certified_names(name) or bucket_names(self._network(), name.lower().rstrip("."))
        if names:
            connection.context = self._context_for(names)

    def _make(self, names: tuple[str, ...]) -> ssl.SSLContext:
        """OpenSSL reads files only, so it is given one that has no place anywhere."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        chain = self._authority.issue(self._key.public_key(), names) + self._authority.pem.encode()
        with os.fdopen(os.memfd_create("certificate", os.MFD_CLOEXEC), "wb") as file:
            file.write(private_pem(self._key) + chain)
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
        return context


class TlsServer(HttpServer):
    """Serves HTTP to who has finished a TLS handshake: within seconds, and each peer only a few at a time.  Where all
    together are too many, the oldest that is not finished ends.

    uvicorn alone would neither count those who have not, nor give up on them soon.
    """

    def __init__(self, app: AsgiApp, context: ssl.SSLContext, http: type[GuestHttp] = GuestHttp) -> None:
        super().__init__(app, http)
        self._http = http
        self.under_way: Counter[str] = Counter()  # handshakes, by peer
        self._context = context
        self._tasks: dict[asyncio.Task[None], None] = {}  # the same, the oldest first

    async def on(self, *listening: socket.socket) -> None:
        self.config.load()
        for each in listening:
            each.setblocking(False)
        accepting = [asyncio.create_task(self._accept(each)) for each in listening]
        try:
            await self.serve([])
        finally:
            for task in accepting:
                task.cancel()
            await asyncio.gather(*accepting, return_exceptions=True)  # so that nobody looks at the sockets any more

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        is_said = False
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:  # who called has gone again, or no descriptor is left
                if not (is_said or isinstance(error, ConnectionError)):
                    log.warning("nobody can come in for a moment reason=%s", error)
                    is_said = True
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            is_said = False
            peer = f"{caller(address[0])} {connection.getsockname()[0]}"  # VPCs may have the same private addresses
            if self.under_way[peer] >= _OF_PEER:
                connection.close()
                continue
            if len(self._tasks) >= _OF_ALL:
                self._end_oldest()
            self.under_way[peer] += 1
            task = loop.create_task(self._shake(connection, peer))
            self._tasks[task] = None
            task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def _end_oldest(self) -> None:
        """Who means to shake hands has done so by then: those who do not, from however many addresses, make room."""
        task = next(iter(self._tasks))
        del self._tasks[task]
        task.cancel()

    async def _shake(self, connection: socket.socket, peer: str) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._http(config=self.config, server_state=self.server_state, app_state={}),
                connection,
                ssl=self._context,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_CLOSING_SECONDS,
            )
        except (OSError, asyncio.CancelledError):  # ssl.SSLError is one, and so is what is said when it takes too long
            connection.close()
        finally:
            self.under_way -= Counter((peer,))
