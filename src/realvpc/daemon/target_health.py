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
from realvpc.api.machines import machines_affected
from realvpc.api.service import Service
from realvpc.api.target_report import targets_checked
from realvpc.feed import Gap
from realvpc.net import indexes
from realvpc.net.load_balancer import LoadBalancerState
from realvpc.net.network import Network
from realvpc.net.target_group import Health
from realvpc.net.target_place import place_of, zone_of
from realvpc.session.tunnels import Places
from realvpc.store.commit import Commit

from .target_check import Look, is_well

AT_ONCE = 32
"""Looks at targets of one account: whoever has many that do not answer waits for them alone."""

_TICK = 0.5  # seconds
_SOONER = 5.0  # seconds after a look that nobody could take: the shortest interval that a target group may have

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
        self._commits = service.feed.subscribe(Commit)
        self._is_following = False
        self._watches: dict[str, dict[Key, Watch]] = {}  # by load balancer
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
        self._follow()
        for key, watch in sorted(self._due(now), key=lambda each: each[1].due):
            if self._busy[watch.account] < AT_ONCE:
                watch.is_busy, watch.due = True, now + watch.look.check.interval
                self._busy[watch.account] += 1
                looks.create_task(self._work(key, watch))
        await self._tell()

    def _due(self, now: float) -> list[tuple[Key, Watch]]:
        return [
            (key, watch)
            for watches in self._watches.values()
            for key, watch in watches.items()
            if now >= watch.due and not watch.is_busy
        ]

    def _follow(self) -> None:
        """Let watches be those of what is written.  A change costs what the load balancers cost that it concerns."""
        network, commits = self._service.written[0].network, self._commits.taken()
        if not self._is_following or any(isinstance(each, Gap) for each in commits):
            self._is_following, changed = True, {*self._watches, *network.load_balancers}
        else:
            changed = {name for each in commits for name in _affected(each)}
        for name in changed:
            old = self._watches.pop(name, {})
            wanted = dict(watched(network, name))
            for key, watch in wanted.items():
                if key in old and old[key].look == watch.look:
                    wanted[key] = old[key]
            if wanted:
                self._watches[name] = wanted

    async def _work(self, key: Key, watch: Watch) -> None:
        try:
            well = await is_well(self._places, watch.look)
        finally:
            self._busy[watch.account] -= 1
            watch.is_busy = False
        if well is None:  # as when the node has not made the place yet that it is told of
            watch.due -= max(0.0, watch.look.check.interval - _SOONER)
        health = _health_of(self._service.state.network, key)
        if well is None or health is None or self._watches.get(watch.look.place, {}).get(key) is not watch:
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


def _affected(commit: Commit | Gap) -> set[str]:
    return set() if isinstance(commit, Gap) else machines_affected(commit.before, commit.after, commit.change)


def watched(network: Network, balancer_id: str) -> Iterator[tuple[Key, Watch]]:
    """Every target that a load balancer may give to which is there, by the node of its zone, or the first one."""
    balancer = network.load_balancers.get(balancer_id)
    if balancer is None or balancer.state is not LoadBalancerState.ACTIVE:
        return
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
