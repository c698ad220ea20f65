"""The node's side of its socket: who may say what, and what is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
import struct
from pathlib import Path

import msgspec

from ..instance import cgroups
from ..instance.cgroups import Limits
from ..instance.crun import Crun
from ..instance.machines import MachineError, Machines
from ..instance.storage import Storage
from ..net.machine import Wanted
from . import messages as m
from .channel import AsyncChannel, Frame, FrameError
from .isolation import Isolation
from .reconcile import Fabric, Reconciler

# As Session Manager's agent opens it: bash by the name of sh, which is what the prompt `sh-5.2$` comes from, where
# the agent's own files are.  An image may have no bash.
_SHELL = ("/bin/sh", "-c", "[ ! -x /bin/bash ] || exec /bin/bash -c 'exec -a sh /bin/bash -i'; exec /bin/sh -i")
_SHELL_USER, _SHELL_DIRECTORY, _SHELL_TERM = "ssm-user", "/usr/bin", "xterm-256color"
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
        self._limits = limits
        self._isolation = isolation
        self._cgroup_parent = cgroup_parent
        self._uids = frozenset({0, api_uid})
        crun = Crun(run_dir, limits, cgroup_parent)
        machines = Machines(crun, Storage(state_dir), run_dir, lambda *_: self._reconciler.wake())
        self._reconciler = Reconciler(fabric, machines)
        self._machines = machines
        self._stop = asyncio.Event()

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
        uid = _peer_uid(sock)
        try:
            if uid not in self._uids or not await self._greet(channel):
                return
            while frame := await channel.receive():
                try:
                    request = m.decode_request(frame.payload)
                    if isinstance(request, m.Desired):
                        self._reconciler.want(request)
                        reporter = reporter or asyncio.create_task(self._report(channel))
                    else:
                        await self._answer(channel, request, frame, uid)
                finally:
                    frame.close_fds()
        except msgspec.DecodeError as error:
            log.warning("refused uid=%d reason=%s", uid, error)
            with contextlib.suppress(OSError):
                await _say(channel, m.Refused(f"not a request: {error}"))
        except (FrameError, OSError) as error:
            log.info("connection lost uid=%d reason=%s", uid, error)
        finally:
            if reporter:
                reporter.cancel()
                await asyncio.gather(reporter, return_exceptions=True)
            channel.close()

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
        reconciler = self._reconciler
        with contextlib.suppress(OSError):  # the receiving side notices too
            while True:
                seen = reconciler.version
                for event in reconciler.events():
                    subject = "" if isinstance(event, m.Applied) else event.instance_id
                    if told.get(subject) != event:
                        await _say(channel, event)
                        told[subject] = event
                await reconciler.newer_than(seen)

    async def _answer(self, channel: AsyncChannel, request: m.Request, frame: Frame, uid: int) -> None:
        if isinstance(request, m.Exec | m.OpenProbe | m.Shutdown) and uid != 0:
            await _say(channel, m.Refused("only root may do this"))
            return
        if isinstance(request, m.Exec):
            await self._exec(channel, request, frame)
            return
        if isinstance(request, m.OpenShell):
            await self._exec(channel, _shell(request.instance_id, request.command), frame)
            return
        if isinstance(request, m.OpenCommand):
            if not all(map(_is_pipe, frame.fds)):  # a directory of the host's would lead a machine's root out
                await _say(channel, m.Refused("a command takes pipes only"))
                return
            await self._exec(channel, _command(request), frame)
            return
        try:
            if isinstance(request, m.OpenSocket | m.OpenProbe | m.OpenListeners):
                await self._hand_over(channel, await self._sockets(request))
                return
            answer = await self._result(request)
        except Exception as error:  # the outermost frame of a request: whoever asked hears why
            log.exception("failed request=%s uid=%d", type(request).__name__, uid)
            answer = m.Refused(str(error) if isinstance(error, MachineError) else f"{type(error).__name__}: {error}")
        await _say(channel, answer)
        if isinstance(answer, m.Done):
            self._stop.set()

    async def _result(self, request: m.Request) -> m.Answer:
        match request:
            case m.Counters():
                return m.CountersAre(await self._reconciler.counters())
            case m.Status():
                return self._status()
            case m.Console(instance_id, since):
                return m.ConsoleIs(*await self._machines.console(instance_id, since))
            case m.Shutdown(machines):
                return await self._shut_down(machines)
            case _:
                return m.Refused("out of turn")

    async def _sockets(self, request: m.OpenSocket | m.OpenProbe | m.OpenListeners) -> tuple[socket.socket, ...]:
        """Raises MachineError and what the fabric raises."""
        if isinstance(request, m.OpenSocket):
            return (await self._reconciler.socket_in(request.instance_id),)
        if isinstance(request, m.OpenProbe):
            return (await self._reconciler.probe_in(request.instance_id),)
        return await self._reconciler.listeners()

    async def _hand_over(self, channel: AsyncChannel, sockets: tuple[socket.socket, ...]) -> None:
        """Send the sockets and keep none of them."""
        with contextlib.ExitStack() as stack:
            descriptors = tuple(stack.enter_context(each).fileno() for each in sockets)
            await _say(channel, m.Opened(), descriptors)

    def _status(self) -> m.StatusIs:
        reconciler = self._reconciler
        return m.StatusIs(
            pid=os.getpid(),
            revision=reconciler.revision,
            limits=str(self._limits),
            isolation=str(self._isolation),
            machines=reconciler.reports(),
            faults=reconciler.faults,
        )

    async def _exec(self, channel: AsyncChannel, request: m.Exec, frame: Frame) -> None:
        if len(frame.fds) != (0 if request.tty else 3):
            await _say(channel, m.Refused("a command needs either a terminal or its three standard files"))
            return
        try:
            execution = await self._machines.exec(
                request.instance_id,
                request.argv,
                user=request.user,
                cwd=request.cwd,
                env=request.env,
                stdio=None if request.tty else (frame.fds[0], frame.fds[1], frame.fds[2]),
            )
        except MachineError as error:
            await _say(channel, m.Refused(str(error)))
            return
        frame.close_fds()  # so that the command alone holds them
        finishing = asyncio.create_task(self._machines.finish(execution))
        leaving = asyncio.create_task(channel.receive())
        try:
            terminal = () if execution.terminal is None else (execution.terminal,)
            try:
                await _say(channel, m.Started(), terminal)
            finally:
                for fd in terminal:
                    os.close(fd)
            await asyncio.wait((finishing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if finishing.done():
                await _say(channel, m.Exited(finishing.result()))
        finally:
            for task in (finishing, leaving):
                task.cancel()
            await asyncio.gather(finishing, leaving, return_exceptions=True)

    async def _shut_down(self, machines: Wanted) -> m.Done:
        if machines is not Wanted.RUNNING:
            await self._reconciler.clear(disks=machines is Wanted.TERMINATED)
            cgroups.remove(self._cgroup_parent)
        return m.Done()


def _is_pipe(fd: int) -> bool:
    return stat.S_ISFIFO(os.fstat(fd).st_mode)


def _shell(instance_id: str, command: str | None) -> m.Exec:
    return m.Exec(
        instance_id=instance_id,
        argv=_SHELL if command is None else ("/bin/sh", "-c", command),
        user=_SHELL_USER,
        cwd=_SHELL_DIRECTORY,
        env={"TERM": _SHELL_TERM},
        tty=True,
    )


def _command(request: m.OpenCommand) -> m.Exec:
    return m.Exec(instance_id=request.instance_id, argv=("/bin/sh", "-c", request.command), user=request.user)


async def _say(channel: AsyncChannel, message: m.Event | m.Answer, fds: tuple[int, ...] = ()) -> None:
    await channel.send(m.encode(message), fds)


def _peer_uid(sock: socket.socket) -> int:
    """The user that opened the connection (unix(7), SO_PEERCRED)."""
    uid: int = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
    return uid
