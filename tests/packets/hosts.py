"""Machines without instances: namespaces on a fabric of their own, in which tests run ping and friends."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net import mtu
from realvpc.net.addresses import ANY_IPV4, Address, Cidr
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.machine import LinkSpec
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, SecurityGroup, SecurityGroupRule
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import CidrAssociation, Vpc

NOW = datetime(2026, 11, 23, tzinfo=UTC)
COMMON: dict[str, Any] = {"account": "111111111111", "region": "ap-northeast-1"}
TTL = 64  # what a namespace of its own sends with


class Rule(NamedTuple):
    """A security group rule from or to everywhere."""

    protocol: int = ALL_PROTOCOLS
    is_egress: bool = False
    low: int = -1
    high: int = -1


PING_IN, ALL_IN, ALL_OUT = Rule(ICMP), Rule(), Rule(is_egress=True)


def number(prefix: str, value: int) -> str:
    return f"{prefix}-0{value:016x}"


def vpc(
    index: int, cidr: str, *, peers: Iterable[tuple[str, int]] = (), rules: tuple[Rule, ...] = (PING_IN, ALL_OUT)
) -> list[Resource]:
    """VPC number ``index`` with one subnet (the first /24), a gateway, a security group, and routes to ``peers``.

    ``peers`` pairs destinations with the numbers of peering connections.
    """
    block = Cidr.parse(cidr)
    routes = [Route(ANY_IPV4, Target(TargetKind.INTERNET_GATEWAY, number("igw", index)))]
    routes += [Route(Cidr.parse(to), Target(TargetKind.PEERING, number("pcx", pcx))) for to, pcx in peers]
    group = tuple(
        SecurityGroupRule(
            id=number("sgr", place),
            is_egress=rule.is_egress,
            protocol=rule.protocol,
            from_port=rule.low,
            to_port=rule.high,
            peer=ANY_IPV4,
        )
        for place, rule in enumerate(rules)
    )
    in_vpc: dict[str, Any] = {"vpc_id": number("vpc", index), **COMMON}
    table = RouteTable(id=number("rtb", index), associations=(RouteTableAssociation("rtbassoc-1"),), **in_vpc)
    return [
        Vpc(id=in_vpc["vpc_id"], cidr_associations=(CidrAssociation("vpc-cidr-assoc-1", block),), **COMMON),
        InternetGateway(id=number("igw", index), **in_vpc),
        Subnet(id=number("subnet", index), cidr=block.subnet(0, 24), zone_name="a", zone_id="apne1-az4", **in_vpc),
        table,
        *(TableRoute.of(table, route) for route in routes),
        SecurityGroup(id=number("sg", index), name="group", description="", rules=group, **in_vpc),
    ]


def host(index: int, vpc_index: int, address: str, *, public: str | None = None) -> list[Resource]:
    """Running instance number ``index``."""
    attachment = Attachment(id="eni-attach-1", owner_id=number("i", index), device_index=0, attached_at=NOW)
    return [
        Instance(
            id=number("i", index),
            reservation_id="r-1",
            image_id="ami-1",
            instance_type="t2.micro",
            state=InstanceState.RUNNING,
            launched_at=NOW,
            **COMMON,
        ),
        NetworkInterface(
            id=number("eni", index),
            vpc_id=number("vpc", vpc_index),
            subnet_id=number("subnet", vpc_index),
            mac_address=f"06:00:00:00:00:{index:02x}",
            private_addresses=(Address.parse(address),),
            group_ids=(number("sg", vpc_index),),
            public_address=Address.parse(public) if public else None,
            attachment=attachment,
            **COMMON,
        ),
    ]


def peering(index: int, requester: int, accepter: int) -> Peering:
    sides = [PeeringSide(vpc_id=number("vpc", side), **COMMON) for side in (requester, accepter)]
    return Peering(
        id=number("pcx", index),
        requester=sides[0],
        accepter=sides[1],
        status=PeeringStatus.ACTIVE,
        requested_at=NOW,
        **COMMON,
    )


def bring_up(fabric: Fabric, network: Network) -> None:
    """A machine per instance, and the network's plan."""
    for row in network.interfaces.values():
        assert row.attachment is not None
        fabric.ensure_machine(row.attachment.owner_id, (link_spec(network, row),))
    fabric.apply(compile_plan(network))


def link_spec(network: Network, row: NetworkInterface) -> LinkSpec:
    subnet = network.subnets[row.subnet_id]
    return LinkSpec(
        interface_id=row.id,
        mac_address=row.mac_address,
        address=str(row.private_address),
        prefix_length=subnet.cidr.prefix_length,
        gateway=str(subnet.router),
        mtu=mtu.INTERFACE,
    )


class Pings(NamedTuple):
    sent: int
    received: int
    ttls: frozenset[int]
    text: str


def inside(fabric: Fabric, name: str, *command: str) -> list[str]:
    """The command line that runs ``command`` in a namespace of the fabric."""
    return ["nsenter", f"--net={fabric.namespace(name)}", *command]


def ping(fabric: Fabric, name: str, to: str, *options: str, count: int = 3) -> Pings:
    """``ping`` from the namespace ``name`` (an instance or ``internet``)."""
    command = inside(fabric, name, "ping", "-n", "-i", "0.01", "-W", "0.3", "-c", str(count), *options, to)
    return read_pings(subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout)


def read_pings(text: str) -> Pings:
    summary = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    assert summary, text
    ttls = frozenset(int(ttl) for ttl in re.findall(r"ttl=(\d+)", text))
    return Pings(int(summary[1]), int(summary[2]), ttls, text)
