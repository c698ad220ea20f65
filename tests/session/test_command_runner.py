"""Commands on many instances: how many at a time, when to stop, and what is remembered."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from realvpc.session import command_runner
from realvpc.session.command import Command, Invocation, amount
from realvpc.session.command_runner import CommandRunner
from realvpc.session.far_end import FarEndError, Program, Shell
from realvpc.session.step import OUTPUT, Details, Result, Status, Step

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


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
    step = Step(name="aws:runShellScript", script=script, seconds=20)
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
        await made.settle(sent.id, name, 20)
    found = made.find(sent.id)
    assert found is not None
    return found


def test_one_at_a_time_and_none_after_too_many_errors() -> None:
    async def scene() -> None:
        made = runner()
        sent = command(1, "echo x; exit 1", "a", "b", "c", concurrency="1", errors="1")
        made.send(sent)
        ended = await over(made, sent)
        found = {name: (row.status, row.results[0].details) for name, row in ended.invocations.items()}
        assert found == {
            "a": (Status.FAILED, None),
            "b": (Status.FAILED, None),
            "c": (Status.CANCELLED, Details.TERMINATED),
        }
        assert (ended.status, ended.failed, ended.running) == (Status.FAILED, 2, False)

    asyncio.run(scene())


def test_what_has_not_begun_and_what_runs_can_be_cancelled() -> None:
    async def scene() -> None:
        made = runner()
        sent = command(1, "sleep 20", "a", "b", concurrency="1")
        made.send(sent)
        made.cancel(sent.id, ["b"])
        await made.settle(sent.id, "a", 0.1)
        begun = made.find(sent.id)
        assert begun is not None
        assert {row.status for row in begun.invocations.values()} == {Status.IN_PROGRESS, Status.CANCELLED}
        assert begun.status is Status.IN_PROGRESS
        made.cancel(sent.id)
        await asyncio.sleep(0.05)
        ended = made.find(sent.id)
        assert ended is not None
        assert (ended.status, ended.status_details) == (Status.CANCELLED, "Cancelled")
        assert all(row.results[0].ended_at == NOW for row in ended.invocations.values())

    asyncio.run(scene())


def test_an_instance_that_is_gone_is_told_apart() -> None:
    async def scene() -> None:
        made = runner()
        sent = command(1, "echo here", "gone", "a", errors="100%")
        made.send(sent)
        ended = await over(made, sent)
        assert (ended.invocations["gone"].status_details, ended.invocations["gone"].results[0].code) == (
            "Undeliverable",
            -1,
        )
        assert (ended.invocations["a"].status_details, ended.invocations["a"].results[0].stdout) == (
            "Success",
            "here\n",
        )

    asyncio.run(scene())


def test_the_oldest_are_forgotten_and_what_runs_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_runner, "RESULTS", 5)

    async def scene() -> None:
        made = runner()
        running = command(0, "sleep 20", "a")
        made.send(running)
        for number in range(1, 9):
            sent = command(number, "true", "a")
            made.send(sent)
            await over(made, sent)
        kept = [each.id for each in made.commands()]
        assert kept == ["command-0", "command-5", "command-6", "command-7", "command-8"]
        made.cancel_all()
        await asyncio.sleep(0.05)

    asyncio.run(scene())


def test_who_sends_much_pushes_out_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_runner, "RESULTS", 5)

    async def scene() -> None:
        made = runner()
        other = replace(command(0, "true", "a"), account="2")
        made.send(other)
        await over(made, other)
        for number in range(1, 9):
            made.send(command(number, "true"))  # on no instance
        assert [each.id for each in made.commands()] == ["command-0", *(f"command-{number}" for number in range(5, 9))]

    asyncio.run(scene())


def test_what_is_cancelled_before_its_turn_may_be_forgotten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the next command, before its task has heard of it."""
    monkeypatch.setattr(command_runner, "RESULTS", 2)
    monkeypatch.setattr(command_runner, "_AT_ONCE", 1)
    wrong: list[object] = []

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: wrong.append(context))
        made = runner()
        runs, waits, next_one = command(1, "sleep 20", "a"), command(2, "echo 2", "a"), command(3, "echo 3", "a")
        made.send(runs)
        made.send(waits)
        await asyncio.sleep(0.05)
        made.cancel(waits.id)
        made.send(next_one)
        assert made.find(waits.id) is None
        made.cancel_all()
        await asyncio.sleep(0.05)

    asyncio.run(scene())
    gc.collect()
    assert wrong == []


def script(name: str, lines: str, **more: Any) -> Step:
    return Step(name=name, script=lines, **{"seconds": 20, **more})


def test_steps_run_one_after_another_and_each_has_its_result() -> None:
    async def scene() -> None:
        made = runner()
        steps = (
            script("first", "echo one; exit 3"),
            script("second", "echo two >&2"),
            Step(name="windows", skipped="not here"),
            Step(name="wrong", failed="no such operator"),
            script("last", "sleep 20", seconds=1),
        )
        sent = of_steps(1, steps, "a")
        made.send(sent)
        ended = await over(made, sent)
        row = ended.invocations["a"]
        assert [(each.status, each.code) for each in row.results] == [
            (Status.FAILED, 3),
            (Status.SUCCESS, 0),
            (Status.SUCCESS, 0),
            (Status.FAILED, 1),
            (Status.TIMED_OUT, 137),
        ]
        assert [each.stdout for each in row.results] == ["one\n", "", "not here", "", ""]
        assert [each.stderr for each in row.results][1:4] == ["two\n", "", "no such operator"]
        assert (row.status, row.status_details, ended.status) == (Status.FAILED, "Failed", Status.FAILED)
        assert all(each.started_at == each.ended_at == NOW for each in row.results)

    asyncio.run(scene())


def test_what_is_cancelled_between_steps_begins_no_other() -> None:
    async def scene() -> None:
        made = runner()
        sent = of_steps(1, (script("first", "echo begun"), script("second", "sleep 20"), script("third", "true")), "a")
        made.send(sent)

        def second() -> Status:
            found = made.find(sent.id)
            assert found is not None
            return found.invocations["a"].results[1].status

        async with asyncio.timeout(20):
            while second() is not Status.IN_PROGRESS:
                await asyncio.sleep(0.01)
        made.cancel(sent.id)
        await asyncio.sleep(0.05)
        ended = made.find(sent.id)
        assert ended is not None
        found = [(each.status, each.code) for each in ended.invocations["a"].results]
        assert found == [(Status.SUCCESS, 0), (Status.CANCELLED, 1), (Status.CANCELLED, 1)]
        assert ended.status is Status.CANCELLED

    asyncio.run(scene())


def test_what_steps_say_is_kept_as_long_as_there_is_room_for_it() -> None:
    async def scene() -> None:
        made = runner()
        many = tuple(script(f"step-{number}", "yes 0123456789 | head -c 30000") for number in range(8))
        sent = of_steps(1, many, "a")
        made.send(sent)
        ended = await over(made, sent)
        lengths = [len(each.stdout) for each in ended.invocations["a"].results]
        assert lengths[0] == OUTPUT
        assert sum(lengths) <= 4 * OUTPUT
        assert ended.status is Status.SUCCESS

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("text", "of", "least", "number"), [("50", 3, 1, 50), ("10%", 100, 1, 10), ("10%", 3, 1, 1), ("0", 9, 0, 0)]
)
def test_numbers_and_percentages(text: str, of: int, least: int, number: int) -> None:
    assert amount(text, of, least=least) == number
