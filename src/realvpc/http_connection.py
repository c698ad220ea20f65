"""HTTP connections with strangers: uvicorn's protocol, which by itself waits and takes without end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, MutableMapping
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

UNBOUNDED = "realvpc.unbounded"
"""The extension of a connection's scopes (ASGI): a function that an application calls which bounds the exchange by
itself, in time and in size, until the answer is complete."""

ADMITTED = "realvpc.admitted"
"""The extension of a websocket's scope: a function that an application calls once it knows who its client is."""


def http_scheme(scope: MutableMapping[str, Any]) -> str:
    """As what a websocket's request came, and every other one: ``http`` or ``https``."""
    return "https" if scope.get("scheme") in ("https", "wss") else "http"


log = logging.getLogger(__name__)
log.setLevel(logging.ERROR)  # not a line for each request that is none: who sends them could fill the log


class _Joined:
    """A transport that sends together what is written in one turn of the loop: the head of an answer with its body.

    So a small answer arrives whole or, when the process is killed, not at all.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._written:
            self._loop.call_soon(self._send)
        self._written.append(data)

    def close(self) -> None:
        """After what was written has been sent."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        data, self._written = b"".join(self._written), []
        if data and not self._transport.is_closing():  # the client may have left meanwhile
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BoundedHttp(HttpToolsProtocol):
    """Aborts a connection that does not bring a request, or does not take its answer, within ``patience`` seconds; that
    brings more than ``largest_request`` bytes between two answers, headers and trailers included; and that is one too
    many of the same address.  A websocket counts as a connection, and looks after itself otherwise.

    Of more than ``maximum_connections``, those that have waited longest for nothing give way, websockets whose clients
    have not said who they are among them: descriptors must be left for the operator and for what the service itself
    opens.
    """

    patience: ClassVar[float] = 30.0
    largest_request: ClassVar[int] = 2 << 20  # more than any body that the endpoint takes
    connections_per_peer: ClassVar[int | None] = None
    maximum_connections: ClassVar[int] = 2048

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.logger = log

    @staticmethod
    def peer_of(host: str) -> Hashable:
        """Whose connection it is, by the address that it comes from."""
        return host

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", _Joined(transport, self.loop)))
        self._begin()
        if self.connections_per_peer is not None and self._connections_of_peer() > self.connections_per_peer:
            transport.abort()
        elif len(self.connections) > self.maximum_connections:
            for each in self._longest_idle(self.maximum_connections // 8 + 1):
                each.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self.largest_request and self._is_bounded:
            self.transport.abort()
        else:
            super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {UNBOUNDED: self._leave_bounds}  # type: ignore[dict-item]

    def _leave_bounds(self) -> None:
        self._is_bounded = False
        self._deadline.cancel()

    def on_response_complete(self) -> None:
        if not self.transport.is_closing():  # else what is still to be sent has the time that is left
            self._deadline.cancel()
            self._begin()
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        self._deadline.cancel()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def _begin(self) -> None:
        """Time and bytes for the next request and its answer."""
        self._received, self._since, self._is_bounded = 0, self.loop.time(), True
        self._deadline = self.loop.call_later(self.patience, self.transport.abort)

    @property
    def idle_since(self) -> float | None:
        """Since when it waits for a request; None while it has one."""
        return self._since if self.cycle is None or self.cycle.response_complete else None

    def _longest_idle(self, count: int) -> list[Any]:
        """So many that wait for nothing, so that not every newcomer looks at all; this one if there is none."""
        since = {each: getattr(each, "idle_since", None) for each in self.connections if each is not self}
        idle = sorted((time, id(each), each) for each, time in since.items() if time is not None)
        return [each for _, _, each in idle[:count]] or [self]

    def _connections_of_peer(self) -> int:
        peer = self.peer_of(self.client[0]) if self.client else None
        clients = (getattr(each, "client", None) for each in self.connections)  # of either kind
        return sum(client is not None and self.peer_of(client[0]) == peer for client in clients)


class GuestHttp(BoundedHttp):
    """With an instance's interface as the peer."""

    connections_per_peer = 64
