"""A VPC with a public subnet, a NAT gateway in it, and a private subnet behind that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from realvpc.net import nat64
from realvpc.net.addresses import ANY_IPV4, Address, Cidr
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.nat_gateway import Connectivity, NatGateway, NatGatewayState
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.subnet import Subnet
from realvpc.net.table import delete, put
from realvpc.net.vpc import Ipv6CidrAssociation

from .hosts import ALL_IN, ALL_OUT, COMMON, NOW, Rule, host, number, vpc

GATEWAY, PRIVATE = 200, 100
"""What the number of a VPC is counted up by for the interface of its NAT gateway, and for its private subnet."""


def vpc_with_nat(
    index: int,
    cidr: str,
    *,
    public: Iterable[str] = ("198.18.2.1",),
    addresses: Iterable[str] = (),
    peers: Iterable[tuple[str, int]] = (),
    rules: tuple[Rule, ...] = (ALL_IN, ALL_OUT),
    ipv6: str | None = None,
) -> list[Resource]:
    """VPC number ``index``: the first /24 is public, the second leads everywhere through the gateway.

    With an ``ipv6`` block both subnets have a /64 of it, and the gateway is the way from the second to IPv4.  It
    has ``addresses``, or else place 10 and following of the first; without ``public`` ones it is a private one.
    """
    block, public, blocks = Cidr.parse(cidr), tuple(public), (ipv6,) if ipv6 else ()
    own = tuple(map(Address.parse, addresses)) or tuple(block.at(10 + place) for place in range(len(public) or 1))
    in_vpc: dict[str, Any] = {"vpc_id": number("vpc", index), **COMMON}
    gateway, interface, subnet = number("nat", index), number("eni", GATEWAY + index), number("subnet", PRIVATE + index)
    table = RouteTable(
        id=number("rtb", PRIVATE + index), associations=(RouteTableAssociation("rtbassoc-2", subnet),), **in_vpc
    )
    return [
        *vpc(index, cidr, peers=peers, rules=rules, ipv6=ipv6),
        Subnet(
            id=subnet,
            cidr=block.subnet(1, 24),
            ipv6_cidr_associations=tuple(
                Ipv6CidrAssociation("subnet-cidr-assoc-2", Cidr.parse(each).subnet(1, 64)) for each in blocks
            ),
            zone_name="a",
            zone_id="apne1-az4",
            **in_vpc,
        ),
        table,
        *(TableRoute.of(table, Route(nat64.BLOCK, Target(TargetKind.NAT_GATEWAY, gateway))) for _ in blocks),
        TableRoute.of(table, Route(ANY_IPV4, Target(TargetKind.NAT_GATEWAY, gateway))),
        NatGateway(
            id=gateway,
            subnet_id=number("subnet", index),
            connectivity=Connectivity.PUBLIC if public else Connectivity.PRIVATE,
            state=NatGatewayState.AVAILABLE,
            created_at=NOW,
            **in_vpc,
        ),
        NetworkInterface(
            id=interface,
            subnet_id=number("subnet", index),
            mac_address=f"06:00:00:00:01:{index:02x}",
            private_addresses=own,
            group_ids=(),
            attachment=Attachment(id="ela-attach-1", owner_id=gateway, device_index=1, attached_at=NOW),
            **in_vpc,
        ),
        *(
            ElasticIp(
                id=number("eipalloc", index * 10 + place),
                public_address=Address.parse(text),
                association=AddressAssociation(
                    id=number("eipassoc", index * 10 + place), interface_id=interface, private_address=private
                ),
                **COMMON,
            )
            for place, (text, private) in enumerate(zip(public, own, strict=False))
        ),
    ]


def with_another_gateway(network: Network, index: int) -> Network:
    """In the place of VPC number ``index``'s gateway one with other ids and the same addresses."""
    gateway, interface = network.nat_gateways[number("nat", index)], network.interfaces[number("eni", GATEWAY + index)]
    assert interface.attachment
    other = replace(gateway, id=number("nat", index + 1000))
    attachment = replace(interface.attachment, owner_id=other.id)
    its = replace(interface, id=number("eni", GATEWAY + index + 1000), attachment=attachment)
    mapped = (
        replace(row, association=replace(row.association, interface_id=its.id))
        for row in network.elastic_ips.values()
        if row.association and row.association.interface_id == interface.id
    )
    leading = (
        TableRoute.of(network.route_tables[row.route_table_id], replace(row.route, target=target))
        for row in network.table_routes.values()
        if row.route.target.id == gateway.id and (target := replace(row.route.target, id=other.id))
    )
    return network.apply(put(other, *mapped, *leading)).apply(delete(gateway, interface)).apply(put(its))


def private_host(index: int, vpc_index: int, address: str, *, ipv6: str | None = None) -> list[Resource]:
    """Running instance number ``index`` in the private subnet."""
    return [
        replace(row, subnet_id=number("subnet", PRIVATE + vpc_index)) if isinstance(row, NetworkInterface) else row
        for row in host(index, vpc_index, address, ipv6=ipv6)
    ]
