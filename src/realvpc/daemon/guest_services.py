"""What is served to machines: on sockets in the fabric's namespaces, which the node opens and hands over."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from realvpc.net.services import Listener

Serve = Callable[[socket.socket], Coroutine[Any, Any, None]]
"""Serves on a bound, and if it is of TCP listening, socket until cancelled."""


class GuestServices:
    """Who connects before the sockets are served waits in their queues."""

    def __init__(self, node_socket: Path) -> None:
        self._node_socket = node_socket
        self._sockets: dict[Listener, socket.socket] = {}
        self._opened = asyncio.Event()

    async def open(self) -> None:
        """Get the sockets, unless they are there: they outlive the node process.  Raises NodeError."""
        from realvpc.node.client import open_listeners  # only where there is a node

        if not self._sockets:
            self._sockets = await open_listeners(self._node_socket)
            self._opened.set()

    async def run(self, servers: Mapping[Listener, Serve]) -> None:
        """Serve once the sockets are there, until cancelled."""
        await self._opened.wait()
        async with asyncio.TaskGroup() as group:
            for listener, serve in servers.items():
                group.create_task(serve(self._sockets[listener]), name=listener.name)
