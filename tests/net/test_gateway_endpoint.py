"""What becomes of packets to S3 over a gateway endpoint, and of its answers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net import mtu
from realvpc.net.addresses import Address, Cidr
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.route_table import RouteState, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, TCP, UDP, PrefixListReference, SecurityGroupRule
from realvpc.net.services import identity_over_endpoint
from realvpc.net.table import delete, put
from realvpc.net.trace import INTERNET
from realvpc.net.walk import walk

from ..packets.gateway_endpoint import LIST, S3, gateway_endpoint
from ..packets.hosts import ALL_OUT, COMMON, host, number, peering, vpc
from ..packets.nat import GATEWAY, PRIVATE, private_host, vpc_with_nat
from .test_nat import packet, reply_to, route

A, PUBLIC, FAR, NAT = number("eni", 1), number("eni", 3), number("eni", 4), number("eni", GATEWAY + 1)
ENDPOINT = number("vpce", 1)


@pytest.fixture
def network() -> Network:
    """A is private with an endpoint, PUBLIC has only the internet gateway, FAR would like to use A's endpoint."""
    return Network.of(
        *vpc_with_nat(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=(ALL_OUT,)),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1), ("198.19.0.0/16", 1)], rules=(ALL_OUT,)),
        *private_host(1, 1, "10.20.1.7"),
        *host(3, 1, "10.20.0.7", public="198.18.0.3"),
        *host(4, 2, "10.30.0.7"),
        *gateway_endpoint(1, 1, PRIVATE + 1),
        peering(1, 1, 2),
    )


def to_s3(protocol: int = TCP, **fields: Any) -> Packet:
    return packet("10.20.1.7", S3, protocol, **fields)


@pytest.mark.parametrize("protocol", [TCP, ICMP])
def test_without_a_public_address_s3_is_reached_and_answers(network: Network, protocol: int) -> None:
    there = walk(network, to_s3(protocol), A)
    assert there.delivered_to == INTERNET
    assert there.packet.source == identity_over_endpoint(A)
    assert ENDPOINT in [hop.resource for hop in there.hops]
    back = reply_to(network, there)
    assert back.delivered_to == A
    assert (str(back.packet.source), str(back.packet.destination)) == (S3, "10.20.1.7")


def test_what_is_no_answer_needs_a_rule(network: Network) -> None:
    begins = Packet(
        source=Address.parse(S3),
        destination=identity_over_endpoint(A),
        protocol=TCP,
        source_port=443,
        destination_port=22,
        opens=True,
    )
    assert walk(network, begins, INTERNET).reason is Reason.SECURITY_GROUP_INGRESS


@pytest.mark.parametrize("fields", [{"protocol": UDP}, {"protocol": 47}, {"protocol": ICMP, "icmp_type": 13}])
def test_it_carries_tcp_and_pings(network: Network, fields: dict[str, Any]) -> None:
    assert walk(network, to_s3(**fields), A).reason is Reason.VPCE_PROTOCOL


def test_larger_packets_than_the_internets_are_told_so(network: Network) -> None:
    assert walk(network, to_s3(size=mtu.INTERNET), A).delivered
    assert walk(network, to_s3(size=mtu.INTERNET + 1), A).reason is Reason.PACKET_TOO_BIG


def test_a_subnet_of_another_table_goes_another_way(network: Network) -> None:
    there = walk(network, packet("10.20.0.7", S3, TCP), PUBLIC)
    assert there.delivered_to == INTERNET
    assert str(there.packet.source) == "198.18.0.3"


def test_a_peer_cannot_use_it(network: Network) -> None:
    assert walk(network, packet("10.30.0.7", S3, TCP), FAR).reason is Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR


def test_only_the_primary_address_of_an_interface_of_the_vpc_is_taken(network: Network) -> None:
    row = network.interfaces[A]
    second = replace(row, private_addresses=(*row.private_addresses, Address.parse("10.20.1.8")))
    network = network.apply(put(second))
    for source in ("10.20.1.8", "10.20.1.9", "10.30.0.7"):
        unchecked = network.apply(put(replace(second, source_dest_check=False)))
        assert walk(unchecked, packet(source, S3, TCP), A).reason is Reason.VPCE_SOURCE_ADDRESS


def test_a_nat_gateways_subnet_may_have_one(network: Network) -> None:
    network = network.apply(delete(*network.prefix_list_routes.values())).apply(put(*gateway_endpoint(1, 1, 1)))
    there = walk(network, to_s3(), A)
    assert there.packet.source == identity_over_endpoint(NAT)
    assert reply_to(network, there).delivered_to == A


def test_a_more_specific_route_beats_it(network: Network) -> None:
    network = route(network, PRIVATE + 1, f"{S3}/32", Target(TargetKind.PEERING, number("pcx", 1)))
    assert walk(network, to_s3(), A).reason is Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR


def test_what_is_beside_the_list_goes_the_default_way(network: Network) -> None:
    there = walk(network, packet("10.20.1.7", "198.19.0.1", TCP), A)
    assert str(there.packet.source) == "198.18.2.1", "of the NAT gateway"


def test_a_rule_for_the_prefix_list_is_enough(network: Network) -> None:
    group = network.security_groups[number("sg", 1)]
    only = SecurityGroupRule(
        id="sgr-1", is_egress=True, protocol=TCP, from_port=443, to_port=443, peer=PrefixListReference(LIST.id)
    )
    network = network.apply(put(replace(group, rules=(only,))))
    there = walk(network, to_s3(destination_port=443), A)
    assert reply_to(network, there).delivered_to == A
    assert walk(network, to_s3(destination_port=80), A).reason is Reason.SECURITY_GROUP_EGRESS


def test_network_acls_see_the_address_of_s3_both_ways(network: Network) -> None:
    subnet = network.subnets[number("subnet", PRIVATE + 1)]

    def with_acl(*allowed: bool) -> Network:
        entries = tuple(
            AclEntry(number=100, is_egress=out, allows=True, protocol=ALL_PROTOCOLS, cidr=Cidr.parse(f"{S3}/32"))
            for out in allowed
        )
        acl = NetworkAcl(id=number("acl", 1), vpc_id=subnet.vpc_id, entries=entries, **COMMON)
        return network.apply(put(acl, replace(subnet, network_acl_id=acl.id)))

    there = walk(with_acl(True, False), to_s3(), A)
    assert reply_to(with_acl(True, False), there).delivered_to == A
    assert walk(with_acl(False), to_s3(), A).reason is Reason.NETWORK_ACL_EGRESS
    assert reply_to(with_acl(True), there).reason is Reason.NETWORK_ACL_INGRESS


def test_a_route_to_an_endpoint_that_is_gone_is_a_blackhole(network: Network) -> None:
    network = network.apply(delete(network.vpc_endpoints[ENDPOINT]))
    table = network.route_tables[number("rtb", PRIVATE + 1)]
    [row] = network.prefix_list_routes_in(table.id)
    assert network.route_state(table, row) is RouteState.BLACKHOLE
    assert walk(network, to_s3(), A).reason is Reason.BLACKHOLE_ROUTE


def test_nobody_reaches_another_vpc_by_the_address_that_names_it(network: Network) -> None:
    there = walk(network, packet("10.20.0.7", str(identity_over_endpoint(FAR)), TCP), PUBLIC)
    assert (there.delivered_to, there.packet.destination) == (INTERNET, identity_over_endpoint(FAR)), "and is lost"
