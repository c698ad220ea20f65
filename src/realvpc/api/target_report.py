"""What health checks find of targets: facts that change the state through the same door as requests."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from realvpc.net.table import Change, put
from realvpc.net.target_group import Health
from realvpc.net.target_place import place_of

from .core.context import Context
from .service import Report


def targets_checked(found: Mapping[tuple[str, str, int], Health]) -> Report:
    """``found`` is by target group, id and port.  What is registered no more, or has no machine, is old news."""

    def report(ctx: Context) -> Change:
        change = Change()
        for group_id in dict.fromkeys(group_id for group_id, _, _ in found):
            group = ctx.network.target_groups.get(group_id)
            if group is None:
                continue
            rows = tuple(
                replace(row, health=health)
                if (health := found.get((group_id, *row.key))) and place_of(ctx.network, group, row)
                else row
                for row in group.registered
            )
            if rows != group.registered:
                change += put(replace(group, registered=rows))
        return change

    return report
