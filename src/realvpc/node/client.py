"""The other side of the node's socket: `NodeClient` and `NodeShell` for the API process, `NodeConnection` for root."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from ..net.machine import Wanted
from ..net.services import Listener
from . import messages as m
from .channel import AsyncChannel, Channel, Frame, FrameError
from .terminal import Relay

_A = TypeVar("_A")


class NodeError(Exception):
    """The node refused; the text is its reason."""


class NodeLostError(NodeError):
    """The node cannot be reached, went away, or does not speak our protocol."""


class NodeClient:
    """One asyncio connection.  It ends with the node; connecting again is the caller's."""

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel
        self._events: asyncio.Queue[m.Event | None] = asyncio.Queue()
        self._asked: deque[asyncio.Future[m.Answer]] = deque()
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, path: Path) -> Self:
        """Raises NodeLostError."""
        client = cls(await _connect(path))
        client._reader = asyncio.create_task(client._read())
        return client

    async def want(self, desired: m.Desired) -> None:
        """Say what should be; `events` tells what becomes of it.  Raises NodeLostError."""
        try:
            await self._channel.send(m.encode(desired))
        except OSError as error:
            raise NodeLostError(str(error)) from error

    async def events(self) -> AsyncIterator[m.Event]:
        """What the node reports once something was wanted; ends when the connection does."""
        while event := await self._events.get():
            yield event
        self._events.put_nowait(None)  # for whoever asks again

    async def counters(self) -> dict[str, int]:
        """Packets by name of the reason.  Raises NodeError."""
        return (await self._ask(m.Counters(), m.CountersAre)).counters

    async def status(self) -> m.StatusIs:
        """Raises NodeError."""
        return await self._ask(m.Status(), m.StatusIs)

    async def console(self, instance_id: str, since: int | None = None) -> m.ConsoleIs:
        """A machine's console output from a position on, or the end of it.  Raises NodeError."""
        return await self._ask(m.Console(instance_id, since), m.ConsoleIs)

    async def close(self) -> None:
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        self._channel.close()

    async def _ask(self, request: m.Request, kind: type[_A]) -> _A:
        if self._reader is None or self._reader.done():
            raise NodeLostError("the connection to the node has ended")
        answer: asyncio.Future[m.Answer] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        try:
            await self._channel.send(m.encode(request))
        except OSError as error:
            raise NodeLostError(str(error)) from error
        return _expect(await answer, kind)

    async def _read(self) -> None:
        reason = "the node closed the connection"
        try:
            while frame := await self._channel.receive():
                message = _open(frame)
                if isinstance(message, m.Event):
                    self._events.put_nowait(message)
                elif self._asked:
                    answer = self._asked.popleft()
                    if not answer.cancelled():
                        answer.set_result(message)
                elif isinstance(message, m.Refused):
                    reason = message.reason
        except (OSError, FrameError, msgspec.DecodeError) as error:
            reason = str(error)
        finally:
            while self._asked:
                answer = self._asked.popleft()
                if not answer.done():
                    answer.set_exception(NodeLostError(reason))
            self._events.put_nowait(None)


class NodeConnection:
    """One blocking connection, for a command of root."""

    def __init__(self, path: Path, *, timeout: float | None = None) -> None:
        """``timeout`` is in seconds, for each message.  Raises NodeLostError."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        self._channel = Channel(sock)
        try:
            sock.connect(str(path))
            self._ask(m.Hello(), m.Welcome)
        except OSError as error:
            sock.close()
            raise NodeLostError(f"the node at {path} cannot be reached: {error}") from error
        except NodeError:
            sock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def counters(self) -> dict[str, int]:
        """Packets by name of the reason.  Raises NodeError."""
        return self._ask(m.Counters(), m.CountersAre).counters

    def status(self) -> m.StatusIs:
        """Raises NodeError."""
        return self._ask(m.Status(), m.StatusIs)

    def console(self, instance_id: str) -> bytes:
        """The end of a machine's console output.  Raises NodeError."""
        return self._ask(m.Console(instance_id), m.ConsoleIs).output

    def shutdown(self, machines: Wanted) -> None:
        """End the node; see `messages.Shutdown`.  Raises NodeError."""
        self._ask(m.Shutdown(machines), m.Done)

    def probe(self, instance_id: str) -> socket.socket:
        """A raw ICMP socket in a machine's network namespace.  Raises NodeError."""
        frame = self._exchange(m.OpenProbe(instance_id))
        _expect(_open(frame, keep_fds=True), m.Opened)
        assert frame is not None, "Opened came with it"
        return socket.socket(fileno=frame.fds[0])

    def exec(
        self,
        instance_id: str,
        argv: Sequence[str],
        *,
        user: str = "root",
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        tty: bool = False,
        stdio: tuple[int, int, int] | None = None,
    ) -> int:
        """Run a command in a machine and return its exit code, 128 + n after signal n.  Raises NodeError.

        It works on `stdio` (descriptors), which is the caller's own unless given; with `tty` on a terminal of the
        machine that is relayed to them.
        """
        files = stdio or (sys.stdin.fileno(), sys.stdout.fileno(), sys.stderr.fileno())
        request = m.Exec(instance_id=instance_id, argv=tuple(argv), user=user, cwd=cwd, env=dict(env or {}), tty=tty)
        if not tty:
            self.start(request, files)
            return self.wait()
        started = self._exchange(request)
        try:
            _expect(_open(started, keep_fds=True), m.Started)
            with Relay(_terminal(started), files[0], files[1]) as relay:
                relay.run(until_readable=self._channel.socket.fileno())
            return self.wait()
        finally:
            if started:
                started.close_fds()

    def start(self, request: m.Exec, stdio: tuple[int, int, int]) -> None:
        """Begin a command on these descriptors, which it has for itself then; closing kills it.  Raises NodeError."""
        _expect(_open(self._exchange(request, stdio)), m.Started)

    def wait(self) -> int:
        """The exit code of what was begun, once it has ended.  Raises NodeError."""
        return _expect(_open(self._receive()), m.Exited).code

    def _ask(self, request: m.Request, kind: type[_A]) -> _A:
        return _expect(_open(self._exchange(request)), kind)

    def _exchange(self, request: m.Request, fds: tuple[int, ...] = ()) -> Frame | None:
        try:
            self._channel.send(m.encode(request), fds)
        except OSError as error:
            raise NodeLostError(str(error)) from error
        return self._receive()

    def _receive(self) -> Frame | None:
        try:
            return self._channel.receive()
        except (OSError, FrameError) as error:
            raise NodeLostError(str(error)) from error


class NodeShell:
    """A shell in a machine, on a connection of its own: when that ends, so does the shell."""

    def __init__(self, channel: AsyncChannel, terminal: int) -> None:
        self._channel = channel
        self.terminal = terminal

    @classmethod
    async def open(cls, path: Path, instance_id: str, command: str | None = None) -> Self:
        """See `messages.OpenShell`.  Raises NodeError."""
        channel = await _connect(path)
        try:
            await channel.send(m.encode(m.OpenShell(instance_id, command)))
            frame = await channel.receive()
            _expect(_open(frame, keep_fds=True), m.Started)
            terminal = _terminal(frame)
        except (OSError, FrameError) as error:
            channel.close()
            raise NodeLostError(str(error)) from error
        except BaseException:
            channel.close()
            raise
        return cls(channel, terminal)

    async def exited(self) -> None:
        """Returns when the command has ended, or the node that keeps it."""
        with contextlib.suppress(OSError, FrameError):
            if frame := await self._channel.receive():
                frame.close_fds()

    async def close(self) -> None:
        """End the command, if it has not."""
        os.close(self.terminal)
        self._channel.close()


class NodeCommand:
    """A command in a machine on files of the caller's, on a connection of its own: when that ends, so does it."""

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    @classmethod
    async def open(cls, path: Path, request: m.OpenCommand, stdio: tuple[int, int, int]) -> Self:
        """`stdio` are descriptors; they stay the caller's to close.  Raises NodeError."""
        channel = await _connect(path)
        try:
            await channel.send(m.encode(request), stdio)
            _expect(_open(await channel.receive()), m.Started)
        except (OSError, FrameError) as error:
            channel.close()
            raise NodeLostError(str(error)) from error
        except BaseException:
            channel.close()
            raise
        return cls(channel)

    async def exited(self) -> int:
        """The exit code, 128 + n after signal n.  Raises NodeError."""
        try:
            return _expect(_open(await self._channel.receive()), m.Exited).code
        except (OSError, FrameError) as error:
            raise NodeLostError(str(error)) from error

    def close(self) -> None:
        """Kill the command, if it has not ended."""
        self._channel.close()


async def open_socket(path: Path, instance_id: str) -> socket.socket:
    """A TCP socket in a machine's network namespace, not connected yet.  Raises NodeError."""
    (opened,) = await _sockets(path, m.OpenSocket(instance_id))
    return opened


async def open_listeners(path: Path) -> dict[Listener, socket.socket]:
    """The sockets of what is served to machines.  Raises NodeError."""
    return dict(zip(Listener, await _sockets(path, m.OpenListeners()), strict=True))


async def _sockets(path: Path, request: m.Request) -> list[socket.socket]:
    channel = await _connect(path)
    try:
        await channel.send(m.encode(request))
        frame = await channel.receive()
        _expect(_open(frame, keep_fds=True), m.Opened)
    except (OSError, FrameError) as error:
        raise NodeLostError(str(error)) from error
    finally:
        channel.close()
    sockets = [socket.socket(fileno=fd) for fd in frame.fds] if frame else []
    for each in sockets:
        each.setblocking(False)
    return sockets


async def _connect(path: Path) -> AsyncChannel:
    """Raises NodeLostError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel = AsyncChannel(sock)
    try:
        await asyncio.get_running_loop().sock_connect(sock, str(path))
        await channel.send(m.encode(m.Hello()))
        _expect(_open(await channel.receive()), m.Welcome)
    except (OSError, FrameError, msgspec.DecodeError) as error:
        channel.close()
        raise NodeLostError(f"the node at {path} cannot be reached: {error}") from error
    except BaseException:
        channel.close()
        raise
    return channel


def _open(frame: Frame | None, *, keep_fds: bool = False) -> m.Event | m.Answer:
    if frame is None:
        raise NodeLostError("the node closed the connection")
    if not keep_fds:
        frame.close_fds()
    try:
        return m.decode_answer(frame.payload)
    except msgspec.DecodeError as error:
        raise NodeLostError(f"the node does not speak our protocol: {error}") from error


def _terminal(started: Frame | None) -> int:
    """The terminal that came with `Started`.  Raises NodeLostError."""
    if not started or len(started.fds) != 1:
        raise NodeLostError("the node sent no terminal")
    return started.fds[0]


def _expect(message: m.Event | m.Answer, kind: type[_A]) -> _A:
    if isinstance(message, m.Refused):
        raise NodeError(message.reason)
    if not isinstance(message, kind):
        raise NodeLostError(f"the node said {type(message).__name__}, not {kind.__name__}")
    return message
