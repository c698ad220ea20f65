"""How the service is, what its clock says, and who has accounts in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from .. import __version__
from ..api.core.sweep import everything
from ..iam.first_start import ways_back
from .desk import CLOCK_SETTING, Answer, Desk, Refusal
from .instances import given_up


async def public_health(desk: Desk, request: dict[str, Any]) -> Answer:
    """Whether the service works, for load balancers and containers; what is wrong is for the operator."""
    return {
        "status": "degraded" if desk.faults() else "ok",
        "ready": desk.node is None or desk.node.ready,
        "version": __version__,
    }


async def health(desk: Desk, request: dict[str, Any]) -> Answer:
    """The same for `realvpc up`, with what is wrong."""
    faults = desk.faults()
    return {
        **await public_health(desk, request),
        "fabric": desk.settings.fabric,
        "credentials": desk.settings.credentials,
        "policies": desk.settings.policies,
        "upstream": desk.settings.upstream,
        "faults": faults,
        "stuck": desk.node is not None and desk.node.is_stuck,
    }


async def status(desk: Desk, request: dict[str, Any]) -> Answer:
    """What `realvpc status` shows."""
    state = desk.service.state
    return {
        **await health(desk, request),
        "endpoint_url": desk.settings.endpoint_url,
        "state_dir": str(desk.settings.state_dir),
        "revision": desk.service.revision,
        "time": desk.clock.now().isoformat(timespec="seconds"),
        "clock_offset": desk.clock.offset.total_seconds(),
        "accounts": len(state.directory.accounts),
        "resources": {
            kind.__name__: len(room.table(kind))
            for room in (state.network, state.names, state.inventory)
            for kind in room.TYPES
        },
        "instances": _tally(instance.state for instance in state.network.instances.values()),
        "given_up": given_up(state.network),
        "machines_wanted": sum(instance.machine_wanted for instance in state.network.instances.values()),
        "longest_stall_ms": _milliseconds(desk.stall.longest) if desk.stall else None,
        "node": await desk.node.status() if desk.node else None,
    }


async def stall(desk: Desk, request: dict[str, Any]) -> Answer:
    """The longest time that the service stood still since this was asked before."""
    return {"longest_stall_ms": _milliseconds(desk.stall.since_last_asked()) if desk.stall else None}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _tally(states: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return counts


async def move_clock(desk: Desk, request: dict[str, Any]) -> Answer:
    """``offset``: seconds between the machine's clock and the service's, from now on.  ``advance``: that much more."""
    try:
        offset = timedelta(seconds=float(request.get("offset", desk.clock.offset.total_seconds())))
        offset += timedelta(seconds=float(request.get("advance", 0)))
        time = desk.clock.now() - desk.clock.offset + offset
    except (ValueError, TypeError, OverflowError):
        raise Refusal("a clock is moved by a number of seconds, and not past the year 9999") from None
    await asyncio.to_thread(desk.database.set_setting, CLOCK_SETTING, str(offset.total_seconds()))
    desk.clock.offset = offset
    return {"time": time.isoformat(timespec="seconds"), "clock_offset": offset.total_seconds()}


async def read_clock(desk: Desk, request: dict[str, Any]) -> Answer:
    return {"time": desk.clock.now().isoformat(timespec="seconds"), "clock_offset": desk.clock.offset.total_seconds()}


async def accounts(desk: Desk, request: dict[str, Any]) -> Answer:
    """Every account with the access keys that the operator hands out, secrets included.  Where none works any more,
    there is a new one."""
    if desk.service.report(lambda ctx: ways_back(ctx.directory, ctx.now, ctx.random), "the operator's access keys"):
        await desk.service.settled()
    directory = desk.service.state.directory
    working = (key for key in directory.access_keys.values() if key.of_operator and key.is_active)
    keys = sorted(working, key=lambda key: (key.created_at, key.id))
    return [
        {
            "id": account.id,
            "name": account.name,
            "access_keys": [
                {"id": key.id, "secret": key.secret, "arn": directory.users[key.user_id].arn}
                for key in keys
                if key.account == account.id
            ],
        }
        for account in sorted(directory.accounts.values(), key=lambda account: (account.zone_seed, account.name))
    ]


async def reset(desk: Desk, request: dict[str, Any]) -> Answer:
    """Empty the state, as test suites do between tests.  Accounts and the operator's keys stay: clients hold them."""
    desk.service.report(everything, "reset")
    return {"status": "ok"}
