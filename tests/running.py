"""A service of a test's own: its state directory, its port, its processes, and the commands that people type."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from msgspec import Struct

from realvpc.config import run_dir_for
from tests import surroundings
from tests.patience import MUCH_SECONDS, PATIENCE_SECONDS

T = TypeVar("T")
REGION = "ap-northeast-1"
REALVPC = str(Path(sys.executable).parent / "realvpc")
AWS = str(Path(sys.executable).parent / "aws")
SOMEBODY = str(Path(__file__).with_name("somebody.py"))


def free_port() -> int:
    """One that no connection of anybody's is given meanwhile: below the range that those come from (ip(7))."""
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(min(10240, end - 1024), end)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
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
        surroundings.note(self.run_dir)

    @property
    def run_dir(self) -> Path:
        uid = os.geteuid() if self._user is None else self._user
        return run_dir_for(self.state, self._own_environment(), uid)

    def _own_environment(self) -> dict[str, str]:
        """What a person's shell has."""
        home = str(self._home)
        own = {"PATH": os.environ["PATH"], "HOME": home, "XDG_RUNTIME_DIR": f"{home}/run"}
        return own | {"REALVPC_STATE": str(self.state)}

    def start(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start ``realvpc`` with these words."""
        somebody = [] if self._user is None else [sys.executable, "-I", SOMEBODY, str(self._user)]
        return subprocess.Popen(
            [*somebody, REALVPC, *words],
            env={**self._own_environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, code: int | None = 0, environment: Mapping[str, str] | None = None) -> Output:
        """Run ``realvpc`` with these words; asserts its exit code unless that is None."""
        process = self.start(*words, environment=environment)
        out, err = process.communicate(timeout=MUCH_SECONDS)
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
            timeout=MUCH_SECONDS,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr if code else json.loads(done.stdout or "{}")

    def vpcs(self) -> set[str]:
        """Those that somebody made: the default VPC is not among them."""
        found = self.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
        return {vpc["VpcId"] for vpc in found}


def shell(script: str, environment: dict[str, str]) -> Output:
    """Run a shell script as a person would."""
    done = subprocess.run(
        ["sh", "-eu", "-c", script], env=environment, capture_output=True, text=True, timeout=MUCH_SECONDS, check=False
    )
    return Output(done.returncode, done.stdout, done.stderr)


def eventually(truth: Callable[[], T | None], *, within: float = PATIENCE_SECONDS, what: str) -> T:
    """Wait for something that another process does, and return it once it is true."""
    deadline = time.monotonic() + within
    while not (found := truth()):
        assert time.monotonic() < deadline, f"{what} did not happen within {within:g} s"
        time.sleep(0.02)
    return found
