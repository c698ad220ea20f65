"""Prefix lists in the fate of packets: a reference means what the list holds when the packet comes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Cidr
from realvpc.net.aws_prefix_lists import aws_prefix_list, aws_prefix_lists
from realvpc.net.network import Network
from realvpc.net.prefix_list import AddressFamily, PrefixList, PrefixListEntry
from realvpc.net.reasons import Reason
from realvpc.net.route_table import PrefixListRoute, Route, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, PrefixListReference, SecurityGroupRule
from realvpc.net.table import put
from realvpc.net.walk import walk
from realvpc.net.zones import REGIONS
from tests.worlds import ALL_OUT, ping, three_vpcs, with_routes

A, B, C = "10.20.0.207", "10.30.4.69", "10.120.3.14"
TO_B, TO_C = Target(TargetKind.PEERING, "pcx-ab"), Target(TargetKind.PEERING, "pcx-ac")


def listing(*cidrs: str, name: str = "pl-1") -> PrefixList:
    entries = tuple(PrefixListEntry(cidr) for cidr in sorted(map(Cidr.parse, cidrs)))
    fields: dict[str, Any] = {"name": "list", "address_family": AddressFamily.IPV4, "max_entries": 10}
    return PrefixList(id=name, account="111111111111", region="us-east-1", entries=entries, **fields)


def routed_by(network: Network, *routes: tuple[PrefixList, Target]) -> Network:
    table = network.route_tables["rtb-a"]
    rows = (row for named, target in routes for row in (named, PrefixListRoute.of(table, named, target)))
    return with_routes(network, "rtb-a").apply(put(*rows))


def test_a_route_by_a_list_leads_where_the_list_says_now() -> None:
    network = routed_by(three_vpcs(), (listing("10.30.0.0/16"), TO_B))
    assert walk(network, ping(A, B), "eni-a").delivered_to == "eni-b"
    network = network.apply(put(listing("10.31.0.0/16")))
    assert walk(network, ping(A, B), "eni-a").reason is Reason.NO_ROUTE
    network = network.apply(put(listing("10.0.0.0/8")))
    assert walk(network, ping(A, B), "eni-a").delivered_to == "eni-b"


def test_a_route_to_the_same_block_comes_before_a_lists_and_a_longer_prefix_before_both() -> None:
    network = routed_by(three_vpcs(), (listing("10.0.0.0/8", "10.120.0.0/16"), TO_C))
    network = network.apply(
        put(*with_routes(network, "rtb-a", Route(Cidr.parse("10.0.0.0/8"), TO_B)).table_routes.values())
    )
    assert walk(network, ping(A, B), "eni-a").delivered_to == "eni-b"
    assert walk(network, ping(A, C), "eni-a").delivered_to == "eni-c"


def test_of_two_lists_with_a_block_always_the_same_one_counts() -> None:
    first, second = listing("10.30.0.0/16", name="pl-1"), listing("10.30.0.0/16", name="pl-2")
    for order in ((first, TO_B), (second, TO_C)), ((second, TO_C), (first, TO_B)):
        assert walk(routed_by(three_vpcs(), *order), ping(A, B), "eni-a").delivered_to == "eni-b"


def test_a_rule_admits_what_its_list_holds_now() -> None:
    rule = SecurityGroupRule(
        id="sgr-1",
        is_egress=False,
        protocol=ALL_PROTOCOLS,
        from_port=-1,
        to_port=-1,
        peer=PrefixListReference("pl-1"),
    )
    network = three_vpcs()
    network = network.apply(put(replace(network.security_groups["sg-b"], rules=(rule, ALL_OUT))))
    assert walk(network, ping(A, B), "eni-a").reason is Reason.SECURITY_GROUP_INGRESS, "no such list"
    network = network.apply(put(listing("10.20.0.0/16", "192.0.2.0/24")))
    assert walk(network, ping(A, B), "eni-a").delivered_to == "eni-b"
    network = network.apply(put(listing("192.0.2.0/24")))
    assert walk(network, ping(A, B), "eni-a").reason is Reason.SECURITY_GROUP_INGRESS


def of_service(region: str, service: str) -> PrefixList:
    return next(row for row in aws_prefix_lists(region) if row.name == f"com.amazonaws.{region}.{service}")


@pytest.mark.parametrize("region", REGIONS)
def test_awss_own_lists_are_each_of_their_own_region(region: str) -> None:
    rows = aws_prefix_lists(region)
    assert len(rows) == 12
    assert all(aws_prefix_list(row.id) is row for row in rows)
    s3, dynamodb = of_service(region, "s3"), of_service(region, "dynamodb")
    others = [cidr for each in REGIONS if each != region for cidr in of_service(each, "s3").cidrs]
    assert not any(a.overlaps(b) for a in s3.cidrs for b in (*dynamodb.cidrs, *others))
