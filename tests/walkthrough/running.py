"""A service of its own for a test: real processes, real packets, and the commands that a person types."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
REALVPC, AWS = str(BIN / "realvpc"), str(BIN / "aws")


class CommandFailed(AssertionError):  # noqa: N818 - it is an assertion that failed
    """A command ended with an exit code that was not expected."""


class Running:
    """A running service: ``realvpc`` and ``aws`` commands against it."""

    def __init__(self, state_dir: Path, port: int) -> None:
        self.state_dir, self.port = state_dir, port

    def realvpc(self, *words: str, code: int | None = 0) -> str:
        """The output of ``realvpc …``; ``code`` is the expected exit code, None for any."""
        environment = {**os.environ, "REALVPC_STATE": str(self.state_dir)}
        return _run([REALVPC, *words], environment, code)

    def aws(self, *words: str, account: str = "main", region: str = "ap-northeast-1", code: int = 0) -> Any:
        """What ``aws …`` prints, read as JSON; with another ``code``, its complaint."""
        variables = self.environment(account, region)
        output = _run([AWS, *words, "--output", "json"], {**os.environ, **variables, "AWS_PAGER": ""}, code)
        return output if code else json.loads(output or "{}")

    def environment(self, account: str = "main", region: str = "ap-northeast-1") -> dict[str, str]:
        """The variables that ``realvpc env`` exports."""
        answer = self.realvpc("env", "--account", account, "--region", region, "--format", "json")
        variables: dict[str, str] = json.loads(answer)
        return variables

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.realvpc("status", "--json", code=None))
        return answer

    def background(self, *words: str) -> subprocess.Popen[str]:
        """``realvpc …``, going on while the test does something else."""
        environment = {**os.environ, "REALVPC_STATE": str(self.state_dir)}
        return subprocess.Popen(
            [REALVPC, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@contextmanager
def running(*options: str) -> Iterator[Running]:
    """``realvpc up`` in a directory of its own, on a port of its own; purged at the end."""
    base = Path(tempfile.mkdtemp(prefix="realvpc-e2e-"))
    base.chmod(0o755)
    service = Running(base / "state", _free_port())
    try:
        service.realvpc("up", "--listen", f"127.0.0.1:{service.port}", *options)
        yield service
    finally:
        service.realvpc("down", "--purge", "--yes", code=None)
        shutil.rmtree(base, ignore_errors=True)


def eventually(truth: Callable[[], bool], *, within: float = 20.0, what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + within
    while not truth():
        assert time.monotonic() < deadline, f"{what} did not happen within {within:g} s"
        time.sleep(0.05)


def _run(words: list[str], environment: dict[str, str], code: int | None) -> str:
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if code is not None and done.returncode != code:
        raise CommandFailed(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout if done.returncode == 0 or code is None else done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
