"""NAT64 and real packets: what an instance reaches of IPv4 through a NAT gateway, with IPv6 alone."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.net.addresses import Address
from realvpc.net.nat64 import standing_for
from realvpc.net.network import Network
from realvpc.net.services import INTERNET_HOSTS
from tests.patience import PATIENCE_SECONDS

from .hosts import bring_up, host, inside, number, ping, ping_in_vain
from .nat import private_host, vpc_with_nat
from .test_fabric import counted, either_way

pytestmark = pytest.mark.root

A, PUBLIC = number("i", 1), number("i", 2)
EIP, OUTSIDE = "198.18.2.1", INTERNET_HOSTS["one.example.com"]
SEEN_AS = str(standing_for(OUTSIDE))
DATA = bytes(range(256)) * 400


@pytest.fixture
def network(fabric: Fabric) -> Network:
    """A is behind the gateway, PUBLIC beside it."""
    made = Network.of(
        *vpc_with_nat(1, "10.20.0.0/16", ipv6="2001:db8:1::/56"),
        *private_host(1, 1, "10.20.1.7", ipv6="2001:db8:1:1::7"),
        *host(2, 1, "10.20.0.7"),
    )
    bring_up(fabric, made)
    return made


@contextmanager
def socket_in(fabric: Fabric, name: str, family: int, kind: int, port: int = 0) -> Iterator[socket.socket]:
    def make() -> socket.socket:
        made = socket.socket(family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.settimeout(PATIENCE_SECONDS)
        made.bind(("", port))
        return made

    with namespace.run_in(fabric.namespace(name), make) as made:
        yield made


def received(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += connection.recv(1 << 16)
    return data


@either_way
def test_a_host_of_ipv4_answers_a_ping_of_ipv6(fabric: Fabric, network: Network) -> None:
    found = ping(fabric, A, SEEN_AS)
    assert found.received == 3, found.text
    assert ping(fabric, A, SEEN_AS, "-s", "1400").received == 3


def test_a_connection_carries_more_than_a_segment_in_both_directions(fabric: Fabric, network: Network) -> None:
    """So that the kernel's offloads have to do with it.  The server sees the gateway's public address."""
    with (
        socket_in(fabric, "internet", socket.AF_INET, socket.SOCK_STREAM, 7777) as listening,
        socket_in(fabric, A, socket.AF_INET6, socket.SOCK_STREAM) as client,
    ):
        listening.listen()
        client.connect((SEEN_AS, 7777))
        connection, (who, _) = listening.accept()
        assert who == EIP
        with connection:
            connection.settimeout(PATIENCE_SECONDS)
            client.sendall(DATA)
            assert received(connection, len(DATA)) == DATA
            connection.sendall(DATA)
            assert received(client, len(DATA)) == DATA


def test_datagrams_are_answered_and_an_error_comes_back(fabric: Fabric, network: Network) -> None:
    with socket_in(fabric, A, socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.connect((SEEN_AS, 7777))
        with socket_in(fabric, "internet", socket.AF_INET, socket.SOCK_DGRAM, 7777) as server:
            client.send(b"?")
            asked, who = server.recvfrom(100)
            assert (asked, who[0]) == (b"?", EIP)
            server.sendto(b"!" * 1400, who)
            assert client.recv(2000) == b"!" * 1400
        client.send(b"?")
        with pytest.raises(ConnectionRefusedError):  # ICMP port unreachable, as ICMPv6
            client.recv(100)


def test_an_error_of_the_sender_reaches_the_far_end(fabric: Fabric, network: Network) -> None:
    with socket_in(fabric, "internet", socket.AF_INET, socket.SOCK_DGRAM, 7777) as server:
        with socket_in(fabric, A, socket.AF_INET6, socket.SOCK_DGRAM) as client:
            client.sendto(b"?", (SEEN_AS, 7777))
            _, who = server.recvfrom(100)
        server.connect(who)
        server.send(b"late")
        with pytest.raises(ConnectionRefusedError):
            server.recv(100)


def test_the_path_is_as_wide_as_that_of_ipv4_and_the_larger_header(fabric: Fabric, network: Network) -> None:
    """1500 bytes over the internet gateway are 1520 of IPv6."""
    assert ping_in_vain(fabric, A, SEEN_AS, "-s", "1473", "-M", "do", count=1).received == 0
    route = subprocess.run(inside(fabric, A, "ip", "-6", "route", "get", SEEN_AS), capture_output=True, text=True)
    assert "mtu 1520" in route.stdout
    assert ping(fabric, A, SEEN_AS, "-s", "1472", "-M", "do").received == 3


def test_a_host_of_the_vpc_is_reached_as_well(fabric: Fabric, network: Network) -> None:
    assert ping(fabric, A, str(standing_for(Address.parse("10.20.0.7")))).received == 3


@pytest.mark.parametrize("address", ["169.254.169.254", "127.0.0.1", "224.0.0.1"])
def test_nobody_gets_where_ipv4_would_not_lead(fabric: Fabric, network: Network, address: str) -> None:
    gained = counted(fabric, lambda: ping_in_vain(fabric, A, str(standing_for(Address.parse(address)))))
    assert gained == {"NOT_UNICAST": 3}


def test_fragments_are_not_carried_over(fabric: Fabric, network: Network) -> None:
    gained = counted(fabric, lambda: ping_in_vain(fabric, A, SEEN_AS, "-s", "12000", count=1))
    assert gained.keys() <= {"NAT_FRAGMENT", "PACKET_TOO_BIG"}
    assert gained["NAT_FRAGMENT"] > 0
