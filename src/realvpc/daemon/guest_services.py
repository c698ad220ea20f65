"""What is served to machines: on sockets in the fabric's namespaces, which the node opens and hands over."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from realvpc.api.service import Service
from realvpc.dns.server import Resolver
from realvpc.http_connection import GuestHttp
from realvpc.metadata.app import MetadataApp, MetadataProtocol
from realvpc.net.addresses import Address
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.services import Listener
from realvpc.node.answer import NodeError
from realvpc.node.client import open_listeners
from realvpc.wire.app import App

from .check_ip import check_ip
from .endpoint_tls import EndpointTls, TlsServer
from .http_server import HttpServer
from .private_http import PrivateHttp

Serve = Callable[..., Coroutine[Any, Any, None]]
"""Serves on bound, and if they are of TCP listening, sockets until cancelled."""

_PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)


class GuestServices:
    """Instance metadata, the resolver, and what the built-in internet has.

    Who connects before the sockets are served waits in their queues.
    """

    def __init__(self, node_socket: Path, service: Service, now: Callable[[], datetime], tls: EndpointTls) -> None:
        self._node_socket = node_socket
        self._tls = tls
        self._service = service
        self._metadata = MetadataApp(self._interface_of, lambda: service.written[0], now, service.key)
        self._resolver = Resolver(lambda: service.written[0])
        self._sockets: dict[Listener, socket.socket] = {}
        self._opened = asyncio.Event()
        self._opening = asyncio.Lock()
        self._lost = asyncio.Event()

    @property
    def internal_errors(self) -> int:
        return self._metadata.internal_errors + self._resolver.internal_errors

    async def open(self) -> None:
        """Get the sockets, unless they are there: they outlive the node process.  Raises NodeError.

        Whoever else asks meanwhile waits: a second one could not bind to the same ports.
        """
        async with self._opening:
            if not self._sockets:
                self._sockets = await open_listeners(self._node_socket)
                self._opened.set()

    def lose(self) -> None:
        """Machines do not find the sockets any more: get new ones."""
        self._lost.set()

    async def run(self, endpoint: App, private: App) -> None:
        """Serve once the sockets are there, until cancelled.  ``endpoint`` is AWS's, ``private`` that for who comes
        through an interface endpoint."""
        await self._opened.wait()
        while True:
            async with asyncio.TaskGroup() as group:
                serving = [
                    group.create_task(serve(*filter(None, map(self._sockets.get, listeners))), name=listeners[0].name)
                    for listeners, serve in self._servers(endpoint, private).items()
                ]
                await self._lost.wait()
                for task in serving:
                    task.cancel()
            log.warning("the sockets of the services are opened anew")
            self._lost.clear()  # what is lost from now on are the new ones
            self._let_go()
            while not self._sockets:
                try:
                    await self.open()
                except NodeError as error:
                    log.warning("the sockets of the services cannot be opened reason=%s", error)
                    await asyncio.sleep(_PAUSE_SECONDS)

    def _let_go(self) -> None:
        """At once, and not when nobody refers to them any more: where the namespace is still there, new ones take
        their addresses."""
        while self._sockets:
            self._sockets.popitem()[1].close()

    def _servers(self, endpoint: App, private: App) -> Mapping[tuple[Listener, ...], Serve]:
        """One for both families, so that what an interface may take of it holds for both together."""
        return {
            (Listener.METADATA, Listener.IPV6_METADATA): HttpServer(self._metadata, MetadataProtocol).on,
            (Listener.RESOLVER_UDP, Listener.IPV6_RESOLVER_UDP): self._resolver.on_udp,
            (Listener.RESOLVER_TCP, Listener.IPV6_RESOLVER_TCP): self._resolver.on_tcp,
            (Listener.ENDPOINT,): HttpServer(endpoint, GuestHttp).on,
            (Listener.AWS_HOSTS,): HttpServer(endpoint, GuestHttp).on,
            (Listener.ENDPOINT_TLS,): TlsServer(endpoint, self._tls.context).on,
            (Listener.INTERFACE_ENDPOINT, Listener.IPV6_INTERFACE_ENDPOINT): TlsServer(
                private, self._tls.context, PrivateHttp
            ).on,
            (Listener.CHECK_IP,): HttpServer(check_ip, GuestHttp).on,
        }

    def _interface_of(self, peer: str) -> NetworkInterface | None:
        """Whose identity a peer has."""
        return self._service.written[0].network.interface_with_identity(Address.parse(peer))
