"""What changes in a machine's namespace: its own business where its root may do it, and else looked after."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from pyroute2.netlink.exceptions import NetlinkError

from realvpc.fabric.fabric import Fabric
from realvpc.fabric.finding import Part
from realvpc.net.addresses import Address
from realvpc.net.network import Network
from realvpc.net.table import put

from .hosts import bring_up, host, link_spec, number, ping, vpc
from .sabotage import AT_B, Sabotage, assert_packets_pass, audited, in_turn, ip, look, run
from .test_fabric import A_ADDRESS, B_ADDRESS, B, walkthrough

pytestmark = pytest.mark.root

INSIDE: dict[str, Sabotage] = {
    "down inside": ip(B, "link set eth0 down"),
    "another MAC address": ip(B, "link set eth0 address 02:00:00:00:00:99"),
    "another MTU inside": ip(B, "link set eth0 mtu 700"),
    "no address": ip(B, "address flush dev eth0"),
    "another address": in_turn(B, f"address delete {B_ADDRESS}/24 dev eth0", "address add 10.30.0.66/24 dev eth0"),
    "one address more": ip(B, "address add 10.30.0.66/24 dev eth0"),
    "an address of another size": in_turn(
        B, f"address delete {B_ADDRESS}/24 dev eth0", f"address add {B_ADDRESS}/16 dev eth0"
    ),
    "no loopback": ip(B, "link set lo down"),
    "no address of the loopback": ip(B, "address flush dev lo"),
    "no default route": ip(B, "route delete default"),
    "no routes": ip(B, "route flush table main"),
    "a route elsewhere": ip(B, f"route add {A_ADDRESS}/32 dev lo"),
    "a route to nowhere": ip(B, f"route add blackhole {A_ADDRESS}/32"),
    "another gateway": ip(B, "route replace default via 10.30.0.99 dev eth0 metric 512"),
    "deaf to its address": ip(B, f"route delete table local local {B_ADDRESS}"),
    "a rule of routing": ip(B, "rule add priority 5 unreachable"),
    "a rule of routing for some": ip(B, "rule add from 10.30.0.66 priority 5 unreachable"),
    "no rules of routing": ip(B, "rule flush"),
}
"""Where root in a machine may do none of it, only somebody on the host has done it."""


@pytest.fixture
def fabric_of_old(tmp_path: Path) -> Iterator[Fabric]:
    """On a host without user namespaces."""
    made = Fabric(tmp_path / "fabric", user_namespaces=False)
    try:
        made.open()
        yield made
    finally:
        made.destroy()


def test_an_end_that_is_moved_elsewhere_is_missed(fabric_of_old: Fabric) -> None:
    bring_up(fabric_of_old, walkthrough())
    elsewhere = f"lost-{os.getpid()}"
    run(fabric_of_old, B, f"ip link set eth0 netns 1 name {elsewhere}")
    try:
        assert (Part.LINK, B) in audited(fabric_of_old)
    finally:
        subprocess.run(["ip", "link", "delete", elsewhere], check=False, capture_output=True)
    assert_packets_pass(fabric_of_old)


@pytest.mark.parametrize("what", INSIDE)
def test_what_nobody_inside_may_change_is_made_anew(fabric_of_old: Fabric, what: str) -> None:
    bring_up(fabric_of_old, walkthrough())
    assert not look(fabric_of_old)
    INSIDE[what](fabric_of_old)
    assert AT_B in audited(fabric_of_old)
    assert_packets_pass(fabric_of_old)


@pytest.mark.parametrize("what", INSIDE)
def test_how_a_machine_configures_its_own_network_is_its_own_business(fabric: Fabric, what: str) -> None:
    bring_up(fabric, walkthrough())
    INSIDE[what](fabric)
    assert not look(fabric)


def test_secondary_addresses_answer_and_are_looked_at(fabric_of_old: Fabric) -> None:
    fabric = fabric_of_old
    network = Network.of(*vpc(1, "10.20.0.0/16"), *host(1, 1, "10.20.0.7"), *host(2, 1, "10.20.0.9"))
    row = network.interfaces[number("eni", 1)]
    more = replace(row, private_addresses=(*row.private_addresses, Address.parse("10.20.0.8")))
    bring_up(fabric, network.apply(put(more)))
    machine, neighbour = number("i", 1), number("i", 2)
    assert ping(fabric, neighbour, "10.20.0.8").received == 3
    assert not audited(fabric)
    run(fabric, machine, "ip address delete 10.20.0.8/32 dev eth0")
    assert audited(fabric) == {(Part.DEVICE, machine)}
    assert ping(fabric, neighbour, "10.20.0.8").received == 3


@pytest.mark.parametrize("user_namespaces", [True, False])
def test_what_a_machine_cannot_be_told_before_it_runs_is_an_error(tmp_path: Path, user_namespaces: bool) -> None:
    """Nobody inside can have been in the way, and no audit looks there: a default route that is missing is said now."""
    network = walkthrough()
    spec = link_spec(network, network.interfaces[number("eni", 2)])
    fabric = Fabric(tmp_path / "fabric", user_namespaces=user_namespaces)
    try:
        fabric.open()
        with pytest.raises(NetlinkError, match="unreachable"):
            fabric.ensure_machine(B, (replace(spec, gateway="192.0.2.1"),))
        fabric.ensure_machine(B, (spec,))
        assert not look(fabric)
    finally:
        fabric.destroy()
