"""The state as the node is told of it: the whole once, then what each commit changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from .api.machines import machines_delta, work_of, workload_specs
from .fabric.plan import KeptPlan
from .net.network_interface import Attachment, AttachmentStatus, NetworkInterface
from .net.table import Change
from .node.messages import Desired, DesiredDelta
from .store.commit import Commit
from .store.state import State

_LONG_CHANGE = 200  # rows, and forwards and targets of load balancers


class NodeView:
    """Follows the state from commit to commit, each at the cost of what it changes.

    ``revision`` is the last one that it has seen, ``told`` the last one that the node has to know of.
    """

    def __init__(self, state: State, revision: int, state_id: str, authority: str = "") -> None:
        """Costs what the whole state costs, and may be done in a thread of its own."""
        self.revision = self.told = revision
        self._state_id, self._authority = state_id, authority
        self._state = state
        self._plan = KeptPlan(state.network)
        self._moving: dict[str, tuple[Attachment, int]] = {}  # of interfaces that come and go, and when it was told
        self._note_moving(state.network.interfaces.values(), revision)

    def settled(self, revision: int, faulty: Collection[str]) -> frozenset[str]:
        """The interfaces that have come or gone once the node has brought the host to this revision, but for those of
        machines that something is wrong with."""
        return frozenset(
            name
            for name, (attachment, told) in self._moving.items()
            if told <= revision and attachment.owner_id not in faulty
        )

    def _note_moving(self, rows: Iterable[NetworkInterface], revision: int) -> None:
        for row in rows:
            attachment, (known, _) = row.attachment, self._moving.get(row.id, (None, 0))
            if attachment is None or attachment.status is AttachmentStatus.ATTACHED:
                self._moving.pop(row.id, None)
            elif known is None or (known.id, known.status) != (attachment.id, attachment.status):
                self._moving[row.id] = attachment, revision

    def whole(self) -> Desired:
        """All that should be."""
        ended = tuple(sorted(self._state.tokens.remains))
        workloads = workload_specs(self._state)
        return Desired(self.told, self._plan.plan(), workloads, ended, self._state_id, self._authority)

    def is_long(self, commit: Commit) -> bool:
        """Whether it takes so long to follow it that others should not have to wait for that."""
        change = commit.change
        return len(change) > _LONG_CHANGE or work_of(commit.before, commit.after, change) > _LONG_CHANGE

    def follow(self, commit: Commit) -> DesiredDelta | None:
        """What the node has to be told after the commit, which is the next one; None when it is no concern of its."""
        self.revision, self._state = commit.revision, commit.after
        change = _beyond_tags(commit)
        self._note_moving((row for row in change.puts if isinstance(row, NetworkInterface)), commit.revision)
        for row in change.deletes:
            self._moving.pop(row.id, None)
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
