"""The state as the node is told of it: the whole once, then what each commit changes."""

from __future__ import annotations

from msgspec.structs import replace

from .api.machines import machine_specs, machines_delta
from .fabric.plan import KeptPlan
from .net.table import Change
from .node.messages import Desired, DesiredDelta
from .store.commit import Commit
from .store.state import State


class NodeView:
    """Follows the state from commit to commit, each at the cost of what it changes.

    ``revision`` is the last one that it has seen, ``told`` the last one that the node has to know of.
    """

    def __init__(self, state: State, revision: int, state_id: str) -> None:
        """Costs what the whole state costs, and may be done in a thread of its own."""
        self.revision = self.told = revision
        self._state_id = state_id
        self._state = state
        self._plan = KeptPlan(state.network)

    def whole(self) -> Desired:
        """All that should be."""
        ended = tuple(sorted(self._state.tokens.remains))
        return Desired(self.told, self._plan.plan(), machine_specs(self._state), ended, self._state_id)

    def follow(self, commit: Commit) -> DesiredDelta | None:
        """What the node has to be told after the commit, which is the next one; None when it is no concern of its."""
        self.revision, self._state = commit.revision, commit.after
        change = _beyond_tags(commit)
        plan = self._plan.advance(commit.after.network, change)
        machines = machines_delta(commit.before, commit.after, change)
        if not plan and not machines:
            return None
        since, self.told = self.told, commit.revision
        told = {name: getattr(machines, name) for name in machines.__struct_fields__}
        return DesiredDelta(since, commit.revision, plan, **told)


def _beyond_tags(commit: Commit) -> Change:
    """The change without the rows that differ from what they were in nothing but their tags."""
    before = ((row, commit.before.table(type(row)).get(row.id)) for row in commit.change.puts)
    puts = tuple(row for row, old in before if old is None or replace(old, tags=row.tags) != row)
    return replace(commit.change, puts=puts)
