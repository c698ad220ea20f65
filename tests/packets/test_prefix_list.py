"""Prefix lists and real packets: a change of a list reaches the kernel as a change of its entries."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import KeptPlan
from realvpc.net.addresses import Cidr
from realvpc.net.network import Network
from realvpc.net.prefix_list import AddressFamily, PrefixList, PrefixListEntry
from realvpc.net.route_table import PrefixListRoute, Target, TargetKind
from realvpc.net.security_group import ICMP, PrefixListReference, SecurityGroupRule
from realvpc.net.table import Change, put

from .hosts import COMMON, bring_up, host, number, peering, ping, ping_in_vain, vpc
from .test_fabric import counted

pytestmark = pytest.mark.root

A, B = number("i", 1), number("i", 2)
B_ADDRESS = "10.30.0.9"


def listing(name: str, *cidrs: str) -> PrefixList:
    entries = tuple(PrefixListEntry(Cidr.parse(cidr)) for cidr in cidrs)
    return PrefixList(
        id=name, name="list", address_family=AddressFamily.IPV4, max_entries=10, entries=entries, **COMMON
    )


def test_a_list_decides_where_packets_go_and_whom_they_may_come_from(fabric: Fabric) -> None:
    far, friends = number("pl", 1), number("pl", 2)
    network = Network.of(
        *vpc(1, "10.20.0.0/16"),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)]),
        *host(1, 1, "10.20.0.7"),
        *host(2, 2, B_ADDRESS),
        peering(1, 1, 2),
        listing(far, "10.30.0.0/16"),
        listing(friends, "10.20.0.0/16"),
    )
    group, table = network.security_groups[number("sg", 2)], network.route_tables[number("rtb", 1)]
    rule = SecurityGroupRule(
        id="sgr-9", is_egress=False, protocol=ICMP, from_port=-1, to_port=-1, peer=PrefixListReference(friends)
    )
    outwards = tuple(each for each in group.rules if each.is_egress)
    network = network.apply(
        put(
            replace(group, rules=(rule, *outwards)),
            PrefixListRoute.of(table, network.prefix_lists[far], Target(TargetKind.PEERING, number("pcx", 1))),
        )
    )
    bring_up(fabric, network)
    kept = KeptPlan(network)

    def change(change: Change) -> None:
        nonlocal network
        network = network.apply(change)
        delta = kept.advance(network, change)
        fabric.apply_delta(delta.puts, delta.deletes)

    assert ping(fabric, A, B_ADDRESS).received == 3
    change(put(listing(friends, "10.21.0.0/16")))
    assert counted(fabric, lambda: ping_in_vain(fabric, A, B_ADDRESS)) == {"SECURITY_GROUP_INGRESS": 3}
    change(put(listing(friends, "10.20.0.7/32")))
    assert ping(fabric, A, B_ADDRESS).received == 3
    change(put(listing(far, "10.31.0.0/16")))
    assert counted(fabric, lambda: ping_in_vain(fabric, A, B_ADDRESS)) == {"IGW_NO_PUBLIC_ADDRESS": 3}
    change(put(listing(far, "10.30.0.0/24")))
    assert ping(fabric, A, B_ADDRESS).received == 3
