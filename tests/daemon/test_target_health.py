"""What a look at a target finds, and what looks in a row make of its health."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest
from msgspec.structs import replace

from realvpc.daemon.target_check import Look, is_well
from realvpc.daemon.target_health import AT_ONCE, TargetHealth, Watch, watched
from realvpc.net.addresses import Address, Cidr
from realvpc.net.instance import Instance
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerState, Scheme
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.subnet import Subnet
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
        (replace(TARGET, id="10.99.32.21", zone=""), NODE),
    ],
)
def test_the_node_of_its_zone_looks_at_a_target_and_the_first_one_where_there_is_none(
    target: RegisteredTarget, node: str
) -> None:
    [(_, watch)] = watched(behind(LoadBalancerState.ACTIVE, target))
    assert watch.look.interface_id == node


class Written:
    """A service that stands still, and what it is told."""

    def __init__(self, network: Network) -> None:
        self.state = type("State", (), {"network": network})()
        self.written = (self.state, 1)
        self.told: list[Callable[..., object]] = []

    async def turn(self) -> None:
        return None

    def report(self, fact: Callable[..., object], cause: str) -> None:
        self.told.append(fact)


class Slow:
    """Never comes to an end; counts who waits."""

    def __init__(self) -> None:
        self.waiting = 0

    async def socket(
        self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
    ) -> socket.socket:
        self.waiting += 1
        await asyncio.Event().wait()
        raise AssertionError


def test_an_account_has_so_many_looks_under_way_and_no_more() -> None:
    many = [replace(TARGET, port=port) for port in range(1, 3 * AT_ONCE)]
    places = Slow()

    async def look() -> None:
        health = TargetHealth(Written(behind(LoadBalancerState.ACTIVE, *many)), places)  # type: ignore[arg-type]
        running = asyncio.create_task(health.run())
        while places.waiting < AT_ONCE:
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(look())
    assert places.waiting == AT_ONCE
