"""NAT gateways and real packets: what private instances reach, and who reaches them."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net.network import Network
from realvpc.net.table import put
from tests.patience import PATIENCE_SECONDS

from .hosts import ALL_IN, ALL_OUT, bring_up, host, inside, number, peering, ping, ping_in_vain, vpc
from .nat import GATEWAY, private_host, vpc_with_nat
from .test_fabric import counted, either_way

pytestmark = pytest.mark.root

A, B, PUBLIC, FAR = (number("i", index) for index in (1, 2, 3, 4))
EIP, OUTSIDE, OWN = "198.18.2.1", "198.19.0.1", "10.20.0.10"
SERVER = (OUTSIDE, 7777)


def network_of_four() -> Network:
    """A and B are private, PUBLIC lies beside the gateway, FAR in a peered VPC that would like to use it."""
    return Network.of(
        *vpc_with_nat(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)]),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1), ("198.19.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *private_host(1, 1, "10.20.1.7"),
        *private_host(2, 1, "10.20.1.8"),
        *host(3, 1, "10.20.0.7", public="198.18.0.3"),
        *host(4, 2, "10.30.0.7"),
        peering(1, 1, 2),
    )


@pytest.fixture
def network(fabric: Fabric) -> Network:
    made = network_of_four()
    bring_up(fabric, made)
    return made


@contextmanager
def socket_in(fabric: Fabric, name: str, kind: socket.SocketKind, port: int = 0) -> Iterator[socket.socket]:
    def make() -> socket.socket:
        made = socket.socket(socket.AF_INET, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.settimeout(PATIENCE_SECONDS)
        made.bind(("", port))
        return made

    with namespace.run_in(fabric.namespace(name), make) as made:
        yield made


@either_way
def test_private_instances_reach_the_internet_and_nobody_reaches_them(fabric: Fabric, network: Network) -> None:
    for name in (A, B):
        assert ping(fabric, name, OUTSIDE).received == 3
    assert counted(fabric, lambda: ping_in_vain(fabric, "internet", EIP)) == {"NAT_UNSOLICITED": 3}
    assert counted(fabric, lambda: ping_in_vain(fabric, PUBLIC, OWN)) == {"NAT_UNSOLICITED": 3}
    assert counted(fabric, lambda: ping_in_vain(fabric, FAR, OUTSIDE)) == {"PCX_REQUIRES_ADDRESS_IN_VPC_CIDR": 3}
    assert ping(fabric, A, "10.30.0.7").received == 3, "out of a gateway and over a peering connection"


@either_way
def test_answers_return_over_a_peering_connection_without_a_route(fabric: Fabric) -> None:
    """To the gateway, and to nobody beside it; TCP both ways, and the error of a port that nobody listens on."""
    bring_up(
        fabric,
        Network.of(
            *vpc_with_nat(1, "10.20.0.0/16", public=(), peers=[("10.30.0.0/16", 1)]),
            *vpc(2, "10.30.0.0/16", rules=(ALL_IN, ALL_OUT)),
            *private_host(1, 1, "10.20.1.7"),
            *host(3, 1, "10.20.0.7"),
            *host(4, 2, "10.30.0.7"),
            peering(1, 1, 2),
        ),
    )
    assert ping(fabric, A, "10.30.0.7").received == 3
    gained = counted(fabric, lambda: ping_in_vain(fabric, PUBLIC, "10.30.0.7"))
    assert gained == {"DELIVERED": 3, "IGW_NO_PUBLIC_ADDRESS": 3}
    with ExitStack() as stack:
        server = stack.enter_context(socket_in(fabric, FAR, socket.SOCK_STREAM, 7777))
        server.listen()
        client = stack.enter_context(socket_in(fabric, A, socket.SOCK_STREAM))
        client.connect(("10.30.0.7", 7777))
        accepted, peer = server.accept()
        stack.enter_context(accepted)
        assert peer[0] == OWN
        accepted.sendall(bytes(200_000))
        assert len(received(client, 200_000)) == 200_000
        refused = stack.enter_context(socket_in(fabric, A, socket.SOCK_DGRAM))
        refused.connect(("10.30.0.7", 7778))
        refused.send(b"is anybody there?")
        with pytest.raises(ConnectionRefusedError):
            refused.recv(100)


def test_two_connections_from_one_port_are_told_apart(fabric: Fabric, network: Network) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket_in(fabric, "internet", socket.SOCK_STREAM, SERVER[1]))
        server.listen()
        clients = [stack.enter_context(socket_in(fabric, name, socket.SOCK_STREAM, 40000)) for name in (A, B)]
        seen = []
        for number_, client in enumerate(clients):
            client.connect(SERVER)
            accepted, peer = server.accept()
            stack.enter_context(accepted)
            accepted.settimeout(PATIENCE_SECONDS)
            seen.append((accepted, peer, bytes([number_]) * 200_000))
        assert {peer[0] for _, peer, _ in seen} == {EIP}
        assert len({peer[1] for _, peer, _ in seen}) == 2
        for (accepted, _, data), client in zip(seen, clients, strict=True):
            client.sendall(data)
            assert received(accepted, len(data)) == data
            accepted.sendall(data)
            assert received(client, len(data)) == data


def received(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size)
        assert more, "closed"
        data += more
    return data


def test_datagrams_pass_in_fragments_too(fabric: Fabric, network: Network) -> None:
    """The first one is too big, and its sender is told; from then on it fragments them."""
    with (
        socket_in(fabric, "internet", socket.SOCK_DGRAM, SERVER[1]) as server,
        socket_in(fabric, A, socket.SOCK_DGRAM) as client,
    ):
        client.sendto(b"small", SERVER)
        data, peer = server.recvfrom(9000)
        assert (data, peer[0]) == (b"small", EIP)
        assert counted(fabric, lambda: client.sendto(bytes(4000), SERVER)) == {"PACKET_TOO_BIG": 1}
        client.sendto(bytes(4000), SERVER)
        assert len(server.recvfrom(9000)[0]) == 4000
        server.sendto(bytes(4000), peer)
        assert len(client.recvfrom(9000)[0]) == 4000


def test_errors_find_who_they_are_for(fabric: Fabric, network: Network) -> None:
    with socket_in(fabric, A, socket.SOCK_DGRAM) as client:
        client.connect((OUTSIDE, 7778))
        client.send(b"is anybody there?")
        with pytest.raises(ConnectionRefusedError):
            client.recv(100)
    command = inside(fabric, A, "ping", "-n", "-M", "do", "-s", "2000", "-c", "1", "-W", "1", OUTSIDE)
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert "mtu = 1500" in told.stdout + told.stderr


def test_a_connection_that_the_gateway_has_forgotten_is_reset(fabric: Fabric, network: Network) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket_in(fabric, "internet", socket.SOCK_STREAM, SERVER[1]))
        server.listen()
        client = stack.enter_context(socket_in(fabric, A, socket.SOCK_STREAM))
        client.connect(SERVER)
        accepted, _ = server.accept()
        stack.enter_context(accepted)
        loaded = fabric._data_plane._object
        assert loaded is not None
        connections = loaded.maps["nat_flows"]
        assert len(list(connections)) == 2
        connections.delete(list(connections))
        client.send(b"anybody?")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_a_gateway_that_is_gone_is_a_blackhole(fabric: Fabric, network: Network) -> None:
    gone = replace(network.interfaces[number("eni", GATEWAY + 1)], attachment=None)
    fabric.apply(compile_plan(network.apply(put(gone))))
    assert counted(fabric, lambda: ping_in_vain(fabric, A, OUTSIDE)) == {"BLACKHOLE_ROUTE": 3}
    fabric.apply(compile_plan(network))
    assert ping(fabric, A, OUTSIDE).received == 3
