"""uvicorn, as this service runs it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator

import uvicorn

from realvpc.session.server import MAXIMUM_MESSAGE
from realvpc.wire.asgi import AsgiApp

from .websocket import BoundedWebsocket

_SHUTDOWN_SECONDS = 5

_OF_A_REFUSAL = "ASGI callable returned without completing handshake."
logging.getLogger("uvicorn.error").addFilter(  # which says so of every websocket that gets an HTTP answer, too (0.54)
    lambda record: record.msg != _OF_A_REFUSAL
)


class HttpServer(uvicorn.Server):
    """A listener that leaves signals to the process."""

    def __init__(
        self, app: AsgiApp, protocol: type[asyncio.Protocol] | str = "httptools", tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                ssl_context_factory=None if tls is None else lambda config, default: tls,
                ws=BoundedWebsocket,
                ws_max_size=MAXIMUM_MESSAGE,
                ws_per_message_deflate=False,
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,  # whoever is on this host could say that a request comes from elsewhere
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )

    async def on(self, *listening: socket.socket) -> None:
        """Serve on these sockets until cancelled or told to exit."""
        try:
            await self.serve(list(listening))
        except asyncio.CancelledError:
            for server in self.servers:  # else they would go on accepting
                server.close()
            raise

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
