"""Machines without instances: namespaces on a fabric of their own, in which tests run ping and friends."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import chain, product
from typing import Any, NamedTuple

from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net import mtu
from realvpc.net.addresses import ANY_IPV4, ANY_IPV6, Address, Cidr
from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.machine import LinkSpec
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, ICMPV6, SecurityGroup, SecurityGroupRule
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import CidrAssociation, Ipv6CidrAssociation, Vpc
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

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
    index: int,
    cidr: str,
    *,
    ipv6: str | None = None,
    egress_only: bool = False,
    peers: Iterable[tuple[str, int]] = (),
    rules: tuple[Rule, ...] = (PING_IN, ALL_OUT),
) -> list[Resource]:
    """VPC number ``index`` with one subnet (the first /24), a gateway, a security group, and routes to ``peers``.

    ``peers`` pairs destinations with the numbers of peering connections.  With an ``ipv6`` block the subnet has its
    first /64, and rules and gateway are for both families; ``egress_only``: of IPv6 another gateway.
    """
    block = Cidr.parse(cidr)
    blocks = [Cidr.parse(ipv6)] if ipv6 else []
    routes = [Route(ANY_IPV4, Target(TargetKind.INTERNET_GATEWAY, number("igw", index)))]
    if ipv6:
        kind, prefix = (
            (TargetKind.EGRESS_ONLY_INTERNET_GATEWAY, "eigw") if egress_only else (TargetKind.INTERNET_GATEWAY, "igw")
        )
        routes.append(Route(ANY_IPV6, Target(kind, number(prefix, index))))
    routes += [Route(Cidr.parse(to), Target(TargetKind.PEERING, number("pcx", pcx))) for to, pcx in peers]
    group = tuple(
        SecurityGroupRule(
            id=number("sgr", place),
            is_egress=rule.is_egress,
            protocol=ICMPV6 if rule.protocol == ICMP and peer is ANY_IPV6 else rule.protocol,
            from_port=rule.low,
            to_port=rule.high,
            peer=peer,
        )
        for place, (rule, peer) in enumerate(product(rules, (ANY_IPV4, ANY_IPV6) if ipv6 else (ANY_IPV4,)))
    )
    in_vpc: dict[str, Any] = {"vpc_id": number("vpc", index), **COMMON}
    table = RouteTable(id=number("rtb", index), associations=(RouteTableAssociation("rtbassoc-1"),), **in_vpc)
    return [
        Vpc(
            id=in_vpc["vpc_id"],
            cidr_associations=(CidrAssociation("vpc-cidr-assoc-1", block),),
            ipv6_cidr_associations=tuple(Ipv6CidrAssociation("vpc-cidr-assoc-2", each) for each in blocks),
            **COMMON,
        ),
        InternetGateway(id=number("igw", index), **in_vpc),
        *([EgressOnlyInternetGateway(id=number("eigw", index), **in_vpc)] if egress_only else []),
        Subnet(
            id=number("subnet", index),
            cidr=block.subnet(0, 24),
            ipv6_cidr_associations=tuple(
                Ipv6CidrAssociation("subnet-cidr-assoc-1", each.subnet(0, 64)) for each in blocks
            ),
            zone_name="a",
            zone_id="apne1-az4",
            **in_vpc,
        ),
        table,
        *(TableRoute.of(table, route) for route in routes),
        SecurityGroup(id=number("sg", index), name="group", description="", rules=group, **in_vpc),
    ]


def ipv6_only(index: int, vpc_index: int, block: str) -> Subnet:
    """Subnet number ``index`` in a VPC, whose main route table and group it has."""
    association = Ipv6CidrAssociation(f"subnet-cidr-assoc-{index}", Cidr.parse(block))
    zone: dict[str, Any] = {"zone_name": "a", "zone_id": "apne1-az4", "vpc_id": number("vpc", vpc_index), **COMMON}
    return Subnet(id=number("subnet", index), cidr=None, ipv6_cidr_associations=(association,), **zone)


def host(
    index: int,
    vpc_index: int,
    address: str | None,
    *,
    public: str | None = None,
    ipv6: str | None = None,
    subnet: int | None = None,
) -> list[Resource]:
    """Running instance number ``index``, in the VPC's first subnet or the one with another number."""
    attachment = Attachment(id="eni-attach-1", owner_id=number("i", index), device_index=0, attached_at=NOW)
    return [
        Instance(
            id=number("i", index),
            reservation_id="r-1",
            image_id="ami-1",
            instance_type="t2.micro" if address else "t3.micro",
            state=InstanceState.RUNNING,
            launched_at=NOW,
            **COMMON,
        ),
        NetworkInterface(
            id=number("eni", index),
            vpc_id=number("vpc", vpc_index),
            subnet_id=number("subnet", subnet or vpc_index),
            mac_address=f"06:00:00:00:00:{index:02x}",
            private_addresses=(Address.parse(address),) if address else (),
            ipv6_addresses=(Address.parse(ipv6),) if ipv6 else (),
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
    for name in network.instances:
        links = tuple(link_spec(network, row) for row in network.interfaces_of(name))
        fabric.ensure_machine(name, links)
        for address in chain.from_iterable(link.ipv6_addresses for link in links):
            eventually(partial(_takes, fabric, name, address), what=f"that {name} takes what is for {address}")
    fabric.apply(compile_plan(network))


def _takes(fabric: Fabric, name: str, address: str) -> bool:
    """Whether the kernel there knows that the address is its own, which it does not at once: a thread of its tells it
    (addrconf_dad_start), when nobody else has the lock that all namespaces share."""
    words = inside(fabric, name, "ip", "-6", "route", "show", "table", "local")
    return f"local {address} " in subprocess.run(words, capture_output=True, text=True, check=True).stdout


def link_spec(network: Network, row: NetworkInterface) -> LinkSpec:
    subnet = network.subnets[row.subnet_id]
    return LinkSpec(
        interface_id=row.id,
        mac_address=row.mac_address,
        address=str(row.ipv4_on_link),
        prefix_length=subnet.ipv4_link.prefix_length,
        gateway=None if subnet.is_ipv6_native else str(subnet.router),
        mtu=mtu.INTERFACE,
        device_index=row.attachment.device_index if row.attachment else 0,
        more_addresses=tuple(map(str, row.private_addresses[1:])),
        prefixes=tuple(map(str, row.ipv4_prefixes)),
        ipv6_addresses=tuple(map(str, row.ipv6_addresses)),
        ipv6_prefix_length=subnet.ipv6_cidr.prefix_length if subnet.ipv6_cidr else 128,
    )


class Pings(NamedTuple):
    sent: int
    received: int
    ttls: frozenset[int]
    numbers: frozenset[int]  # of those that were answered, from 1 on
    text: str


def inside(fabric: Fabric, name: str, *command: str) -> list[str]:
    """The command line that runs ``command`` in a namespace of the fabric."""
    return ["nsenter", f"--net={fabric.namespace(name)}", *command]


def ping(
    fabric: Fabric, name: str, to: str, *options: str, count: int = 3, patience: float = PATIENCE_SECONDS
) -> Pings:
    """``ping`` from the namespace ``name`` (an instance or ``internet``), until all is answered.

    All are sent at once (``-l``): once one is answered, ``ping`` would wait for a last one no longer than between two.
    """
    words = ["ping", "-n", "-l", str(count), "-c", str(count), "-W", str(patience), *options, to]
    done = subprocess.run(
        inside(fabric, name, *words), capture_output=True, text=True, check=False, timeout=2 * PATIENCE_SECONDS
    )
    return read_pings(done.stdout)


def ping_in_vain(fabric: Fabric, name: str, to: str, *options: str, count: int = 3) -> Pings:
    """The same where nothing is to come back: waits no longer than an answer takes."""
    return ping(fabric, name, to, *options, count=count, patience=0.3)


def read_pings(text: str) -> Pings:
    summary = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    assert summary, text
    ttls = frozenset(int(ttl) for ttl in re.findall(r"ttl=(\d+)", text))
    numbers = frozenset(int(number) for number in re.findall(r"icmp_seq=(\d+) ttl=", text))
    return Pings(int(summary[1]), int(summary[2]), ttls, numbers, text)
