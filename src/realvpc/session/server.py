"""The websocket of a session: `/v1/data-channel/{SessionId}` (an ASGI application)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from inspect import isawaitable
from typing import Any, TypeAlias

from realvpc.api.core.call import Handler, Through
from realvpc.api.core.errors import AwsError
from realvpc.http_connection import ADMITTED, http_scheme

from .channel_action import opening
from .data_channel import carries
from .descriptor import Turns
from .far_end import Instances
from .relay import Receive, Relay, Send
from .sessions import Session, Sessions
from .transcript import Transcript

Scope: TypeAlias = MutableMapping[str, Any]

PREFIX = "/v1/data-channel/"
MAXIMUM_MESSAGE = 1 << 17  # bytes; AWS's client sends 1 KiB at a time, others a whole frame of smux

_OPENING_SECONDS = 10.0  # from the upgrade to the token
_REFUSED = 1008  # RFC 6455, section 7.4.1: policy violation

log = logging.getLogger(__name__)


class DataChannels:
    """Serves the sessions of `sessions`: what each is for is opened when its client first comes.

    `handle` is asked whether a channel may be opened, `transcript` gives the file of a session that is to be written
    down.
    """

    def __init__(
        self,
        sessions: Sessions,
        instances: Instances,
        handle: Handler,
        transcript: Callable[[Session], Transcript | None] = lambda session: None,
    ) -> None:
        self._sessions = sessions
        self._instances = instances
        self._handle = handle
        self._turns = Turns()
        self._transcript = transcript
        self._relays: dict[str, Relay] = {}
        self._guessed: set[str] = set()  # ids of sessions that were asked for with a wrong token: it is said once
        sessions.on_end = self._ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send, through: Through | None = None) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        if not scope["path"].startswith(PREFIX):
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        await send({"type": "websocket.accept"})
        relay = await self._admitted(scope, receive, through)
        if relay is None:
            await send({"type": "websocket.close", "code": _REFUSED})
        else:
            scope["extensions"][ADMITTED]()
            await relay.serve(receive, send)

    async def _admitted(self, scope: Scope, receive: Receive, through: Through | None) -> Relay | None:
        """The session's relay, if the client's first words have its token and its owner may come this way."""
        session_id = scope["path"].removeprefix(PREFIX)
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                first: str | None = (await receive()).get("text")
        except TimeoutError:
            return None
        if first is None:
            return None
        session = self._asked_for(session_id, first)
        if session is None or not await self._may_open(session, http_scheme(scope), through):
            return None
        session = self._asked_for(session_id, first)
        if session is None:
            return None  # it has ended meanwhile, or has another token
        relay = self._relays.get(session_id)
        if relay is None:
            relay = self._relays[session_id] = Relay(session, self._sessions, self._instances, self._turns)
            relay.transcript = self._transcript(session)
        return relay if relay.channel.connect(first, session.token) else None

    def _asked_for(self, session_id: str, first: str) -> Session | None:
        """A session that has not ended, whose token these words have: ids are no secret, and who knows no more than
        that makes no work."""
        session = self._sessions.get(session_id)
        if session is None:
            return None
        if carries(first, session.token):
            return session
        if session_id not in self._guessed:
            self._guessed.add(session_id)
            log.warning("session %s was asked for with a wrong token", session_id)
        return None

    async def _may_open(self, session: Session, scheme: str, through: Through | None) -> bool:
        try:
            response = self._handle(opening(session, scheme, through))
            if isawaitable(response):
                await response
        except AwsError as error:
            log.warning("the channel of session %s is not opened: %s", session.id, error.message)
            return False
        return True

    def _ended(self, session: Session, farewell: str) -> None:
        self._guessed.discard(session.id)
        if relay := self._relays.pop(session.id, None):
            relay.stop(farewell)
