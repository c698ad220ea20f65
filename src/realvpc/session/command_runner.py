"""Runs commands in instances, as root, and keeps what became of them: in memory, like sessions."""

from __future__ import annotations

import asyncio
import logging
import re
import shlex
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from .command import Command, Invocation, amount
from .descriptor import Reader, Writer
from .far_end import FarEndError, Instances, Program
from .step import (
    CANCELLED_CODE,
    OUTPUT,
    RUNNING,
    TIMED_OUT_CODE,
    Details,
    Result,
    Status,
    Step,
    concluded,
    ends_document,
    limited,
    without_run,
)

RESULTS = 2000  # of steps that are remembered, of all commands that are over
OF_AN_ACCOUNT, IN_ALL = 100, 500  # commands that are not over at a time
STEPS_OF_AN_ACCOUNT, STEPS_IN_ALL = 1000, 5000  # of these commands, each on each instance
_AT_ONCE = 50  # invocations that run
_LARGEST_CHARACTER = 4  # bytes
_LONGEST_NAME = 100
_OUTPUT_OF_INVOCATION = 4 * OUTPUT  # characters of all that its steps say

# Where the agent runs what has no working directory.
_DIRECTORY = "/usr/bin"

log = logging.getLogger(__name__)


class CommandRunner:
    """`now` is the service's clock."""

    def __init__(self, instances: Instances, now: Callable[[], datetime]) -> None:
        self._instances = instances
        self._now = now
        self._commands: dict[str, Command] = {}  # the oldest first
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def commands(self) -> list[Command]:
        """The oldest first."""
        return list(self._commands.values())

    def find(self, command_id: str) -> Command | None:
        return self._commands.get(command_id)

    def full(self, command: Command) -> str | None:
        """Why there is no room for this one, in a sentence; None where there is."""
        running = [each for each in self.commands() if each.running]
        own = [each for each in running if each.account == command.account]
        for whose, those, most, most_steps in (
            (" of the account", own, OF_AN_ACCOUNT, STEPS_OF_AN_ACCOUNT),
            ("", running, IN_ALL, STEPS_IN_ALL),
        ):
            if len(those) >= most:
                return f"{most} commands{whose} are not over, and there can be no more at a time."
            if sum(each.places for each in those) + command.places > most_steps:
                return f"Commands{whose} that are not over can have {most_steps} steps at a time, on all instances."
        return None

    def send(self, command: Command) -> None:
        """Run a command on its instances."""
        self._commands[command.id] = command
        count = len(command.invocations)
        turns = asyncio.Semaphore(amount(command.concurrency, count, least=1))
        for instance_id in command.invocations:
            task = asyncio.create_task(self._perform(command.id, instance_id, turns))
            self._running[command.id, instance_id] = task
        log.info("command %s sent document=%s instances=%d", command.id, command.document, count)
        self._forget()

    async def settle(self, command_id: str, instance_id: str, patience: float) -> None:
        """Wait until an invocation is over, or for so many seconds."""
        task = self._running.get((command_id, instance_id))
        if task:
            await asyncio.wait((task,), timeout=patience)

    def cancel(self, command_id: str, instance_ids: list[str] | None = None) -> None:
        """End a command, on these instances or on all of its."""
        for instance_id in instance_ids or list(self._commands[command_id].invocations):
            task = self._running.pop((command_id, instance_id), None)
            if task is None:
                continue
            if self._commands[command_id].invocations[instance_id].status is Status.PENDING:
                self._note_rest(command_id, instance_id, status=Status.CANCELLED, code=CANCELLED_CODE)
            task.cancel()

    def cancel_all(self) -> None:
        for command_id in self._commands:
            self.cancel(command_id)

    async def _perform(self, command_id: str, instance_id: str, turns: asyncio.Semaphore) -> None:
        try:
            async with turns, self._turns:
                command = self._commands[command_id]
                if command.failed > amount(command.errors, len(command.invocations)):
                    self._note_rest(command_id, instance_id, status=Status.CANCELLED, details=Details.TERMINATED)
                else:
                    await self._run(command, instance_id)
        except asyncio.CancelledError:
            self._note_rest(command_id, instance_id, status=Status.CANCELLED, code=CANCELLED_CODE)
        except Exception:  # the outermost frame of an invocation: nobody else would end it
            log.exception("command %s on %s", command_id, instance_id)
            self._note_rest(command_id, instance_id, status=Status.FAILED)
        finally:
            self._running.pop((command_id, instance_id), None)
            if command_id in self._commands:
                row = self._commands[command_id].invocations[instance_id]
                codes = ",".join(str(each.code) for each in row.results)
                log.info("command %s on %s: %s code=%s", command_id, instance_id, row.status_details, codes)

    async def _run(self, command: Command, instance_id: str) -> None:
        """Each step after the one before it, as far as that lets it."""
        ended, not_run = False, list[Result]()  # these are noted together
        for place, step in enumerate(command.steps):
            result = without_run(step, is_last=place + 1 == len(command.steps), ended=ended)
            if result is not None:
                now = self._now()
                not_run.append(replace(result, started_at=now, ended_at=now))
            else:
                self._note(command.id, instance_id, place - len(not_run), *not_run)
                not_run.clear()
                result = await self._run_step(command, instance_id, place)
                if result is None:
                    self._note_rest(command.id, instance_id, status=Status.FAILED, details=Details.UNDELIVERABLE)
                    return
            ended = ended or ends_document(step, result)
        self._note(command.id, instance_id, len(command.steps) - len(not_run), *not_run)

    async def _run_step(self, command: Command, instance_id: str, place: int) -> Result | None:
        """What became of it; None where nobody reaches the instance."""
        step = command.steps[place]
        begun = Result(status=Status.IN_PROGRESS, started_at=self._now())
        before = self._invocation(command.id, instance_id).results[:place]
        self._note(command.id, instance_id, place, begun)
        left = _OUTPUT_OF_INVOCATION - sum(len(each.stdout) + len(each.stderr) for each in before)
        try:
            program = await self._instances.program(instance_id, _words(command, step, instance_id), "root")
        except FarEndError as error:
            log.warning("command %s on %s: %s", command.id, instance_id, error)
            return None
        outputs = _Outputs(program, step.script.encode() + b"\n", min(OUTPUT, max(0, left // 2)))
        code: int | None = None
        try:
            async with asyncio.timeout(step.seconds):
                code = await program.exited()
        except TimeoutError:
            pass
        finally:
            stdout, stderr = outputs.close()
            begun = replace(begun, stdout=stdout, stderr=stderr)
            self._note(command.id, instance_id, place, begun)
            await program.close()
        ended = replace(concluded(step, _ended(begun, code)), ended_at=self._now())
        self._note(command.id, instance_id, place, ended)
        return ended

    def _invocation(self, command_id: str, instance_id: str) -> Invocation:
        return self._commands[command_id].invocations[instance_id]

    def _note(self, command_id: str, instance_id: str, place: int, *results: Result) -> None:
        """Of the steps from this place on."""
        command = self._commands.get(command_id)
        if command is None or not results:
            return  # it was cancelled before its turn, and is forgotten; or there is nothing to note
        row = command.invocations[instance_id]
        row = replace(row, results=(*row.results[:place], *results, *row.results[place + len(results) :]))
        self._commands[command_id] = replace(command, invocations=command.invocations | {instance_id: row})

    def _note_rest(self, command_id: str, instance_id: str, **changes: object) -> None:
        """Of all steps that are not over."""
        if command_id in self._commands:
            changes["ended_at"] = self._now()
            results = self._invocation(command_id, instance_id).results
            ended = (replace(each, **changes) if each.status in RUNNING else each for each in results)
            self._note(command_id, instance_id, 0, *ended)

    def _forget(self) -> None:
        """The oldest of what is over, of whichever account has most of that: who has no more than an equal share keeps
        what he has.  What runs has room of its own, and takes nothing of this."""
        over: dict[str, deque[Command]] = {}
        held = Counter[str]()
        for each in self._commands.values():
            if not each.running:
                over.setdefault(each.account, deque()).append(each)
                held[each.account] += each.places
        total = held.total()
        while total > RESULTS:
            account = max(held, key=lambda account: held[account])
            command = over[account].popleft()
            del self._commands[command.id]
            held[account] -= command.places
            total -= command.places


def _ended(result: Result, code: int | None) -> Result:
    """By the exit code of the script; None when it took too long."""
    if code is None:
        timed_out = {"status": Status.TIMED_OUT, "details": Details.EXECUTION_TIMED_OUT, "code": TIMED_OUT_CODE}
        return replace(result, **timed_out)
    if not code:
        return replace(result, status=Status.SUCCESS, code=0)
    stderr = (result.stderr + f"failed to run commands: exit status {code}")[:OUTPUT]  # as the agent has it
    return replace(result, status=Status.FAILED, code=code, stderr=stderr)


class _Outputs:
    """Gives a program its script and keeps the beginnings of what it says, ``size`` characters of each output; the rest
    is read, so that it goes on."""

    def __init__(self, program: Program, script: bytes, size: int) -> None:
        self._size = size
        self._pieces: tuple[list[bytes], list[bytes]] = ([], [])
        self._readers = [
            Reader(fd, lambda: True, self._keep(pieces), lambda: None)
            for fd, pieces in zip((program.stdout, program.stderr), self._pieces, strict=True)
        ]
        self._writer = Writer(program.stdin)
        self._writer.write(script)
        self._writer.finish(program.close_stdin)

    def close(self) -> tuple[str, str]:
        """What was said until now."""
        for reader in self._readers:
            reader.drain()
            reader.stop()
        self._writer.stop()
        return limited(self._pieces[0])[: self._size], limited(self._pieces[1])[: self._size]

    def _keep(self, pieces: list[bytes]) -> Callable[[bytes], None]:
        left = self._size * _LARGEST_CHARACTER

        def keep(data: bytes) -> None:
            nonlocal left
            if left > 0:
                pieces.append(data)
                left -= len(data)

        return keep


def _words(command: Command, step: Step, instance_id: str) -> str:
    """What runs the script that comes on stdin: as the agent does, from a file of its own.

    So its first line may name any interpreter, and it may be of any length."""
    called = re.sub(r"[^A-Za-z0-9_-]", "", step.name) or "step"  # a path of root's is made of it
    place = f"/var/lib/amazon/ssm/{instance_id}/document/orchestration/{command.id}/{called[:_LONGEST_NAME]}"
    script = f"{place}/0.awsrunShellScript/_script.sh"
    directory = step.directory or _DIRECTORY
    return (
        f"umask 077; mkdir -p {place}/0.awsrunShellScript && cat >{script} && chmod 700 {script} && umask 022 && "
        f"cd -- {shlex.quote(directory)} || exit 1; {script} </dev/null; code=$?; rm -rf {place}; exit $code"
    )
