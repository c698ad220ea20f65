"""Random networks and random packets in them, from a seed: small, dense, and leaning towards what decides a fate."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from random import Random
from typing import Any

from msgspec.structs import replace

from realvpc.net import nat64
from realvpc.net.addresses import ANY_IPV4, ANY_IPV6, Address, Cidr
from realvpc.net.aws_prefix_lists import aws_prefix_lists
from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.instance import Instance, InstanceState, MetadataOptions
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.prefix_list import AddressFamily, PrefixList, PrefixListEntry
from realvpc.net.resource import Resource
from realvpc.net.route_table import (
    PrefixListRoute,
    Route,
    RouteTable,
    RouteTableAssociation,
    TableRoute,
    Target,
    TargetKind,
)
from realvpc.net.security_group import (
    ALL_PROTOCOLS,
    ICMP,
    ICMPV6,
    TCP,
    UDP,
    GroupReference,
    Peer,
    PrefixListReference,
    SecurityGroup,
    SecurityGroupVpcAssociation,
)
from realvpc.net.security_group import SecurityGroupRule as Rule
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import CidrAssociation, Ipv6CidrAssociation, Vpc

from .random_access import RandomAccess
from .random_endpoints import add_appliances
from .random_flow_logs import flow_logs
from .random_nat import add_nat_gateway, map_addresses, nat_targets, over_peering_through_nat
from .random_packets import PORTS, RandomPackets
from .random_private_link import add_vpc_endpoint
from .random_vpc_endpoints import add_gateway_endpoints

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MAX_INTERFACES = 14
ACCOUNTS = ("111111111111", "222222222222")
REGIONS = ("ap-northeast-1", "us-east-1")
BLOCKS = ("10.0.0.0/16", "10.0.0.0/16", "10.1.0.0/16", "172.16.0.0/20", "20.0.0.0/16")
SECONDARY = "100.64.0.0/20"
UNIQUE_LOCAL = "fd00:1::/56"  # as private as 10.0.0.0/16, and as often there
PEERS = ("10.0.0.0/8", "20.0.0.0/17", "198.18.0.0/15", "10.0.0.4/31")
IPV6_PEERS = ("2001:db8::/32", "2001:db8:1::/48", "2001:2::/48", "2001:db8:1::4/127", "fd00::/8", "::/1")


class World(RandomPackets, RandomAccess):
    """The random choices of one network, in the order in which they are made."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._next = seed << 16
        self.account = ACCOUNTS[0]  # whose the rows are that are made now
        self.resources: list[Resource] = []
        self.vpcs: list[Vpc] = []
        self.interfaces: list[NetworkInterface] = []
        self.gateway_subnets: set[str] = set()
        self.gateway_interfaces: list[NetworkInterface] = []  # of NAT gateways
        self.endpoint_interfaces: list[NetworkInterface] = []
        self.elastic_ips: list[ElasticIp] = []
        self.peerings: list[Peering] = []
        self.groups: dict[str, list[str]] = {}
        self.prefix_lists: list[PrefixList] = []
        self._public = 0
        self._make()
        self.network = Network.of(*self.resources)

    def _id(self, prefix: str) -> str:
        self._next += 1
        return f"{prefix}-0{self._next:016x}"

    def _add(self, kind: type[Any], prefix: str, region: str, **fields: Any) -> Any:
        row = kind(id=self._id(prefix), account=self.account, region=region, **fields)
        self.resources.append(row)
        return row

    def _make(self) -> None:
        for _ in range(self.random.randint(2, 4)):
            self._vpc()
        for _ in range(self.random.randint(1, 4)):
            self._peering()
        for _ in range(2):
            self.prefix_lists.append(self._add(PrefixList, "pl", "us-east-1", **self.prefix_list_fields()))
        for vpc in self.vpcs:
            self.groups[vpc.id] = [self._id("sg") for _ in range(self.random.randint(1, 2))]
        for vpc in self.vpcs:
            self.account = vpc.account
            self._security_groups(vpc)
            self._subnets(vpc)
        self._route_tables()
        groups = [row for row in self.resources if isinstance(row, SecurityGroup) and self.chance(0.2)]
        self.resources += [self.vpc_association(group) for group in groups]
        self._block_public_access()
        self.resources += flow_logs(self.resources, self.random)
        add_appliances(self)

    def vpc_association(self, group: SecurityGroup) -> SecurityGroupVpcAssociation:
        return SecurityGroupVpcAssociation.of(group, self.random.choice(self.vpcs).id)

    def _block_public_access(self) -> None:
        self.resources += [self.block_options(*place) for place in product(ACCOUNTS, REGIONS) if self.chance(0.3)]
        places = [row for row in self.resources if isinstance(row, Vpc | Subnet)]
        self.resources += [self.exclusion(place) for place in places if self.chance(0.15)]

    def _vpc(self) -> None:
        blocks = [self.random.choice(BLOCKS)] + [SECONDARY] * self.chance(0.2)
        associations = tuple(CidrAssociation(self._id("vpc-cidr-assoc"), Cidr.parse(block)) for block in blocks)
        region, self.account = REGIONS[self.chance(0.3)], ACCOUNTS[self.chance(0.3)]
        ipv6 = self._ipv6_block() if self.chance(0.7) else ()
        fields: dict[str, Any] = {"enable_dns_support": self.chance(0.8), "ipv6_cidr_associations": ipv6}
        self.vpcs.append(self._add(Vpc, "vpc", region, cidr_associations=associations, **fields))
        if self.chance(0.8):
            self._add(InternetGateway, "igw", region, vpc_id=self.vpcs[-1].id)
        if self.chance(0.5):
            self._add(EgressOnlyInternetGateway, "eigw", region, vpc_id=self.vpcs[-1].id)
        if self.chance(0.15):
            pristine = NetworkAcl.default_of(self.vpcs[-1])
            self.resources.append(replace(pristine, entries=self.acl_entries()))

    def _ipv6_block(self) -> tuple[Ipv6CidrAssociation, ...]:
        block = UNIQUE_LOCAL if self.chance(0.15) else f"2001:db8:{len(self.vpcs) + 1}::/56"
        return (Ipv6CidrAssociation(self._id("vpc-cidr-assoc"), Cidr.parse(block)),)

    def _peering(self) -> None:
        near, far = self.random.sample(self.vpcs, 2)
        self.account = near.account
        sides = [PeeringSide(account=vpc.account, region=vpc.region, vpc_id=vpc.id) for vpc in (near, far)]
        ended = [PeeringStatus.PENDING_ACCEPTANCE, PeeringStatus.DELETED]
        status = self.random.choice([PeeringStatus.ACTIVE] * 4 + ended)
        fields: dict[str, Any] = {"requester": sides[0], "accepter": sides[1], "status": status, "requested_at": NOW}
        self.peerings.append(self._add(Peering, "pcx", near.region, **fields))

    def prefix_list_fields(self) -> dict[str, Any]:
        blocks = ("10.0.0.0/8", "10.1.0.0/16", "172.16.0.0/20", "198.18.0.0/28", "203.0.113.0/24", "0.0.0.0/0", "::/0")
        chosen = sorted(Cidr.parse(block) for block in self.random.sample(blocks, self.random.randint(0, 3)))
        entries = tuple(map(PrefixListEntry, chosen))
        return {"name": "list", "address_family": AddressFamily.IPV4, "max_entries": 10, "entries": entries}

    def _security_groups(self, vpc: Vpc) -> None:
        for group_id in self.groups[vpc.id]:
            rules = [
                self._rule(vpc, is_egress) for is_egress in (False, True) for _ in range(self.random.randint(0, 4))
            ]
            if self.chance(0.6):
                rules.append(_rule(self._id("sgr"), True, ALL_PROTOCOLS, -1, -1, ANY_IPV4))
            if self.chance(0.6):
                rules.append(_rule(self._id("sgr"), True, ALL_PROTOCOLS, -1, -1, ANY_IPV6))
            for everywhere in (ANY_IPV4, ANY_IPV6):
                if self.chance(0.3):
                    rules.append(_rule(self._id("sgr"), False, ALL_PROTOCOLS, -1, -1, everywhere))
            if self.chance(0.05):  # more than one chunk
                rules += [_rule(self._id("sgr"), False, TCP, port, port, ANY_IPV4) for port in range(30, 60)]
            self.random.shuffle(rules)
            group = SecurityGroup(
                id=group_id,
                account=vpc.account,
                region=vpc.region,
                vpc_id=vpc.id,
                name="group",
                description="",
                rules=tuple(rules),
            )
            self.resources.append(group)

    def _rule(self, vpc: Vpc, is_egress: bool) -> Rule:
        protocol = self.random.choice((ALL_PROTOCOLS, TCP, TCP, UDP, UDP, ICMP, ICMP, ICMPV6, 47))
        low, high = -1, -1
        if protocol in (TCP, UDP):
            low, high = sorted(self.random.choices(PORTS, k=2)) if self.chance(0.7) else (0, 65535)
        elif protocol in (ICMP, ICMPV6) and self.chance(0.6):
            low, high = self.random.choice((0, 3, 8, 13, 1, 128, 129)), self.random.choice((-1, 0, 1))
        peer: Peer
        if self.chance(0.15):
            of_s3 = (row for row in aws_prefix_lists("us-east-1") if row.name.endswith(".s3"))
            named = [*self.prefix_lists, *of_s3]
            peer = PrefixListReference(self.random.choice(named).id)
        elif self.chance(0.3):
            owner = self.random.choice(self.vpcs)
            group_id = self.random.choice([*self.groups[owner.id], "sg-0000000000000dead"])
            peer = GroupReference(group_id, owner.account)
        elif self.chance(0.6):
            peer = self.random.choice((ANY_IPV4, ANY_IPV6))
        else:
            peer = Cidr.parse(self.random.choice(PEERS + IPV6_PEERS))
        return _rule(self._id("sgr"), is_egress, protocol, low, high, peer)

    def _subnets(self, vpc: Vpc) -> None:
        for index in range(self.random.randint(1, 2)):
            is_native = bool(vpc.ipv6_cidrs) and self.chance(0.2)
            cidr = None if is_native else self.random.choice(vpc.cidrs).subnet(index, 24)
            if cidr in self.network_blocks(vpc):
                continue
            zone: dict[str, Any] = {"zone_name": f"{vpc.region}a", "zone_id": "az1"}
            if is_native or (vpc.ipv6_cidrs and self.chance(0.85)):
                block = Ipv6CidrAssociation(self._id("subnet-cidr-assoc"), vpc.ipv6_cidrs[0].subnet(index, 64))
                zone["ipv6_cidr_associations"] = (block,)
            acl = self._network_acl(vpc) if self.chance(0.4) else None
            subnet = self._add(Subnet, "subnet", vpc.region, vpc_id=vpc.id, cidr=cidr, network_acl_id=acl, **zone)
            for place in range(self.random.randint(1, 3)):
                if len(self.interfaces) < MAX_INTERFACES:
                    self._interface(vpc, subnet, place)
        if self.chance(0.6):
            add_nat_gateway(self, vpc)
        add_vpc_endpoint(self, vpc)

    def _network_acl(self, vpc: Vpc) -> str:
        """The id of a new one."""
        return str(self._add(NetworkAcl, "acl", vpc.region, vpc_id=vpc.id, entries=self.acl_entries()).id)

    def acl_entries(self) -> tuple[AclEntry, ...]:
        entries = [self.acl_entry(100 * place, is_egress) for place in range(1, 4) for is_egress in (False, True)]
        if self.chance(0.1):  # more than one chunk
            entries += [
                AclEntry(number=place, is_egress=False, allows=True, protocol=TCP, cidr=ANY_IPV4, low=place, high=place)
                for place in range(1, 20)
            ]
        return tuple(sorted(entries))

    def acl_entry(self, number: int, is_egress: bool) -> AclEntry:
        protocol = self.random.choice((ALL_PROTOCOLS, ALL_PROTOCOLS, TCP, TCP, UDP, ICMP, ICMP, ICMPV6, 47))
        cidr = self.random.choice([ANY_IPV4, ANY_IPV6] * 5 + list(map(Cidr.parse, PEERS + IPV6_PEERS)))
        low, high = -1, -1
        if protocol in (TCP, UDP):
            low, high = sorted(self.random.choices(PORTS, k=2)) if self.chance(0.6) else (0, 65535)
        elif (protocol == ICMP or (protocol == ICMPV6 and not cidr.is_ipv4)) and self.chance(0.5):
            low, high = self.random.choice((0, 3, 8, 13, 1, 128, 129)), self.random.choice((-1, 0, 1))
        allows = self.chance(0.75)
        return AclEntry(
            is_egress=is_egress, number=number, allows=allows, protocol=protocol, cidr=cidr, low=low, high=high
        )

    def _interface(self, vpc: Vpc, subnet: Subnet, place: int) -> None:
        cidr, block = subnet.cidr, subnet.ipv6_cidr
        addresses = [cidr.at(4 + place)] + [cidr.at(20 + place)] * self.chance(0.2) if cidr else []
        ipv6 = [block.at(4 + place)] * self.chance(0.9) + [block.at(20 + place)] * self.chance(0.2) if block else []
        attachment = None
        if self.chance(0.95):
            state = self.random.choice([InstanceState.RUNNING] * 8 + [InstanceState.PENDING, InstanceState.STOPPED])
            fields: dict[str, Any] = {"image_id": "ami-1", "launched_at": NOW}
            fields["instance_type"] = self.random.choice(("t2.micro", "t3.micro", "t3.micro"))
            enabled = self.random.choice(("disabled", "enabled"))
            fields["metadata_options"] = MetadataOptions(http_protocol_ipv6=enabled)
            machine = self._add(Instance, "i", vpc.region, reservation_id="r-1", state=state, **fields)
            attachment = Attachment(id="eni-attach-1", owner_id=machine.id, device_index=0, attached_at=NOW)
        elastic = [private for private in addresses if self.chance(0.3)]
        public = self._public_address() if self.chance(0.5) and addresses and addresses[0] not in elastic else None
        groups = self.random.sample(self.groups[vpc.id], self.random.randint(1, len(self.groups[vpc.id])))
        self.interfaces.append(
            self._add(
                NetworkInterface,
                "eni",
                vpc.region,
                vpc_id=vpc.id,
                subnet_id=subnet.id,
                mac_address=f"06:00:00:00:00:{len(self.interfaces):02x}",
                private_addresses=tuple(addresses),
                ipv6_addresses=tuple(ipv6),
                ipv6_prefixes=(block.subnet(8 + place, 80),) if block and self.chance(0.3) else (),
                ipv4_prefixes=(cidr.subnet(8 + place, 28),) if cidr and self.chance(0.2) else (),
                group_ids=tuple(groups),
                source_dest_check=self.chance(0.7),
                public_address=public,
                attachment=attachment,
            )
        )
        map_addresses(self, vpc, self.interfaces[-1], elastic)

    def _public_address(self) -> Address:
        self._public += 1
        return Address.parse(f"198.18.0.{self._public}" if self.chance(0.95) else f"10.200.0.{self._public}")

    def _route_tables(self) -> None:
        for vpc in self.vpcs:
            self.account = vpc.account
            subnets = [row.id for row in self.resources if isinstance(row, Subnet) and row.vpc_id == vpc.id]
            gateway_subnets = [subnet_id for subnet_id in subnets if subnet_id in self.gateway_subnets]
            chosen = [each for each in subnets if each not in gateway_subnets and self.chance(0.5)]
            for associated in ([None], chosen, gateway_subnets):
                if associated:
                    associations = tuple(RouteTableAssociation(self._id("rtbassoc"), to) for to in associated)
                    routes = self._routes(vpc, through_nat=0.1 if associated is gateway_subnets else 0.7)
                    table = self._add(RouteTable, "rtb", vpc.region, vpc_id=vpc.id, associations=associations)
                    self.resources += [TableRoute.of(table, route) for route in routes]
                    self.resources += self.prefix_list_routes(vpc, table)
        self._chain()
        for gateway in _gateways(self.resources):
            vpc = next(row for row in self.vpcs if row.id == gateway.vpc_id)
            self.account = vpc.account
            if self.chance(0.4):
                to_gateway = (RouteTableAssociation(self._id("rtbassoc"), gateway_id=gateway.id),)
                table = self._add(RouteTable, "rtb", vpc.region, vpc_id=vpc.id, associations=to_gateway)
                self.resources += [TableRoute.of(table, route) for route in self.gateway_routes(vpc)]
        add_gateway_endpoints(self)

    def gateway_routes(self, vpc: Vpc) -> list[Route]:
        """To appliances, for what lies in the VPC."""
        inside = [Target(TargetKind.NETWORK_INTERFACE, i.id) for i in self.interfaces if i.vpc_id == vpc.id]
        inside.append(Target(TargetKind.NETWORK_INTERFACE, "eni-0000000000000dead"))
        blocks = [block for block in (*self.network_blocks(vpc), *vpc.cidrs) if self.chance(0.4)]
        return [Route(block, self.random.choice(inside)) for block in blocks]

    def _chain(self) -> None:
        """Some routes lead on to another table, or round in a circle."""
        tables = [Target(TargetKind.ROUTE_TABLE, row.id) for row in self.resources if isinstance(row, RouteTable)]
        tables.append(Target(TargetKind.ROUTE_TABLE, "rtb-0000000000000dead"))
        chained = {table.id for table in tables if self.chance(0.4)}
        for place, row in enumerate(self.resources):
            if isinstance(row, TableRoute) and row.route_table_id in chained and self.chance(0.4):
                self.resources[place] = replace(row, route=replace(row.route, target=self.random.choice(tables)))

    def _routes(self, vpc: Vpc, *, through_nat: float = 0.5) -> tuple[Route, ...]:
        """To everywhere, to the other VPCs, and to whatever else may be a target; each destination once."""
        gateways = [
            Target(TargetKind.INTERNET_GATEWAY, row.id) for row in self.resources if isinstance(row, InternetGateway)
        ]
        own = [t for t, row in zip(gateways, _gateways(self.resources), strict=True) if row.vpc_id == vpc.id]
        peerings = [Target(TargetKind.PEERING, p.id) for p in self.peerings if p.far_side(vpc.id)]
        inside = [Target(TargetKind.NETWORK_INTERFACE, i.id) for i in self.interfaces if i.vpc_id == vpc.id]
        nats = nat_targets(self.resources, vpc)
        any_target = [*nats, *gateways[:1], *peerings, *inside, Target(TargetKind.PEERING, "pcx-0000000000000dead")]
        routes = {}
        if own and self.chance(0.85):
            routes[ANY_IPV4] = nats[0] if nats and self.chance(through_nat) else own[0]
        routes |= {nat64.BLOCK: self.random.choice(nats)} if nats and self.chance(through_nat) else {}
        routes |= self._ipv6_routes(vpc, own * 2 + self._egress_only_of(vpc) * 3, peerings * 2 + any_target)
        for block in ("10.0.0.0/16", "10.1.0.0/16", "172.16.0.0/20", "20.0.0.0/16", "10.0.0.0/8", "198.18.0.0/28"):
            if self.chance(0.6) and Cidr.parse(block) not in vpc.cidrs:
                routes[Cidr.parse(block)] = self.random.choice(peerings * 2 + any_target)
        routes |= over_peering_through_nat(self, vpc, nats, through_nat)
        if inside and self.chance(0.1):  # in place of a local route
            routes[vpc.primary_cidr] = self.random.choice(inside)
        for near in self.network_blocks(vpc):
            if inside and self.chance(0.2):
                routes[near] = self.random.choice(inside + nats * self.chance(through_nat))
        return tuple(Route(destination, target) for destination, target in routes.items())

    def prefix_list_routes(self, vpc: Vpc, table: RouteTable) -> list[PrefixListRoute]:
        targets = [route.target for route in self._routes(vpc)]
        named = [row for row in self.prefix_lists if targets and self.chance(0.4)]
        return [PrefixListRoute.of(table, row, self.random.choice(targets)) for row in named]

    def _ipv6_routes(self, vpc: Vpc, ways_out: list[Target], any_target: list[Target]) -> dict[Cidr, Target]:
        routes = {}
        if ways_out and self.chance(0.8):
            routes[ANY_IPV6] = self.random.choice(ways_out)
        for block in (
            *(f"2001:db8:{place}::/56" for place in range(1, 5)),
            UNIQUE_LOCAL,
            "2001:db8::/32",
            "2001:2::/60",
        ):
            if self.chance(0.5):
                routes[Cidr.parse(block)] = self.random.choice(any_target + ways_out)
        return routes

    def _egress_only_of(self, vpc: Vpc) -> list[Target]:
        rows = [row for row in self.resources if isinstance(row, EgressOnlyInternetGateway) and row.vpc_id == vpc.id]
        return [Target(TargetKind.EGRESS_ONLY_INTERNET_GATEWAY, row.id) for row in rows]

    def network_blocks(self, vpc: Vpc) -> list[Cidr]:
        return [row.cidr for row in self.ipv4_subnets(vpc) if row.cidr]

    def ipv4_subnets(self, vpc: Vpc) -> list[Subnet]:
        """Those that are not IPv6-only."""
        return [row for row in self.resources if isinstance(row, Subnet) and row.vpc_id == vpc.id and row.cidr]


def _gateways(resources: list[Resource]) -> list[InternetGateway]:
    return [row for row in resources if isinstance(row, InternetGateway)]


def _rule(rule_id: str, is_egress: bool, protocol: int, low: int, high: int, peer: Peer) -> Rule:
    return Rule(id=rule_id, is_egress=is_egress, protocol=protocol, from_port=low, to_port=high, peer=peer)
