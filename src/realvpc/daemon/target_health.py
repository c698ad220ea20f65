"""Who looks at targets, and when: each at the interval of its target group, from its load balancer's place.

What changes a target's health is told to the service.  Counts of checks in a row live here, in memory: a process that
begins anew looks at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.api.target_report import targets_checked
from realvpc.net import indexes
from realvpc.net.instance import Instance
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerState
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.target_group import Health, TargetGroup
from realvpc.net.target_place import place_of, zone_of
from realvpc.session.tunnels import Places

from .target_check import Look, is_well

AT_ONCE = 32
"""Looks at targets of one account: whoever has many that do not answer waits for them alone."""

_TICK = 0.5  # seconds
_TYPES = (LoadBalancer, Listener, TargetGroup, Instance, NetworkInterface)  # what looks follow from

Key = tuple[str, str, int]
"""Target group, id and port."""


class Watch:
    """One target: how it is looked at, and what the last looks have found."""

    def __init__(self, account: str, look: Look) -> None:
        self.account = account
        self.look = look
        self.due = 0.0
        self.is_busy = False
        self._in_row = 0
        self._was_well = False

    def found(self, health: Health, *, well: bool) -> Health:
        """The health after one more look.  One that nobody knows yet is healthy at once when it is well."""
        self._in_row = self._in_row + 1 if well is self._was_well else 1
        self._was_well = well
        check = self.look.check
        enough = 1 if health is Health.INITIAL else check.healthy_threshold
        if well and self._in_row >= enough:
            return Health.HEALTHY
        return Health.UNHEALTHY if not well and self._in_row >= check.unhealthy_threshold else health


class TargetHealth:
    def __init__(self, service: Service, places: Places) -> None:
        self._service = service
        self._places = places
        self._watches: dict[Key, Watch] = {}
        self._seen: tuple[object, ...] = ()
        self._busy: Counter[str] = Counter()  # by account
        self._news: dict[Key, Health] = {}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as looks:
            while True:
                await self.turn(asyncio.get_running_loop().time(), looks)
                await asyncio.sleep(_TICK)

    async def turn(self, now: float, looks: asyncio.TaskGroup) -> None:
        """Begin the looks that are due at this time, in seconds, and tell what others have found."""
        self._follow(self._service.written[0].network)
        for key, watch in sorted(self._due(now), key=lambda each: each[1].due):
            if self._busy[watch.account] < AT_ONCE:
                watch.is_busy, watch.due = True, now + watch.look.check.interval
                self._busy[watch.account] += 1
                looks.create_task(self._work(key, watch))
        await self._tell()

    def _due(self, now: float) -> list[tuple[Key, Watch]]:
        return [(key, watch) for key, watch in self._watches.items() if now >= watch.due and not watch.is_busy]

    def _follow(self, network: Network) -> None:
        seen = tuple(network.table(kind) for kind in _TYPES)
        if self._seen and all(new is old for new, old in zip(seen, self._seen, strict=True)):
            return
        self._seen = seen
        wanted = dict(watched(network))
        for key, watch in wanted.items():
            old = self._watches.get(key)
            if old is not None and old.look == watch.look:
                wanted[key] = old
        self._watches = wanted

    async def _work(self, key: Key, watch: Watch) -> None:
        try:
            well = await is_well(self._places, watch.look)
        finally:
            self._busy[watch.account] -= 1
            watch.is_busy = False
        health = _health_of(self._service.state.network, key)
        if well is None or health is None or self._watches.get(key) is not watch:
            return
        after = watch.found(health, well=well)
        if after is not health:
            self._news[key] = after

    async def _tell(self) -> None:
        """What is new, in one change.  What cannot be written is told again."""
        if self._news:
            await self._service.turn()
            with contextlib.suppress(AwsError):
                self._service.report(targets_checked(self._news), "health checks")
                self._news = {}


def _health_of(network: Network, key: Key) -> Health | None:
    group = network.target_groups.get(key[0])
    return next((row.health for row in group.serving() if row.key == key[1:]), None) if group else None


def watched(network: Network) -> Iterator[tuple[Key, Watch]]:
    """Every target that a load balancer which is there may give to, by the node of its zone, or the first one."""
    for balancer in network.load_balancers.values():
        if balancer.state is not LoadBalancerState.ACTIVE:
            continue
        nodes = network.interfaces_of(balancer.id)
        listeners = network.listeners.where(indexes.load_balancer_id, balancer.id)
        for group_id in {row.target_group_id for row in listeners}:
            group = network.target_groups[group_id]
            for row in group.serving():
                place = place_of(network, group, row)
                if place is not None:
                    node = next((each for each in nodes if zone_of(network, each) == place.zone_id), nodes[0])
                    look = Look(balancer.id, node.id, str(place.address), group.check.port_of(row), group.check)
                    yield (group.id, *row.key), Watch(group.account, look)
