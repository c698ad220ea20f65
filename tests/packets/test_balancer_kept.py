"""What a balancer does not do, and what becomes of it when somebody meddles."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
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
from realvpc.net.packet import Packet
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.security_group import TCP
from realvpc.net.table import put
from tests.fabric.frames import frame
from tests.running import eventually

from .balancer import (
    ARRIVALS,
    AT_TARGETS,
    BALANCER,
    BRIEFLY,
    ENDPOINT,
    FIRST,
    NEAR,
    OF_ONE,
    OF_OTHER,
    ONE,
    OWN,
    OWN_ADDRESS,
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
    serving,
)
from .hosts import number, ping_in_vain
from .sabotage import audited, look, run
from .test_fabric import counted

pytestmark = pytest.mark.root


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
        balance(balanced, forwards(*TARGETS))


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
        balance(balanced, forwards(*TARGETS))
        assert connection.ask()[0] == name
        assert not look(balanced)


def test_what_cannot_be_forwarded_is_said_and_what_was_goes_on(balanced: Fabric) -> None:
    wrong = replace(forwards(*TARGETS)[0], interface_id=number("eni", 99))
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


def test_numbers_of_links_are_given_round_about_and_no_connection_goes_with_one(fabric: Fabric) -> None:
    """A link in another VPC gets the number of one that is gone: what a target says to who was there, nobody hears."""
    bring_up(fabric)
    own, of_one, of_other = links(network())
    given = forwards(FIRST)
    by_own, by_one, by_other = ((each,) for each in given)
    fabric.ensure_machine(BALANCER, (own, of_one), forwards=by_own + by_one)
    source = ("10.0.0.5", 41000)
    with serving(FIRST, fabric.namespace(FIRST)) as accepted, Connection(fabric.namespace(ONE), source=source) as gone:
        gone.ask()
        number_of_gone = ifindex(fabric, "eth1")
        fabric.ensure_machine(BALANCER, (own,), forwards=by_own)
        run(fabric, BALANCER, "ip link add last index 8191 type veth peer name other index 8190")
        fabric.close()
        with (
            closing(Fabric(fabric.namespace(BALANCER).parents[1])) as again,
            namespace.run_in(
                fabric.namespace(TWIN), lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
            ) as heard,
        ):
            again.open()
            bring_up(again)
            again.ensure_machine(BALANCER, (own, of_other), forwards=by_own + by_other)
            assert ifindex(again, "eth2") == number_of_gone
            accepted[0].sendall(b"hello")
            eventually(lambda: accepted[0].fileno() < 0, what="that the target's connection ends")
            heard.setblocking(False)
            with pytest.raises(BlockingIOError):
                heard.recv(1 << 12)
            assert asked(again.namespace(TWIN)) == FIRST


def ifindex(fabric: Fabric, device: str) -> int:
    return namespace.run_in(fabric.namespace(BALANCER), lambda: socket.if_nametoindex(device))
