"""An ASGI application served on the loopback, for as long as a test looks at its connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from realvpc.daemon.http_server import HttpServer
from realvpc.http_connection import BoundedHttp
from realvpc.wire.asgi import AsgiApp


@asynccontextmanager
async def served(app: AsgiApp, protocol: type[BoundedHttp]) -> AsyncIterator[tuple[str, int]]:
    """Its address."""
    server = HttpServer(app, protocol)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            await serving
