"""Tidying: records that nobody can see any more, and the emptying of a whole service.

Nothing depends on when a sweep runs: what is visible is a function of the record and the time.
"""

from __future__ import annotations

from datetime import datetime

from realvpc.iam.account import AccessKey, Account
from realvpc.net.instance import InstanceState
from realvpc.net.peering import Peering
from realvpc.net.remains import Remains
from realvpc.net.resource import Resource
from realvpc.net.table import Change

from .context import Context
from .idempotency import REMEMBERED_FOR


def sweep(ctx: Context) -> Change:
    """Drop what has had its time: terminated instances, ended peerings, client tokens and submitted changes."""
    network = ctx.network
    gone: list[Resource] = [
        row for row in network.instances.values() if not row.visible_to(row.account, row.region, ctx.now)
    ]
    gone += [row for row in network.peerings.values() if not _seen_from_a_side(row, ctx.now)]
    gone += [row for row in ctx.state.tokens.used.values() if ctx.now >= row.used_at + REMEMBERED_FOR]
    gone += [row for row in ctx.state.tokens.changes.values() if ctx.now >= row.submitted_at + REMEMBERED_FOR]
    return Change(deletes=tuple(gone))


def everything(ctx: Context) -> Change:
    """Drop all there is, save the accounts and their keys, and have the hosts remove what there was of instances."""
    left = [row for row in ctx.network.instances.values() if row.state is not InstanceState.TERMINATED]
    return Change(
        puts=tuple(
            Remains(id=row.id, account=row.account, region=row.region) for row in left if ctx.options.has_fabric
        ),
        deletes=tuple(
            row
            for snapshot in ctx.state.snapshots
            for kind in snapshot.TYPES
            for row in snapshot.table(kind).values()
            if not isinstance(row, Account | AccessKey | Remains)
        ),
    )


def _seen_from_a_side(row: Peering, now: datetime) -> bool:
    return any(row.visible_to(side.account, side.region, now) for side in (row.requester, row.accepter))
