"""The ASGI application, and the connections that it is served on.

A connection carries one answer, as on AWS.  So an address that names another interface later never finds an old
connection, and the hop limit of a token's packets concerns nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any, cast

from realvpc.http_connection import GuestHttp
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.services import asker
from realvpc.store.state import State

from .answer import Answer, Question, answer, refusal
from .token import NONCE_BYTES
from .tree import View

_TRANSPORT = "realvpc.transport"

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]


class MetadataApp:
    """``interface_of`` says whose identity an address is.  ``state`` and ``now`` give the current ones."""

    def __init__(
        self,
        interface_of: Callable[[str], NetworkInterface | None],
        state: Callable[[], State],
        now: Callable[[], datetime],
        key: bytes,
    ) -> None:
        self.internal_errors = 0
        self._interface_of = interface_of
        self._state = state
        self._now = now
        self._key = key

    async def __call__(self, scope: Message, receive: Callable[[], Any], send: Callable[[Message], Any]) -> None:
        """Bodies of requests are not read: no request has one that means something."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            result = self._answer(scope)
        except Exception:
            self.internal_errors += 1
            log.exception("instance metadata failed: %s %s", scope["method"], scope["path"])
            result = refusal(500)
        if result.hop_limit is not None:
            _limit_hops(scope["extensions"][_TRANSPORT], result.hop_limit)
        headers = [
            ("content-type", result.content_type),
            ("content-length", str(len(result.body))),
            ("accept-ranges", "none"),
            *result.headers,
            ("server", "EC2ws"),
            ("connection", "close"),
        ]
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": result.status, "headers": encoded})
        await send({"type": "http.response.body", "body": result.body})

    def _answer(self, scope: Message) -> Answer:
        state = self._state()
        interface = self._interface_of(scope["client"][0]) if scope["client"] else None
        instance = state.network.instance_of(interface) if interface is not None else None
        if instance is None:
            return refusal(403)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        question = Question(scope["method"], scope["path"], headers, os.urandom(NONCE_BYTES))
        return answer(View(state, instance, self._now(), self._key), question)


class MetadataProtocol(GuestHttp):
    """With the transport in the scope."""

    patience = 10.0
    largest_request = 1 << 16  # no request has a body that means something

    peer_of = staticmethod(asker)  # an interface may have many addresses

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope = cast(Message, self.scope)
        scope["extensions"] = {_TRANSPORT: self.transport}


def _limit_hops(transport: asyncio.Transport, limit: int) -> None:
    connection = transport.get_extra_info("socket")
    if connection.family == socket.AF_INET6:
        connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, limit)
    else:
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, limit)
