"""What is remembered for clients that come back: for a day, and so much of each account in each Region."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import TypeVar

from realvpc.net.resource import Resource
from realvpc.net.table import Change, Table, by_place, delete, put

from .context import Context
from .effort import COMPARING

R = TypeVar("R", bound=Resource)

REMEMBERED_FOR = timedelta(hours=24)
MOST = 5_000  # rows: hours of a busy client
_AT_ONCE = 10  # the part that is forgotten when there are as many


def remember(ctx: Context, table: Table[R], row: R, since: Callable[[R], datetime]) -> Change:
    """Write the row down, and forget the oldest tenth in its place where there are too many: nobody else's."""
    kept = table.where(by_place, (row.account, row.region))
    if len(kept) < MOST:
        return put(row)
    ctx.effort.spend(COMPARING * len(kept))
    return delete(*nsmallest(MOST // _AT_ONCE, kept, key=since)) + put(row)
