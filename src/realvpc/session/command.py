"""Run Command's commands and their invocations, as values (Systems Manager guide, "Understanding command statuses")."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from .step import RUNNING, Details, Result, Status, Step, worst


class Invocation(Struct, frozen=True, kw_only=True):
    """A command on one instance, with a result for each step."""

    instance_id: str
    instance_name: str
    requested_at: datetime
    results: tuple[Result, ...]

    @property
    def status(self) -> Status:
        return worst(each.status for each in self.results)

    @property
    def running(self) -> bool:
        return self.status in RUNNING

    @property
    def status_details(self) -> str:
        """Of the first step that has come to this."""
        status = self.status
        return next((each.status_details for each in self.results if each.status is status), status)


class Command(Struct, frozen=True, kw_only=True):
    """One SendCommand.  `concurrency` and `errors` as they were asked for: a number or a percentage."""

    id: str
    account: str
    region: str
    document: str
    comment: str
    steps: tuple[Step, ...]  # one at least
    instance_ids: list[str]
    targets: list[dict[str, object]]
    requested_at: datetime
    timeout: int  # seconds that may pass before it is delivered
    concurrency: str
    errors: str
    given: dict[str, list[str]] = {}  # the parameters that were asked for, which is what AWS shows
    invocations: dict[str, Invocation] = {}
    version: str = "$DEFAULT"  # of the document, as it was asked for

    def visible_to(self, account: str, region: str) -> bool:
        return (self.account, self.region) == (account, region)

    @property
    def running(self) -> bool:
        return any(each.running for each in self.invocations.values())

    @property
    def places(self) -> int:
        """How much room it takes, in results of steps."""
        return max(1, len(self.invocations)) * len(self.steps)

    @property
    def status(self) -> Status:
        """The worst of what has become of it on its instances."""
        return worst(each.status for each in self.invocations.values())

    @property
    def status_details(self) -> str:
        return self.status if self.invocations else Details.NOBODY

    @property
    def expires_after(self) -> datetime:
        return self.requested_at + timedelta(seconds=self.timeout + sum(step.seconds for step in self.steps))

    @property
    def failed(self) -> int:
        """Instances on which it went wrong."""
        return sum(each.status in (Status.FAILED, Status.TIMED_OUT) for each in self.invocations.values())

    def place_of(self, name: str | None) -> int | None:
        """Of the step that GetCommandInvocation asks for: of several one has to be named."""
        if name is None:
            return 0 if len(self.steps) == 1 else None
        names = [step.name for step in self.steps]
        wanted = name if name in names else name.removeprefix("0.")
        return names.index(wanted) if wanted in names else None


def amount(text: str, of: int, *, least: int = 0) -> int:
    """What `50` or `10%` of so many comes to."""
    number = int(text.removesuffix("%"))
    return max(least, number * of // 100 if text.endswith("%") else number)
