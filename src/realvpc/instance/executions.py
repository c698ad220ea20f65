"""Commands in machines: through crun, on files of the caller's or on a terminal, and killed when nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from .bundle import PATH
from .crun import Crun
from .trees import remove_tree
from .workers import MachineError, Workers

_TERMINAL_SECONDS = 10.0
_KILL_AGAIN_SECONDS = 0.02
_END_SECONDS = 5.0

# The users of the image.  Names are not looked up in the machine: its /etc/passwd is a stranger's.
USERS = {
    "root": ("0:0", "/root"),
    "ec2-user": ("1000:1000", "/home/ec2-user"),
    "ssm-user": ("1001:1001", "/home/ssm-user"),
}


class Execution(Struct, frozen=True):
    """A command that runs in a machine, with the master of its terminal when it has one."""

    process: subprocess.Popen[bytes]
    pid_file: Path
    terminal: int | None


class Executions:
    """Keeps what it needs of files in `directory`."""

    def __init__(self, crun: Crun, workers: Workers, directory: Path) -> None:
        self._crun = crun
        self._workers = workers
        self._directory = directory
        self._serial = itertools.count()
        self._ending: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Make the directory, and empty it.  Raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self._directory.iterdir():
            remove_tree(leftover)

    async def start(
        self,
        instance_id: str,
        pid: int,
        argv: Sequence[str],
        *,
        user: str,
        cwd: str | None,
        env: Mapping[str, str],
        stdio: tuple[int, int, int] | None,
    ) -> Execution:
        """Start a command in the machine whose process 1 is `pid`: on `stdio`, or on a new terminal when that is None.

        Raises MachineError.
        """
        if user not in USERS:
            raise MachineError(f"there is no user {user!r}: {', '.join(USERS)}")
        ids, home = USERS[user]
        base = self._directory / str(next(self._serial))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) if stdio is None else None
        console = base.with_suffix(".tty") if listener else None
        try:
            if listener and console:
                listener.bind(str(console))
                listener.listen(1)
                listener.setblocking(False)
            process = await self._workers.call(
                lambda: self._crun.exec(
                    instance_id,
                    pid,
                    argv,
                    user=ids,
                    cwd=cwd or home,
                    env={"PATH": PATH, "HOME": home, "USER": user, "LOGNAME": user, "LANG": "C.UTF-8", **env},
                    pid_file=base,
                    stdio=stdio,
                    console_socket=console,
                )
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
            ending = asyncio.create_task(_put_away(execution))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            await asyncio.shield(ending)

    async def end(self) -> None:
        """Wait for those that are being killed: a crun that outlives its node makes directories where none should be.

        Not for ever: what the kernel does not let go stays.
        """
        if self._ending:
            await asyncio.wait(self._ending, timeout=_END_SECONDS)


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
