"""Run Command's commands and their invocations, as values (Systems Manager guide, "Understanding command statuses")."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

OUTPUT = 24_000  # characters of stdout, and of stderr, that GetCommandInvocation gives
SUMMARY = 2_500  # characters of both, that ListCommandInvocations gives
_TRUNCATED, _ERRORS = "\n--output truncated--\n", "\n----------ERROR-------\n"

UNKNOWN_CODE, CANCELLED_CODE, TIMED_OUT_CODE = -1, 1, 137


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


_RUNNING = frozenset({Status.PENDING, Status.IN_PROGRESS})


class Invocation(Struct, frozen=True, kw_only=True):
    """A command on one instance.  `stdout` and `stderr` have at most `OUTPUT` characters."""

    instance_id: str
    instance_name: str
    requested_at: datetime
    status: Status = Status.PENDING
    details: Details | None = None
    code: int = UNKNOWN_CODE
    stdout: str = ""
    stderr: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def running(self) -> bool:
        return self.status in _RUNNING

    @property
    def status_details(self) -> str:
        return self.details or self.status

    def summary(self) -> str:
        """Output and errors in one, as ListCommandInvocations shows them."""
        text = self.stdout + (_ERRORS + self.stderr if self.stderr else "")
        return text if len(text) <= SUMMARY else text[: SUMMARY - len(_TRUNCATED)] + _TRUNCATED


class Command(Struct, frozen=True, kw_only=True):
    """One SendCommand.  `concurrency` and `errors` as they were asked for: a number or a percentage."""

    id: str
    account: str
    region: str
    document: str
    comment: str
    parameters: dict[str, list[str]]  # with the document's defaults
    instance_ids: list[str]
    targets: list[dict[str, object]]
    requested_at: datetime
    timeout: int  # seconds that may pass before it is delivered
    concurrency: str
    errors: str
    given: dict[str, list[str]] = {}  # the parameters that were asked for, which is what AWS shows
    invocations: dict[str, Invocation] = {}
    plugin: str = "aws:runShellScript"  # what its one step is called
    version: str = "$DEFAULT"  # of the document, as it was asked for

    def visible_to(self, account: str, region: str) -> bool:
        return (self.account, self.region) == (account, region)

    @property
    def running(self) -> bool:
        return any(each.running for each in self.invocations.values())

    @property
    def places(self) -> int:
        """How much of what is remembered it takes, in invocations."""
        return max(1, len(self.invocations))

    @property
    def status(self) -> Status:
        """The worst of what has become of it on its instances."""
        found = {each.status for each in self.invocations.values()}
        if found & _RUNNING:
            return Status.PENDING if found == {Status.PENDING} else Status.IN_PROGRESS
        worst = (Status.FAILED, Status.TIMED_OUT, Status.CANCELLED)
        return next((status for status in worst if status in found), Status.SUCCESS)

    @property
    def status_details(self) -> str:
        return self.status if self.invocations else Details.NOBODY

    @property
    def expires_after(self) -> datetime:
        execution = int(self.parameters["executionTimeout"][0])
        return self.requested_at + timedelta(seconds=self.timeout + execution)

    @property
    def failed(self) -> int:
        """Instances on which it went wrong."""
        return sum(each.status in (Status.FAILED, Status.TIMED_OUT) for each in self.invocations.values())


def amount(text: str, of: int, *, least: int = 0) -> int:
    """What `50` or `10%` of so many comes to."""
    number = int(text.removesuffix("%"))
    return max(least, number * of // 100 if text.endswith("%") else number)


def limited(pieces: Iterable[bytes]) -> str:
    """The beginning of an output."""
    return b"".join(pieces).decode("utf-8", "replace")[:OUTPUT]
