"""The steps of a command's document, and what became of each on an instance (Systems Manager guide, "Command document
plugin reference"; how they follow on one another is the agent's: ``runpluginutil`` of amazon-ssm-agent).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

OUTPUT = 24_000  # characters of stdout, and of stderr, that GetCommandInvocation gives
SUMMARY = 2_500  # characters of both, that ListCommandInvocations gives
_TRUNCATED, _ERRORS = "\n--output truncated--\n", "\n----------ERROR-------\n"

UNKNOWN_CODE, CANCELLED_CODE, TIMED_OUT_CODE = -1, 1, 137
_EXIT_WITH_SUCCESS, _EXIT_WITH_FAILURE = 168, 169
EXIT, _SUCCESS_AND_EXIT = "exit", "successAndExit"


class Status(StrEnum):
    """SSM's CommandStatus and CommandInvocationStatus, as far as commands here have it."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCESS = "Success"
    CANCELLED = "Cancelled"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"


class Details(StrEnum):
    """SSM's StatusDetails, where it says more than the status."""

    EXECUTION_TIMED_OUT = "ExecutionTimedOut"
    UNDELIVERABLE = "Undeliverable"
    TERMINATED = "Terminated"
    NOBODY = "NoInstancesInTag"


RUNNING = frozenset({Status.PENDING, Status.IN_PROGRESS})


class Step(Struct, frozen=True, kw_only=True):
    """``seconds`` is what it may take.  ``skipped`` and ``failed`` say in words why it is not run."""

    name: str
    script: str = ""
    directory: str = ""
    seconds: int = 0
    on_failure: str = ""
    on_success: str = ""
    is_finally: bool = False
    skipped: str = ""
    failed: str = ""


class Result(Struct, frozen=True, kw_only=True):
    """Of a step on an instance.  ``stdout`` and ``stderr`` have at most ``OUTPUT`` characters."""

    status: Status = Status.PENDING
    details: Details | None = None
    code: int = UNKNOWN_CODE
    stdout: str = ""
    stderr: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def status_details(self) -> str:
        return self.details or self.status

    def summary(self) -> str:
        """Output and errors in one, as ListCommandInvocations shows them."""
        text = self.stdout + (_ERRORS + self.stderr if self.stderr else "")
        return text if len(text) <= SUMMARY else text[: SUMMARY - len(_TRUNCATED)] + _TRUNCATED


def without_run(step: Step, *, is_last: bool, ended: bool) -> Result | None:
    """What becomes of a step that is not run; None: it is.  ``ended``: a step before it ends the document."""
    if ended and not (step.is_finally and is_last):
        words = f"Plugin {step.name} skipped due to prior step with an exit condition"
        return Result(status=Status.SUCCESS, code=0, stdout=words)
    if step.skipped:
        return Result(status=Status.SUCCESS, code=0, stdout=step.skipped)
    return Result(status=Status.FAILED, code=1, stderr=step.failed) if step.failed else None


def ends_document(step: Step, result: Result) -> bool:
    """Whether no other step is run, but for the last one where that is for whatever happens."""
    if result.code in (_EXIT_WITH_SUCCESS, _EXIT_WITH_FAILURE):
        return True
    is_skipped = bool(step.skipped)
    by_failure = result.status is Status.FAILED and step.on_failure == EXIT
    return by_failure or (result.status is Status.SUCCESS and step.on_success == EXIT and not is_skipped)


def concluded(step: Step, result: Result) -> Result:
    """What a step that has run counts as: by its exit code, and by what its failure means."""
    if result.code == _EXIT_WITH_SUCCESS:
        said = (
            "\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped."
        )
        return _saying(replace(result, status=Status.SUCCESS, stderr=""), said, in_errors=False)
    if result.code == _EXIT_WITH_FAILURE:
        said = "\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped."
        return _saying(result, said)
    if result.status is not Status.FAILED or step.on_failure not in (EXIT, _SUCCESS_AND_EXIT):
        return result
    said = "\nStep was found to have onFailure property. Further document steps will be skipped."
    if step.on_failure == _SUCCESS_AND_EXIT:
        result = replace(result, status=Status.SUCCESS, code=_EXIT_WITH_SUCCESS)
    return _saying(result, said)


def _saying(result: Result, said: str, *, in_errors: bool = True) -> Result:
    stderr = (result.stderr + said)[:OUTPUT] if in_errors else result.stderr
    return replace(result, stdout=(result.stdout + said)[:OUTPUT], stderr=stderr)


def worst(statuses: Iterable[Status]) -> Status:
    """Of a document by its steps, of a command by its instances."""
    found = set(statuses)
    if found & RUNNING:
        return Status.PENDING if found == {Status.PENDING} else Status.IN_PROGRESS
    order = (Status.FAILED, Status.TIMED_OUT, Status.CANCELLED)
    return next((status for status in order if status in found), Status.SUCCESS)


def limited(pieces: Iterable[bytes]) -> str:
    """The beginning of an output."""
    return b"".join(pieces).decode("utf-8", "replace")[:OUTPUT]
