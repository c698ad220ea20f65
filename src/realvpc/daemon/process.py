"""Processes that outlive the command that started them, known by pid and start time: pids come again."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from realvpc.regular_file import read_regular

_POLL = 0.02
_KILL_SECONDS = 5.0
_LARGEST_RECORD = 1 << 16  # bytes
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
"""All that a process inherits: what its starter's shell knows (keys, proxies, agents) is none of its business."""


class Process(Struct, frozen=True):
    """``started`` is whatever the system calls the moment when the process began."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        return _start_of(self.pid) == self.started

    def stop(self, patience: float = 10.0) -> None:
        """SIGTERM, and SIGKILL if the process has not ended after ``patience`` seconds."""
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, _KILL_SECONDS)):
            if not self.alive:
                return
            os.kill(self.pid, number)
            deadline = time.monotonic() + seconds
            while self.alive and time.monotonic() < deadline:
                time.sleep(_POLL)


def _start_of(pid: int) -> str | None:
    """None for a process that is gone, or a zombie that nobody has waited for.

    From /proc/PID/stat, field 22 (proc(5)); from ps(1) on systems without it.
    """
    if not Path("/proc/self/stat").exists():
        command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        state, _, started = answer.stdout.strip().partition(" ")
        return started.strip() if state and not state.startswith("Z") else None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in ("Z", "X") else fields[19]


def spawn(command: Sequence[str], log: Path | None, pass_fds: Sequence[int] = ()) -> Process:
    """Start ``command`` in a session of its own, its output in ``log`` (None: our stderr)."""
    with open(log or os.devnull, "a+b", opener=_no_link) as file:  # to be read, too: see LogHandler
        output = file.fileno() if log else 2
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            start_new_session=True,
            cwd="/",
            env=_ENVIRONMENT,
        )
    started = _start_of(child.pid)
    child.returncode = 0  # nobody waits for it: it outlives us
    return Process(child.pid, started or "")


def _no_link(path: str, flags: int) -> int:
    """Nobody leads a log elsewhere."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o644)


def remember(path: Path, process: Process) -> None:
    path.write_bytes(msgspec.json.encode(process))


def recall(path: Path) -> Process | None:
    """The process of a pid file, if it still runs."""
    try:
        process = msgspec.json.decode(read_regular(path, _LARGEST_RECORD), type=Process)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
        return None
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EFBIG):  # somebody has put something there that is no pid file
            return None
        raise
    return process if process.alive else None
