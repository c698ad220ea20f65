"""Networks for tests, made of resources by hand: the three VPCs of the walkthrough and what it takes to bend them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from realvpc.net.addresses import ANY_IPV4, Address, Cidr
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.packet import ECHO_REQUEST, Packet
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, SecurityGroup, SecurityGroupRule
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change
from realvpc.net.vpc import CidrAssociation, Vpc

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ACCOUNT, REGION = "111111111111", "ap-northeast-1"

ALL_ICMP = SecurityGroupRule(id="sgr-1", is_egress=False, protocol=ICMP, from_port=-1, to_port=-1, peer=ANY_IPV4)
ALL_OUT = SecurityGroupRule(id="sgr-2", is_egress=True, protocol=ALL_PROTOCOLS, from_port=-1, to_port=-1, peer=ANY_IPV4)


def vpc_with_instance(
    name: str,
    cidr: str,
    address: str,
    *,
    account: str = ACCOUNT,
    public: str | None = None,
    routes: tuple[Route, ...] = (),
) -> list[Resource]:
    """What the "VPC and more" recipe and a launch make; ids end in ``name``: ``vpc-a``, ``eni-a``, ``rtb-a``…"""
    block = Cidr.parse(cidr)
    default = Route(ANY_IPV4, Target(TargetKind.INTERNET_GATEWAY, f"igw-{name}"))
    common: dict[str, Any] = {"account": account, "region": REGION}
    table = RouteTable(
        id=f"rtb-{name}",
        vpc_id=f"vpc-{name}",
        associations=(RouteTableAssociation(f"rtbassoc-{name}", f"subnet-{name}"),),
        **common,
    )
    return [
        Vpc(id=f"vpc-{name}", cidr_associations=(CidrAssociation(f"vpc-cidr-assoc-{name}", block),), **common),
        Subnet(
            id=f"subnet-{name}",
            vpc_id=f"vpc-{name}",
            cidr=block.subnet(0, block.prefix_length + 4),
            zone_name="ap-northeast-1a",
            zone_id="apne1-az4",
            **common,
        ),
        InternetGateway(id=f"igw-{name}", vpc_id=f"vpc-{name}", **common),
        RouteTable(
            id=f"rtb-{name}-main",
            vpc_id=f"vpc-{name}",
            associations=(RouteTableAssociation(f"rtbassoc-{name}-main"),),
            **common,
        ),
        table,
        *(TableRoute.of(table, route) for route in (default, *routes)),
        SecurityGroup(
            id=f"sg-{name}",
            vpc_id=f"vpc-{name}",
            name=f"{name}-sg",
            description="ping",
            rules=(ALL_ICMP, ALL_OUT),
            **common,
        ),
        *instance(name, address, public=public, account=account),
    ]


def instance(
    name: str, address: str, *, vpc: str | None = None, public: str | None = None, account: str = ACCOUNT
) -> list[Resource]:
    """A running instance ``i-name`` with the interface ``eni-name`` in the VPC's subnet."""
    vpc = vpc or name
    return [
        Instance(
            id=f"i-{name}",
            account=account,
            region=REGION,
            tags={"Name": f"{name}-EC2"},
            reservation_id=f"r-{name}",
            image_id="ami-1",
            instance_type="t2.micro",
            state=InstanceState.RUNNING,
            launched_at=NOW,
        ),
        NetworkInterface(
            id=f"eni-{name}",
            account=account,
            region=REGION,
            vpc_id=f"vpc-{vpc}",
            subnet_id=f"subnet-{vpc}",
            mac_address="06:00:00:00:00:01",
            private_addresses=(Address.parse(address),),
            group_ids=(f"sg-{vpc}",),
            public_address=Address.parse(public) if public else None,
            attachment=Attachment(id=f"eni-attach-{name}", owner_id=f"i-{name}", device_index=0, attached_at=NOW),
        ),
    ]


def elastic_ip(interface: NetworkInterface, public: str, private: str | None = None, **more: Any) -> ElasticIp:
    """``eipalloc-198.18.0.77``, associated with a private address of the interface: the primary one, or ``private``."""
    return ElasticIp(
        id=f"eipalloc-{public}",
        account=interface.account,
        region=interface.region,
        public_address=Address.parse(public),
        association=AddressAssociation(
            id=f"eipassoc-{public}",
            interface_id=interface.id,
            private_address=Address.parse(private) if private else interface.private_addresses[0],
        ),
        **more,
    )


def peering(a: str, b: str, status: PeeringStatus = PeeringStatus.ACTIVE, *, account_b: str = ACCOUNT) -> Peering:
    """``pcx-ab`` between ``vpc-a`` and ``vpc-b``."""
    return Peering(
        id=f"pcx-{a}{b}",
        account=ACCOUNT,
        region=REGION,
        requester=PeeringSide(account=ACCOUNT, region=REGION, vpc_id=f"vpc-{a}"),
        accepter=PeeringSide(account=account_b, region=REGION, vpc_id=f"vpc-{b}"),
        status=status,
        requested_at=NOW,
    )


def with_routes(network: Network, table_id: str, *routes: Route) -> Network:
    """The network with these routes in the table, and no others."""
    table = network.route_tables[table_id]
    new = tuple(TableRoute.of(table, route) for route in routes)
    return network.apply(Change(puts=new, deletes=tuple(network.routes_in(table_id))))


def to_peering(cidr: str, pcx: str) -> Route:
    return Route(Cidr.parse(cidr), Target(TargetKind.PEERING, pcx))


def three_vpcs() -> Network:
    """The walkthrough after its third experiment: A-B and A-C peered, routes everywhere, B to C through A included."""
    return Network.of(
        *vpc_with_instance(
            "a",
            "10.20.0.0/16",
            "10.20.0.207",
            public="198.18.0.10",
            routes=(to_peering("10.30.0.0/16", "pcx-ab"), to_peering("10.120.0.0/16", "pcx-ac")),
        ),
        *vpc_with_instance(
            "b",
            "10.30.0.0/16",
            "10.30.4.69",
            public="198.18.0.11",
            routes=(to_peering("10.20.0.0/16", "pcx-ab"), to_peering("10.120.0.0/16", "pcx-ab")),
        ),
        *vpc_with_instance(
            "c",
            "10.120.0.0/16",
            "10.120.3.14",
            account="222222222222",
            routes=(to_peering("10.20.0.0/16", "pcx-ac"), to_peering("10.30.0.0/16", "pcx-ac")),
        ),
        peering("a", "b"),
        peering("a", "c", account_b="222222222222"),
    )


def ping(source: str, destination: str) -> Packet:
    """An echo request."""
    return Packet(
        source=Address.parse(source),
        destination=Address.parse(destination),
        protocol=ICMP,
        source_port=7,
        destination_port=7,
        icmp_type=ECHO_REQUEST,
    )
