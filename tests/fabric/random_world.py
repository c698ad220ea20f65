"""Random networks and random packets in them, from a seed: small, dense, and leaning towards what decides a fate."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4, Address, Cidr
from realvpc.net.icmp import has_identifier
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.packet import Packet
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ICMP, ICMPV6, TCP, UDP, GroupReference, SecurityGroup
from realvpc.net.security_group import SecurityGroupRule as Rule
from realvpc.net.services import METADATA, RESOLVER, identity_of
from realvpc.net.subnet import Subnet
from realvpc.net.trace import INTERNET, SERVICES, Trace
from realvpc.net.vpc import CidrAssociation, Vpc

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ANY_IPV6 = Cidr.parse("::/0")
MAX_INTERFACES = 14  # and a device each
REGIONS = ("ap-northeast-1", "us-east-1")
BLOCKS = ("10.0.0.0/16", "10.0.0.0/16", "10.1.0.0/16", "172.16.0.0/20", "20.0.0.0/16")
SECONDARY = "100.64.0.0/20"
PORTS = (0, 22, 80, 443, 40000, 65535)
INTERNET_HOSTS = ("198.19.0.1", "203.0.113.9", "8.8.8.8")
BORDERS = (  # the last and first addresses of what is private or never forwarded, and their neighbours
    *("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", "100.63.255.255", "100.64.0.0", "100.127.255.255"),
    *("100.128.0.0", "126.255.255.255", "127.0.0.0", "128.0.0.0", "169.253.255.255", "169.254.0.0", "169.255.0.0"),
    *("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "192.167.255.255", "192.168.0.0"),
    *("192.168.255.255", "192.169.0.0", "223.255.255.255", "224.0.0.0", "0.255.255.255", "1.0.0.0"),
)
STRANGE = ("224.0.0.1", "255.255.255.255", "127.0.0.1", "169.254.1.1", "0.1.2.3", "10.0.3.77", "10.9.9.9", "100.64.9.9")
SIZES = (84,) * 8 + (1500, 1501, 8500, 8501, 9001, 9002)


class World:
    """The random choices of one network, in the order in which they are made."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._next = seed << 16
        self.resources: list[Resource] = []
        self.vpcs: list[Vpc] = []
        self.interfaces: list[NetworkInterface] = []
        self.peerings: list[Peering] = []
        self.groups: dict[str, list[str]] = {}
        self._public = 0
        self._make()
        self.network = Network.of(*self.resources)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _id(self, prefix: str) -> str:
        self._next += 1
        return f"{prefix}-0{self._next:016x}"

    def _add(self, kind: type[Any], prefix: str, region: str, **fields: Any) -> Any:
        row = kind(id=self._id(prefix), account="111111111111", region=region, **fields)
        self.resources.append(row)
        return row

    def _make(self) -> None:
        for _ in range(self.random.randint(2, 4)):
            self._vpc()
        for _ in range(self.random.randint(1, 4)):
            self._peering()
        for vpc in self.vpcs:
            self.groups[vpc.id] = [self._id("sg") for _ in range(self.random.randint(1, 2))]
        for vpc in self.vpcs:
            self._security_groups(vpc)
            self._subnets(vpc)
        self._route_tables()

    def _vpc(self) -> None:
        blocks = [self.random.choice(BLOCKS)] + [SECONDARY] * self.chance(0.2)
        associations = tuple(CidrAssociation(self._id("vpc-cidr-assoc"), Cidr.parse(block)) for block in blocks)
        region = REGIONS[self.chance(0.3)]
        self.vpcs.append(
            self._add(Vpc, "vpc", region, cidr_associations=associations, enable_dns_support=self.chance(0.8))
        )
        if self.chance(0.8):
            self._add(InternetGateway, "igw", region, vpc_id=self.vpcs[-1].id)

    def _peering(self) -> None:
        near, far = self.random.sample(self.vpcs, 2)
        sides = [PeeringSide(account=vpc.account, region=vpc.region, vpc_id=vpc.id) for vpc in (near, far)]
        status = self.random.choice(
            [PeeringStatus.ACTIVE] * 4 + [PeeringStatus.PENDING_ACCEPTANCE, PeeringStatus.DELETED]
        )
        fields: dict[str, Any] = {"requester": sides[0], "accepter": sides[1], "status": status, "requested_at": NOW}
        self.peerings.append(self._add(Peering, "pcx", near.region, **fields))

    def _security_groups(self, vpc: Vpc) -> None:
        for group_id in self.groups[vpc.id]:
            rules = [
                self._rule(vpc, is_egress) for is_egress in (False, True) for _ in range(self.random.randint(0, 4))
            ]
            if self.chance(0.6):
                rules.append(_rule(self._id("sgr"), True, ALL_PROTOCOLS, -1, -1, ANY_IPV4))
            if self.chance(0.3):
                rules.append(_rule(self._id("sgr"), False, ALL_PROTOCOLS, -1, -1, ANY_IPV4))
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
            low, high = self.random.choice((0, 3, 8, 13)), self.random.choice((-1, 0, 1))
        peer: Cidr | GroupReference
        if self.chance(0.3):
            owner = self.random.choice(self.vpcs)
            group_id = self.random.choice([*self.groups[owner.id], "sg-0000000000000dead"])
            peer = GroupReference(group_id, owner.account)
        elif self.chance(0.5):
            peer = ANY_IPV4
        else:
            peer = self.random.choice(
                [
                    ANY_IPV6,
                    *(Cidr.parse(text) for text in ("10.0.0.0/8", "20.0.0.0/17", "198.18.0.0/15", "10.0.0.4/31")),
                ]
            )
        return _rule(self._id("sgr"), is_egress, protocol, low, high, peer)

    def _subnets(self, vpc: Vpc) -> None:
        for index in range(self.random.randint(1, 2)):
            cidr = self.random.choice(vpc.cidrs).subnet(index, 24)
            if any(isinstance(row, Subnet) and row.vpc_id == vpc.id and row.cidr == cidr for row in self.resources):
                continue
            zone = {"zone_name": f"{vpc.region}a", "zone_id": "az1"}
            subnet = self._add(Subnet, "subnet", vpc.region, vpc_id=vpc.id, cidr=cidr, **zone)
            for place in range(self.random.randint(1, 3)):
                if len(self.interfaces) < MAX_INTERFACES:
                    self._interface(vpc, subnet, place)

    def _interface(self, vpc: Vpc, subnet: Subnet, place: int) -> None:
        addresses = [subnet.cidr.at(4 + place)] + [subnet.cidr.at(20 + place)] * self.chance(0.2)
        attachment = None
        if self.chance(0.95):
            state = self.random.choice([InstanceState.RUNNING] * 8 + [InstanceState.PENDING, InstanceState.STOPPED])
            fields: dict[str, Any] = {"image_id": "ami-1", "instance_type": "t2.micro", "launched_at": NOW}
            machine = self._add(Instance, "i", vpc.region, reservation_id="r-1", state=state, **fields)
            attachment = Attachment(id="eni-attach-1", owner_id=machine.id, device_index=0, attached_at=NOW)
        public = None
        if self.chance(0.6):
            self._public += 1
            public = Address.parse(f"198.18.0.{self._public}" if self.chance(0.95) else f"10.200.0.{self._public}")
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
                group_ids=tuple(groups),
                source_dest_check=self.chance(0.7),
                public_address=public,
                attachment=attachment,
            )
        )

    def _route_tables(self) -> None:
        for vpc in self.vpcs:
            subnets = [row.id for row in self.resources if isinstance(row, Subnet) and row.vpc_id == vpc.id]
            chosen = [subnet_id for subnet_id in subnets if self.chance(0.5)]
            for associated in ([None], chosen):
                if associated:
                    associations = tuple(RouteTableAssociation(self._id("rtbassoc"), to) for to in associated)
                    routes = self._routes(vpc)
                    table = self._add(RouteTable, "rtb", vpc.region, vpc_id=vpc.id, associations=associations)
                    self.resources += [TableRoute.of(table, route) for route in routes]
        self._chain()

    def _chain(self) -> None:
        """Some routes lead on to another table, or round in a circle."""
        tables = [Target(TargetKind.ROUTE_TABLE, row.id) for row in self.resources if isinstance(row, RouteTable)]
        tables.append(Target(TargetKind.ROUTE_TABLE, "rtb-0000000000000dead"))
        chained = {table.id for table in tables if self.chance(0.4)}
        for place, row in enumerate(self.resources):
            if isinstance(row, TableRoute) and row.route_table_id in chained and self.chance(0.4):
                self.resources[place] = replace(row, route=replace(row.route, target=self.random.choice(tables)))

    def _routes(self, vpc: Vpc) -> tuple[Route, ...]:
        """To everywhere, to the other VPCs, and to whatever else may be a target; each destination once."""
        gateways = [
            Target(TargetKind.INTERNET_GATEWAY, row.id) for row in self.resources if isinstance(row, InternetGateway)
        ]
        own = [t for t, row in zip(gateways, _gateways(self.resources), strict=True) if row.vpc_id == vpc.id]
        peerings = [Target(TargetKind.PEERING, p.id) for p in self.peerings if p.far_side(vpc.id)]
        inside = [Target(TargetKind.NETWORK_INTERFACE, i.id) for i in self.interfaces if i.vpc_id == vpc.id]
        any_target = [*gateways[:1], *peerings, *inside, Target(TargetKind.PEERING, "pcx-0000000000000dead")]
        routes = {}
        if own and self.chance(0.85):
            routes[ANY_IPV4] = own[0]
        if self.chance(0.2):
            routes[ANY_IPV6] = self.random.choice([*own, *any_target])
        for block in ("10.0.0.0/16", "10.1.0.0/16", "172.16.0.0/20", "20.0.0.0/16", "10.0.0.0/8", "198.18.0.0/28"):
            if self.chance(0.6):
                routes[Cidr.parse(block)] = self.random.choice(peerings * 2 + any_target)
        for near in self.network_blocks(vpc):
            if inside and self.chance(0.2):
                routes[near] = self.random.choice(inside)
        return tuple(Route(destination, target) for destination, target in routes.items())

    def network_blocks(self, vpc: Vpc) -> list[Cidr]:
        return [row.cidr for row in self.resources if isinstance(row, Subnet) and row.vpc_id == vpc.id]

    # -- packets -------------------------------------------------------------------------------------------------

    def packet(self, past: list[tuple[str, Trace]]) -> tuple[Packet, str]:
        """A packet and where it enters.  ``past`` has what was delivered so far, and where that entered."""
        if past and self.chance(0.35):
            return self._answer(*self.random.choice(past[-30:]))
        if past and self.chance(0.15):
            at, trace = self.random.choice(past)
            return trace.sent, at
        if self.chance(0.1):
            return self._asking()
        if self.chance(0.15):
            source = Address.parse(self.random.choice([*INTERNET_HOSTS * 10, "10.0.0.4", *BORDERS]))
            return self._between(source, self._destination(public=0.9)), INTERNET
        if self.chance(0.01):
            return self._between(Address.parse("10.0.0.4"), self._destination()), self._id("eni")
        sender = self.random.choice(self.interfaces)
        source = sender.private_address
        if self.chance(0.15):
            resolver = next(row for row in self.vpcs if row.id == sender.vpc_id).resolver
            source = self.random.choice([*sender.private_addresses, self._destination(), self._destination(), resolver])
        return self._between(source, self._destination()), sender.id

    def _asking(self) -> tuple[Packet, str]:
        """To the resolver or the metadata service, or from there to anybody."""
        interface = self.random.choice(self.interfaces)
        service = self.random.choice((METADATA, RESOLVER, interface.private_address))
        if self.chance(0.1):
            identity = identity_of(self.random.choice([interface.id, self._id("eni")]), of_vpc_address=self.chance(0.5))
            return self._between(service, self.random.choice([identity, interface.private_address])), SERVICES
        vpc = next(row for row in self.vpcs if row.id == interface.vpc_id)
        source = self.random.choice([*interface.private_addresses, interface.private_address, self._destination()])
        packet = self._between(source, self.random.choice([METADATA, RESOLVER, vpc.resolver]))
        if packet.protocol in (TCP, UDP):
            packet = replace(packet, destination_port=self.random.choice((53, 53, 80, 443)))
        return packet, interface.id

    def _destination(self, public: float = 0.2) -> Address:
        receiver = self.random.choice(self.interfaces)
        if self.chance(0.15):
            return Address.parse(self.random.choice([*INTERNET_HOSTS * 4, *STRANGE * 2, *BORDERS]))
        if receiver.public_address is not None and self.chance(public):
            return receiver.public_address
        return self.random.choice(receiver.private_addresses)

    def _between(self, source: Address, destination: Address) -> Packet:
        protocol = self.random.choice((ICMP, ICMP, TCP, TCP, UDP, UDP, 47, 132))
        fields: dict[str, Any] = {"source": source, "destination": destination, "size": self.random.choice(SIZES)}
        if protocol == ICMP:
            return self._icmp(fields)
        ports = self.random.choices(PORTS, k=2) if protocol in (TCP, UDP) else (0, 0)
        return Packet(protocol=protocol, source_port=ports[0], destination_port=ports[1], **fields)

    def _icmp(self, fields: dict[str, Any]) -> Packet:
        if self.chance(0.15):
            quoted = Packet(
                source=self._destination(), destination=self._destination(), protocol=UDP, destination_port=80
            )
            return Packet(protocol=ICMP, icmp_type=3, icmp_code=3, quoted=quoted, **fields)
        fields["icmp_type"] = kind = self.random.choice((8, 8, 8, 0, 13, 14, 40, 41))
        fields["icmp_code"] = self.random.choice((0, 0, 0, 1))
        identifier = self.random.randint(1, 3) if has_identifier(ICMP, kind) else 0
        return Packet(protocol=ICMP, source_port=identifier, destination_port=identifier, **fields)

    def _answer(self, entered: str, trace: Trace) -> tuple[Packet, str]:
        """The reply, or an ICMP error about it, from where the packet arrived; sometimes what comes next that way."""
        assert trace.delivered_to is not None
        arrived = trace.packet
        if self.chance(0.25) and arrived.quoted is None:
            error = Packet(
                source=arrived.destination,
                destination=arrived.source,
                protocol=ICMP,
                icmp_type=self.random.choice((3, 11)),
                icmp_code=self.random.randint(0, 4),
                quoted=arrived,
            )
            return error, trace.delivered_to
        if arrived.quoted is not None or self.chance(0.1):
            return trace.sent, entered
        if arrived.protocol == ICMP and self.chance(0.3):  # no answer, although it has the same identifier
            kind = self.random.choice(
                [kind for kind in (0, 8, 13, 14) if has_identifier(ICMP, arrived.icmp_type)] or [40]
            )
            return replace(arrived.reply(), icmp_type=kind, icmp_code=self.random.choice((0, 1))), trace.delivered_to
        return arrived.reply(), trace.delivered_to


def _gateways(resources: list[Resource]) -> list[InternetGateway]:
    return [row for row in resources if isinstance(row, InternetGateway)]


def _rule(rule_id: str, is_egress: bool, protocol: int, low: int, high: int, peer: Cidr | GroupReference) -> Rule:
    return Rule(id=rule_id, is_egress=is_egress, protocol=protocol, from_port=low, to_port=high, peer=peer)
