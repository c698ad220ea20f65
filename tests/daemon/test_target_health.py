"""Who is looked at and when, and what looks in a row make of a target's health."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.errors import AwsError
from realvpc.daemon import target_health
from realvpc.daemon.target_check import Look
from realvpc.daemon.target_health import AT_ONCE, TargetHealth, Watch, watched
from realvpc.feed import CAPACITY, Feed
from realvpc.net.addresses import Address, Cidr
from realvpc.net.instance import Instance
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerState, Scheme
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, delete, put
from realvpc.net.target_group import (
    Health,
    HealthCheck,
    Protocol,
    RegisteredTarget,
    TargetGroup,
    TargetType,
)
from realvpc.session.far_end import FarEndError
from realvpc.store.commit import Commit
from realvpc.store.state import State
from tests.worlds import vpc_with_instance

NLB = "nlb-00000000000000001"
NODE, FAR_NODE = "eni-a", "eni-far"
H, U, I = Health.HEALTHY, Health.UNHEALTHY, Health.INITIAL  # noqa: E741


class Here:
    """Sockets of this process."""

    async def socket(
        self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
    ) -> socket.socket:
        assert (instance_id, interface_id) == (NLB, NODE)
        return socket.socket()


@pytest.mark.parametrize(
    ("begins", "looks", "ends"),
    [
        (I, "+", H),
        (I, "-", I),
        (I, "--", U),
        (I, "-+", H),
        (H, "-", H),
        (H, "-+-", H),
        (H, "--", U),
        (U, "++", U),
        (U, "++-++", U),
        (U, "+++", H),
    ],
)
def test_looks_in_a_row_make_the_health(begins: Health, looks: str, ends: Health) -> None:
    check = HealthCheck(healthy_threshold=3, unhealthy_threshold=2)
    watch, health = Watch("1", Look(NLB, NODE, "10.0.0.1", 80, check)), begins
    for each in looks:
        health = watch.found(health, well=each == "+")
    assert health is ends


def behind(state: LoadBalancerState = LoadBalancerState.ACTIVE, *targets: RegisteredTarget) -> Network:
    common: dict[str, Any] = {"account": "111111111111", "region": "ap-northeast-1"}
    balancer = LoadBalancer(
        id=NLB,
        name="front",
        scheme=Scheme.INTERNAL,
        vpc_id="vpc-a",
        created_at=datetime(2026, 11, 29, tzinfo=UTC),
        state=state,
        **common,
    )
    group = TargetGroup(
        id="tg-00000000000000001",
        name="web",
        protocol=Protocol.TCP,
        port=80,
        vpc_id="vpc-a",
        target_type=TargetType.IP,
        registered=targets,
        **common,
    )
    listener = Listener(
        id="listener-00000000000000001",
        load_balancer_id=NLB,
        balancer=balancer.arn_suffix,
        protocol=Protocol.TCP,
        port=80,
        target_group_id=group.id,
        **common,
    )
    near = [row for row in vpc_with_instance("a", "10.99.0.0/16", "10.99.0.9") if not isinstance(row, Instance)]
    [subnet] = [row for row in near if isinstance(row, Subnet)]
    [node] = [row for row in near if isinstance(row, NetworkInterface)]
    attachment = Attachment(id="ela-attach-1", owner_id=NLB, device_index=1, attached_at=balancer.created_at)
    return Network.of(
        *(row for row in near if row is not node),
        balancer,
        group,
        listener,
        replace(subnet, id="subnet-far", cidr=Cidr.parse("10.99.16.0/20"), zone_name="ap-northeast-1c", zone_id="az1"),
        replace(node, attachment=attachment),
        replace(
            node,
            id=FAR_NODE,
            subnet_id="subnet-far",
            mac_address="06:00:00:00:00:02",
            private_addresses=(Address.parse("10.99.16.9"),),
            attachment=replace(attachment, id="ela-attach-2", device_index=2),
        ),
    )


TARGET = RegisteredTarget(id="10.99.0.21", port=80, zone="all")


def test_targets_of_a_load_balancer_that_is_there_are_looked_at() -> None:
    [(key, watch)] = watched(behind(LoadBalancerState.ACTIVE, TARGET), NLB)
    assert key == ("tg-00000000000000001", TARGET.id, 80)
    assert watch.look == Look(NLB, NODE, TARGET.id, 80, HealthCheck())
    draining = replace(TARGET, deregistered_at=datetime(2026, 11, 29, tzinfo=UTC))
    assert not list(watched(behind(LoadBalancerState.ACTIVE, draining), NLB))
    for state in set(LoadBalancerState) - {LoadBalancerState.ACTIVE}:
        assert not list(watched(behind(state, TARGET), NLB))


@pytest.mark.parametrize(
    ("target", "node"),
    [
        (replace(TARGET, zone=""), NODE),
        (replace(TARGET, id="10.99.16.21", zone=""), FAR_NODE),
        (replace(TARGET, id="10.99.16.21"), NODE),
    ],
)
def test_the_node_of_its_zone_looks_at_a_target_and_the_first_one_where_there_is_none(
    target: RegisteredTarget, node: str
) -> None:
    [(_, watch)] = watched(behind(LoadBalancerState.ACTIVE, target), NLB)
    assert watch.look.interface_id == node


def test_nobody_looks_at_an_address_whose_subnet_is_gone() -> None:
    assert not list(watched(behind(LoadBalancerState.ACTIVE, replace(TARGET, id="10.99.32.21", zone="")), NLB))


class Written:
    """A service whose state follows from what it is told, and which may be unable to write."""

    def __init__(self, network: Network) -> None:
        self.state = State(network)
        self.feed = Feed()
        self.can_write = True
        self.told: list[Change] = []

    @property
    def written(self) -> tuple[State, int]:
        return self.state, 1

    async def turn(self) -> None:
        return None

    def report(self, fact: Callable[[Any], Change], cause: str) -> None:
        if not self.can_write:
            raise AwsError("InternalError", cause, status=500)
        change = fact(self.state)
        self.told.append(change)
        self.apply(change)

    def put(self, *rows: Resource) -> None:
        self.apply(put(*rows))

    def apply(self, change: Change) -> None:
        before, self.state = self.state, self.state.apply(change)
        self.feed.publish(Commit(1, before, self.state, change))

    @property
    def group(self) -> TargetGroup:
        [row] = self.state.network.target_groups.values()
        return row

    @property
    def health(self) -> list[Health]:
        return [row.health for row in self.group.registered]


class Gate:
    """Sockets of this process, for whoever is let through; counts who has come."""

    def __init__(self) -> None:
        self.came = 0
        self.is_away = False
        self.opened = asyncio.Event()

    async def socket(
        self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
    ) -> socket.socket:
        self.came += 1
        await self.opened.wait()
        if self.is_away:
            raise FarEndError(instance_id)
        return socket.socket()


@pytest.fixture
def port() -> Iterator[int]:
    """Where somebody listens."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[int]:
    """Where nobody listens, nor can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


LOCAL = replace(TARGET, id="127.0.0.1")


def looking(places: Gate | Here, *targets: RegisteredTarget) -> tuple[TargetHealth, Written]:
    service = Written(behind(LoadBalancerState.ACTIVE, *targets))
    return TargetHealth(service, places), service  # type: ignore[arg-type]


async def turn(health: TargetHealth, now: float) -> None:
    """One, its looks to their ends, and what they find."""
    for _ in range(2):
        async with asyncio.TaskGroup() as looks:
            await health.turn(now, looks)


def test_what_is_found_is_told_once_and_at_each_interval(port: int, closed: int) -> None:
    async def look() -> None:
        health, service = looking(places := Gate(), replace(LOCAL, port=port), replace(LOCAL, port=closed))
        places.opened.set()
        await turn(health, 0)
        assert (service.health, len(service.told), places.came) == ([H, I], 1, 2)
        await turn(health, 29.9)
        assert places.came == 2
        await turn(health, 30)
        assert (service.health, len(service.told), places.came) == ([H, U], 2, 4)
        await turn(health, 60)
        assert (len(service.told), places.came) == (2, 6), "nothing is new"

    asyncio.run(look())


def test_what_cannot_be_written_is_told_again(port: int) -> None:
    async def look() -> None:
        health, service = looking(Here(), replace(LOCAL, port=port))
        service.can_write = False
        await turn(health, 0)
        assert service.health == [I]
        service.can_write = True
        await turn(health, 1)
        assert service.health == [H]

    asyncio.run(look())


def test_where_nobody_could_look_nothing_is_told_and_the_next_look_comes_sooner(port: int) -> None:
    async def look() -> None:
        health, service = looking(places := Gate(), replace(LOCAL, port=port))
        places.opened.set()
        places.is_away = True
        await turn(health, 0)
        assert (service.health, service.told, places.came) == ([I], [], 1)
        places.is_away = False
        await turn(health, 4.9)
        assert places.came == 1
        await turn(health, 5)
        assert service.health == [H]
        await turn(health, 34.9)
        assert places.came == 2

    asyncio.run(look())


@pytest.mark.parametrize(
    ("meanwhile", "ends"),
    [
        (lambda group, _: replace(group, registered=()), []),
        (lambda group, closed: replace(group, check=HealthCheck(port=str(closed))), [I]),
        (lambda group, _: replace(group, name="other"), [H]),
    ],
)
def test_a_look_is_worth_nothing_when_meanwhile_others_are_wanted(
    port: int, closed: int, meanwhile: Callable[[TargetGroup, int], TargetGroup], ends: list[Health]
) -> None:
    async def look() -> None:
        health, service = looking(places := Gate(), replace(LOCAL, port=port))
        async with asyncio.TaskGroup() as looks:
            await health.turn(0, looks)
            service.put(meanwhile(service.group, closed))
            async with asyncio.TaskGroup() as later:
                await health.turn(1, later)
                await asyncio.sleep(0)
                places.opened.set()
        async with asyncio.TaskGroup() as looks:
            await health.turn(2, looks)
        assert service.health == ends

    asyncio.run(look())


def test_an_account_has_so_many_looks_under_way_and_no_more(port: int) -> None:
    """In all turns together; those that wait are looked at when others have ended."""
    many = [replace(TARGET, port=port) for port in range(1, 2 * AT_ONCE)]

    async def look() -> None:
        health, _ = looking(places := Gate(), *many)
        places.is_away = True
        async with asyncio.TaskGroup() as looks:
            for now in range(3):
                await health.turn(now, looks)
                await asyncio.sleep(0)
                assert places.came == AT_ONCE
            places.opened.set()
        await turn(health, 4)
        assert places.came == len(many)

    asyncio.run(look())


def test_what_is_looked_at_follows_from_what_is_written_whatever_came_between() -> None:
    """Counts of looks in a row stay with who is looked at as before; also when there were too many changes to hear."""

    async def look() -> None:
        health, service = looking(places := Gate(), LOCAL)
        places.is_away = True
        places.opened.set()
        await turn(health, 0)
        assert places.came == 1
        second, third = (replace(LOCAL, port=port) for port in (81, 82))
        service.put(replace(service.group, registered=(LOCAL, second)))
        await turn(health, 1)
        assert places.came == 2, "the new one alone"
        service.put(replace(service.group, registered=(LOCAL, second, third)))
        for _ in range(CAPACITY):
            service.put(*service.state.network.vpcs.values())
        await turn(health, 2)
        assert places.came == 3, "the new one alone"
        [listener] = service.state.network.listeners.values()
        service.apply(delete(listener))
        await turn(health, 40)
        assert places.came == 3
        service.put(listener)
        await turn(health, 41)
        assert places.came == 6

    asyncio.run(look())


def test_a_change_costs_nothing_to_load_balancers_that_it_does_not_concern(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []  # by whose targets

    def noted(network: Network, balancer_id: str) -> Iterator[Any]:
        asked.append(balancer_id)
        return watched(network, balancer_id)

    async def look() -> None:
        health, service = looking(places := Gate(), LOCAL)
        places.is_away = True
        places.opened.set()
        await turn(health, 0)
        monkeypatch.setattr(target_health, "watched", noted)
        [balancer] = service.state.network.load_balancers.values()
        other = replace(balancer, id="nlb-00000000000000002")
        network = service.state.network
        service.put(replace(network.interfaces[NODE], id="eni-third"))
        await turn(health, 1)
        assert asked == [NLB]
        asked.clear()
        service.put(replace(other, boot=2), *vpc_with_instance("c", "10.97.0.0/16", "10.97.0.9"))
        await turn(health, 2)
        assert other.id in asked
        assert NLB not in asked

    asyncio.run(look())
