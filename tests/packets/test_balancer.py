"""A balancer with real packets: to targets and back, between VPCs whose addresses overlap, and nowhere else."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Callable, Iterator
from random import Random
from time import sleep
from typing import Literal

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.errors import FabricError
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.finding import Part
from realvpc.fabric.forwards import Way, ruleset
from realvpc.fabric.link import fabric_name
from realvpc.fabric.plan import compile_plan
from realvpc.net.addresses import Address, Cidr
from realvpc.net.machine import Forward
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.security_group import TCP
from realvpc.net.table import put
from tests.fabric.frames import frame
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

from .balancer import (
    ARRIVALS,
    AT_TARGETS,
    BALANCER,
    BRIEFLY,
    ENDPOINT,
    ENDPOINT_IPV6,
    FIRST,
    NEAR,
    OF_ONE,
    OF_OTHER,
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
    bring_up,
    forwards,
    is_silent,
    links,
    network,
    opened,
    serving,
)
from .hosts import ALL_IN, ALL_OUT, host, link_spec, number, peering, ping_in_vain, vpc
from .sabotage import audited, look, run
from .test_fabric import counted

pytestmark = pytest.mark.root

BOTH = forwards(FIRST, SECOND)


def balance(fabric: Fabric, given: tuple[Forward, ...], world: Network | None = None) -> None:
    fabric.ensure_machine(BALANCER, links(world or network()), forwards=given)


@pytest.fixture
def balanced(fabric: Fabric) -> Iterator[Fabric]:
    """With both targets serving."""
    bring_up(fabric)
    balance(fabric, BOTH)
    with contextlib.ExitStack() as stack:
        for name in (FIRST, SECOND):
            stack.enter_context(serving(name, fabric.namespace(name)))
        yield fabric


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
        given = tuple(each for each in BOTH if each.interface_id in {spec.interface_id for spec in few})
        balanced.ensure_machine(BALANCER, few, forwards=given)
        assert connection.ask()[0] == name
        assert is_silent(balanced.namespace(OTHER), ENDPOINT, PORT)
        balanced.ensure_machine(BALANCER, all_of_them, forwards=BOTH)
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
    balance(balanced, (*BOTH, *forwards(FIRST, SECOND, is_ipv6=True)))
    for client, address in ((ONE, ENDPOINT_IPV6), (NEAR, OWN_IPV6)):
        with Connection(balanced.namespace(client), address) as connection:
            name, peer, _ = connection.ask()
            assert (name in TARGETS, peer) == (True, OWN_IPV6)
    balance(balanced, forwards(is_ipv6=True))
    with pytest.raises(ConnectionRefusedError):
        asked(balanced.namespace(ONE), ENDPOINT_IPV6)


def test_a_balancer_is_no_router(balanced: Fabric) -> None:
    """What a route leads to its interface, though it is for somebody else, ends there."""
    world, elsewhere = network(), "192.0.2.1"
    box = replace(world.interfaces[OF_ONE], source_dest_check=False)
    [table] = [each for each in world.route_tables.values() if each.vpc_id == number("vpc", 2)]
    route = Route(Cidr.parse(f"{elsewhere}/32"), Target(TargetKind.NETWORK_INTERFACE, box.id))
    balanced.apply(compile_plan(world.apply(put(box, TableRoute.of(table, route)))))

    def call() -> None:
        assert is_silent(balanced.namespace(ONE), elsewhere, PORT)
        assert not ping_in_vain(balanced, ONE, elsewhere).received

    assert counted(balanced, call).keys() == {"DELIVERED"}, "to the balancer, and nothing of it anywhere else"
    run(balanced, BALANCER, "nft flush ruleset")
    assert counted(balanced, call).keys() > {"DELIVERED"}, "as it would be without its rules"


def test_an_answer_is_believed_by_the_link_of_the_targets_alone(balanced: Fabric) -> None:
    """Somebody in a client's VPC may be able to send what looks like an answer to a client of another VPC."""
    balance(balanced, forwards(SECOND))
    answer = Packet(
        source=Address.parse(TARGETS[SECOND][0]),
        destination=Address.parse(OWN_ADDRESS),
        protocol=TCP,
        source_port=AT_TARGETS,
        destination_port=45000,
        size=100,
    )

    def appear(interface_id: str) -> None:
        """At the balancer's end of a link, as if the fabric had let it through."""
        mac = bytes.fromhex(network().interfaces[interface_id].mac_address.replace(":", ""))
        with namespace.run_in(
            balanced.namespace("fabric"), lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        ) as wire:
            wire.bind((fabric_name(interface_id), 0))
            wire.send(mac + frame(answer)[len(mac) :])

    with Connection(balanced.namespace(ONE), source=("10.0.0.5", 45000)) as connection:
        connection.ask()
        before = balanced.counters()
        for interface_id in (OF_OTHER, OF_ONE):
            appear(interface_id)
        sleep(BRIEFLY)
        assert balanced.counters() == before
        appear(OWN)
        eventually(lambda: balanced.counters() != before, what="that it is passed on")


def test_without_nft_it_is_said_what_to_install(balanced: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(FabricError, match="package nftables"):
        balance(balanced, BOTH)


def test_sockets_of_its_own_reach_targets(balanced: Fabric) -> None:
    """Even one whose address another link of the balancer's has."""
    for name, (address, _) in TARGETS.items():
        with balanced.socket_in(BALANCER) as probe:
            probe.settimeout(PATIENCE_SECONDS)
            probe.connect((address, AT_TARGETS))
            probe.sendall(b"hello")
            assert probe.recv(99).decode().split(" ")[:2] == [name, OWN_ADDRESS]


SABOTAGES: dict[str, Callable[[Fabric], object]] = {
    "no rules": lambda fabric: run(fabric, BALANCER, "nft flush ruleset"),
    "a rule more": lambda fabric: run(fabric, BALANCER, "nft insert rule inet realvpc passing drop"),
    "no forwarding": lambda fabric: run(fabric, BALANCER, "sysctl -qw net.ipv4.ip_forward=0"),
    "a setting of a link": lambda fabric: run(fabric, BALANCER, "sysctl -qw net.ipv4.conf.eth1.rp_filter=1"),
    "no rules of routing": lambda fabric: run(fabric, BALANCER, "ip rule flush"),
    "no routes of a link": lambda fabric: run(fabric, BALANCER, "ip route flush table 10001"),
    "no address": lambda fabric: run(fabric, BALANCER, "ip address flush dev eth0"),
    "a link is gone": lambda fabric: run(fabric, BALANCER, "ip link delete eth1"),
}


@pytest.mark.parametrize("what", SABOTAGES)
def test_what_is_done_to_a_balancer_is_noticed_and_mended(balanced: Fabric, what: str) -> None:
    assert not look(balanced)
    SABOTAGES[what](balanced)
    assert BALANCER in {subject for _, subject in audited(balanced)}
    for client, address in ((ONE, ENDPOINT), (TWIN, ENDPOINT), (NEAR, OWN_ADDRESS)):
        assert asked(balanced.namespace(client), address) in TARGETS


def test_connections_outlive_whoever_made_the_balancer(balanced: Fabric) -> None:
    with Connection(balanced.namespace(ONE)) as connection:
        name, _, _ = connection.ask()
        balanced.close()
        assert connection.ask()[0] == name
        balanced.open()
        bring_up(balanced)
        balance(balanced, BOTH)
        assert connection.ask()[0] == name
        assert not look(balanced)


def test_what_cannot_be_forwarded_is_said_and_what_was_goes_on(balanced: Fabric) -> None:
    wrong = replace(BOTH[0], interface_id=number("eni", 99))
    with pytest.raises(Exception, match="has no link"):
        balance(balanced, (wrong,))
    assert asked(balanced.namespace(ONE)) in TARGETS
    assert Part.FORWARDS in {each.part for each in look(balanced)}


def some_forwards(random: Random) -> tuple[Forward, ...]:
    """Of every shape: either family and protocol, none or several targets, the same ports on several links."""
    given = {}
    for _ in range(random.randrange(12)):
        is_ipv6, port = random.random() < 0.5, random.choice((53, 80, 65535))
        protocol: Literal["tcp", "udp"] = random.choice(("tcp", "udp"))
        places = [name for name in TARGETS if random.random() < 0.6]
        ended = forwards(*(name for name in TARGETS if random.random() < 0.3), is_ipv6=is_ipv6)[0].targets
        for each in forwards(*places, protocol=protocol, is_ipv6=is_ipv6):
            if random.random() < 0.7:
                forward = replace(each, port=port, ended=ended)
                given[forward.interface_id, protocol, forward.address, port] = forward
    return tuple(given.values())


@pytest.mark.parametrize("seed", range(8))
def test_nftables_takes_all_that_can_be_forwarded(seed: int) -> None:
    ways = {name: Way(f"eth{at}", at + 2) for at, name in enumerate(ARRIVALS)}
    text = "".join(ruleset(some_forwards(Random(seed * 8 + each)), ways) for each in range(8))
    words = ["unshare", "--net", "nft", "--check", "--file", "-"]
    assert subprocess.run(words, input=text, capture_output=True, text=True, check=False).stderr == ""
