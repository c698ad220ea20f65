"""Commands, and what runs them: shells of this machine in place of instances."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from datetime import UTC, datetime
from typing import Any, Literal

from realvpc.session.command import Command, Invocation
from realvpc.session.command_runner import CommandRunner
from realvpc.session.far_end import FarEndError, Program, Shell
from realvpc.session.step import Result, Status, Step

from ..patience import PATIENCE_SECONDS

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LONG = 3600  # seconds


class Process:
    """A shell of this machine, which reads the script itself."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            ["/bin/sh", "-s"], stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        files = (self._process.stdin, self._process.stdout, self._process.stderr)
        self.stdin, self.stdout, self.stderr = (os.dup(file.fileno()) for file in files if file)
        for file in files:
            assert file
            file.close()
        self._open = {self.stdin, self.stdout, self.stderr}

    async def exited(self) -> int:
        return await asyncio.to_thread(self._process.wait)

    def close_stdin(self) -> None:
        self._open.remove(self.stdin)
        os.close(self.stdin)

    async def close(self) -> None:
        """With what it has started, as a node does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for fd in self._open:
            os.close(fd)


class Machines:
    """`gone` cannot be reached."""

    async def program(self, instance_id: str, command: str, user: Literal["ssm-user", "root"]) -> Program:
        assert user == "root"
        if instance_id == "gone":
            raise FarEndError("gone")
        return Process()

    async def shell(self, instance_id: str, command: str | None) -> Shell:
        raise NotImplementedError

    async def socket(self, instance_id: str) -> object:
        raise NotImplementedError

    async def resolve(self, instance_id: str, host: str) -> str:
        raise NotImplementedError


def command(number: int, script: str, *names: str, concurrency: str = "50", errors: str = "0") -> Command:
    step = Step(name="aws:runShellScript", script=script, seconds=LONG)
    return of_steps(number, (step,), *names, concurrency=concurrency, errors=errors)


def of_steps(number: int, steps: tuple[Step, ...], *names: str, concurrency: str = "50", errors: str = "0") -> Command:
    results = (Result(),) * len(steps)
    invocations = {
        name: Invocation(instance_id=name, instance_name="", requested_at=NOW, results=results) for name in names
    }
    return Command(
        id=f"command-{number}", account="1", region="r", document="AWS-RunShellScript", comment="", steps=steps,
        instance_ids=list(names), targets=[], requested_at=NOW, timeout=60, concurrency=concurrency, errors=errors,
        invocations=invocations,
    )  # fmt: skip


def runner() -> CommandRunner:
    return CommandRunner(Machines(), lambda: NOW)  # type: ignore[arg-type]  # no sockets here


async def over(made: CommandRunner, sent: Command) -> Command:
    for name in sent.invocations:
        await made.settle(sent.id, name, PATIENCE_SECONDS)
    found = made.find(sent.id)
    assert found is not None
    return found


async def begins(made: CommandRunner, sent: Command, place: int = 0) -> None:
    """A step of it, on the first of its instances."""

    def status() -> Status:
        found = made.find(sent.id)
        assert found is not None
        return next(iter(found.invocations.values())).results[place].status

    async with asyncio.timeout(PATIENCE_SECONDS):
        while status() is not Status.IN_PROGRESS:
            await asyncio.sleep(0.01)


async def all_tasks_end() -> None:
    """Of what is cancelled, too, which the runner has forgotten."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        _, running = await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
        assert not running


def script(name: str, lines: str, **more: Any) -> Step:
    return Step(name=name, script=lines, **{"seconds": LONG, **more})
