"""Lookups chain: a route may lead on to another table, a bounded number of times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4
from realvpc.net.network import Network
from realvpc.net.reasons import Layer, Reason
from realvpc.net.route_table import LOOKUPS_MAXIMUM, Route, TableRoute, Target, TargetKind
from realvpc.net.table import put
from realvpc.net.trace import INTERNET
from realvpc.net.walk import walk
from tests.worlds import ping, three_vpcs, with_routes

A, B, C = "10.20.0.207", "10.30.4.69", "10.120.3.14"
OUTSIDE = "198.19.0.1"


def leads_to(table: str) -> Route:
    return Route(ANY_IPV4, Target(TargetKind.ROUTE_TABLE, table))


def chain(network: Network, *steps: tuple[str, Route]) -> Network:
    """Tables of VPC C, where nothing else happens: each with one route to everywhere."""
    template = replace(network.route_tables["rtb-c-main"], associations=())
    for name, route in steps:
        table = replace(template, id=name)
        network = network.apply(put(table, TableRoute.of(table, route)))
    return network


def from_a(network: Network, *routes: Route) -> Network:
    return with_routes(network, "rtb-a", *routes)


def test_the_second_table_is_another_vpcs() -> None:
    """As with a transit gateway: what is local there is delivered there."""
    network = from_a(chain(three_vpcs(), ("rtb-1", leads_to("rtb-2"))), leads_to("rtb-1"))
    network = chain(network, ("rtb-2", leads_to("rtb-b")))
    trace = walk(network, ping(A, B), "eni-a")
    assert trace.delivered_to == "eni-b"
    tables = [hop.resource for hop in trace.hops if hop.layer is Layer.ROUTE_TABLE]
    assert tables == ["rtb-a", "rtb-1", "rtb-2", "rtb-b"]


def test_a_gateway_is_that_of_the_last_tables_vpc() -> None:
    """The internet gateway of VPC B knows no public address of A's, and the peering of B carries only what is B's."""
    network = from_a(chain(three_vpcs(), ("rtb-1", leads_to("rtb-b"))), leads_to("rtb-1"))
    assert walk(network, ping(A, OUTSIDE), "eni-a").reason is Reason.IGW_NO_PUBLIC_ADDRESS
    assert walk(three_vpcs(), ping(A, OUTSIDE), "eni-a").delivered_to == INTERNET
    network = from_a(three_vpcs(), leads_to("rtb-b"))
    assert walk(network, ping(A, C), "eni-a").reason is Reason.PCX_REJECTS_SPOOFED_SOURCE


def test_a_circle_has_an_end() -> None:
    network = from_a(chain(three_vpcs(), ("rtb-1", leads_to("rtb-2")), ("rtb-2", leads_to("rtb-1"))), leads_to("rtb-1"))
    trace = walk(network, ping(A, B), "eni-a")
    assert trace.reason is Reason.TOO_MANY_LOOKUPS
    assert trace.resource == "rtb-2"
    assert sum(hop.layer is Layer.ROUTE_TABLE for hop in trace.hops) == LOOKUPS_MAXIMUM + 1, "and that it was too many"


def test_a_table_that_is_gone_is_a_blackhole() -> None:
    assert walk(from_a(three_vpcs(), leads_to("rtb-9")), ping(A, B), "eni-a").reason is Reason.BLACKHOLE_ROUTE


@given(edges=st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_wherever_tables_lead_a_packet_meets_few_of_them(edges: list[int]) -> None:
    """A's table leads to the fifth of six; each of these to one of them, and the first to VPC B's."""
    steps = [(f"rtb-{place}", leads_to(f"rtb-{to}")) for place, to in enumerate(edges)]
    network = from_a(chain(three_vpcs(), *steps, ("rtb-0", leads_to("rtb-b"))), leads_to("rtb-5"))
    place, met = 5, 2
    while place and met < LOOKUPS_MAXIMUM:
        place, met = edges[place], met + 1
    arrives = not place and met < LOOKUPS_MAXIMUM
    expected = Reason.DELIVERED if arrives else Reason.TOO_MANY_LOOKUPS
    assert walk(network, ping(A, B), "eni-a").reason is expected
