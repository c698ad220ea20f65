"""Tidying: records that nobody can see any more, and the emptying of a whole service.

Nothing depends on when a sweep runs: what is visible is a function of the record and the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from realvpc.iam.account import AccessKey, Account
from realvpc.iam.user import User
from realvpc.net.flow_record import is_there
from realvpc.net.instance import InstanceState
from realvpc.net.peering import Peering
from realvpc.net.remains import Remains
from realvpc.net.resource import Resource
from realvpc.net.table import Change

from .context import Context
from .remembered import REMEMBERED_FOR

AT_ONCE = 500  # rows: some milliseconds


def sweep(ctx: Context) -> Change:
    """Drop what has had its time: terminated instances, NAT gateways and peerings that ended, requests for quotas,
    flow logs of what is gone, client tokens, submitted changes, keys that were good for a minute, images that were
    deregistered and inventories of instances that are gone.

    ``AT_ONCE`` at most: whoever wants all of it gone asks again.
    """
    return Change(deletes=tuple(islice(_gone(ctx), AT_ONCE)))


def _gone(ctx: Context) -> Iterator[Resource]:
    network, tokens = ctx.network, ctx.state.tokens
    yield from (row for row in network.instances.values() if not row.visible_to(row.account, row.region, ctx.now))
    yield from (row for row in network.nat_gateways.values() if not row.visible_to(row.account, row.region, ctx.now))
    yield from (row for row in network.flow_logs.values() if not is_there(network, row))
    yield from (row for row in network.peerings.values() if not _seen_from_a_side(row, ctx.now))
    yield from (row for row in tokens.used.values() if ctx.now >= row.used_at + REMEMBERED_FOR)
    yield from (row for row in ctx.state.inventory.offered_keys.values() if ctx.now >= row.good_until)
    images = ctx.state.inventory.deregistered_images.values()
    yield from (row for row in images if row.is_forgotten_at(ctx.now))
    items = ctx.state.inventory.inventory_items.values()
    yield from (row for row in items if row.instance_id not in network.instances)
    yield from (row for row in ctx.directory.quota_requests.values() if row.is_forgotten_at(ctx.now))
    yield from (row for row in tokens.changes.values() if ctx.now >= row.submitted_at + REMEMBERED_FOR)


def everything(ctx: Context) -> Change:
    """Drop all there is, save the accounts and what the operator hands out of them, and have the hosts remove what
    there was of instances."""
    left = [row for row in ctx.network.instances.values() if row.state is not InstanceState.TERMINATED]
    return Change(
        puts=(
            *(Remains(id=row.id, account=row.account, region=row.region) for row in left if ctx.options.has_fabric),
            *(_bare(user) for user in ctx.directory.users.values() if user.of_operator),
        ),
        deletes=tuple(
            row
            for snapshot in ctx.state.snapshots
            for kind in snapshot.TYPES
            for row in snapshot.table(kind).values()
            if not (isinstance(row, Account | Remains) or (isinstance(row, AccessKey | User) and row.of_operator))
        ),
    )


def _bare(user: User) -> User:
    """As it was made."""
    return User(
        id=user.id, account=user.account, name=user.name, path=user.path, created_at=user.created_at, of_operator=True
    )


def _seen_from_a_side(row: Peering, now: datetime) -> bool:
    return any(row.visible_to(side.account, side.region, now) for side in (row.requester, row.accepter))
