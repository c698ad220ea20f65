"""Machines with several network interfaces, which come and go and change while the machine runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.fabric.fabric import Fabric
from realvpc.net.addresses import Address, Cidr
from realvpc.net.network import Network
from realvpc.net.table import put

from .hosts import ALL_IN, ALL_OUT, bring_up, host, inside, link_spec, number, ping, ping_in_vain, vpc

pytestmark = pytest.mark.root

ROUTER, NEIGHBOUR, FAR = number("i", 1), number("i", 2), number("i", 3)
SECOND = number("eni", 9)


def with_second_interface(address: str = "10.20.0.9") -> Network:
    """A machine with two interfaces in one subnet, a neighbour, and somebody in another VPC, over a peering."""
    rules = (ALL_IN, ALL_OUT)
    network = Network.of(*vpc(1, "10.20.0.0/16", rules=rules), *host(1, 1, "10.20.0.7"), *host(2, 1, "10.20.0.8"))
    row = network.interfaces[number("eni", 1)]
    assert row.attachment is not None
    more = replace(
        row,
        id=SECOND,
        mac_address="06:00:00:00:00:99",
        private_addresses=(Address.parse(address),),
        attachment=replace(row.attachment, id=number("eni-attach", 9), device_index=1),
    )
    return network.apply(put(more))


def run(fabric: Fabric, machine: str, command: str) -> str:
    done = subprocess.run(inside(fabric, machine, *command.split()), capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("user_namespaces", [True, False])
def test_who_asks_an_interface_is_answered_by_it(tmp_path: Path, *, user_namespaces: bool) -> None:
    fabric = Fabric(tmp_path / "fabric", user_namespaces=user_namespaces)
    try:
        fabric.open()
        bring_up(fabric, with_second_interface())
        assert ping(fabric, NEIGHBOUR, "10.20.0.7").received == 3
        assert ping(fabric, NEIGHBOUR, "10.20.0.9").received == 3
        assert "10001:\tfrom 10.20.0.9 lookup 10001" in run(fabric, ROUTER, "ip rule")
        assert "dev eth1" in run(fabric, ROUTER, "ip route get 10.30.0.1 from 10.20.0.9")
        assert "dev eth0" in run(fabric, ROUTER, "ip route get 10.30.0.1 from 10.20.0.7")
        assert not fabric.look(fabric.expected(), {}, served=False)
    finally:
        fabric.destroy()


def test_an_address_comes_and_goes_while_the_machine_runs(fabric: Fabric) -> None:
    network = with_second_interface()
    bring_up(fabric, network)
    run(fabric, ROUTER, "ip route add 10.99.0.0/16 via 10.20.0.8")  # of its root's
    run(fabric, ROUTER, "ip address add 10.77.0.1/32 dev eth1")
    row = network.interfaces[SECOND]
    more = network.apply(put(replace(row, private_addresses=(*row.private_addresses, Address.parse("10.20.0.66")))))
    bring_up(fabric, more)
    assert ping(fabric, NEIGHBOUR, "10.20.0.66").received == 3
    assert "from 10.20.0.66 lookup 10001" in run(fabric, ROUTER, "ip rule")
    bring_up(fabric, network)
    assert ping_in_vain(fabric, NEIGHBOUR, "10.20.0.66").received == 0
    assert "10.20.0.66" not in run(fabric, ROUTER, "ip rule") + run(fabric, ROUTER, "ip address")
    assert "10.99.0.0/16" in run(fabric, ROUTER, "ip route")
    assert "10.77.0.1/32" in run(fabric, ROUTER, "ip address")


def test_what_its_root_has_taken_away_does_not_stand_in_the_way(fabric: Fabric) -> None:
    network = with_second_interface()
    row = network.interfaces[SECOND]
    more = network.apply(put(replace(row, private_addresses=(*row.private_addresses, Address.parse("10.20.0.66")))))
    bring_up(fabric, more)
    run(fabric, ROUTER, "ip link set eth1 down")
    run(fabric, ROUTER, "ip link set eth1 name wan")
    run(fabric, ROUTER, "ip address flush dev wan")
    run(fabric, ROUTER, "ip rule flush")
    bring_up(fabric, network)
    bring_up(fabric, more)
    assert "10.20.0.66/32" in run(fabric, ROUTER, "ip address show dev wan")
    run(fabric, ROUTER, "ip link delete wan")
    bring_up(fabric, more)
    assert "10.20.0.66/32" in run(fabric, ROUTER, "ip address show dev eth1")


def test_another_process_knows_what_a_machine_was_told(fabric: Fabric) -> None:
    network = with_second_interface()
    bring_up(fabric, network)
    before = run(fabric, ROUTER, "ip -oneline link show eth0")
    fabric.close()
    adopting = Fabric(fabric.namespace("fabric").parent.parent)
    adopting.open()
    try:
        row = network.interfaces[SECOND]
        moved = replace(row, private_addresses=(*row.private_addresses, Address.parse("10.20.0.66")))
        bring_up(adopting, network.apply(put(moved)))
        assert ping(adopting, NEIGHBOUR, "10.20.0.66").received == 3
        assert run(adopting, ROUTER, "ip -oneline link show eth0") == before, "of which nothing is new"
    finally:
        adopting.close()


def test_an_interface_that_is_another_device_now_is(fabric: Fabric) -> None:
    network = with_second_interface()
    bring_up(fabric, network)
    first, second = (link_spec(network, network.interfaces[name]) for name in (number("eni", 1), SECOND))
    fabric.ensure_machine(ROUTER, (first, replace(second, device_index=3)))
    names = run(fabric, ROUTER, "ip -brief link")
    assert "eth3@" in names
    assert "eth1@" not in names


@pytest.mark.parametrize("index", [0, 1])
def test_what_is_sent_to_a_delegated_prefix_arrives_at_the_interface(fabric: Fabric, index: int) -> None:
    """Where its root makes something of it; the answer leaves by the same interface."""
    network = with_second_interface()
    row = network.interfaces[number("eni", 1) if index == 0 else SECOND]
    prefix = Cidr.parse("10.20.0.32/28")
    bring_up(fabric, network.apply(put(replace(row, ipv4_prefixes=(prefix,)))))
    assert ping_in_vain(fabric, NEIGHBOUR, "10.20.0.40").received == 0
    assert "10.20.0.40" not in run(fabric, ROUTER, "ip address")
    run(fabric, ROUTER, "ip address add 10.20.0.40/32 dev lo")
    assert ping(fabric, NEIGHBOUR, "10.20.0.40").received == 3
    assert ping_in_vain(fabric, NEIGHBOUR, "10.20.0.48").received == 0, "of another prefix"
    assert ping(fabric, ROUTER, "10.20.0.8", "-I", "10.20.0.40").received == 3
    bring_up(fabric, network)
    assert ping_in_vain(fabric, NEIGHBOUR, "10.20.0.40").received == 0
    assert "10.20.0.32/28" not in run(fabric, ROUTER, "ip rule")
