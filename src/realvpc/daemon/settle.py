"""Holding back an answer that is about to change.

A client that waits for an instance asks, and when the answer is not final asks again after 15 seconds.  Machines start
and stop in a fraction of a second; so an action that names instances in passing states is performed once the node has
reported them, or when patience ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from realvpc.api.core.call import Call, Settle
from realvpc.net.instance import InstanceState
from realvpc.net.network import Network

PATIENCE = 2.0  # seconds; what takes longer is answered as it is
_PAUSE = 0.005
_PASSING = frozenset({InstanceState.PENDING, InstanceState.STOPPING, InstanceState.SHUTTING_DOWN})
_DESCRIPTIONS = frozenset({"DescribeInstances", "DescribeInstanceStatus"})


def settling(network: Callable[[], Network]) -> Settle:
    """``network`` is asked again and again: it is the current one."""

    async def settle(call: Call) -> None:
        named = call.params.get("InstanceIds") or ()
        if call.action not in _DESCRIPTIONS or not named:
            return
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while _passing(network(), named) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(_PAUSE)

    return settle


def _passing(network: Network, instance_ids: list[str]) -> bool:
    rows = (network.instances.get(instance_id) for instance_id in instance_ids)
    return any(row is not None and row.state in _PASSING for row in rows)
