"""A middlebox with real packets: the internet gateway's own route table leads through it, both ways."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.network import Network
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.subnet import Subnet
from realvpc.net.table import put

from .hosts import ALL_IN, ALL_OUT, COMMON, bring_up, host, inside, number, ping, ping_in_vain, vpc
from .test_fabric import counted

pytestmark = pytest.mark.root

SERVER, BOX = number("i", 1), number("i", 2)
PUBLIC = "198.18.0.10"
IN_VPC: dict[str, Any] = {"vpc_id": number("vpc", 1), **COMMON}


def with_middlebox() -> Network:
    """The server in 10.20.0.0/24 without a route to the internet but over the middlebox in 10.20.1.0/24."""
    world = Network.of(
        *vpc(1, "10.20.0.0/16", rules=(ALL_IN, ALL_OUT)),
        Subnet(id=number("subnet", 9), cidr=Cidr.parse("10.20.1.0/24"), zone_name="a", zone_id="apne1-az4", **IN_VPC),
        *host(1, 1, "10.20.0.7", public=PUBLIC),
        *host(2, 1, "10.20.1.5", public="198.18.0.11"),
    )
    box = replace(world.interfaces[number("eni", 2)], subnet_id=number("subnet", 9), source_dest_check=False)
    to_box = Target(TargetKind.NETWORK_INTERFACE, box.id)
    of_servers = RouteTable(
        id=number("rtb", 8), associations=(RouteTableAssociation("rtbassoc-8", number("subnet", 1)),), **IN_VPC
    )
    of_gateway = RouteTable(
        id=number("rtb", 9),
        associations=(RouteTableAssociation("rtbassoc-9", gateway_id=number("igw", 1)),),
        **IN_VPC,
    )
    servers = Route(Cidr.parse("10.20.0.0/24"), to_box)
    default = Route(ANY_IPV4, to_box)
    return world.apply(
        put(box, of_servers, of_gateway, TableRoute.of(of_gateway, servers), TableRoute.of(of_servers, default))
    )


def test_what_comes_in_and_what_goes_out_passes_the_middlebox(fabric: Fabric) -> None:
    network = with_middlebox()
    bring_up(fabric, network)
    gained = counted(fabric, lambda: ping_in_vain(fabric, "internet", PUBLIC))
    assert gained == {"DELIVERED": 3}, "it forwards nothing yet"
    subprocess.run(inside(fabric, BOX, "sysctl", "-qw", "net.ipv4.ip_forward=1"), check=True)
    reached = ping(fabric, "internet", PUBLIC)
    assert (reached.received, reached.ttls) == (3, frozenset({63})), "one hop more, on the way back"
    out = ping(fabric, SERVER, "198.19.0.1")
    assert (out.received, out.ttls) == (3, frozenset({63}))

    table = network.route_tables[number("rtb", 9)]
    without = network.apply(put(replace(table, associations=())))
    fabric.apply(compile_plan(without))
    assert counted(fabric, lambda: ping(fabric, "internet", PUBLIC)) == {"DELIVERED": 9}, "asked directly"
