"""Gateway endpoints and real packets: S3 without a public address."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net import aws_hosts
from realvpc.net.network import Network
from realvpc.net.services import Listener, identity_over_endpoint
from realvpc.net.table import delete
from realvpc.net.trace import AWS
from tests.patience import PATIENCE_SECONDS

from .gateway_endpoint import S3, gateway_endpoint
from .hosts import ALL_OUT, bring_up, host, number, peering, ping, ping_in_vain, vpc
from .nat import private_host, vpc_with_nat
from .test_fabric import counted, either_way

pytestmark = pytest.mark.root

A, PUBLIC, FAR, TWIN = (number("i", index) for index in (1, 3, 4, 5))


@pytest.fixture
def network(fabric: Fabric) -> Network:
    """A and TWIN have the same address in VPCs with endpoints; PUBLIC and FAR have none."""
    made = Network.of(
        *vpc_with_nat(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=(ALL_OUT,)),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1), ("198.19.0.0/16", 1)], rules=(ALL_OUT,)),
        *vpc(3, "10.20.1.0/24", rules=(ALL_OUT,)),
        *private_host(1, 1, "10.20.1.7"),
        *host(3, 1, "10.20.0.7", public="198.18.0.3"),
        *host(4, 2, "10.30.0.7"),
        *host(5, 3, "10.20.1.7"),
        *gateway_endpoint(1, 1, 101),
        *gateway_endpoint(2, 3, 3),
        peering(1, 1, 2),
    )
    bring_up(fabric, made)
    return made


@contextmanager
def listening(fabric: Fabric) -> Iterator[socket.socket]:
    """What the hosts of AWS's services listen on."""
    listeners = dict(zip(Listener, fabric.listeners(), strict=True))
    try:
        listeners[Listener.AWS_HOSTS].settimeout(PATIENCE_SECONDS)
        yield listeners[Listener.AWS_HOSTS]
    finally:
        for each in listeners.values():
            each.close()


def connected(fabric: Fabric, name: str) -> socket.socket:
    def connect() -> socket.socket:
        return socket.create_connection((S3, 80), timeout=PATIENCE_SECONDS)

    return namespace.run_in(fabric.namespace(name), connect)


@either_way
def test_s3_is_pinged_without_a_public_address_and_by_nobody_elses_endpoint(fabric: Fabric, network: Network) -> None:
    for name in (A, TWIN, PUBLIC):
        assert ping(fabric, name, S3).received == 3
    assert counted(fabric, lambda: ping_in_vain(fabric, FAR, S3)) == {"PCX_REQUIRES_ADDRESS_IN_VPC_CIDR": 3}
    without = network.apply(delete(*network.vpc_endpoints.values()))
    fabric.apply(compile_plan(without))
    assert counted(fabric, lambda: ping_in_vain(fabric, TWIN, S3)) == {"BLACKHOLE_ROUTE": 3}


def test_every_region_has_a_host_of_each_service(fabric: Fabric, network: Network) -> None:
    for address in aws_hosts.ADDRESSES:
        assert ping(fabric, PUBLIC, str(address), count=1).received == 1


def test_connections_of_twins_are_told_apart_by_what_names_their_interfaces(fabric: Fabric, network: Network) -> None:
    with listening(fabric) as server:
        for name, interface in ((A, number("eni", 1)), (TWIN, number("eni", 5)), (PUBLIC, None)):
            with connected(fabric, name) as client:
                accepted, peer = server.accept()
                with accepted:
                    assert accepted.getsockname() == (S3, 80)
                    assert peer[0] == ("198.18.0.3" if interface is None else str(identity_over_endpoint(interface)))
                    data = bytes(100_000)
                    accepted.sendall(data)
                    received = b""
                    while len(received) < len(data):
                        received += client.recv(1 << 16)
                    assert received == data


def test_where_nobody_listens_a_connection_is_refused(fabric: Fabric, network: Network) -> None:
    with pytest.raises(ConnectionRefusedError):
        connected(fabric, A)


def test_the_namespace_has_nothing_but_the_hosts(fabric: Fabric, network: Network) -> None:
    assert ping_in_vain(fabric, PUBLIC, "198.19.128.9").received == 0
    assert fabric.namespace(AWS).exists()
