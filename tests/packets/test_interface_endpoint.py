"""Interface endpoints and real packets: who reaches AWS's endpoint through them, and as whom it sees them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.edge import SERVED
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.fabric.rtnetlink import HAS_IPV6
from realvpc.net.addresses import Address
from realvpc.net.network import Network
from realvpc.net.security_group import ALL_PROTOCOLS, TCP
from realvpc.net.services import Listener, endpoint_identity_of, ipv6_endpoint_identity_of
from realvpc.net.table import delete, put
from tests.patience import PATIENCE_SECONDS

from .endpoint import INTERFACE, interface_endpoint
from .hosts import ALL_OUT, Rule, bring_up, host, number, peering, ping_in_vain, vpc
from .test_fabric import counted, either_way

pytestmark = pytest.mark.root

BRIEFLY = 1.0  # seconds, where nothing is to come

A, B, TWIN = (number("i", index) for index in (1, 2, 3))
SAME, FAR, ENDPOINT = "10.20.0.7", "10.30.0.7", "10.20.0.80"
HTTPS_IN = Rule(TCP, low=443, high=443)


def network_of_three() -> Network:
    """A and its twin in VPCs with the same block, each with an endpoint at the same address; B is in a peer of A's."""
    rules = (HTTPS_IN, ALL_OUT)
    return Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=rules),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)]),
        *vpc(3, "10.20.0.0/16", rules=rules),
        *host(1, 1, SAME),
        *host(2, 2, FAR),
        *host(3, 3, SAME),
        peering(1, 1, 2),
        *interface_endpoint(1, 1, ENDPOINT),
        *interface_endpoint(3, 3, ENDPOINT),
    )


@contextmanager
def served(fabric: Fabric, listener: Listener = Listener.INTERFACE_ENDPOINT) -> Iterator[None]:
    """AWS's endpoint tells who asks, and at which address of its own; then it sends back what it gets."""
    opened = dict(zip(SERVED, fabric.listeners(), strict=True))
    listening = opened[listener]

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            Thread(target=tell, args=(connection,), daemon=True).start()

    Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        for each in opened.values():
            each.close()


def tell(connection: socket.socket) -> None:
    with connection:
        connection.sendall(f"{connection.getpeername()[0]} {connection.getsockname()[0]}\n".encode())
        while data := connection.recv(65536):
            connection.sendall(data)


def connected(
    fabric: Fabric, machine: str, port: int = 443, to: str = ENDPOINT, *, patience: float = PATIENCE_SECONDS
) -> socket.socket:
    """Raises OSError."""

    def connect() -> socket.socket:
        return socket.create_connection((to, port), timeout=patience)

    return namespace.run_in(fabric.namespace(machine), connect)


def asked(fabric: Fabric, machine: str) -> str:
    with connected(fabric, machine) as client, client.makefile() as lines:
        return lines.readline().strip()


def identity(index: int) -> str:
    return str(endpoint_identity_of(number("eni", INTERFACE + index)))


@either_way
def test_it_is_known_who_asks_and_through_which_endpoint_although_vpcs_overlap(fabric: Fabric) -> None:
    bring_up(fabric, network_of_three())
    with served(fabric):
        for _ in range(2):
            assert asked(fabric, A) == f"{SAME} {identity(1)}"
            assert asked(fabric, B) == f"{FAR} {identity(1)}"
            assert asked(fabric, TWIN) == f"{SAME} {identity(3)}"


def test_much_goes_through_whole_in_both_directions(fabric: Fabric) -> None:
    bring_up(fabric, network_of_three())
    much = bytes(range(256)) * 4096
    with served(fabric), connected(fabric, B) as client:
        sending = Thread(target=client.sendall, args=(much,))
        sending.start()
        received = b""
        while len(received.partition(b"\n")[2]) < len(much):
            received += client.recv(1 << 16)
        sending.join()
        assert received.partition(b"\n")[2] == much


def test_it_answers_no_ping_and_no_other_port_and_says_why(fabric: Fabric) -> None:
    network = network_of_three()
    group = network.security_groups[number("sg", 1)]
    rules = tuple(replace(rule, protocol=ALL_PROTOCOLS, from_port=-1, to_port=-1) for rule in group.rules)
    bring_up(fabric, network.apply(put(replace(group, rules=rules))))
    with served(fabric):
        assert counted(fabric, lambda: ping_in_vain(fabric, A, ENDPOINT)) == {"ENDPOINT_NOT_SERVED": 3}

        def to_another_port() -> None:
            with pytest.raises(OSError, match="timed out"):
                connected(fabric, A, port=80, patience=BRIEFLY)

        assert counted(fabric, to_another_port).keys() == {"ENDPOINT_NOT_SERVED"}


def test_a_closed_group_lets_open_connections_go_on_and_no_other_begin(fabric: Fabric) -> None:
    network = network_of_three()
    bring_up(fabric, network)
    with served(fabric), connected(fabric, B) as client:
        client.recv(100)
        closed = replace(network.security_groups[number("sg", 1)], rules=())
        fabric.apply(compile_plan(network.apply(put(closed))))
        client.sendall(b"still there")
        assert client.recv(100) == b"still there"
        with pytest.raises(OSError, match="timed out"):
            connected(fabric, B, patience=BRIEFLY)


@pytest.mark.skipif(not HAS_IPV6, reason="the kernel has no IPv6")
@either_way
def test_over_ipv6_it_is_known_who_asks_and_whole_streams_go_through(fabric: Fabric) -> None:
    """From beside it and from a peered VPC; nobody comes in from the internet."""
    near, far, own = "2001:db8:1::7", "2001:db8:2::7", "2001:db8:1::80"
    rules = (HTTPS_IN, ALL_OUT)
    network = Network.of(
        *vpc(1, "10.20.0.0/16", ipv6="2001:db8:1::/56", peers=[("2001:db8:2::/56", 1)], rules=rules),
        *vpc(2, "10.30.0.0/16", ipv6="2001:db8:2::/56", peers=[("2001:db8:1::/56", 1)]),
        *host(1, 1, SAME, ipv6=near),
        *host(2, 2, FAR, ipv6=far),
        peering(1, 1, 2),
        *interface_endpoint(1, 1, ENDPOINT, ipv6=own),
    )
    bring_up(fabric, network)
    seen_as = str(ipv6_endpoint_identity_of(number("eni", INTERFACE + 1), Address.parse(own)))
    much = bytes(range(256)) * 4096
    with served(fabric, Listener.IPV6_INTERFACE_ENDPOINT):
        for machine, source in ((A, near), (B, far)):
            with connected(fabric, machine, to=own) as client:
                sending = Thread(target=client.sendall, args=(much,))
                sending.start()
                received = b""
                while len(received.partition(b"\n")[2]) < len(much):
                    received += client.recv(1 << 16)
                sending.join()
            assert received.partition(b"\n")[0].decode() == f"{source} {seen_as}"
            assert received.partition(b"\n")[2] == much

        def from_the_internet() -> None:
            with pytest.raises(OSError, match="timed out"):
                connected(fabric, "internet", to=own, patience=BRIEFLY)

        assert counted(fabric, from_the_internet).keys() == {"IGW_UNKNOWN_PUBLIC_ADDRESS"}


def test_a_deleted_endpoint_is_nowhere(fabric: Fabric) -> None:
    network = network_of_three()
    bring_up(fabric, network)
    gone = [network.vpc_endpoints[number("vpce", 1)], network.interfaces[number("eni", INTERFACE + 1)]]
    with served(fabric):
        assert asked(fabric, A)
        fabric.apply(compile_plan(network.apply(delete(*gone))))
        with pytest.raises(OSError, match=r"timed out|No route"):
            connected(fabric, A, patience=BRIEFLY)
        assert asked(fabric, TWIN) == f"{SAME} {identity(3)}"
