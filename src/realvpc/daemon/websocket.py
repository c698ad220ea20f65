"""Websockets with strangers: uvicorn's protocol, which by itself keeps what a client does not take, and waits for it,
without end."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realvpc.http_connection import ADMITTED

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"  # RFC 6585
)


class BoundedWebsocket(WebSocketsSansIOProtocol):
    """Aborts a connection whose client does not take the answers to its pings, sends a message in too many pieces, or
    has not taken the rest, and gone, ``patience`` seconds after the application has ended or the client was given up.

    A client that does not answer a ping is given up, unless it is heard otherwise, or is made to wait itself: then its
    answer comes after all that it has sent before.

    Until the application has said that its client may be here, it counts among those that wait for nothing.

    Refuses a request that is longer, or has more headers, than websockets reads: nobody else would answer it.
    """

    patience: ClassVar[float] = 15.0  # longer than the protocol waits for the client's own close
    largest_backlog: ClassVar[int] = 1 << 20  # bytes to be sent; an application waits from 64 KiB on
    most_pieces: ClassVar[int] = 1024

    _deadline: asyncio.TimerHandle | None = None
    _is_lost = False
    _heard = 0.0  # when something last came

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.idle_since: float | None = self.loop.time()

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[ADMITTED] = self._admit

    def _admit(self) -> None:
        self.idle_since = None

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        if self.transport.get_write_buffer_size() > self.largest_backlog or len(self.frames) > self.most_pieces:
            self.transport.abort()

    def handle_parser_exception(self) -> None:
        """The application hears of it as of a client that has gone: else what it says last is a defect in the log."""
        super().handle_parser_exception()
        self.disconnected = True

    def keepalive_timeout(self) -> None:
        if self.read_paused or self._heard > self.ping_sent_at:
            self.pong_timer = self.pending_ping_payload = None
            self.schedule_ping()
            return
        super().keepalive_timeout()
        self._end_soon()

    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            self._end_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _end_soon(self) -> None:
        if self._deadline is None and not self._is_lost:
            self._deadline = self.loop.call_later(self.patience, self.transport.abort)
