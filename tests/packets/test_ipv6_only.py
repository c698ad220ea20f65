"""Real packets of machines in IPv6-only subnets: to each other, to those of both families, over a peering, out only,
and to the link-local services."""

from __future__ import annotations

import subprocess

import pytest
from msgspec.structs import replace

from realvpc.fabric.fabric import Fabric
from realvpc.net.addresses import Address, Cidr
from realvpc.net.network import Network
from realvpc.net.reasons import Reason
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.services import (
    IPV6_INTERNET_HOSTS,
    IPV6_METADATA,
    IPV6_RESOLVER,
    METADATA,
    RESOLVER,
    identity_of,
    ipv6_identity_of,
    link_local_of,
)
from realvpc.net.table import put

from .hosts import ALL_IN, ALL_OUT, bring_up, host, inside, ipv6_only, number, peering, ping, ping_in_vain, vpc
from .test_fabric import counted, either_way
from .test_network_acl import with_acl
from .test_services import asked, served, unanswered

pytestmark = pytest.mark.root

A, B, C, D = (number("i", index) for index in (1, 2, 3, 4))
A_ADDRESS, B_ADDRESS, C_ADDRESS, D_ADDRESS = "2001:db8:1:1::7", "2001:db8:1:1::8", "2001:db8:1::7", "2001:db8:2:1::7"
OUTSIDE = str(IPV6_INTERNET_HOSTS["one.example.com"])
A_LINK_LOCAL = str(link_local_of(number("eni", 1)))


def walkthrough() -> Network:
    """A and B are in an IPv6-only subnet, C in another one of their VPC, of both families; D in an IPv6-only one of a
    peer, which reaches the internet, and not the other way round."""
    rules = (ALL_IN, ALL_OUT)
    peers = [("2001:db8:2::/56", 1)], [("2001:db8:1::/56", 1)]
    return Network.of(
        *vpc(1, "10.20.0.0/16", ipv6="2001:db8:1::/56", peers=peers[0], rules=rules),
        *vpc(2, "10.30.0.0/16", ipv6="2001:db8:2::/56", egress_only=True, peers=peers[1], rules=rules),
        ipv6_only(11, 1, "2001:db8:1:1::/64"),
        ipv6_only(12, 2, "2001:db8:2:1::/64"),
        *host(1, 1, None, ipv6=A_ADDRESS, subnet=11),
        *host(2, 1, None, ipv6=B_ADDRESS, subnet=11),
        *host(3, 1, "10.20.0.7", ipv6=C_ADDRESS),
        *host(4, 2, None, ipv6=D_ADDRESS, subnet=12),
        peering(1, 1, 2),
    )


def run(fabric: Fabric, machine: str, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(inside(fabric, machine, *command.split()), capture_output=True, text=True)


@either_way
def test_pings_arrive(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    pairs = ((A, B_ADDRESS), (A, C_ADDRESS), (C, A_ADDRESS), (A, D_ADDRESS), (D, A_ADDRESS), (D, C_ADDRESS))
    for name, address in pairs:
        assert ping(fabric, name, address).received == 3, (name, address)


def test_the_internet_is_reached_and_reaches_whoever_it_may(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    assert ping(fabric, A, OUTSIDE).received == 3
    assert ping(fabric, "internet", A_ADDRESS).received == 3
    assert ping(fabric, D, OUTSIDE).received == 3, "answers come in"
    gained = counted(fabric, lambda: ping_in_vain(fabric, "internet", D_ADDRESS))
    assert gained == {Reason.EIGW_REJECTS_INGRESS.name: 3}


def test_a_neighbour_has_its_own_mac_and_another_subnet_the_routers(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    ping(fabric, A, B_ADDRESS, count=1)
    ping(fabric, A, C_ADDRESS, count=1)
    known = run(fabric, A, "ip -6 neighbour").stdout
    assert f"{B_ADDRESS} dev eth0 lladdr 06:00:00:00:00:02" in known
    assert C_ADDRESS not in known


def test_of_ipv4_there_are_a_link_local_address_and_its_link(fabric: Fabric) -> None:
    """And no default route: who tries IPv4 learns at once that it leads nowhere."""
    bring_up(fabric, walkthrough())
    assert (
        f"inet {A_LINK_LOCAL}/32 scope global noprefixroute eth0"
        in run(fabric, A, "ip -4 address show dev eth0").stdout
    )
    assert run(fabric, A, "ip -4 route").stdout.split()[:3] == ["169.254.0.0/16", "dev", "eth0"]
    assert "Network is unreachable" in run(fabric, A, "ping -c 1 10.20.0.7").stderr
    assert not fabric.look(fabric.expected(), {}, served=False)


def test_a_link_local_address_is_for_the_services_alone(fabric: Fabric) -> None:
    """Whatever its root makes of it: neighbours do not answer, and nothing is forwarded."""
    bring_up(fabric, walkthrough())
    assert ping_in_vain(fabric, A, str(link_local_of(number("eni", 2))), count=1).received == 0
    assert not run(fabric, A, "ip route add 10.20.0.0/16 via 169.254.0.1 dev eth0").stderr
    gained = counted(fabric, lambda: ping_in_vain(fabric, A, "10.20.0.7"))
    assert gained == {Reason.NOT_UNICAST.name: 3}


@either_way
def test_the_services_answer_in_both_families(fabric: Fabric) -> None:
    network = walkthrough()
    for machine in (A, B):
        row = network.instances[machine]
        options = replace(row.metadata_options, http_protocol_ipv6="enabled" if machine == A else "disabled")
        network = network.apply(put(replace(row, metadata_options=options)))
    bring_up(fabric, network)
    with served(fabric):
        for index, machine, address in ((1, A, A_ADDRESS), (2, B, B_ADDRESS)):
            interface = number("eni", index)
            assert asked(fabric, machine, str(METADATA), 80, "tcp") == str(identity_of(interface))
            over_ipv6 = str(ipv6_identity_of(interface, Address.parse(address)))
            for protocol in ("tcp", "udp"):
                assert asked(fabric, machine, str(RESOLVER), 53, protocol) == str(identity_of(interface))
                assert asked(fabric, machine, str(IPV6_RESOLVER), 53, protocol, address) == over_ipv6
            if machine == A:
                assert asked(fabric, machine, str(IPV6_METADATA), 80, "tcp", address) == over_ipv6
            else:
                assert unanswered(fabric, machine, str(IPV6_METADATA), 80, "tcp", address)


def test_an_appliance_in_another_ipv6_only_subnet_is_beyond_the_boundary(fabric: Fabric) -> None:
    """Both have the same link-local block of IPv4, and are two subnets nevertheless."""
    network = walkthrough().apply(
        put(ipv6_only(13, 1, "2001:db8:1:2::/64"), *host(5, 1, None, ipv6="2001:db8:1:2::7", subnet=13))
    )
    box = replace(network.interfaces[number("eni", 5)], source_dest_check=False)
    to_box = Route(Cidr.parse("2001:db8:9::/48"), Target(TargetKind.NETWORK_INTERFACE, box.id))
    network = network.apply(put(box, TableRoute.of(network.route_tables[number("rtb", 1)], to_box)))
    bring_up(fabric, network)
    assert counted(fabric, lambda: ping_in_vain(fabric, A, "2001:db8:9::1")) == {Reason.DELIVERED.name: 3}
    bring_up(fabric, with_acl(network, 11))
    gained = counted(fabric, lambda: ping_in_vain(fabric, A, "2001:db8:9::1"))
    assert gained == {Reason.NETWORK_ACL_EGRESS.name: 3}
