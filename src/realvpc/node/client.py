"""The API process's side of the node's socket: one long conversation, and what it opens in machines.

Root's commands speak over a `connection.NodeConnection`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from ..net.flow_gathering import Gathered
from ..net.services import Listener
from . import messages as m
from .answer import PATIENCE_SECONDS, NodeLostError, expect, open_answer, terminal_of
from .channel import AsyncChannel, FrameError

_A = TypeVar("_A")


class NodeClient:
    """One asyncio connection.  It ends with the node; connecting again is the caller's."""

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel
        self._events: asyncio.Queue[m.Event | None] = asyncio.Queue()
        self._asked: dict[int, asyncio.Future[m.Answer]] = {}  # by the number of the question
        self._numbers = count(1)
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, path: Path) -> Self:
        """Raises NodeLostError."""
        client = cls(await _connect(path))
        client._reader = asyncio.create_task(client._read())
        return client

    async def want(self, desired: m.Desired | m.DesiredDelta) -> None:
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

    async def counters(self, interface_id: str | None = None) -> dict[str, int]:
        """Packets by name of the reason: all, or those that were dropped at an interface.  Raises NodeError."""
        return (await self._ask(m.Counters(interface_id), m.CountersAre)).counters

    async def take_flows(self, *, turn: bool) -> Gathered:
        """A part of what was gathered for flow logs, which nobody gets again.  Raises NodeError."""
        return (await self._ask(m.TakeFlows(turn), m.FlowsAre)).gathered

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
        number = next(self._numbers)
        self._asked[number] = answer
        try:
            await self._channel.send(m.encode(request), question=number)
            return expect(await answer, kind)
        except OSError as error:
            raise NodeLostError(str(error)) from error
        finally:
            self._asked.pop(number, None)

    async def _read(self) -> None:
        reason = "the node closed the connection"
        try:
            while frame := await self._channel.receive():
                message = open_answer(frame)
                if isinstance(message, m.Event):
                    self._events.put_nowait(message)
                elif answer := self._asked.get(frame.question):
                    if not answer.done():
                        answer.set_result(message)
                elif isinstance(message, m.Refused):
                    reason = message.reason
        except (OSError, FrameError, msgspec.DecodeError) as error:
            reason = str(error)
        finally:
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(NodeLostError(reason))
            self._events.put_nowait(None)


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
            expect(open_answer(frame, keep_fds=True), m.Started)
            terminal = terminal_of(frame)
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
            expect(open_answer(await channel.receive()), m.Started)
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
            return expect(open_answer(await self._channel.receive()), m.Exited).code
        except (OSError, FrameError) as error:
            raise NodeLostError(str(error)) from error

    def close(self) -> None:
        """Kill the command, if it has not ended."""
        self._channel.close()


async def open_socket(
    path: Path, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
) -> socket.socket:
    """A TCP socket in a machine's network namespace, not connected yet.  Raises NodeError."""
    (opened,) = await _sockets(path, m.OpenSocket(instance_id, is_ipv6, interface_id))
    return opened


async def open_listeners(path: Path) -> dict[Listener, socket.socket]:
    """The sockets of what is served to machines.  Raises NodeError."""
    return dict(zip(Listener, await _sockets(path, m.OpenListeners()), strict=False))  # without IPv6 the last are none


async def _sockets(path: Path, request: m.Request) -> list[socket.socket]:
    channel = await _connect(path)
    try:
        await channel.send(m.encode(request))
        frame = await channel.receive()
        expect(open_answer(frame, keep_fds=True), m.Opened)
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
    try:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as error:  # no descriptor is left, however many clients have them
        raise NodeLostError(f"the node at {path} cannot be reached: {error}") from error
    channel = AsyncChannel(sock)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.get_running_loop().sock_connect(sock, str(path))
            await channel.send(m.encode(m.Hello()))
            expect(open_answer(await channel.receive()), m.Welcome)
    except (OSError, FrameError, msgspec.DecodeError) as error:
        channel.close()
        raise NodeLostError(f"the node at {path} cannot be reached: {error}") from error
    except BaseException:
        channel.close()
        raise
    return channel
