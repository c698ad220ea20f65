"""Makes the host equal to what is desired, whatever it was before (level-triggered).

One pass: the links of all machines that are to run, then the tables, then one step for every machine that is not as
desired (`decide`).  Steps run beside each other, at most one per machine, and each that ends wakes the next pass.  A
machine that is to go is stopped first, then its links go; its entries leave the tables with a later revision.
What fails is a fault, is said, and is tried again, later each time.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from msgspec import Struct

from ..fabric.plan import Plan
from ..instance.machines import MachineError, Machines, Up
from ..net.machine import LinkSpec, MachineSpec, Wanted
from .decide import Action, decide, report, state_report
from .messages import Applied, Desired, Event, Fault, MachineFailed, MachineReport, MachineUp

log = logging.getLogger(__name__)

TABLES = "tables"
START_ATTEMPTS = 3
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 10.0

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Fabric(Protocol):
    """What is needed of `realvpc.fabric.fabric.Fabric`."""

    def open(self) -> None: ...
    def ensure_machine(self, name: str, links: tuple[LinkSpec, ...]) -> Path: ...
    def remove_machine(self, name: str) -> None: ...
    def machines(self) -> frozenset[str]: ...
    def apply(self, plan: Plan) -> None: ...
    def counters(self) -> dict[str, int]: ...
    def socket_in(self, name: str) -> socket.socket: ...
    def probe_in(self, name: str) -> socket.socket: ...
    def listeners(self) -> tuple[socket.socket, ...]: ...
    def close(self) -> None: ...
    def destroy(self) -> None: ...


class _Retry(Struct):
    """Something that failed: why, how often, and when it may be tried again (the loop's clock)."""

    reason: str
    attempts: int
    at: float


class Reconciler:
    """Owns the fabric and the machines.  `version` grows when there may be news."""

    def __init__(self, fabric: Fabric, machines: Machines) -> None:
        self.machines = machines
        self.version = 0
        self._changed = asyncio.Condition()
        self._fabric = fabric
        self._fabric_thread = ThreadPoolExecutor(1, "fabric")  # the fabric moves its thread between namespaces
        self._desired: Desired | None = None
        self._specs: dict[str, MachineSpec] = {}
        self._tables_of: Desired | None = None
        self._links: dict[str, tuple[LinkSpec, ...]] = {}  # of every namespace there is; () when adopted, unknown
        self._namespaces: dict[str, Path] = {}
        self._failed: dict[str, MachineFailed] = {}
        self._retries: dict[str, _Retry] = {}
        self._steps: dict[str, asyncio.Task[None]] = {}
        self._reports: dict[str, MachineReport] = {}
        self._applied: Applied | None = None
        self._wake = asyncio.Event()
        self._passing = asyncio.Lock()

    async def open(self) -> None:
        """Adopt what is there.  Raises MachineError and what the fabric raises."""
        await self._in_fabric(self._fabric.open)
        self._links = dict.fromkeys(await self._in_fabric(self._fabric.machines), ())
        await self.machines.open()

    async def close(self) -> None:
        """Forget everything; it all goes on."""
        for step in self._steps.values():
            step.cancel()
        await asyncio.gather(*self._steps.values(), return_exceptions=True)
        self.machines.close()
        await self._in_fabric(self._fabric.close)
        self._fabric_thread.shutdown()

    async def clear(self, *, disks: bool) -> None:
        """Stop every machine, with `disks` remove them too, and remove the fabric; nothing is wanted any more.

        Raises MachineError and what the fabric raises.
        """
        self._desired = None
        self._reports.clear()  # so that `reports` follows the machines
        async with self._passing:
            await asyncio.gather(*self._steps.values())
            remove = self.machines.remove if disks else self.machines.stop
            ends = await asyncio.gather(*(remove(name) for name in self.machines.ids()), return_exceptions=True)
            for error in ends:  # once all have ended, so that asking again meets nobody
                if error:
                    raise error
            await self._in_fabric(self._fabric.destroy)

    def want(self, desired: Desired) -> None:
        """Replace what is desired, and try again at once what had failed."""
        self._desired = desired
        self._specs = {spec.instance_id: spec for spec in desired.machines}
        for retry in self._retries.values():
            retry.at = 0
        self._wake.set()

    def wake(self) -> None:
        """Look again: something changed by itself."""
        self._wake.set()

    def reports(self) -> tuple[MachineReport, ...]:
        """What there is to say of every machine, desired or only found."""
        found = {name: state_report(name, state) for name, state in self.machines.states().items()}
        return tuple((found | self._reports).values())

    def events(self) -> tuple[Event, ...]:
        """All that there is to say: at most one event per machine."""
        return (*([self._applied] if self._applied else ()), *self._reports.values())

    async def newer_than(self, version: int) -> None:
        """Wait until there may be something that was not said at `version`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.version != version)

    @property
    def revision(self) -> int:
        return self._applied.revision if self._applied else 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(Fault(subject, retry.reason) for subject, retry in sorted(self._retries.items()))

    async def counters(self) -> dict[str, int]:
        return await self._in_fabric(self._fabric.counters)

    async def socket_in(self, name: str) -> socket.socket:
        """A TCP socket in the namespace of a machine that runs.  Raises MachineError and what the fabric raises."""
        self._check_running(name)
        return await self._in_fabric(self._fabric.socket_in, name)

    async def probe_in(self, name: str) -> socket.socket:
        """A raw ICMP socket there.  Raises MachineError and what the fabric raises."""
        self._check_running(name)
        return await self._in_fabric(self._fabric.probe_in, name)

    async def listeners(self) -> tuple[socket.socket, ...]:
        """New sockets of what is served to machines, in the order of `Listener`.  Raises what the fabric raises."""
        return await self._in_fabric(self._fabric.listeners)

    def _check_running(self, name: str) -> None:
        if not isinstance(self.machines.state(name), Up):
            raise MachineError(f"{name} is not running")

    async def run(self) -> None:
        """Reconcile for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            async with self._passing:
                if self._desired is not None:
                    await self._pass(self._desired)

    async def _pass(self, desired: Desired) -> None:
        for spec in desired.machines:
            if self._needs_links(spec) and self._due(spec.instance_id):
                await self._link(spec)
        if self._tables_of is not desired and self._due(TABLES):
            await self._apply(desired)
        disks = self.machines.ids()
        for name in {*self._specs, *disks, *self._links}:
            if name not in self._steps:
                self._settle(name, disk=name in disks, tables=self._tables_of is desired)
        for name in self._reports.keys() - self._specs.keys():
            del self._reports[name]
        self._retries = {name: retry for name, retry in self._retries.items() if name == TABLES or name in self._specs}
        self._applied = Applied(desired.revision, self.faults)
        await self._notify()

    def _settle(self, name: str, *, disk: bool, tables: bool) -> None:
        """Begin the machine's next step, or say that there is none."""
        spec, state = self._specs.get(name), self.machines.state(name)
        if spec and self._has_failed(spec):
            self._reports[name] = self._failed[name]
            return
        action = decide(spec, state, linked=name in self._links, disk=disk)
        said = report(spec, state, action) if spec else None
        if said:
            self._reports[name] = said
        if action is Action.REST or not self._due(name):
            return
        if action is Action.START and (spec is None or not tables or self._needs_links(spec)):
            return  # the links or the tables have failed so far, or belong to a newer revision
        self._steps[name] = asyncio.create_task(self._step(name, action, spec), name=f"{action.name} {name}")

    async def _step(self, name: str, action: Action, spec: MachineSpec | None) -> None:
        try:
            if action is Action.START and spec:
                up = await self.machines.start(spec, self._namespaces[name])
                self._failed.pop(name, None)
                self._reports[name] = MachineUp(name, up.boot, up.pid)
                log.info("machine up instance=%s boot=%d pid=%d", name, up.boot, up.pid)
            else:
                await self._end(name, keep_disk=action is Action.STOP)
        except Exception as error:  # noqa: BLE001 - the outermost frame of a step: it is said, and tried again
            self._machine_failure(name, spec, error)
        else:
            self._retries.pop(name, None)
        finally:
            del self._steps[name]
            self._wake.set()
        await self._notify()

    async def _end(self, name: str, *, keep_disk: bool) -> None:
        await (self.machines.stop(name) if keep_disk else self.machines.remove(name))
        if name in self._links:
            self._namespaces.pop(name, None)
            await self._in_fabric(self._fabric.remove_machine, name)
            del self._links[name]
        self._failed.pop(name, None)
        log.info("machine %s instance=%s", "stopped" if keep_disk else "removed", name)

    async def _link(self, spec: MachineSpec) -> None:
        name = spec.instance_id
        try:
            self._namespaces[name] = await self._in_fabric(self._fabric.ensure_machine, name, spec.links)
        except Exception as error:  # noqa: BLE001 - as in _step
            self._machine_failure(name, spec, error)
        else:
            self._links[name] = spec.links
            self._retries.pop(name, None)

    async def _apply(self, desired: Desired) -> None:
        try:
            await self._in_fabric(self._fabric.apply, desired.plan)
        except Exception as error:  # noqa: BLE001 - as in _step
            self._failure(TABLES, error)
        else:
            self._tables_of = desired
            self._retries.pop(TABLES, None)
            log.info("tables applied revision=%d", desired.revision)

    def _needs_links(self, spec: MachineSpec) -> bool:
        """A machine that is up or comes up needs its links; one that went down by itself does not."""
        name = spec.instance_id
        if spec.wanted is not Wanted.RUNNING or name in self._steps or self._has_failed(spec):
            return False
        state = self.machines.state(name)
        current = name in self._namespaces and self._links.get(name) == spec.links
        return not current and (state is None or isinstance(state, Up) or state.boot < spec.boot)

    def _has_failed(self, spec: MachineSpec) -> bool:
        """Whether this boot of the machine has been given up."""
        failed = self._failed.get(spec.instance_id)
        return spec.wanted is Wanted.RUNNING and failed is not None and failed.boot >= spec.boot

    def _machine_failure(self, name: str, spec: MachineSpec | None, error: Exception) -> None:
        retry = self._failure(name, error)
        starts = spec is not None and spec.wanted is Wanted.RUNNING and not isinstance(self.machines.state(name), Up)
        if spec and starts and retry.attempts >= START_ATTEMPTS:
            del self._retries[name]
            self._failed[name] = MachineFailed(name, spec.boot, retry.reason)

    def _failure(self, subject: str, error: Exception) -> _Retry:
        loop = asyncio.get_running_loop()
        attempts = self._retries[subject].attempts + 1 if subject in self._retries else 1
        delay = min(_FIRST_DELAY * 2 ** (attempts - 1), _LONGEST_DELAY)
        reason = str(error) if isinstance(error, MachineError) else f"{type(error).__name__}: {error}"
        retry = self._retries[subject] = _Retry(reason, attempts, loop.time() + delay)
        loop.call_later(delay, self._wake.set)
        log.warning("failed subject=%s attempt=%d reason=%s", subject, attempts, reason, exc_info=attempts == 1)
        return retry

    def _due(self, subject: str) -> bool:
        retry = self._retries.get(subject)
        return retry is None or retry.at <= asyncio.get_running_loop().time()

    async def _notify(self) -> None:
        self.version += 1
        async with self._changed:
            self._changed.notify_all()

    async def _in_fabric(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._fabric_thread, lambda: function(*args, **kwargs))
