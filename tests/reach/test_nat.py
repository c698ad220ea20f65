"""What is answered about machines behind NAT gateways."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4
from realvpc.net.network import Network
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.table import put
from realvpc.reach.endpoint import resolve
from realvpc.reach.report import why

from ..packets.hosts import ALL_IN, ALL_OUT, host, number, peering, vpc
from ..packets.nat import private_host, vpc_with_nat

PRIVATE, FAR, EIP = number("i", 1), number("i", 2), "198.18.2.1"


@pytest.fixture
def network() -> Network:
    made = Network.of(
        *vpc_with_nat(1, "10.20.0.0/16", public=(EIP,), peers=[("10.30.0.0/16", 1)]),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1), ("198.19.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *private_host(1, 1, "10.20.1.7"),
        *host(2, 2, "10.30.0.7"),
        peering(1, 1, 2),
    )
    return made.apply(put(replace(made.nat_gateways[number("nat", 1)], tags={"Name": "way out"})))


def ask(network: Network, source: str, destination: str, protocol: str = "icmp", port: int = 0) -> dict[str, Any]:
    return why(network, resolve(network, source), resolve(network, destination), protocol, port)


@pytest.mark.parametrize(("protocol", "port"), [("icmp", 0), ("tcp", 443), ("udp", 53)])
def test_the_internet_is_reached_and_answers(network: Network, protocol: str, port: int) -> None:
    answer = ask(network, PRIVATE, "internet", protocol, port)
    assert answer["reachable"]
    assert any(
        "(way out)" in hop["resource"] and "source becomes 10.20.0.10" in hop["rule"] for hop in answer["forward"]
    )
    assert any("destination becomes 10.20.1.7" in hop["rule"] for hop in answer["reply"])


def test_why_nobody_comes_in(network: Network) -> None:
    answer = ask(network, "internet", EIP, "tcp", 443)
    gateway = f"{number('nat', 1)} (way out)"
    assert answer["sentence"] == (
        f"{gateway} takes only answers to what went out through it, and TCP port 443 from 198.19.0.1 answers nothing: "
        "no connection begins at the far side."
    )
    assert answer["reason"] == "NAT_UNSOLICITED"


def test_why_a_peer_cannot_use_it(network: Network) -> None:
    assert ask(network, FAR, "internet")["reason"] == "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"


def test_why_a_gateway_in_a_private_subnet_leads_nowhere(network: Network) -> None:
    to_itself = Route(ANY_IPV4, Target(TargetKind.NAT_GATEWAY, number("nat", 1)))
    looped = network.apply(put(TableRoute.of(network.route_tables[number("rtb", 1)], to_itself)))
    answer = ask(looped, PRIVATE, "internet")
    assert answer["reason"] == "NAT_LOOP"
    assert "needs a subnet with another way out" in answer["sentence"]


@pytest.mark.parametrize("has_gateway", [True, False])
def test_a_name_of_dns64_is_reached_over_a_nat_gateway_alone(has_gateway: bool) -> None:
    block, address = "2001:db8:1::/56", "64:ff9b::c613:1"
    if has_gateway:
        parts = *vpc_with_nat(1, "10.20.0.0/16", ipv6=block), *private_host(1, 1, "10.20.1.7", ipv6="2001:db8:1:1::7")
    else:
        parts = *vpc(1, "10.20.0.0/16", ipv6=block), *host(1, 1, "10.20.0.7", ipv6="2001:db8:1::7")
    network = Network.of(*parts)
    answer = why(network, resolve(network, PRIVATE, ipv6=True), resolve(network, address), "tcp", 80)
    assert answer["reachable"] is has_gateway
    if not has_gateway:
        assert answer["reason"] == "NAT64_REQUIRES_NAT_GATEWAY"
        assert answer["sentence"] == (
            f"The packet leaves for the internet, where nobody has the address {address}: addresses of 64:ff9b::/96, "
            "which DNS64 gives to hosts of IPv4, are reached by a route from 64:ff9b::/96 to a NAT gateway."
        )
