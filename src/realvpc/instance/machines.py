"""The machines of this host as asyncio sees them: which run, which went down, and what to do about it.

The truth is crun's: a container that runs is a machine that is up; a container that does not, and was not deleted, is
a machine that went down by itself.  So a new process finds exactly what the last one left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from ..net.machine import Workload
from .consoles import Consoles
from .crun import Crun
from .disk import Disk
from .executions import Execution, Executions
from .kept import KeptDisk
from .storage import Owners, Storage
from .workers import MachineError, Workers

_READERS = 4
GRACE_SECONDS = 5.0  # from SIGTERM to SIGKILL; the machine's init gives its processes three


class Up(Struct, frozen=True):
    """A machine that runs."""

    boot: int
    pid: int
    pidfd: int
    gone: asyncio.Event


class Down(Struct, frozen=True):
    """A machine that ran and went down by itself."""

    boot: int


class Machines:
    """`on_down(instance_id, boot)` is called when a machine goes down without having been asked to."""

    def __init__(self, crun: Crun, storage: Storage, run_dir: Path, on_down: Callable[[str, int], None]) -> None:
        self._crun = crun
        self._storage = storage
        self._consoles = Consoles(run_dir / "consoles", storage.console)
        self._on_down = on_down
        self._states: dict[str, Up | Down] = {}
        self._stopping: set[str] = set()
        # What the work of one lane waits for (a machine that does not end, a log that cannot be had) holds up no other.
        self._starting, self._ending, self._entering = (
            Workers(crun.workers(name)) for name in ("start", "end", "enter")
        )
        # These stay in the host's mount namespace.
        self._reading = Workers(ThreadPoolExecutor(_READERS, "console"))
        self._trimming = Workers(ThreadPoolExecutor(1, "trim"))
        self._listing = Workers(ThreadPoolExecutor(1, "list"))
        self._executions = Executions(crun, self._entering, run_dir / "exec")

    async def open(self) -> None:
        """Prepare the storage and adopt what runs.  Raises MachineError."""
        await self._entering.call(self._executions.open)
        await self._starting.call(self._storage.open)
        await self._starting.call(self._crun.wait_for_the_last)
        found = await self._starting.call(self._crun.list)
        pidfds = {c.id: os.pidfd_open(c.pid) for c in found if c.running and _lives(c.pid)}
        for container in await self._starting.call(self._crun.list):
            # Listed again after the pidfd was opened: so the pidfd is of this container, not of a process that got
            # the number of one that ended in between.
            pidfd = pidfds.pop(container.id, None)
            if container.boot == 0:
                await self._ending.call(self._crun.delete, container.id)
            elif container.running and pidfd is not None:
                self._watch(container.id, Up(container.boot, container.pid, pidfd, asyncio.Event()))
                pidfd = None
            else:
                self._states[container.id] = Down(container.boot)
            if pidfd is not None:
                os.close(pidfd)
        for pidfd in pidfds.values():
            os.close(pidfd)
        await self._starting.call(self._crun.forget_all_but, self._states.keys())
        await self._reading.call(self._consoles.open, self._states.keys())

    def close(self) -> None:
        """Forget the machines; they go on."""
        for state in self._states.values():
            if isinstance(state, Up):
                self._unwatch(state)
        self._states.clear()
        self._storage.close()
        lanes = (self._starting, self._ending, self._entering, self._reading, self._trimming, self._listing)
        for lane in lanes:
            lane.close()

    def state(self, instance_id: str) -> Up | Down | None:
        """What has become of a machine; None when it was never started, was stopped, or was removed."""
        return self._states.get(instance_id)

    def states(self) -> Mapping[str, Up | Down]:
        """Every machine that runs or went down."""
        return self._states

    async def owners(self) -> Owners:
        """Whose disks there are.  Raises MachineError."""
        return await self._listing.call(self._storage.owners)

    def serve(self, state: str, authority: str) -> None:
        """Take disks from now on for those of this state, by its id; machines that start trust this authority."""
        self._crun.authority = authority
        self._storage.state = state

    async def start(self, spec: Workload, network_namespace: Path) -> Up:
        """Start a machine that does not run, making its disk if it is new.  Raises MachineError."""
        try:
            namespace = os.open(network_namespace, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise MachineError(str(error)) from error
        try:
            if spec.id in self._states:
                await self.stop(spec.id)
            disk = await self._starting.call(self._storage.ensure, spec)
            # By descriptor: mounts of the host made after the workers began are not in their mount namespace.
            path = Path(f"/proc/{os.getpid()}/fd/{namespace}")
            pid = await self._run(spec, disk, path)
            try:
                pidfd = os.pidfd_open(pid)
            except ProcessLookupError:
                await self._ending.call(self._crun.delete, spec.id)
                await self._reading.call(self._consoles.end, spec.id)
                raise MachineError("the machine ended as soon as it had started") from None
        finally:
            os.close(namespace)
        state = Up(spec.boot, pid, pidfd, asyncio.Event())
        self._watch(spec.id, state)
        return state

    async def _run(self, spec: Workload, disk: Disk, network_namespace: Path) -> int:
        console = await self._reading.call(self._consoles.begin, spec.id)
        try:
            return await self._starting.call(self._crun.run, spec, disk, network_namespace, console)
        except MachineError:
            await self._reading.call(self._consoles.end, spec.id)
            raise

    async def stop(self, instance_id: str) -> None:
        """Shut a machine down, by force after `GRACE_SECONDS`, and keep its disk.  Raises MachineError."""
        state = self._states.get(instance_id)
        if isinstance(state, Up):
            self._stopping.add(instance_id)
            try:
                for number in (signal.SIGTERM, signal.SIGKILL):
                    with contextlib.suppress(ProcessLookupError):
                        signal.pidfd_send_signal(state.pidfd, number)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(GRACE_SECONDS):
                            await state.gone.wait()
                            break
                else:
                    raise MachineError("the machine does not end, even by SIGKILL")
            finally:
                self._stopping.discard(instance_id)
        if state is not None:
            await self._ending.call(self._crun.delete, instance_id)
            await self._reading.call(self._consoles.end, instance_id)
            self._states.pop(instance_id, None)

    async def remove(self, instance_id: str) -> None:
        """Stop a machine and take its disk away: it is deleted by and by.  Raises MachineError."""
        await self.stop(instance_id)
        await self._ending.call(self._storage.remove, instance_id)

    async def keep_aside(self, instance_id: str) -> None:
        """Stop a machine and keep its disk aside.  Raises MachineError."""
        await self.stop(instance_id)
        await self._ending.call(self._storage.keep_aside, instance_id)

    async def bring_back(self, instance_id: str) -> None:
        """Give a machine that does not run its disk back that was kept aside.  Raises MachineError."""
        await self._ending.call(self._storage.bring_back, instance_id)

    async def kept(self) -> tuple[KeptDisk, ...]:
        """The disks that were kept aside.  Raises MachineError."""
        return await self._reading.call(self._storage.kept)

    async def delete_kept(self, names: Sequence[str]) -> None:
        """Delete disks that were kept aside.  Raises MachineError, for an unknown one before any is deleted."""
        await self._ending.call(self._storage.delete_kept, names)

    def faults(self) -> dict[str, str]:
        """What is wrong with the disks: the name of a thing -> why."""
        return self._storage.faults()

    @property
    def disks(self) -> str:
        """How disks are limited."""
        return str(self._storage)

    async def audit(self) -> list[tuple[str, str]]:
        """What crun, which is asked to stop and enter machines, does not know as we do: name and reason.

        Raises MachineError.
        """
        believed = {name: state for name, state in self._states.items() if isinstance(state, Up)}
        known = {container.id: container for container in await self._entering.call(self._crun.list)}
        troubles = []
        for name, state in believed.items():
            if self._states.get(name) is not state or name in self._stopping:
                continue  # it has gone down, or goes
            container = known.get(name)
            if container is None or container.boot == 0:
                troubles.append((name, "crun has lost what it knew of it: it cannot be entered"))
            elif container.pid != state.pid:
                troubles.append((name, f"crun takes process {container.pid} for its init, which is {state.pid}"))
        return troubles

    async def console(self, instance_id: str, since: int | None = None) -> tuple[bytes, int]:
        """The machine's console output from a position on, or the end of it; and the position behind."""
        return await self._reading.call(self._consoles.read, instance_id, since)

    async def share_out(self) -> None:
        """Tell the disks of the machines that run how far they may grow.  Raises MachineError."""
        running = {name: state.pid for name, state in self._states.items() if isinstance(state, Up)}
        await self._trimming.call(self._storage.share_out, running)

    async def trim_consoles(self) -> None:
        """Keep the consoles of machines that run from being full.  Raises MachineError."""
        await self._trimming.call(self._consoles.trim, tuple(self._states))

    async def exec(
        self,
        instance_id: str,
        argv: Sequence[str],
        *,
        user: str,
        cwd: str | None,
        env: Mapping[str, str],
        stdio: tuple[int, int, int] | None,
    ) -> Execution:
        """Start a command in a machine: see `Executions.start`.  Raises MachineError."""
        state = self._states.get(instance_id)
        if not isinstance(state, Up):
            raise MachineError(f"{instance_id} is not running")
        return await self._executions.start(instance_id, state.pid, argv, user=user, cwd=cwd, env=env, stdio=stdio)

    async def finish(self, execution: Execution) -> int:
        """Wait for the command and return its exit code (128 + n after signal n).  When cancelled, kill it."""
        return await self._executions.finish(execution)

    async def end_commands(self) -> None:
        """Wait for the end of commands that nobody waits for any more."""
        await self._executions.end()

    def _watch(self, instance_id: str, state: Up) -> None:
        self._states[instance_id] = state
        asyncio.get_running_loop().add_reader(state.pidfd, self._ended, instance_id, state)

    def _unwatch(self, state: Up) -> None:
        asyncio.get_running_loop().remove_reader(state.pidfd)
        os.close(state.pidfd)

    def _ended(self, instance_id: str, state: Up) -> None:
        self._unwatch(state)
        self._states[instance_id] = Down(state.boot)
        state.gone.set()
        if instance_id not in self._stopping:
            self._on_down(instance_id, state.boot)


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
