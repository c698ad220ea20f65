"""Holding back an answer that is about to change.

A client that waits for an instance asks, and when the answer is not final asks again after 15 seconds.  Machines start
and stop in a fraction of a second; so an action that names instances in passing states is performed once the node has
reported them, or when patience ends.
"""

from __future__ import annotations

from collections.abc import Callable

from realvpc.api.core.call import Call, Settle
from realvpc.feed import Feed
from realvpc.net.instance import InstanceState
from realvpc.net.network import Network
from realvpc.store.commit import Commit

PATIENCE = 2.0  # seconds; what takes longer is answered as it is
_PASSING = frozenset({InstanceState.PENDING, InstanceState.STOPPING, InstanceState.SHUTTING_DOWN})
_DESCRIPTIONS = frozenset({"DescribeInstances", "DescribeInstanceStatus"})


def settling(network: Callable[[], Network], feed: Feed) -> Settle:
    """``network`` is asked again after every commit: it is the current one."""

    async def settle(call: Call) -> None:
        named = call.params.get("InstanceIds") or ()
        if call.action not in _DESCRIPTIONS or not named:
            return
        await feed.until(lambda: not _passing(network(), named), Commit, PATIENCE)

    return settle


def _passing(network: Network, instance_ids: list[str]) -> bool:
    rows = (network.instances.get(instance_id) for instance_id in instance_ids)
    return any(row is not None and row.state in _PASSING for row in rows)
