"""Network ACLs and real packets: what crosses the boundary of a subnet, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net.addresses import ANY_IPV4
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.security_group import ICMP
from realvpc.net.table import put

from .hosts import COMMON, bring_up, host, number, peering, ping, ping_in_vain, vpc
from .test_fabric import counted

pytestmark = pytest.mark.root

A, NEIGHBOUR, B = (number("i", index) for index in (1, 2, 3))
A_ADDRESS, NEIGHBOUR_ADDRESS, B_ADDRESS = "10.20.0.7", "10.20.0.8", "10.30.0.9"


def two_vpcs() -> Network:
    return Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)]),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)]),
        *host(1, 1, A_ADDRESS, public="198.18.0.10"),
        *host(2, 1, NEIGHBOUR_ADDRESS),
        *host(3, 2, B_ADDRESS),
        peering(1, 1, 2),
    )


def with_acl(network: Network, index: int, *entries: AclEntry) -> Network:
    """Before the subnet of this number."""
    subnet = network.subnets[number("subnet", index)]
    acl = NetworkAcl(id=number("acl", index), vpc_id=subnet.vpc_id, entries=tuple(sorted(entries)), **COMMON)
    return network.apply(put(acl, replace(subnet, network_acl_id=acl.id)))


def pings(is_egress: bool, icmp_type: int, *, allows: bool = True, number: int = 100) -> AclEntry:
    fields: dict[str, Any] = {"protocol": ICMP, "cidr": ANY_IPV4, "low": icmp_type, "high": -1}
    return AclEntry(number=number, is_egress=is_egress, allows=allows, **fields)


ASKED, ANSWERED = 8, 0


def test_an_acl_is_asked_at_the_boundary_both_ways_and_not_inside(fabric: Fabric) -> None:
    network = two_vpcs()
    bring_up(fabric, network)
    assert ping(fabric, A, B_ADDRESS).received == 3

    fabric.apply(compile_plan(with_acl(network, 1)))
    assert ping(fabric, A, NEIGHBOUR_ADDRESS).received == 3
    assert counted(fabric, lambda: ping_in_vain(fabric, A, B_ADDRESS)) == {"NETWORK_ACL_EGRESS": 3}
    assert counted(fabric, lambda: ping_in_vain(fabric, B, A_ADDRESS)) == {"NETWORK_ACL_INGRESS": 3}
    assert counted(fabric, lambda: ping_in_vain(fabric, "internet", "198.18.0.10")) == {"NETWORK_ACL_INGRESS": 3}

    one_way = with_acl(network, 1, pings(True, ASKED))
    fabric.apply(compile_plan(one_way))
    gained = counted(fabric, lambda: ping_in_vain(fabric, A, B_ADDRESS))
    assert gained == {"DELIVERED": 3, "NETWORK_ACL_INGRESS": 3}, "nothing is remembered for the answers"

    fabric.apply(compile_plan(with_acl(network, 1, pings(True, ASKED), pings(False, ANSWERED))))
    assert ping(fabric, A, B_ADDRESS).received == 3
    assert counted(fabric, lambda: ping_in_vain(fabric, B, A_ADDRESS)) == {"NETWORK_ACL_INGRESS": 3}


def test_a_rule_that_denies_ends_a_conversation_at_once(fabric: Fabric) -> None:
    """Though the security groups track it, and its packets were decided about a moment ago."""
    network = two_vpcs()
    bring_up(fabric, network)
    assert ping(fabric, A, B_ADDRESS).received == 3
    denied = with_acl(network, 2, pings(False, ASKED, allows=False, number=1), pings(False, -1), pings(True, -1))
    fabric.apply(compile_plan(denied))
    assert counted(fabric, lambda: ping_in_vain(fabric, A, B_ADDRESS)) == {"NETWORK_ACL_INGRESS": 3}
    fabric.apply(compile_plan(network))
    assert ping(fabric, A, B_ADDRESS).received == 3
