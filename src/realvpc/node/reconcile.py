"""Makes the host equal to what is desired, whatever it was before (level-triggered).

One pass: the links of all machines that are to run, then the tables, then one step for every machine that is not as
desired (`decide`).  Steps run beside each other, at most one per machine, and each that ends wakes the next pass.  A
machine that is to go is stopped first, then its links go; its entries leave the tables with a later revision.
What fails is a fault, is said, and is tried again, later each time.

A pass looks at the machines that were spoken of, changed by themselves, or are on their way; every now and then, and
when somebody asks for it, at all that there are.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path
from typing import TypeAlias

from ..fabric.plan import Plan
from ..instance.kept import owner_of
from ..instance.machines import Up
from ..instance.storage import Owners
from ..instance.workers import MachineError
from ..net.flow_gathering import Gathered
from ..net.machine import Forwarding, LinkSpec, Wanted, Workload
from .decide import Action, decide, report, state_report
from .desired import TABLES, KeptDesired
from .host import Fabric, Machines
from .lane import Lane
from .messages import (
    Applied,
    Desired,
    DesiredDelta,
    Event,
    Fault,
    MachineFailed,
    MachineRemoved,
    MachineReport,
    MachineUp,
)
from .reports import Reports
from .retries import Retries, Retry

log = logging.getLogger(__name__)

START_ATTEMPTS = 3
DISKS = "disks"  # all of them, among the subjects of faults
_LOOK_AT_ALL_SECONDS = 10.0
_Links: TypeAlias = tuple[tuple[LinkSpec, ...], Forwarding | None]  # and what is forwarded between them
_UNKNOWN: _Links = ((), None)


class Reconciler:
    """Owns the fabric and the machines.  `version` grows when there may be news."""

    def __init__(self, fabric: Fabric, lane: Lane, machines: Machines) -> None:
        self.machines = machines
        self.version = 0
        self._changed = asyncio.Condition()
        self._fabric = fabric
        self._in_fabric = lane.run
        self._desired = KeptDesired()
        self._unsettled: set[str] = set()  # the machines that the next pass looks at
        self._looks_at_all = False
        self._links: dict[str, _Links] = {}  # of every namespace there is; of one that was adopted, none is known
        self._namespaces: dict[str, Path] = {}
        self._failed: dict[str, MachineFailed] = {}
        self._retries = Retries()
        self._steps: dict[str, asyncio.Task[None]] = {}
        self._reports: Reports[Event] = Reports()
        self._putting_aside: list[asyncio.Task[None]] = []  # disks of machines that do not run
        self._found: tuple[Fault, ...] = ()
        self._applied: Applied | None = None
        self._table_faults: tuple[str, ...] = ()  # of the tables that were applied
        self._wake = asyncio.Event()
        self._passing = asyncio.Lock()

    async def open(self) -> None:
        """Adopt what is there.  Raises MachineError and what the fabric raises."""
        await self._in_fabric(self._fabric.open)
        self._links = dict.fromkeys(await self._in_fabric(self._fabric.machines), _UNKNOWN)
        await self.machines.open()

    async def close(self) -> None:
        """Forget everything; it all goes on."""
        for step in self._steps.values():
            step.cancel()
        await asyncio.gather(*self._steps.values(), return_exceptions=True)
        self.machines.close()
        await self._in_fabric(self._fabric.close)

    async def clear(self, *, disks: bool) -> None:
        """Stop every machine, with `disks` remove them too, and remove the fabric; nothing is wanted any more.

        Raises MachineError and what the fabric raises.
        """
        self._desired = KeptDesired()
        self._applied = None
        self._reports.clear()  # so that `reports` follows the machines
        async with self._passing:
            await asyncio.gather(*self._steps.values())
            remove = self.machines.remove if disks else self.machines.stop
            names = (await self.machines.owners()).disks | self.machines.states().keys()
            ends = await asyncio.gather(*(remove(name) for name in names), return_exceptions=True)
            for error in ends:  # once all have ended, so that asking again meets nobody
                if error:
                    raise error
            await self._in_fabric(self._fabric.destroy)

    def want(self, message: Desired | DesiredDelta) -> None:
        """Take in what is desired, and try again at once what had failed and is specified otherwise now.

        Not the tables for a difference: once a part of them has failed, each commit would have the whole tried again.
        Raises OutOfStepError.
        """
        changed = self._desired.take(message)
        self.machines.serve(self._desired.state, self._desired.authority)
        for subject in changed if isinstance(message, Desired) else changed - {TABLES}:
            self._retries.forget(subject)
        self._unsettled |= changed - {TABLES}
        self._looks_at_all = self._looks_at_all or isinstance(message, Desired)
        self._wake.set()

    def find(self, faults: tuple[Fault, ...]) -> None:
        """Say these of the host too, from now on."""
        self._found = faults
        self._wake.set()

    def wake(self, name: str | None = None) -> None:
        """Look again: a machine changed by itself, or anything did."""
        if name is None:
            self._looks_at_all = True
        else:
            self._unsettled.add(name)
        self._wake.set()

    def needs(self, disk: str) -> str | None:
        """Why a disk that was kept aside, by its name, must stay; None when nobody needs it."""
        if self._desired.revision is None:
            return "which instances there are is not known yet: the API process has to say so first"
        name = owner_of(disk)
        if name in self._desired.specs:
            return f"it is the disk of {name}, which the state knows: it goes when that is terminated"
        return None

    def reports(self) -> tuple[MachineReport, ...]:
        """What there is to say of every machine, desired or only found."""
        found = {name: state_report(name, state) for name, state in self.machines.states().items()}
        reports = (found | self._reports.by_subject()).values()
        return tuple(report for report in reports if isinstance(report, MachineReport))

    def events(self, since: int = 0) -> tuple[Event, ...]:
        """All that there is to say, at most one event per machine; or what is new since this version."""
        return self._reports.since(since)

    async def newer_than(self, version: int) -> None:
        """Wait until there may be something that was not said at `version`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.version != version)

    @property
    def revision(self) -> int:
        return self._applied.revision if self._applied else 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What could not be done so far, what is wrong with the tables and the disks, and what an audit has found."""
        tables = (Fault(TABLES, sentence) for sentence in self._table_faults)
        disks = (Fault(*each) for each in sorted(self.machines.faults().items()))
        return tuple(dict.fromkeys((*self._retries.faults, *tables, *disks, *self._found)))

    async def counters(self, interface_id: str | None) -> dict[str, int]:
        """Packets by the name of their reason: all, or those that were dropped at an interface."""
        if interface_id is None:
            return await asyncio.to_thread(self._fabric.counters)
        return await asyncio.to_thread(self._fabric.drops, interface_id)

    async def take_flows(self, *, turn: bool) -> Gathered:
        """A part of what was gathered for flow logs."""
        return await asyncio.to_thread(self._fabric.take_flows, turn=turn)

    async def socket_in(self, name: str, interface_id: str | None, is_ipv6: bool) -> socket.socket:
        """A TCP socket in the namespace of a machine that runs.  Raises MachineError and what the fabric raises."""
        self._check_running(name)
        return await asyncio.to_thread(self._fabric.socket_in, name, interface_id, is_ipv6=is_ipv6)

    async def probe_in(self, name: str) -> socket.socket:
        """A raw ICMP socket there.  Raises MachineError and what the fabric raises."""
        self._check_running(name)
        return await asyncio.to_thread(self._fabric.probe_in, name)

    async def listeners(self) -> tuple[socket.socket, ...]:
        """New sockets of what is served to machines, in the order of `Listener`.  Raises what the fabric raises."""
        return await asyncio.to_thread(self._fabric.listeners)

    def _check_running(self, name: str) -> None:
        if not isinstance(self.machines.state(name), Up):
            raise MachineError(f"{name} is not running")

    async def run(self) -> None:
        """Reconcile for ever."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_AT_ALL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._looks_at_all = True
            self._wake.clear()
            async with self._passing:
                if self._desired.revision is not None:
                    await self._pass(self._desired.revision)

    async def _pass(self, revision: int) -> None:
        desired = self._desired
        on_their_way = {*self._steps}  # their disks come and go meanwhile: each wakes the next pass when it ends
        names, owners = await self._look()
        for name in names:
            spec = desired.specs.get(name)
            if spec and self._needs_links(spec):
                if self._due(name):
                    await self._link(spec)
                if self._needs_links(spec):
                    self._unsettled.add(name)
        if desired.tables_wait and self._due(TABLES):
            await self._apply()
        for name in names:
            if name not in on_their_way:
                self._settle(name, owners)
            if name not in desired.specs and name not in desired.ended:
                self._reports.forget(name)
        await asyncio.gather(*self._putting_aside)  # so that whoever asks after this pass hears of them
        self._putting_aside.clear()
        self._applied = Applied(revision, self.faults)
        self._say("", self._applied)
        await self._notify()

    async def _look(self) -> tuple[set[str], Owners | None]:
        """The machines that this pass looks at, and whose disks there are; None when nobody asks or it is unknown."""
        names, self._unsettled = self._unsettled, set()
        at_all, self._looks_at_all = self._looks_at_all, False
        if at_all:
            names |= {*self._desired.specs, *self._desired.ended, *self.machines.states(), *self._links}
        owners: Owners | None = None
        if at_all or any(map(self._is_to_go, names)):
            owners = await self._owners()
            self._looks_at_all = self._looks_at_all or (at_all and owners is None)
        return (names | owners.disks if at_all and owners else names), owners

    async def _owners(self) -> Owners | None:
        if not self._due(DISKS):
            return None
        try:
            owners = await self.machines.owners()
        except MachineError as error:
            self._failure(DISKS, error)
            return None
        self._retries.forget(DISKS)
        return owners

    def _is_to_go(self, name: str) -> bool:
        spec = self._desired.specs.get(name)
        return spec is None or spec.wanted is Wanted.TERMINATED

    def _settle(self, name: str, owners: Owners | None) -> None:
        """Begin the machine's next step, or say that there is none."""
        spec, state = self._desired.specs.get(name), self.machines.state(name)
        if spec and self._has_failed(spec):
            self._say(name, self._failed[name])
            return
        ended = name in self._desired.ended
        disk, kept = (name in owners.disks, name in owners.kept) if owners else (False, False)
        action = decide(spec, state, linked=name in self._links, disk=disk, kept=kept, ended=ended)
        if owners is None and action is Action.REST and self._is_to_go(name):
            self._unsettled.add(name)  # whether nothing is left of it is not known
            return
        said = report(spec, state, action) if spec else None
        if ended and action is Action.REST:
            said = MachineRemoved(name)
        if said:
            self._say(name, said)
        if action is Action.REST:
            if spec is None:
                self._retries.forget(name)  # nothing of it can fail any more
            return
        # The links or the tables may have failed so far, or belong to a newer revision.
        is_early = action is Action.START and (spec is None or self._desired.tables_wait or self._needs_links(spec))
        if is_early or not self._due(name):
            self._unsettled.add(name)
            return
        step = self._steps[name] = asyncio.create_task(self._step(name, action, spec), name=f"{action.name} {name}")
        if action is Action.KEEP and state is None:
            self._putting_aside.append(step)

    async def _step(self, name: str, action: Action, spec: Workload | None) -> None:
        try:
            if action is Action.START and spec:
                up = await self.machines.start(spec, self._namespaces[name])
                self._failed.pop(name, None)
                self._say(name, MachineUp(name, up.boot, up.pid))
                log.info("machine up instance=%s boot=%d pid=%d", name, up.boot, up.pid)
            else:
                await self._end(name, action)
        except Exception as error:  # noqa: BLE001 - the outermost frame of a step: it is said, and tried again
            self._machine_failure(name, spec, error)
        else:
            self._retries.forget(name)
        finally:
            del self._steps[name]
            self.wake(name)
        await self._notify()

    async def _end(self, name: str, action: Action) -> None:
        machines = self.machines
        if action is Action.BRING_BACK:
            await machines.bring_back(name)
            return
        await {Action.STOP: machines.stop, Action.KEEP: machines.keep_aside}.get(action, machines.remove)(name)
        if name in self._links:
            self._namespaces.pop(name, None)
            await self._in_fabric(self._fabric.remove_machine, name)
            del self._links[name]
        self._failed.pop(name, None)
        log.info("machine %s instance=%s", "removed" if action is Action.REMOVE else "stopped", name)

    async def _link(self, spec: Workload) -> None:
        name = spec.id
        try:
            state = self.machines.state(name)
            pid = state.pid if isinstance(state, Up) else None
            ensure = self._fabric.ensure_machine
            forwards = spec.forwarding.forwards() if spec.forwarding is not None else None
            self._namespaces[name] = await self._in_fabric(ensure, name, spec.links, pid, forwards)
        except Exception as error:  # noqa: BLE001 - as in _step
            self._machine_failure(name, spec, error)
        else:
            self._links[name] = (spec.links, spec.forwarding)
            self._retries.forget(name)

    async def _apply(self) -> None:
        desired, tables = self._desired, self._desired.next_tables()
        try:
            if isinstance(tables, Plan):
                await self._in_fabric(self._fabric.apply, tables)
            else:
                await self._in_fabric(self._fabric.apply_delta, tables.puts, tables.deletes)
            self._table_faults = await self._in_fabric(self._fabric.faults)
        except Exception as error:  # noqa: BLE001 - as in _step
            desired.apply_again()
            self._failure(TABLES, error)
        else:
            for sentence in self._table_faults:
                log.warning("tables applied with a fault reason=%s", sentence)
            self._retries.forget(TABLES)
            log.info("tables applied revision=%d", desired.revision)

    def _needs_links(self, spec: Workload) -> bool:
        """A machine that is up or comes up needs its links; one that went down by itself does not."""
        name = spec.id
        if spec.wanted is not Wanted.RUNNING or name in self._steps or self._has_failed(spec):
            return False
        state = self.machines.state(name)
        current = name in self._namespaces and self._links.get(name) == (spec.links, spec.forwarding)
        return not current and (state is None or isinstance(state, Up) or state.boot < spec.boot)

    def _has_failed(self, spec: Workload) -> bool:
        """Whether this boot of the machine has been given up."""
        failed = self._failed.get(spec.id)
        return spec.wanted is Wanted.RUNNING and failed is not None and failed.boot >= spec.boot

    def _machine_failure(self, name: str, spec: Workload | None, error: Exception) -> None:
        retry = self._failure(name, error)
        starts = spec is not None and spec.wanted is Wanted.RUNNING and not isinstance(self.machines.state(name), Up)
        if spec and starts and retry.attempts >= START_ATTEMPTS:
            self._retries.forget(name)
            self._failed[name] = MachineFailed(name, spec.boot, retry.reason)

    def _failure(self, subject: str, error: Exception) -> Retry:
        loop = asyncio.get_running_loop()
        reason = str(error) if isinstance(error, MachineError) else f"{type(error).__name__}: {error}"
        retry = self._retries.failed(subject, reason, loop.time())
        loop.call_later(retry.delay(loop.time()), self._wake.set)
        attempts = retry.attempts
        log.warning("failed subject=%s attempt=%d reason=%s", subject, attempts, reason, exc_info=attempts == 1)
        return retry

    def _due(self, subject: str) -> bool:
        return self._retries.due(subject, asyncio.get_running_loop().time())

    def _say(self, name: str, event: Event) -> None:
        """Tell it with the next news."""
        self._reports.say(name, event, self.version + 1)

    async def _notify(self) -> None:
        self.version += 1
        async with self._changed:
            self._changed.notify_all()
