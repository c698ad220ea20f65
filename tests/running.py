"""A service of a test's own: its state directory, its port, its processes, and the commands that people type."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from msgspec import Struct

REGION = "ap-northeast-1"
REALVPC = str(Path(sys.executable).parent / "realvpc")
AWS = str(Path(sys.executable).parent / "aws")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Output(Struct, frozen=True):
    """``out`` is what the command printed, ``err`` its progress and complaints."""

    code: int
    out: str
    err: str


class Running:
    """``user`` and ``home``: who types the commands, when it is not the one who runs the tests."""

    def __init__(self, state: Path, *, user: int | None = None, home: Path | None = None) -> None:
        self.state = state
        self.port = free_port()
        self._user = user
        self._home = home or state

    def start(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start ``realvpc`` with these words."""
        own = {"PATH": os.environ["PATH"], "HOME": str(self._home), "REALVPC_STATE": str(self.state)}
        return subprocess.Popen(
            [REALVPC, *words],
            env={**own, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
        )

    def __call__(self, *words: str, code: int | None = 0, environment: Mapping[str, str] | None = None) -> Output:
        """Run ``realvpc`` with these words; asserts its exit code unless that is None."""
        process = self.start(*words, environment=environment)
        out, err = process.communicate(timeout=300)
        assert code is None or process.returncode == code, f"{words}: {process.returncode}\n{out}\n{err}"
        return Output(process.returncode, out, err)

    def up(self, *options: str, environment: Mapping[str, str] | None = None) -> Output:
        return self("up", "--listen", f"127.0.0.1:{self.port}", "--quotas", "lab", *options, environment=environment)

    def status(self) -> dict[str, Any]:
        """What ``realvpc status --json`` says, be it well or not."""
        answer: dict[str, Any] = json.loads(self("status", "--json", code=None).out)
        return answer

    def pid(self, role: str) -> int:
        pid = self.status()["pids"][role]
        assert isinstance(pid, int)
        return pid

    def kill(self, role: str) -> None:
        """``kill -9``, and wait until the process is gone."""
        pid = self.pid(role)
        handle = os.pidfd_open(pid)
        try:
            os.kill(pid, signal.SIGKILL)
            select.select([handle], [], [], 10)
        finally:
            os.close(handle)

    def defects(self) -> list[str]:
        """What both processes have logged that no request explains."""
        logs = [path.read_text() for path in (self.state / "log").glob("*.log")]
        return [line for log in logs for line in log.splitlines() if re.match(r"[\d-]+ [\d:,]+ ERROR ", line)]

    def environment(self, *options: str) -> dict[str, str]:
        answer: dict[str, str] = json.loads(self("env", "--format", "json", *options).out)
        return answer

    def client(self, service: str, *options: str, attempts: int = 2) -> Any:
        """An unmodified boto3 client, set up with what ``realvpc env`` prints."""
        variables = self.environment(*options)
        return boto3.client(
            service,
            region_name=variables["AWS_REGION"],
            endpoint_url=variables["AWS_ENDPOINT_URL"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": attempts}),
        )

    def aws(self, *words: str, account: str = "main", region: str = REGION, code: int = 0) -> Any:
        """What ``aws …`` prints, read as JSON; with another exit code, its complaint."""
        variables = self.environment("--account", account, "--region", region)
        done = subprocess.run(
            [AWS, *words, "--output", "json"],
            env={"PATH": os.environ["PATH"], "HOME": str(self._home), "AWS_PAGER": "", **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr if code else json.loads(done.stdout or "{}")

    def vpcs(self) -> set[str]:
        return {vpc["VpcId"] for vpc in self.client("ec2").describe_vpcs()["Vpcs"]}


def shell(script: str, environment: dict[str, str]) -> Output:
    """Run a shell script as a person would."""
    done = subprocess.run(
        ["sh", "-eu", "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return Output(done.returncode, done.stdout, done.stderr)


def eventually(truth: Callable[[], bool], *, within: float = 20.0, what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + within
    while not truth():
        assert time.monotonic() < deadline, f"{what} did not happen within {within:g} s"
        time.sleep(0.05)
