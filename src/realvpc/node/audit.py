"""Looks again and again whether the host is as it was made, mends what can be mended, and says both.

A finding that is gone when it is looked for once more has been mended; one that stays is a fault until it goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping

from ..fabric.finding import Finding, Part
from ..instance.machines import Up
from ..instance.workers import MachineError
from .doorway import Doorway
from .host import Fabric, Machines
from .lane import Lane
from .messages import Fault, Repair

AUDIT_SECONDS = 8.0  # from the beginning of one to that of the next
_LEAST_PAUSE_SECONDS = 1.0
STUCK_SECONDS = 30.0  # longer than anything the fabric is asked to do
REMEMBERED = 50
NODE_SOCKET = "node.sock"
_ROUNDS = 4  # what is in a namespace is found once that is there

log = logging.getLogger(__name__)


class Auditor:
    """`said` is called with the faults whenever they are others.  `is_served` tells whether there is an API process."""

    def __init__(
        self,
        fabric: Fabric,
        lane: Lane,
        machines: Machines,
        said: Callable[[tuple[Fault, ...]], None],
        is_served: Callable[[], bool],
    ) -> None:
        self._fabric = fabric
        self._lane = lane
        self._machines = machines
        self._said = said
        self._is_served = is_served
        self._doorway: Doorway | None = None
        self._auditing = asyncio.Lock()
        self._soon = asyncio.Event()
        self._faults: tuple[Fault, ...] = ()
        self._repairs: deque[Repair] = deque(maxlen=REMEMBERED)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The last ones, oldest first."""
        return tuple(self._repairs)

    async def run(self, doorway: Doorway) -> None:
        """Audit for ever."""
        self._doorway = doorway
        time_now = asyncio.get_running_loop().time
        while True:
            self._soon.clear()
            began = time_now()
            audit = asyncio.create_task(self.audit())
            try:
                done, _ = await asyncio.wait((audit,), timeout=STUCK_SECONDS)
                if not done:
                    self._say((*self._faults, Fault("node", f"an audit does not end for {STUCK_SECONDS:.0f} s")))
                await audit
            finally:
                audit.cancel()
            await asyncio.sleep(_LEAST_PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(began + AUDIT_SECONDS):
                    await self._soon.wait()

    def hurry(self) -> None:
        """Something is to be looked at now that was not before."""
        self._soon.set()

    async def audit(self) -> None:
        """Look at everything once, and once more at what was mended."""
        async with self._auditing:
            faults = [*self._doorway_faults(), *await self._machine_faults()]
            try:
                faults += await self._fabric_faults()
            except Exception as error:  # the outermost frame of an audit: that it cannot be made is what it says
                log.exception("the fabric cannot be audited")
                faults.append(Fault("fabric", f"cannot be audited: {type(error).__name__}: {error}"))
            self._say(tuple(faults))

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """No audit is made meanwhile; nor afterwards, unless what was done has failed."""
        await self._auditing.acquire()
        try:
            yield
        except BaseException:
            self._auditing.release()
            raise

    def _say(self, faults: tuple[Fault, ...]) -> None:
        for fault in faults:
            if fault not in self._faults:
                log.warning("found subject=%s reason=%s", fault.subject, fault.reason)
        if faults != self._faults:
            self._faults = faults
            self._said(faults)

    def _mended(self, subject: str, what: str) -> None:
        log.warning("mended subject=%s what=%s", subject, what)
        self._repairs.append(Repair(subject, what, time.time()))

    async def _fabric_faults(self) -> list[Fault]:
        tried: dict[Finding, str] = {}  # and how it failed
        mended: set[Finding] = set()
        gone: set[Finding] = set()  # before they could be mended: the node itself was at it
        findings: list[Finding] = []
        await self._lane.run(self._fabric.next_turn)
        for _ in range(_ROUNDS):
            processes = self._processes()
            findings = await self._look(processes)
            fresh = [finding for finding in findings if finding not in tried]
            if not fresh:
                break
            for finding in fresh:
                tried[finding] = ""
                try:
                    if finding.part is not Part.LISTENER:  # which is for the API process to mend
                        done = await self._lane.run(self._fabric.mend, finding, processes.get(finding.subject))
                        (mended if done else gone).add(finding)
                except Exception as error:  # noqa: BLE001 - it stays a fault, with this as the reason, or is tried again
                    tried[finding] = f" and cannot be mended: {type(error).__name__}: {error}"
        for finding in mended - set(findings):
            self._mended(finding.subject, finding.text)
        stays = [finding for finding in findings if finding not in gone]
        return [Fault(finding.subject, finding.text + tried.get(finding, "")) for finding in stays]

    async def _look(self, processes: Mapping[str, int]) -> list[Finding]:
        expected = await self._lane.run(self._fabric.expected)
        findings = list(await asyncio.to_thread(self._fabric.look, expected, processes, served=self._is_served()))
        for name in expected.tables:  # whoever waits for the fabric comes in between
            findings += await self._lane.run(self._fabric.look_at_table, name)
        return findings

    def _processes(self) -> dict[str, int]:
        return {name: state.pid for name, state in self._machines.states().items() if isinstance(state, Up)}

    async def _machine_faults(self) -> list[Fault]:
        try:
            return [Fault(name, reason) for name, reason in await self._machines.audit()]
        except MachineError as error:
            return [Fault("machines", f"cannot be audited: {error}")]

    def _doorway_faults(self) -> list[Fault]:
        if self._doorway is None or (trouble := self._doorway.trouble()) is None:
            return []
        try:
            self._doorway.reopen()
        except OSError as error:
            return [Fault(NODE_SOCKET, f"{trouble}, and cannot be made: {error}")]
        self._mended(NODE_SOCKET, trouble)
        return []
