"""A middlebox between the internet and a subnet: what comes in goes through it by the gateway's own route table."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.instance import InstanceState
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.reasons import Layer, Reason
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.subnet import Subnet
from realvpc.net.table import delete, put
from realvpc.net.trace import INTERNET
from realvpc.net.walk import walk
from tests.worlds import ACCOUNT, REGION, instance, ping, vpc_with_instance

OUTSIDE, PUBLIC, SERVER, BOX = "198.19.0.1", "198.18.0.10", "10.20.0.207", "10.20.16.5"
SERVERS, BOXES = Cidr.parse("10.20.0.0/20"), Cidr.parse("10.20.16.0/20")
TO_BOX, TO_INTERNET = Target(TargetKind.NETWORK_INTERFACE, "eni-box"), Target(TargetKind.INTERNET_GATEWAY, "igw-a")
IN_VPC: dict[str, Any] = {"vpc_id": "vpc-a", "account": ACCOUNT, "region": REGION}


@pytest.fixture
def network() -> Network:
    """The server's subnet sends all to the middlebox, whose own subnet sends it on; the gateway does the reverse."""
    of_boxes = RouteTable(id="rtb-box", associations=(RouteTableAssociation("rtbassoc-1", "subnet-box"),), **IN_VPC)
    to_gateway = RouteTableAssociation("rtbassoc-2", gateway_id="igw-a")
    of_gateway = RouteTable(id="rtb-gateway", associations=(to_gateway,), **IN_VPC)
    world = Network.of(
        *vpc_with_instance("a", "10.20.0.0/16", SERVER, public=PUBLIC),
        Subnet(id="subnet-box", cidr=BOXES, zone_name="ap-northeast-1a", zone_id="apne1-az4", **IN_VPC),
        *map(_as_box, instance("box", BOX, vpc="a", public="198.18.0.11")),
        of_boxes,
        of_gateway,
        TableRoute.of(of_boxes, Route(ANY_IPV4, TO_INTERNET)),
        TableRoute.of(of_gateway, Route(SERVERS, TO_BOX)),
    )
    return world.apply(put(TableRoute.of(world.route_tables["rtb-a"], Route(ANY_IPV4, TO_BOX))))


def _as_box(row: Resource) -> Resource:
    if isinstance(row, NetworkInterface):
        return replace(row, subnet_id="subnet-box", source_dest_check=False)
    return row


def test_what_comes_in_meets_the_middlebox_and_so_does_the_answer(network: Network) -> None:
    arrived = walk(network, ping(OUTSIDE, PUBLIC), INTERNET)
    assert (arrived.delivered_to, str(arrived.packet.destination)) == ("eni-box", SERVER)
    assert ("rtb-gateway", "10.20.0.0/20 to eni-box (active)") in {(hop.resource, hop.rule) for hop in arrived.hops}
    inside = walk(network, arrived.packet, "eni-box", arrived.tracked)
    assert inside.delivered_to == "eni-a"
    flows = arrived.tracked | inside.tracked
    answer = walk(network, inside.packet.reply(), "eni-a", flows)
    assert answer.delivered_to == "eni-box"
    out = walk(network, answer.packet, "eni-box", flows | answer.tracked)
    assert (out.delivered_to, str(out.packet.source)) == (INTERNET, PUBLIC)


def test_what_is_for_another_subnet_goes_there(network: Network) -> None:
    assert walk(network, ping(OUTSIDE, "198.18.0.11"), INTERNET).delivered_to == "eni-box"
    network = network.apply(delete(*network.routes_in("rtb-gateway")))
    assert walk(network, ping(OUTSIDE, PUBLIC), INTERNET).delivered_to == "eni-a"


def test_the_local_route_of_the_table_may_lead_to_the_middlebox(network: Network) -> None:
    table = network.route_tables["rtb-gateway"]
    network = network.apply(delete(*network.routes_in(table.id)) + put(TableRoute.of(table, Route(_ALL, TO_BOX))))
    assert walk(network, ping(OUTSIDE, PUBLIC), INTERNET).delivered_to == "eni-box"


_ALL = Cidr.parse("10.20.0.0/16")


def test_a_middlebox_that_is_stopped_or_checks_addresses_lets_nothing_through(network: Network) -> None:
    stopped = network.apply(put(replace(network.instances["i-box"], state=InstanceState.STOPPED)))
    trace = walk(stopped, ping(OUTSIDE, PUBLIC), INTERNET)
    assert (trace.reason, trace.resource, trace.hops[-1].layer) == (
        Reason.BLACKHOLE_ROUTE, "rtb-gateway", Layer.ROUTE_TABLE,
    )  # fmt: skip
    checking = network.apply(put(replace(network.interfaces["eni-box"], source_dest_check=True)))
    assert walk(checking, ping(OUTSIDE, PUBLIC), INTERNET).reason is Reason.DESTINATION_CHECK


def test_a_route_to_a_whole_subnet_is_more_specific_than_the_local_one(network: Network) -> None:
    """Inspection between two subnets of a VPC."""
    table = network.route_tables["rtb-a"]
    assert walk(network, ping(SERVER, BOX), "eni-a").delivered_to == "eni-box"
    nobody = Target(TargetKind.NETWORK_INTERFACE, "eni-gone")
    led_away = network.apply(put(TableRoute.of(table, Route(BOXES, nobody))))
    assert walk(led_away, ping(SERVER, BOX), "eni-a").reason is Reason.BLACKHOLE_ROUTE
