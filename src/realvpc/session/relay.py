"""What a session is beside its record: a channel, a far end, and the connection of the moment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from . import handshake
from .connection import dial
from .data_channel import Answered, DataChannel, Event, Keys, Terminated
from .descriptor import Turns
from .documents import Forwarded, OnTerminal, Piped, Plan
from .far_end import PENDING, FarEnd, FarEndError, Instances, Line
from .handshake import Cause, State, Step
from .message import PayloadType
from .piped import PipedCommand
from .port import MultiplexedPort, SinglePort
from .sessions import Ending, Session, Sessions, Status
from .terminal import Terminal
from .transcript import Transcript

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_EARLY = 256  # messages
_NORMAL = 1000  # RFC 6455, section 7.4.1
_SILENT_SECONDS = 1.0  # how exactly it is known when a session was last used

log = logging.getLogger(__name__)


class Relay:
    """Serves one session (it is the `Line` of its far end)."""

    def __init__(self, session: Session, sessions: Sessions, instances: Instances, turns: Turns) -> None:
        assert session.plan is not None, "only sessions of this life of the service are relayed"
        self._session = session
        self._plan: Plan = session.plan
        self._sessions = sessions
        self._instances = instances
        self.turns = turns
        self.transcript: Transcript | None = None
        self._far_end: FarEnd | None = None
        self._early: list[Event] = []  # what came while the far end was being opened: not all clients send again
        self._handshake = State.SILENT
        self._begun = time.monotonic()
        self._touched = 0.0
        self._ending = Ending.EXIT
        self._running: asyncio.Task[None] | None = None
        self._connection: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()  # there may be something to send
        self._drained = asyncio.Event()  # there may be a place for input, or output to be acknowledged
        self._settled = asyncio.Event()  # the handshake is over
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
            self._sessions.end(self._session.id, self._ending)

    def stop(self, farewell: str) -> None:
        """The session has ended: tell the client without further ado, and end the far end."""
        if not self.channel.finishing:
            self.channel.finish(farewell, time.monotonic(), linger=0)
        self._wake.set()
        self._settled.set()
        self._stopped.set()

    # -- the line of the far end -----------------------------------------------------------------------------------

    def room(self) -> bool:
        return self.channel.room

    def send(self, data: bytes, kind: PayloadType = PayloadType.OUTPUT) -> None:
        self._touch()
        if self.transcript:
            self.transcript.write(data)
        self.channel.write(data, kind)
        self._wake.set()
        self._drained.set()

    def drained(self) -> None:
        self._drained.set()

    def finish(self, farewell: str = "") -> None:
        self.channel.finish(farewell, time.monotonic())
        self._wake.set()

    # -- the session's life ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """The far end, from its opening to the end of the session."""
        if not self._plan.has_handshake or await self._agree():
            try:
                self._far_end = await open_far_end(self._plan, self._session.target, self._instances, self)
            except FarEndError as error:
                log.warning("session %s could not be opened: %s", self._session.id, error)
                self._ending = Ending.FAILURE
                self.finish(f"The session could not be opened: {error}")
            else:
                for event in self._early:
                    self._far_end.receive(event)
                self._early.clear()
        await self._stopped.wait()
        if self._far_end:
            await self._far_end.close()
        if self.transcript:
            self.transcript.close()

    async def _agree(self) -> bool:
        """The handshake; whether it came to an agreement."""
        self._advance(Cause.START)
        try:
            async with asyncio.timeout(handshake.PATIENCE):
                await self._settled.wait()
        except TimeoutError:
            self._advance(Cause.SILENCE, "the client has not answered. Update it, if it is older than 2020")
        return self._handshake is State.AGREED

    def _advance(self, cause: Cause, why: str = "") -> None:
        self._handshake, step = handshake.advance(self._handshake, cause)
        match step:
            case Step.ASK:
                session_type = self._plan.document.session_type
                assert session_type is not None, "plan() gives no others"
                request = handshake.request(session_type, self._plan.properties)
                self.channel.write(request, PayloadType.HANDSHAKE_REQUEST)
            case Step.CONFIRM:
                complete = handshake.complete(time.monotonic() - self._begun)
                self.channel.write(complete, PayloadType.HANDSHAKE_COMPLETE)
                self._settled.set()
            case Step.GIVE_UP:
                log.warning("session %s: the handshake failed: %s", self._session.id, why)
                self._ending = Ending.FAILURE
                self.finish(f"The handshake failed: {why}.")
                self._settled.set()
        self._wake.set()

    # -- one connection --------------------------------------------------------------------------------------------

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
            for event in self.channel.receive(message.get("bytes") or b"", accept_input=self._accepts_input()):
                self._perform(event)
            if self._far_end:
                self._far_end.resume()
            self._wake.set()
            await self._place()

    def _accepts_input(self) -> bool:
        """Input that finds no place is not acknowledged; AWS's client sends it again."""
        if self._far_end:
            return self._far_end.pending < 4 * PENDING
        return len(self._early) < _EARLY

    async def _place(self) -> None:
        """Let the client wait while the far end takes nothing: its own connection gets full, as with any slow reader.

        Unless it has output to acknowledge: then the far end may be the one that waits, for that.
        """
        while self._far_end and self._far_end.pending >= PENDING and self.channel.quiet:
            self._drained.clear()
            await self._drained.wait()

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
            case Terminated():
                self._sessions.end(self._session.id, Ending.CLIENT)
            case Answered(response):
                self._advance(*handshake.judge(response))
            case _ if self._far_end:
                if isinstance(event, Keys):
                    self._touch()
                self._far_end.receive(event)
            case _:
                self._early.append(event)

    def _touch(self) -> None:
        now = time.monotonic()
        if now - self._touched > _SILENT_SECONDS:
            self._touched = now
            self._sessions.touch(self._session.id)


async def open_far_end(plan: Plan, instance_id: str, instances: Instances, line: Line) -> FarEnd:
    """What a session is for.  Raises FarEndError."""
    match plan.work:
        case OnTerminal(command):
            return Terminal(await instances.shell(instance_id, command), line)
        case Piped(command):
            return PipedCommand(await instances.program(instance_id, command, "ssm-user"), line)
        case Forwarded(host, port, several):
            kind = MultiplexedPort if several else SinglePort
            return kind(lambda: asyncio.ensure_future(dial(instances, instance_id, host, port)), line)
