"""What should be on this host, kept up from message to message."""

from __future__ import annotations

from ..fabric.plan import Plan, PlanDelta
from ..fabric.plan.keyed import KeyedPlan
from ..net.machine import Workload
from .messages import Desired, DesiredDelta

TABLES = "tables"
"""The plan, among the subjects that a message is about; the others are ids of workloads."""


class OutOfStepError(Exception):
    """A difference from something else than what is held: the whole has to be told."""


class KeptDesired:
    """The workloads by id, the ids of those of which nothing is to be left, and the plan.

    Of the plan it knows how much of it waits to be applied: a part, or the whole when nothing was applied so far, or
    applying a part has failed.
    """

    def __init__(self) -> None:
        self.revision: int | None = None  # None: nothing was said so far
        self.state = self.authority = ""
        self.specs: dict[str, Workload] = {}
        self.ended: set[str] = set()
        self._plan = KeyedPlan()
        self._whole_waits, self._part_waits = True, False
        self._puts, self._deletes = KeyedPlan(), KeyedPlan()  # of the part

    def take(self, message: Desired | DesiredDelta) -> set[str]:
        """Hold what the message says; returns the subjects that it says something else of than was held.

        Raises OutOfStepError; then it holds what it held.
        """
        before = self.revision
        if isinstance(message, DesiredDelta):
            if message.since != before:
                raise OutOfStepError(f"what follows from revision {message.since} is of no use: {before} is held")
            changed = self._follow(message)
        else:
            changed = self._begin(message)
        self.revision = message.revision
        return changed

    def _follow(self, delta: DesiredDelta) -> set[str]:
        self.specs.update((spec.id, spec) for spec in delta.machines)
        for name in delta.gone:
            self.specs.pop(name, None)
        self.ended = self.ended - {*delta.removed} | {*delta.ended} if delta.removed or delta.ended else self.ended
        self._plan.advance(delta.plan)
        self._puts.advance(PlanDelta(delta.plan.puts, delta.plan.deletes))
        self._deletes.advance(PlanDelta(delta.plan.deletes, delta.plan.puts))
        self._part_waits = self._part_waits or bool(delta.plan)
        subjects = {*(spec.id for spec in delta.machines), *delta.gone, *delta.ended, *delta.removed}
        return subjects | {TABLES} if delta.plan else subjects

    def _begin(self, whole: Desired) -> set[str]:
        specs, ended = {spec.id: spec for spec in whole.machines}, {*whole.ended} - {spec.id for spec in whole.machines}
        changed = {name for name in self.specs.keys() | specs.keys() if self.specs.get(name) != specs.get(name)}
        changed |= self.ended ^ ended
        plan = KeyedPlan(whole.plan)
        self.specs, self.ended, self.state, self.authority = specs, ended, whole.state, whole.authority
        if self.revision is None or plan != self._plan:
            self._plan = plan
            self._wait_for_whole()
            changed.add(TABLES)
        return changed

    # -- the plan ------------------------------------------------------------------------------------------------

    @property
    def tables_wait(self) -> bool:
        """Whether the tables are behind."""
        return self._whole_waits or self._part_waits

    def next_tables(self) -> Plan | PlanDelta:
        """What has to be applied: the whole plan, or what has changed since this was asked last.

        It does not wait any more, unless ``apply_again`` says that it was not applied.
        """
        part = PlanDelta(self._puts.plan(), self._deletes.plan())
        whole, is_whole = self._plan, self._whole_waits
        self._whole_waits, self._part_waits = False, False
        self._puts, self._deletes = KeyedPlan(), KeyedPlan()
        return whole.plan() if is_whole else part

    def apply_again(self) -> None:
        """What is applied is unknown."""
        self._wait_for_whole()

    def _wait_for_whole(self) -> None:
        self._whole_waits, self._part_waits = True, False
        self._puts, self._deletes = KeyedPlan(), KeyedPlan()
