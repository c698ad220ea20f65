"""The node's side of its socket: who may say what, and what is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from ..instance.cgroups import Limits
from ..instance.crun import Crun
from ..instance.machines import Machines
from ..instance.storage import Storage
from ..instance.workers import MachineError
from . import messages as m
from .audit import Auditor
from .channel import AsyncChannel, Frame, FrameError
from .desired import OutOfStepError
from .doorway import Doorway
from .execution import command_of, execute
from .host import Fabric
from .isolation import Isolation
from .lane import Lane
from .questions import AT_A_TIME, Questions
from .reconcile import Reconciler
from .reports import Listener

_TRIM_SECONDS = 5.0
_SHARE_SECONDS = 0.5

log = logging.getLogger(__name__)


class Node:
    """Serves one `Reconciler` to any number of connections."""

    def __init__(
        self,
        fabric: Fabric,
        state_dir: Path,
        run_dir: Path,
        limits: Limits,
        isolation: Isolation,
        cgroup_parent: str,
        api_uid: int,
    ) -> None:
        self._uids = frozenset({0, api_uid})
        crun = Crun(run_dir, limits, cgroup_parent)
        machines = Machines(crun, Storage(state_dir), run_dir, lambda name, _: self._reconciler.wake(name))
        self._lane = Lane("fabric")
        self._reconciler = Reconciler(fabric, self._lane, machines)
        self._auditor = Auditor(fabric, self._lane, machines, self._reconciler.find, lambda: self._tellers > 0)
        self._machines = machines
        self._connections: set[asyncio.Task[None]] = set()
        self._tellers = 0  # connections of those who say what should be
        self._stop = asyncio.Event()
        self._questions = Questions(
            self._reconciler, self._auditor, machines, limits, isolation, cgroup_parent, lambda: self._stop.set()
        )

    async def open(self) -> None:
        """Adopt what is there.  Raises MachineError and what the fabric raises."""
        await self._reconciler.open()

    async def serve(self, doorway: Doorway, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; machines and fabric go on."""
        self._stop = stop
        doorway.open(self._enter)
        works = (self._reconciler.run(), self._auditor.run(doorway), *self._chores(), stop.wait())
        tasks = [asyncio.create_task(work) for work in works]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        doorway.close()
        tasks += self._connections
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await self._machines.end_commands()
        await self._reconciler.close()
        self._lane.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _chores(self) -> tuple[Coroutine[Any, Any, None], ...]:
        return (
            _again_and_again(_TRIM_SECONDS, self._machines.trim_consoles),
            _again_and_again(_SHARE_SECONDS, self._share_out),
        )

    async def _share_out(self) -> None:
        before = self._machines.faults()
        await self._machines.share_out()
        if self._machines.faults() != before:
            self._reconciler.wake()  # so that they are said

    def _enter(self, sock: socket.socket) -> None:
        task = asyncio.create_task(self._converse(sock))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(self, sock: socket.socket) -> None:
        channel = AsyncChannel(sock)
        reporter: asyncio.Task[None] | None = None
        questions: set[asyncio.Task[None]] = set()
        uid = _peer_uid(sock)
        try:
            if uid not in self._uids or not await self._greet(channel):
                return
            while frame := await channel.receive():
                try:
                    request = m.decode_request(frame.payload)
                    if isinstance(request, m.Desired | m.DesiredDelta):
                        self._reconciler.want(request)
                        if reporter is None:
                            self._tellers += 1
                            self._auditor.hurry()  # for whether it has its sockets where machines find them
                            reporter = asyncio.create_task(self._report(channel))
                    elif isinstance(request, m.Exec | m.OpenShell | m.OpenCommand):
                        await self._execute(channel, request, frame, uid)
                    elif len(questions) == AT_A_TIME:
                        await _say(channel, m.Refused("too many questions at a time"), frame.question)
                    else:
                        question = asyncio.create_task(self._questions.answer(channel, frame.question, request, uid))
                        questions.add(question)
                        question.add_done_callback(questions.discard)
                finally:
                    frame.close_fds()
        except msgspec.DecodeError as error:
            log.warning("refused uid=%d reason=%s", uid, error)
            with contextlib.suppress(OSError):
                await _say(channel, m.Refused(f"not a request: {error}"))
        except OutOfStepError as error:
            log.warning("refused uid=%d reason=%s", uid, error)
            with contextlib.suppress(OSError):
                await _say(channel, m.Refused(str(error)))
        except (FrameError, OSError) as error:
            log.info("connection lost uid=%d reason=%s", uid, error)
        finally:
            if reporter:
                self._tellers -= 1
                reporter.cancel()
                await asyncio.gather(reporter, return_exceptions=True)
            await asyncio.gather(*questions, return_exceptions=True)
            channel.close()

    async def _execute(
        self, channel: AsyncChannel, request: m.Exec | m.OpenShell | m.OpenCommand, frame: Frame, uid: int
    ) -> None:
        if isinstance(request, m.Exec) and uid != 0:
            await _say(channel, m.Refused("only root may do this"))
            return
        command = command_of(request, frame.fds)
        if isinstance(command, m.Refused):
            await _say(channel, command)
        else:
            await execute(self._machines, channel, command, frame)

    async def _greet(self, channel: AsyncChannel) -> bool:
        frame = await channel.receive()
        if frame is None:
            return False
        frame.close_fds()
        hello = m.decode_request(frame.payload)
        if not isinstance(hello, m.Hello) or hello.protocol != m.PROTOCOL:
            await _say(
                channel, m.Refused(f"this node speaks protocol {m.PROTOCOL}; restart both halves of the service")
            )
            return False
        await _say(channel, m.Welcome(m.PROTOCOL, os.getpid()))
        return True

    async def _report(self, channel: AsyncChannel) -> None:
        """Tell a connection all events, and from then on those that are new to it."""
        reconciler, listener = self._reconciler, Listener[m.Event]()
        with contextlib.suppress(OSError):  # the receiving side notices too
            while True:
                seen = reconciler.version
                for event in listener.news(reconciler.events, seen):
                    await _say(channel, event)
                await reconciler.newer_than(seen)


async def _again_and_again(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """For ever, with pauses; that it does not work is said when it begins not to."""
    trouble = ""
    while True:
        try:
            await work()
            trouble = ""
        except MachineError as error:
            if str(error) != trouble:
                log.warning("failed work=%s reason=%s", work.__name__, error)
            trouble = str(error)
        await asyncio.sleep(seconds)


async def _say(channel: AsyncChannel, message: m.Event | m.Answer, question: int = 0) -> None:
    await channel.send(m.encode(message), question=question)


def _peer_uid(sock: socket.socket) -> int:
    """The user that opened the connection (unix(7), SO_PEERCRED)."""
    uid: int = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
    return uid
