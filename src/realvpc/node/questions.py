"""Questions: each is answered as soon as its answer is there, whatever else is being asked or done."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable

from ..fabric.errors import FabricError
from ..instance import cgroups
from ..instance.cgroups import Limits
from ..instance.machines import Machines
from ..instance.workers import MachineError
from ..net.machine import Wanted
from . import messages as m
from .audit import Auditor
from .channel import AsyncChannel
from .isolation import Isolation
from .reconcile import Reconciler

AT_A_TIME = 64  # of one connection

_OF_ROOT = (m.OpenProbe, m.DeleteDisks, m.Shutdown)

log = logging.getLogger(__name__)


class Questions:
    """Answers for one node.  `stop` is called when it has been shut down."""

    def __init__(
        self,
        reconciler: Reconciler,
        auditor: Auditor,
        machines: Machines,
        limits: Limits,
        isolation: Isolation,
        cgroup_parent: str,
        stop: Callable[[], None],
    ) -> None:
        self._reconciler = reconciler
        self._auditor = auditor
        self._machines = machines
        self._limits = limits
        self._isolation = isolation
        self._cgroup_parent = cgroup_parent
        self._stop = stop
        self._taking = asyncio.Lock()

    async def answer(self, channel: AsyncChannel, number: int, request: m.Request, uid: int) -> None:
        """Answer the question of this number."""
        sockets: tuple[socket.socket, ...] = ()
        try:
            if isinstance(request, _OF_ROOT) and uid != 0:
                answer: m.Answer = m.Refused("only root may do this")
            elif isinstance(request, m.OpenSocket | m.OpenProbe | m.OpenListeners):
                answer, sockets = m.Opened(), await self._sockets(request)
            else:
                answer = await self._result(request)
        except (MachineError, FabricError) as error:  # as when what is asked about is not there any more
            log.info("refused request=%s uid=%d: %s", type(request).__name__, uid, error)
            answer = m.Refused(str(error))
        except Exception as error:  # the outermost frame of a request: whoever asked hears why
            log.exception("failed request=%s uid=%d", type(request).__name__, uid)
            answer = m.Refused(f"{type(error).__name__}: {error}")
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):  # who asked may be gone
            descriptors = tuple(stack.enter_context(each).fileno() for each in sockets)
            await channel.send(m.encode(answer), descriptors, number)
        if isinstance(answer, m.Done):
            self._stop()

    async def _result(self, request: m.Request) -> m.Answer:
        match request:
            case m.Counters(interface_id):
                return m.CountersAre(await self._reconciler.counters(interface_id))
            case m.TakeFlows(turn):
                async with self._taking:
                    return m.FlowsAre(await self._reconciler.take_flows(turn=turn))
            case m.Status():
                return await self._status()
            case m.Audit():
                await self._auditor.audit()
                return await self._status()
            case m.Console(instance_id, since):
                return m.ConsoleIs(*await self._machines.console(instance_id, since))
            case m.DeleteDisks(names):
                for name in names:
                    if reason := self._reconciler.needs(name):
                        return m.Refused(f"{name} is not deleted: {reason}")
                await self._machines.delete_kept(names)
                return m.Deleted()
            case m.Shutdown(machines):
                return await self._shut_down(machines)
            case _:
                return m.Refused("out of turn")

    async def _sockets(self, request: m.OpenSocket | m.OpenProbe | m.OpenListeners) -> tuple[socket.socket, ...]:
        """Raises MachineError and what the fabric raises."""
        if isinstance(request, m.OpenSocket):
            return (await self._reconciler.socket_in(request.instance_id, request.interface_id, request.is_ipv6),)
        if isinstance(request, m.OpenProbe):
            return (await self._reconciler.probe_in(request.instance_id),)
        return await self._reconciler.listeners()

    async def _status(self) -> m.StatusIs:
        reconciler = self._reconciler
        return m.StatusIs(
            pid=os.getpid(),
            revision=reconciler.revision,
            limits=str(self._limits),
            isolation=str(self._isolation),
            machines=reconciler.reports(),
            faults=reconciler.faults,
            repairs=self._auditor.repairs,
            disks=self._machines.disks,
            kept=await self._machines.kept(),
        )

    async def _shut_down(self, machines: Wanted) -> m.Done:
        if machines is not Wanted.RUNNING:
            async with self._auditor.paused():
                await self._reconciler.clear(disks=machines is Wanted.TERMINATED)
                await asyncio.to_thread(cgroups.remove, self._cgroup_parent)
        return m.Done()
