"""What a look at a target finds, and what looks in a row make of its health."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from msgspec.structs import replace

from realvpc.api.core.errors import AwsError
from realvpc.daemon.target_check import Look, is_well
from realvpc.daemon.target_health import AT_ONCE, TargetHealth, Watch, watched
from realvpc.net.addresses import Address, Cidr
from realvpc.net.instance import Instance
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerState, Scheme
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, put
from realvpc.net.target_group import (
    CheckProtocol,
    Health,
    HealthCheck,
    Protocol,
    RegisteredTarget,
    TargetGroup,
    TargetType,
)
from realvpc.session.far_end import FarEndError
from tests.worlds import vpc_with_instance

NLB = "nlb-00000000000000001"
NODE, FAR_NODE = "eni-a", "eni-far"
H, U, I = Health.HEALTHY, Health.UNHEALTHY, Health.INITIAL  # noqa: E741
BY_HTTP = HealthCheck(protocol=CheckProtocol.HTTP, path="/well", codes="200-299,404", timeout=2)


class Here:
    """Sockets of this process."""

    async def socket(
        self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
    ) -> socket.socket:
        assert (instance_id, interface_id) == (NLB, NODE)
        return socket.socket()


class Away:
    async def socket(self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False) -> NoReturn:
        raise FarEndError(instance_id)


async def looked_at(answer: bytes | None, check: HealthCheck) -> tuple[bool | None, bytes]:
    """What is found of a server that answers so, or closes its port at once, and what it was asked."""
    asked = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        if check.protocol is not CheckProtocol.TCP:
            asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer or b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if answer is None:
        server.close()
    found = await is_well(Here(), Look(NLB, NODE, "127.0.0.1", port, check))
    server.close()
    return found, asked


@pytest.mark.parametrize(
    ("answer", "check", "expected"),
    [
        (b"", HealthCheck(), True),
        (None, HealthCheck(), False),
        (b"HTTP/1.1 200 OK\r\n\r\n", BY_HTTP, True),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", BY_HTTP, True),
        (b"HTTP/1.1 301 Moved\r\n\r\n", BY_HTTP, False),
        (b"HTTP/1.1 500 No\r\n\r\n", BY_HTTP, False),
        (b"SSH-2.0-nothing\r\n", BY_HTTP, False),
        (b"", BY_HTTP, False),
        (b"x" * 100_000, BY_HTTP, False),
    ],
)
def test_a_look(answer: bytes | None, check: HealthCheck, *, expected: bool) -> None:
    found, asked = asyncio.run(looked_at(answer, check))
    assert found is expected
    if asked:
        assert asked.startswith(b"GET /well HTTP/1.1\r\nHost: 127.0.0.1:")


def test_where_nobody_can_look_nothing_is_found() -> None:
    assert asyncio.run(is_well(Away(), Look(NLB, NODE, "127.0.0.1", 1, HealthCheck()))) is None


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
    [(key, watch)] = watched(behind(LoadBalancerState.ACTIVE, TARGET))
    assert key == ("tg-00000000000000001", TARGET.id, 80)
    assert watch.look == Look(NLB, NODE, TARGET.id, 80, HealthCheck())
    draining = replace(TARGET, deregistered_at=datetime(2026, 11, 29, tzinfo=UTC))
    assert not list(watched(behind(LoadBalancerState.ACTIVE, draining)))
    for state in set(LoadBalancerState) - {LoadBalancerState.ACTIVE}:
        assert not list(watched(behind(state, TARGET)))


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
    [(_, watch)] = watched(behind(LoadBalancerState.ACTIVE, target))
    assert watch.look.interface_id == node


def test_nobody_looks_at_an_address_whose_subnet_is_gone() -> None:
    assert not list(watched(behind(LoadBalancerState.ACTIVE, replace(TARGET, id="10.99.32.21", zone=""))))


class Written:
    """A service whose state follows from what it is told, and which may be unable to write."""

    def __init__(self, network: Network) -> None:
        self.state = SimpleNamespace(network=network)
        self.can_write = True
        self.told: list[Change] = []

    @property
    def written(self) -> tuple[SimpleNamespace, int]:
        return self.state, 1

    async def turn(self) -> None:
        return None

    def report(self, fact: Callable[[Any], Change], cause: str) -> None:
        if not self.can_write:
            raise AwsError("InternalError", cause, status=500)
        change = fact(self.state)
        self.told.append(change)
        self.put(*change.puts)

    def put(self, *rows: Resource) -> None:
        self.state = SimpleNamespace(network=self.state.network.apply(put(*rows)))

    @property
    def group(self) -> TargetGroup:
        [row] = self.state.network.target_groups.values()
        return row  # type: ignore[no-any-return]

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


def test_where_nobody_could_look_nothing_is_told_and_the_next_look_comes(port: int) -> None:
    async def look() -> None:
        health, service = looking(places := Gate(), replace(LOCAL, port=port))
        places.opened.set()
        places.is_away = True
        await turn(health, 0)
        assert (service.health, service.told) == ([I], [])
        places.is_away = False
        await turn(health, 30)
        assert service.health == [H]

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
