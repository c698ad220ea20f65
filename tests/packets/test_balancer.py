"""A balancer with real packets: to targets and back, between VPCs whose addresses overlap, and nowhere else."""

from __future__ import annotations

import contextlib
import socket

import pytest
from msgspec.structs import replace

from realvpc.fabric.errors import FabricError
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net.addresses import Cidr
from realvpc.net.machine import Forward
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.table import put
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

from .balancer import (
    AT_TARGETS,
    BALANCER,
    ENDPOINT,
    ENDPOINT_IPV6,
    FIRST,
    NEAR,
    OF_ONE,
    ONE,
    OTHER,
    OWN,
    OWN_ADDRESS,
    OWN_IPV6,
    PORT,
    SECOND,
    TARGETS,
    TWIN,
    Connection,
    asked,
    balance,
    bring_up,
    forwards,
    is_silent,
    links,
    network,
    opened,
    serving,
)
from .hosts import ALL_IN, ALL_OUT, host, link_spec, number, peering, ping_in_vain, vpc
from .test_fabric import counted

pytestmark = pytest.mark.root


def test_connections_are_spread_over_the_targets_and_come_from_the_source(balanced: Fabric) -> None:
    place = balanced.namespace(ONE)
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(Connection(place, source=("10.0.0.5", 40000 + index))) for index in range(64)
        ]
        first = [connection.ask() for connection in connections]
        assert {peer for _, peer, _ in first} == {OWN_ADDRESS}
        names = [name for name, _, _ in first]
        assert 16 <= names.count(FIRST) <= 48, "ports are fixed, and so is the hash"
        assert [connection.ask()[0] for connection in connections] == names, "each has its own"


@pytest.mark.parametrize(
    ("client", "address"),
    [(ONE, ENDPOINT), (OTHER, ENDPOINT), (TWIN, ENDPOINT), (NEAR, OWN_ADDRESS), (FIRST, OWN_ADDRESS)],
)
def test_whatever_address_a_client_has_it_is_answered(balanced: Fabric, client: str, address: str) -> None:
    """A target's, in another VPC; the balancer's own; one beside the targets; a target itself, by way of the other."""
    balance(balanced, forwards(SECOND))
    assert asked(balanced.namespace(client), address) == SECOND


def test_two_clients_may_have_the_same_address_and_port_at_once(balanced: Fabric) -> None:
    source = ("10.0.0.5", 41000)
    with (
        Connection(balanced.namespace(ONE), source=source) as one,
        Connection(balanced.namespace(TWIN), source=source) as twin,
    ):
        for index in range(3):
            assert one.ask(f"one-{index}")[2] == f"one-{index}"
            assert twin.ask(f"twin-{index}")[2] == f"twin-{index}"


def test_what_is_established_goes_on_when_the_targets_change(balanced: Fabric) -> None:
    place = balanced.namespace(ONE)
    balance(balanced, forwards(FIRST))
    with Connection(place) as connection:
        assert connection.ask()[0] == FIRST
        for given in (forwards(SECOND), (), forwards(SECOND)):
            balance(balanced, given)
            assert connection.ask()[0] == FIRST
        assert asked(place) == SECOND


@pytest.mark.parametrize(("address", "is_ipv6"), [(ENDPOINT, False), (ENDPOINT_IPV6, True)])
def test_what_is_established_with_a_target_that_has_ended_is_reset(
    balanced: Fabric, address: str, is_ipv6: bool
) -> None:
    place, given = balanced.namespace(ONE), forwards(FIRST, is_ipv6=is_ipv6)
    balance(balanced, given)
    with Connection(place, address) as connection:
        connection.ask()
        ended = given[0].targets
        balance(balanced, tuple(replace(each, ended=ended) for each in forwards(SECOND, is_ipv6=is_ipv6)))
        with pytest.raises(ConnectionResetError):
            connection.ask()
    assert asked(place, address) == SECOND


def test_links_come_and_go_beside_connections(balanced: Fabric) -> None:
    """The one that goes leaves its number to none that comes."""
    few, all_of_them = links(network())[:2], links(network())
    with Connection(balanced.namespace(ONE)) as connection:
        name, _, _ = connection.ask()
        given = tuple(each for each in forwards(*TARGETS) if each.interface_id in {spec.interface_id for spec in few})
        balanced.ensure_machine(BALANCER, few, forwards=given)
        assert connection.ask()[0] == name
        assert is_silent(balanced.namespace(OTHER), ENDPOINT, PORT)
        balanced.ensure_machine(BALANCER, all_of_them, forwards=forwards(*TARGETS))
        assert connection.ask()[0] == name
        assert asked(balanced.namespace(OTHER)) in TARGETS


def test_without_targets_connections_are_refused(balanced: Fabric) -> None:
    balance(balanced, forwards())
    for client, address in ((ONE, ENDPOINT), (OTHER, ENDPOINT), (NEAR, OWN_ADDRESS)):
        with pytest.raises(ConnectionRefusedError):
            asked(balanced.namespace(client), address)


def test_a_port_with_no_listener_is_silent_and_so_is_ping(balanced: Fabric) -> None:
    assert is_silent(balanced.namespace(ONE), ENDPOINT, PORT + 1)
    assert is_silent(balanced.namespace(NEAR), OWN_ADDRESS, PORT + 1)
    assert not ping_in_vain(balanced, ONE, ENDPOINT).received


@pytest.mark.parametrize("is_ipv6", [False, True])
def test_what_is_in_the_midst_of_no_connection_is_reset(balanced: Fabric, is_ipv6: bool) -> None:
    """As after 350 idle seconds, whoever speaks first: here the balancer was made anew meanwhile, and has forgotten."""
    given = forwards(FIRST, is_ipv6=is_ipv6)
    balance(balanced, given)
    address = ENDPOINT_IPV6 if is_ipv6 else ENDPOINT
    with Connection(balanced.namespace(ONE), address) as connection:
        connection.ask()
        balanced.remove_machine(BALANCER)
        balance(balanced, given)
        with pytest.raises(ConnectionResetError):
            connection.ask()
    assert asked(balanced.namespace(ONE), address) == FIRST


def test_so_is_what_a_target_says_of_no_connection(fabric: Fabric) -> None:
    bring_up(fabric)
    balance(fabric, forwards(FIRST))
    with serving(FIRST, fabric.namespace(FIRST)) as accepted, Connection(fabric.namespace(ONE)) as connection:
        connection.ask()
        fabric.remove_machine(BALANCER)
        balance(fabric, forwards(FIRST))
        accepted[0].sendall(b"hello")
        eventually(lambda: accepted[0].fileno() < 0, what="that the target's connection ends")


@pytest.mark.parametrize(("address", "is_ipv6"), [(ENDPOINT, False), (ENDPOINT_IPV6, True)])
def test_datagrams_go_and_come_large_ones_too(balanced: Fabric, address: str, is_ipv6: bool) -> None:
    balance(balanced, forwards(FIRST, SECOND, protocol="udp", is_ipv6=is_ipv6))
    answered = set()
    for index in range(32):
        with opened(balanced.namespace(ONE), socket.SOCK_DGRAM, is_ipv6=is_ipv6) as caller:
            caller.bind(("::" if is_ipv6 else "0.0.0.0", 42000 + index))
            caller.connect((address, PORT))
            for said in ("x", "y" * 20000):
                caller.send(said.encode())
                name, _, heard = caller.recv(1 << 16).decode().split(" ")
                assert heard == said
                answered.add(name)
    assert answered == {FIRST, SECOND}


def test_whoever_sends_too_much_for_the_way_beyond_is_told(balanced: Fabric) -> None:
    """Client and target send segments of 9001 bytes, and between the client and the balancer 8500 pass."""
    world, far = network(), number("i", 7)
    other_region = [
        replace(row, region="us-east-1")
        for row in (
            *vpc(4, "10.99.0.0/16", peers=[("10.0.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
            *host(7, 4, "10.99.0.5"),
        )
    ]
    across = peering(1, 2, 4)
    across = replace(across, accepter=replace(across.accepter, region="us-east-1"))
    [table] = [each for each in world.route_tables.values() if each.vpc_id == number("vpc", 2)]
    back = Route(Cidr.parse("10.99.0.0/16"), Target(TargetKind.PEERING, across.id))
    world = world.apply(put(*other_region, across, TableRoute.of(table, back)))
    balanced.ensure_machine(far, (link_spec(world, world.interfaces[number("eni", 7)]),))
    balanced.apply(compile_plan(world))
    said = "x" * 60000

    def talk() -> None:
        with Connection(balanced.namespace(far)) as connection:
            connection.socket.sendall(said.encode())
            heard = b""
            while heard.count(b"x") < len(said):
                heard += connection.socket.recv(1 << 16)

    assert counted(balanced, talk).get("PACKET_TOO_BIG", 0) >= 2, "one of each side at least"


@pytest.mark.parametrize(("address", "is_ipv6"), [(ENDPOINT, False), (ENDPOINT_IPV6, True)])
def test_a_flow_of_datagrams_whose_target_is_gone_finds_another_and_others_keep_theirs(
    balanced: Fabric, address: str, is_ipv6: bool
) -> None:
    def given(*targets: str) -> tuple[Forward, ...]:
        return forwards(*targets, protocol="udp", is_ipv6=is_ipv6)

    def answers(caller: socket.socket) -> str:
        caller.send(b"hello")
        return caller.recv(1 << 12).decode().split(" ")[0]

    with contextlib.ExitStack() as stack:
        callers = []
        for index in range(16):
            place = balanced.namespace(ONE)
            callers.append(stack.enter_context(opened(place, socket.SOCK_DGRAM, is_ipv6=is_ipv6)))
            callers[-1].bind(("::" if is_ipv6 else "0.0.0.0", 43000 + index))
            callers[-1].connect((address, PORT))
        balance(balanced, given(FIRST))
        assert {answers(caller) for caller in callers[:8]} == {FIRST}
        balance(balanced, given(SECOND))
        assert {answers(caller) for caller in callers} == {SECOND}
        balance(balanced, given(FIRST, SECOND))
        assert {answers(caller) for caller in callers} == {SECOND}, "whose flows go on"


def test_ipv6(balanced: Fabric) -> None:
    balance(balanced, (*forwards(*TARGETS), *forwards(FIRST, SECOND, is_ipv6=True)))
    for client, address in ((ONE, ENDPOINT_IPV6), (NEAR, OWN_IPV6)):
        with Connection(balanced.namespace(client), address) as connection:
            name, peer, _ = connection.ask()
            assert (name in TARGETS, peer) == (True, OWN_IPV6)
    balance(balanced, forwards(is_ipv6=True))
    with pytest.raises(ConnectionRefusedError):
        asked(balanced.namespace(ONE), ENDPOINT_IPV6)


def test_sockets_of_its_own_reach_targets(balanced: Fabric) -> None:
    """Even one whose address another link of the balancer's has."""
    for name, (address, _) in TARGETS.items():
        with balanced.socket_in(BALANCER, OWN) as probe:
            probe.settimeout(PATIENCE_SECONDS)
            probe.connect((address, AT_TARGETS))
            probe.sendall(b"hello")
            assert probe.recv(99).decode().split(" ")[:2] == [name, OWN_ADDRESS]


def test_they_leave_by_an_interface_of_its_own_whichever_is_first(balanced: Fabric) -> None:
    """Somebody else's endpoint may have the first device, and where it leads another may have a target's address."""
    own, of_one, _ = links(network())
    balanced.remove_machine(BALANCER)
    given = tuple(each for each in forwards(*TARGETS) if each.interface_id in {OWN, OF_ONE})
    specs = replace(of_one, device_index=0), replace(own, device_index=3)
    balanced.ensure_machine(BALANCER, specs, forwards=given)
    with balanced.socket_in(BALANCER, OWN) as probe:
        probe.settimeout(PATIENCE_SECONDS)
        probe.connect((TARGETS[FIRST][0], AT_TARGETS))
        probe.sendall(b"hello")
        assert probe.recv(99).decode().split(" ")[:2] == [FIRST, OWN_ADDRESS]
    for other in (OF_ONE, ONE.replace("i-", "eni-"), "eni-0000000000000dead", None):
        with pytest.raises(FabricError, match="gives no connections on"):
            balanced.socket_in(BALANCER, other)
