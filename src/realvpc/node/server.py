"""The node's side of its socket: who may say what, and what is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from pathlib import Path

import msgspec

from ..instance.cgroups import Limits
from ..instance.crun import Crun
from ..instance.machines import Machines
from ..instance.storage import Storage
from ..instance.workers import MachineError
from . import messages as m
from .channel import AsyncChannel, Frame, FrameError
from .desired import OutOfStepError
from .execution import command_of, execute
from .host import Fabric
from .isolation import Isolation
from .questions import AT_A_TIME, Questions
from .reconcile import Reconciler

_TRIM_SECONDS = 5.0

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
        self._reconciler = Reconciler(fabric, machines)
        self._machines = machines
        self._stop = asyncio.Event()
        self._questions = Questions(
            self._reconciler, machines, limits, isolation, cgroup_parent, lambda: self._stop.set()
        )

    async def open(self) -> None:
        """Adopt what is there.  Raises MachineError and what the fabric raises."""
        await self._reconciler.open()

    async def serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; machines and fabric go on."""
        self._stop = stop
        connections: set[asyncio.Task[None]] = set()
        reconciling = asyncio.create_task(self._reconciler.run())
        trimming = asyncio.create_task(self._trim())
        accepting = asyncio.create_task(self._accept(listener, connections))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((accepting, stopping, reconciling), return_when=asyncio.FIRST_COMPLETED)
        tasks = (accepting, stopping, reconciling, trimming, *connections)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await self._reconciler.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _trim(self) -> None:
        while True:
            await asyncio.sleep(_TRIM_SECONDS)
            try:
                await self._machines.trim_consoles()
            except MachineError as error:
                log.warning("console logs are not kept small reason=%s", error)

    async def _accept(self, listener: socket.socket, connections: set[asyncio.Task[None]]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(self._converse(sock))
            connections.add(task)
            task.add_done_callback(connections.discard)

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
                        reporter = reporter or asyncio.create_task(self._report(channel))
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
        told: dict[str, m.Event] = {}
        reconciler, new = self._reconciler, 0
        with contextlib.suppress(OSError):  # the receiving side notices too
            while True:
                seen = reconciler.version
                for event in reconciler.events(since=new):
                    subject = "" if isinstance(event, m.Applied) else event.id
                    if told.get(subject) != event:
                        await _say(channel, event)
                        told[subject] = event
                new = seen + 1
                await reconciler.newer_than(seen)


async def _say(channel: AsyncChannel, message: m.Event | m.Answer, question: int = 0) -> None:
    await channel.send(m.encode(message), question=question)


def _peer_uid(sock: socket.socket) -> int:
    """The user that opened the connection (unix(7), SO_PEERCRED)."""
    uid: int = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
    return uid
