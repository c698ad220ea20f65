"""The websocket of a session: `/v1/data-channel/{SessionId}` (an ASGI application)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from .data_channel import DataChannel, Event, Keys, Resized, Terminated
from .sessions import Session, Sessions, Status
from .shell import OpenShell, ShellError, Terminal

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/v1/data-channel/"
MAXIMUM_MESSAGE = 1 << 16  # bytes; clients send 1 KiB at a time

_OPENING_SECONDS = 10.0  # from the upgrade to the token
_EARLY = 256  # messages
_REFUSED = 1008  # RFC 6455, section 7.4.1: policy violation
_NORMAL = 1000

log = logging.getLogger(__name__)


class DataChannels:
    """Serves the sessions of `sessions`, each with a shell that `open_shell` opens when its client first comes."""

    def __init__(self, sessions: Sessions, open_shell: OpenShell) -> None:
        self._sessions = sessions
        self._open_shell = open_shell
        self._relays: dict[str, _Relay] = {}
        sessions.on_end = self._ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        if not scope["path"].startswith(PREFIX):
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        await send({"type": "websocket.accept"})
        relay = await self._admitted(scope["path"].removeprefix(PREFIX), receive)
        if relay is None:
            await send({"type": "websocket.close", "code": _REFUSED})
        else:
            await relay.serve(receive, send)

    async def _admitted(self, session_id: str, receive: Receive) -> _Relay | None:
        """The session's relay, if the client's first words have its token."""
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                first = (await receive()).get("text")
        except TimeoutError:
            return None
        session = self._sessions.get(session_id)
        if session is None or first is None:
            return None
        relay = self._relays.get(session_id) or _Relay(session, self._sessions, self._open_shell)
        if not relay.channel.connect(first, session.token):
            log.warning("session %s was asked for with a wrong token", session_id)
            return None
        self._relays[session_id] = relay
        return relay

    def _ended(self, session: Session, farewell: str) -> None:
        if relay := self._relays.pop(session.id, None):
            relay.stop(farewell)


class _Relay:
    """What a session is beside its record: a channel, a shell, and the connection of the moment."""

    def __init__(self, session: Session, sessions: Sessions, open_shell: OpenShell) -> None:
        self._session = session
        self._sessions = sessions
        self._open_shell = open_shell
        self._terminal: Terminal | None = None
        self._early: list[Event] = []  # what came while the shell was being opened: not all clients send again
        self._running: asyncio.Task[None] | None = None
        self._connection: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._stopped = asyncio.Event()
        self.channel = DataChannel(session.id, uuid.uuid4, lambda: time.time_ns() // 1_000_000)

    async def serve(self, receive: Receive, send: Send) -> None:
        """Relay on this connection until it or the session ends.  A connection that was there before gives way."""
        if self._connection:
            self._connection.cancel()
        self._running = self._running or asyncio.create_task(self._run())
        connection = self._connection = asyncio.create_task(self._converse(receive, send))
        self._sessions.note(self._session.id, Status.CONNECTED)
        await asyncio.wait((connection,))
        if self._connection is connection:
            self._connection = None
            self.channel.disconnect()
            self._sessions.note(self._session.id, Status.DISCONNECTED)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await connection
        if self.channel.closed:
            self._sessions.end(self._session.id)

    def stop(self, farewell: str) -> None:
        """The session has ended: tell the client without further ado, and end the shell."""
        if not self.channel.finishing:
            self.channel.finish(farewell, time.monotonic(), linger=0)
        self._wake.set()
        self._stopped.set()

    async def _run(self) -> None:
        """The shell, from its opening to the end of the session."""
        try:
            shell = await self._open_shell(self._session.target, self._session.command)
        except ShellError as error:
            log.warning("session %s has no shell: %s", self._session.id, error)
            self._finish(f"The shell could not be opened: {error}")
        else:
            self._terminal = Terminal(shell, lambda: self.channel.room, self._show, self._finish)
            for event in self._early:
                self._perform(event)
            self._early.clear()
        await self._stopped.wait()
        if self._terminal:
            await self._terminal.close()

    async def _converse(self, receive: Receive, send: Send) -> None:
        """Both directions, until either ends."""
        halves = [asyncio.create_task(each) for each in (self._hear(receive), self._speak(send))]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for half in halves:
                half.cancel()
            results = await asyncio.gather(*halves, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _hear(self, receive: Receive) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            accepts = self._terminal.accepts_input if self._terminal else len(self._early) < _EARLY
            for event in self.channel.receive(message.get("bytes") or b"", accept_input=accepts):
                self._perform(event)
            if self._terminal:
                self._terminal.resume()
            self._wake.set()

    async def _speak(self, send: Send) -> None:
        while True:
            self._wake.clear()
            for frame in self.channel.frames(time.monotonic()):
                await send({"type": "websocket.send", "bytes": frame})
            if self.channel.closed:
                await send({"type": "websocket.close", "code": _NORMAL})
                return
            due = self.channel.next_due()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else max(0.0, due - time.monotonic())):
                    await self._wake.wait()

    def _perform(self, event: Event) -> None:
        match event:
            case Keys(data):
                self._sessions.touch(self._session.id)
                if self._terminal:
                    self._terminal.write(data)
                else:
                    self._early.append(event)
            case Resized(columns, rows):
                if self._terminal:
                    self._terminal.resize(columns, rows)
                else:
                    self._early.append(event)
            case Terminated():
                self._sessions.end(self._session.id)

    def _show(self, output: bytes) -> None:
        self._sessions.touch(self._session.id)
        self.channel.write(output)
        self._wake.set()

    def _finish(self, farewell: str = "") -> None:
        self.channel.finish(farewell, time.monotonic())
        self._wake.set()
