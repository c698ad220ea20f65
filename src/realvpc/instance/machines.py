"""The machines of this host as asyncio sees them: which run, which went down, and what to do about it.

The truth is crun's: a container that runs is a machine that is up; a container that does not, and was not deleted, is
a machine that went down by itself.  So a new process finds exactly what the last one left.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from msgspec import Struct

from ..net.machine import Workload
from .bundle import PATH
from .crun import Crun, CrunError
from .storage import Storage

GRACE_SECONDS = 5.0  # from SIGTERM to SIGKILL; the machine's init gives its processes three
_TERMINAL_SECONDS = 10.0
_READERS = 4
_KILL_AGAIN_SECONDS = 0.02

_P = ParamSpec("_P")
_T = TypeVar("_T")

# The users of the image.  Names are not looked up in the machine: its /etc/passwd is a stranger's.
USERS = {
    "root": ("0:0", "/root"),
    "ec2-user": ("1000:1000", "/home/ec2-user"),
    "ssm-user": ("1001:1001", "/home/ssm-user"),
}


class MachineError(Exception):
    """A machine could not be started, stopped or entered; the text says why."""


class Up(Struct, frozen=True):
    """A machine that runs."""

    boot: int
    pid: int
    pidfd: int
    gone: asyncio.Event


class Down(Struct, frozen=True):
    """A machine that ran and went down by itself."""

    boot: int


class Execution(Struct, frozen=True):
    """A command that runs in a machine, with the master of its terminal when it has one."""

    process: subprocess.Popen[bytes]
    pid_file: Path
    terminal: int | None


class Machines:
    """`on_down(instance_id, boot)` is called when a machine goes down without having been asked to."""

    def __init__(self, crun: Crun, storage: Storage, run_dir: Path, on_down: Callable[[str, int], None]) -> None:
        self._crun = crun
        self._storage = storage
        self._exec_dir = run_dir / "exec"
        self._on_down = on_down
        self._states: dict[str, Up | Down] = {}
        self._stopping: set[str] = set()
        # What the work of one lane waits for (a machine that does not end, a log that cannot be had) holds up no other.
        self._starting, self._ending, self._entering = (crun.workers(name) for name in ("start", "end", "enter"))
        self._reading, self._trimming = ThreadPoolExecutor(_READERS, "console"), ThreadPoolExecutor(1, "trim")
        self._serial = itertools.count()

    async def open(self) -> None:
        """Prepare the storage and adopt what runs.  Raises MachineError."""
        self._exec_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self._exec_dir.iterdir():
            leftover.unlink()
        await _work(self._starting, self._storage.open)
        await _work(self._starting, self._crun.wait_for_the_last)
        listed = await _work(self._starting, self._crun.list)
        pidfds = {c.id: os.pidfd_open(c.pid) for c in listed if c.running and _lives(c.pid)}
        for container in await _work(self._starting, self._crun.list):
            # Listed again after the pidfd was opened: so the pidfd is of this container, not of a process that got
            # the number of one that ended in between.
            pidfd = pidfds.pop(container.id, None)
            if container.boot == 0:
                await _work(self._ending, self._crun.delete, container.id)
            elif container.running and pidfd is not None:
                self._watch(container.id, Up(container.boot, container.pid, pidfd, asyncio.Event()))
                pidfd = None
            else:
                self._states[container.id] = Down(container.boot)
            if pidfd is not None:
                os.close(pidfd)
        for pidfd in pidfds.values():
            os.close(pidfd)
        await _work(self._starting, self._crun.forget_all_but, self._states.keys())

    def close(self) -> None:
        """Forget the machines; they go on."""
        for state in self._states.values():
            if isinstance(state, Up):
                self._unwatch(state)
        self._states.clear()
        for lane in (self._starting, self._ending, self._entering, self._reading, self._trimming):
            lane.shutdown(wait=False, cancel_futures=True)

    def state(self, instance_id: str) -> Up | Down | None:
        """What has become of a machine; None when it was never started, was stopped, or was removed."""
        return self._states.get(instance_id)

    def states(self) -> Mapping[str, Up | Down]:
        """Every machine that runs or went down."""
        return self._states

    def ids(self) -> frozenset[str]:
        """Every machine that runs, went down, or has a disk."""
        return self._storage.ids() | self._states.keys()

    async def start(self, spec: Workload, network_namespace: Path) -> Up:
        """Start a machine that does not run, making its disk if it is new.  Raises MachineError."""
        try:
            namespace = os.open(network_namespace, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise MachineError(str(error)) from error
        try:
            if spec.id in self._states:
                await self.stop(spec.id)
            disk = await _work(self._starting, self._storage.ensure, spec)
            # By descriptor: mounts of the host made after the workers began are not in their mount namespace.
            path = Path(f"/proc/{os.getpid()}/fd/{namespace}")
            pid = await _work(self._starting, self._crun.run, spec, disk, path)
            try:
                pidfd = os.pidfd_open(pid)
            except ProcessLookupError:
                await _work(self._ending, self._crun.delete, spec.id)
                raise MachineError("the machine ended as soon as it had started") from None
        finally:
            os.close(namespace)
        state = Up(spec.boot, pid, pidfd, asyncio.Event())
        self._watch(spec.id, state)
        return state

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
            await _work(self._ending, self._crun.delete, instance_id)
            self._states.pop(instance_id, None)

    async def remove(self, instance_id: str) -> None:
        """Stop a machine and remove its disk.  Raises MachineError."""
        await self.stop(instance_id)
        await _work(self._ending, self._storage.remove, instance_id)

    async def audit(self) -> list[tuple[str, str]]:
        """What crun, which is asked to stop and enter machines, does not know as we do: name and reason.

        Raises MachineError.
        """
        believed = {name: state for name, state in self._states.items() if isinstance(state, Up)}
        known = {container.id: container for container in await _work(self._entering, self._crun.list)}
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
        return await _work(self._reading, self._storage.console, instance_id, since)

    async def trim_consoles(self) -> None:
        """Keep the console logs small.  Raises MachineError."""
        await _work(self._trimming, self._storage.trim_consoles)

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
        """Start a command in a machine: on `stdio`, or on a new terminal when that is None.  Raises MachineError."""
        state = self._states.get(instance_id)
        if not isinstance(state, Up):
            raise MachineError(f"{instance_id} is not running")
        if user not in USERS:
            raise MachineError(f"there is no user {user!r}: {', '.join(USERS)}")
        ids, home = USERS[user]
        base = self._exec_dir / str(next(self._serial))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) if stdio is None else None
        console = base.with_suffix(".tty") if listener else None
        try:
            if listener and console:
                listener.bind(str(console))
                listener.listen(1)
                listener.setblocking(False)
            process = await _work(
                self._entering,
                lambda: self._crun.exec(
                    instance_id,
                    state.pid,
                    argv,
                    user=ids,
                    cwd=cwd or home,
                    env={"PATH": PATH, "HOME": home, "USER": user, "LOGNAME": user, "LANG": "C.UTF-8", **env},
                    pid_file=base,
                    stdio=stdio,
                    console_socket=console,
                ),
            )
            terminal = await _receive_terminal(listener, process) if listener else None
        finally:
            if listener and console:
                listener.close()
                console.unlink(missing_ok=True)
        return Execution(process, base, terminal)

    async def finish(self, execution: Execution) -> int:
        """Wait for the command and return its exit code (128 + n after signal n).  When cancelled, kill it."""
        try:
            return await _exit_code(execution.process)
        finally:
            await asyncio.shield(_put_away(execution))

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


async def _work(lane: Executor, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What the function returns, called by a thread of the lane.  Raises MachineError."""
    try:
        return await asyncio.get_running_loop().run_in_executor(lane, lambda: function(*args, **kwargs))
    except (CrunError, OSError) as error:
        raise MachineError(str(error)) from error


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def _put_away(execution: Execution) -> None:
    """Kill the command, if it has not ended, and forget it.  It may yet have to begin, so once is not enough."""
    while execution.process.poll() is None:
        _kill(execution)
        await asyncio.sleep(_KILL_AGAIN_SECONDS)
    execution.pid_file.unlink(missing_ok=True)


def _kill(execution: Execution) -> None:
    """Kill the command by the pid that crun, its parent, wrote down and has not collected yet.

    And with it what it started: crun gives it a session, and so a process group, that is not ours.
    """
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int(execution.pid_file.read_text())
        if (group := os.getpgid(pid)) != os.getpgrp():
            os.killpg(group, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)


async def _receive_terminal(listener: socket.socket, process: subprocess.Popen[bytes]) -> int:
    """The master that crun sends over its console socket.  Raises MachineError when crun ends without sending one."""
    loop = asyncio.get_running_loop()
    accepted = asyncio.ensure_future(loop.sock_accept(listener))
    exited = asyncio.ensure_future(_exit_code(process))
    try:
        await asyncio.wait((accepted, exited), timeout=_TERMINAL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not accepted.done():
            raise MachineError("the command could not be started")
        connection = accepted.result()[0]
        with connection:
            connection.setblocking(True)
            connection.settimeout(1)
            fds = socket.recv_fds(connection, 64, 1)[1]
        if not fds:
            raise MachineError("crun sent no terminal")
        return fds[0]
    finally:
        accepted.cancel()
        exited.cancel()


async def _exit_code(process: subprocess.Popen[bytes]) -> int:
    if process.returncode is None:
        await _end_of(process)
    code = process.wait()
    return code if code >= 0 else 128 - code


async def _end_of(process: subprocess.Popen[bytes]) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    pidfd = os.pidfd_open(process.pid)
    loop.add_reader(pidfd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
