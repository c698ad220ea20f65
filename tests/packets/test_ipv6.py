"""Real IPv6 packets: inside a subnet, over a peering, to the internet and back, and out only."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.finding import Part
from realvpc.net.addresses import ROUTER_LINK_LOCAL, Address, Cidr
from realvpc.net.network import Network
from realvpc.net.reasons import Reason
from realvpc.net.services import IPV6_INTERNET_HOSTS
from realvpc.net.table import put
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

from .hosts import ALL_IN, ALL_OUT, TTL, bring_up, host, inside, number, peering, ping, ping_in_vain, vpc
from .test_fabric import counted

pytestmark = pytest.mark.root

A, B, C, D = (number("i", index) for index in (1, 2, 3, 4))
A_ADDRESS, B_ADDRESS, C_ADDRESS, D_ADDRESS = (
    "2001:db8:1::7", "2001:db8:2::7", "2001:db8:3::7", "2001:db8:1::8"
)  # fmt: skip
OUTSIDE = str(IPV6_INTERNET_HOSTS["one.example.com"])


def walkthrough() -> Network:
    """A and D in one subnet; B and C in VPCs that are peered with theirs; B reaches the internet, and not the other way
    round."""
    rules = (ALL_IN, ALL_OUT)
    peers = [("2001:db8:2::/56", 1), ("2001:db8:3::/56", 2)]
    return Network.of(
        *vpc(1, "10.20.0.0/16", ipv6="2001:db8:1::/56", peers=peers, rules=rules),
        *vpc(2, "10.30.0.0/16", ipv6="2001:db8:2::/56", egress_only=True, peers=[("2001:db8::/46", 1)], rules=rules),
        *vpc(3, "10.40.0.0/16", ipv6="2001:db8:3::/56", peers=[("2001:db8::/46", 2)], rules=rules),
        *host(1, 1, "10.20.0.7", ipv6=A_ADDRESS),
        *host(2, 2, "10.30.0.7", ipv6=B_ADDRESS),
        *host(3, 3, "10.40.0.7", ipv6=C_ADDRESS),
        *host(4, 1, "10.20.0.8", ipv6=D_ADDRESS),
        peering(1, 1, 2),
        peering(2, 1, 3),
    )


def run(fabric: Fabric, machine: str, command: str) -> str:
    done = subprocess.run(inside(fabric, machine, *command.split()), capture_output=True, text=True, check=True)
    return done.stdout


def test_pings_arrive_in_the_subnet_over_a_peering_and_no_further(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    for name, address in ((A, D_ADDRESS), (A, B_ADDRESS), (B, A_ADDRESS), (A, C_ADDRESS)):
        found = ping(fabric, name, address)
        assert (found.received, found.ttls) == (3, frozenset({TTL})), found.text
    gained = counted(fabric, lambda: ping_in_vain(fabric, B, C_ADDRESS))
    assert gained == {Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR.name: 3}


def test_the_first_packet_of_a_new_machine_arrives(fabric: Fabric) -> None:
    """Nobody waits until an address has proved to be nobody else's."""
    bring_up(fabric, walkthrough())
    assert ping(fabric, A, OUTSIDE, count=1).received == 1
    assert ping(fabric, D, A_ADDRESS, count=1).received == 1


def test_the_router_and_neighbours_are_found_on_the_link(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    ping(fabric, A, D_ADDRESS, count=1)
    ping(fabric, A, OUTSIDE, count=1)
    known = subprocess.run(
        inside(fabric, A, "ip", "-6", "neighbour"), capture_output=True, text=True, check=True
    ).stdout
    assert f"{ROUTER_LINK_LOCAL} dev eth0 lladdr 02:00:00:00:00:01 router" in known
    assert f"{D_ADDRESS} dev eth0 lladdr 06:00:00:00:00:04" in known


def test_the_internet_is_reached_and_reaches_whoever_it_may(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    assert ping(fabric, A, OUTSIDE).received == 3
    assert ping(fabric, "internet", A_ADDRESS).received == 3
    assert ping(fabric, B, OUTSIDE).received == 3, "answers come in"
    gained = counted(fabric, lambda: ping_in_vain(fabric, "internet", B_ADDRESS))
    assert gained == {Reason.EIGW_REJECTS_INGRESS.name: 3}


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
@pytest.mark.parametrize(
    ("client", "server", "address"),
    [(A, D, D_ADDRESS), (A, B, B_ADDRESS), (B, "internet", OUTSIDE), ("internet", A, A_ADDRESS)],
    ids=["subnet", "peering", "out only", "internet"],
)
def test_bytes_arrive_and_are_answered(fabric: Fabric, kind: int, client: str, server: str, address: str) -> None:
    """More than fits into a packet, so that the kernel's offloads have to do with it."""
    bring_up(fabric, walkthrough())
    data = bytes(range(256)) * 200

    def made() -> socket.socket:
        found = socket.socket(socket.AF_INET6, kind)
        found.settimeout(PATIENCE_SECONDS)
        return found

    with namespace.run_in(fabric.namespace(server), made) as listening:
        listening.bind((address, 7777))
        with namespace.run_in(fabric.namespace(client), made) as asking:
            if kind == socket.SOCK_STREAM:
                listening.listen()
                asking.connect((address, 7777))
                answering, _ = listening.accept()
                with answering:
                    answering.settimeout(PATIENCE_SECONDS)
                    asking.sendall(data)
                    assert received(answering, len(data)) == data
                    answering.sendall(data)
                    assert received(asking, len(data)) == data
            else:
                arrived, sender = sent(asking, data, (address, 7777), listening)
                assert arrived == data, "in fragments"
                assert sent(listening, data, sender, asking)[0] == data


def sent(sender: socket.socket, data: bytes, to: Any, receiver: socket.socket) -> tuple[bytes, Any]:
    """A datagram that arrives; the first one may be lost, on which the sender learns how narrow the path is."""
    receiver.settimeout(1)
    for _ in range(int(PATIENCE_SECONDS)):
        sender.sendto(data, to)
        with contextlib.suppress(TimeoutError):
            return receiver.recvfrom(1 << 16)
    raise TimeoutError


def received(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += connection.recv(1 << 16)
    return data


def test_a_path_that_is_too_narrow_is_found_out(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    assert ping_in_vain(fabric, A, OUTSIDE, "-s", "3000", "-M", "do", count=1).received == 0
    assert ping(fabric, A, OUTSIDE, "-s", "3000", count=2).received == 2, "in fragments that fit"
    route = subprocess.run(
        inside(fabric, A, "ip", "-6", "route", "get", OUTSIDE), capture_output=True, text=True
    ).stdout
    assert "mtu 1500" in route


def test_an_address_comes_and_goes_while_the_machine_runs(fabric: Fabric) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    row = network.interfaces[number("eni", 4)]
    more = network.apply(put(replace(row, ipv6_addresses=(*row.ipv6_addresses, Address.parse("2001:db8:1::66")))))
    bring_up(fabric, more)
    assert ping(fabric, A, "2001:db8:1::66", count=1).received == 1
    none = network.apply(put(replace(row, ipv6_addresses=())))
    bring_up(fabric, none)
    for address in ("2001:db8:1::66", D_ADDRESS):
        assert ping_in_vain(fabric, A, address, count=1).received == 0
    assert "default" not in run(fabric, D, "ip -6 route")
    bring_up(fabric, network)  # and A's kernel asks its neighbours again a second after it asked in vain
    eventually(lambda: ping_in_vain(fabric, A, D_ADDRESS, count=1).received == 1, what="the address answers again")


def test_nothing_is_amiss_where_nobody_has_changed_anything(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    assert not fabric.look(fabric.expected(), {}, served=False)


def test_a_namespace_that_has_no_ipv6_gets_it_again(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    run(fabric, "internet", "sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
    findings = fabric.look(fabric.expected(), {}, served=False)
    assert {(found.part, found.subject) for found in findings} == {(Part.EDGE, "internet")}
    assert fabric.mend(findings[0])
    assert ping(fabric, A, OUTSIDE).received == 3


def test_a_machine_cannot_speak_for_another(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    assert ping(fabric, A, D_ADDRESS).received == 3  # so A's kernel need not look for it once more
    run(fabric, A, "ip address add 2001:db8:1::99/128 dev eth0 nodad")
    gained = counted(fabric, lambda: ping_in_vain(fabric, A, D_ADDRESS, "-I", "2001:db8:1::99"))
    assert gained[Reason.SOURCE_CHECK.name] == 3


def test_each_address_of_a_delegated_prefix_is_its_own(fabric: Fabric) -> None:
    """A gives one to itself, as a node does for a pod; the neighbour, a peer and the internet reach it there."""
    network, prefix = walkthrough(), Cidr.parse("2001:db8:1:0:5::/80")
    row = network.interfaces[number("eni", 1)]
    bring_up(fabric, network.apply(put(replace(row, ipv6_prefixes=(prefix,)))))
    pod = str(prefix.at(0xABCDEF))
    run(fabric, A, f"ip address add {pod}/128 dev eth0 nodad")
    for name in (D, B, "internet"):
        assert ping(fabric, name, pod).received == 3
    assert ping(fabric, A, OUTSIDE, "-I", pod).received == 3
    bring_up(fabric, network)
    assert counted(fabric, lambda: ping_in_vain(fabric, B, pod)) == {Reason.NO_DESTINATION.name: 3}
