"""Random changes of a random world, for the plan that is kept."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from msgspec.structs import replace

from realvpc.api.ec2.public_address import disassociated
from realvpc.net.addresses import Address, Cidr
from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.flow_log import FlowLog
from realvpc.net.instance import Instance, InstanceState, MetadataOptions
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.nat_gateway import NatGateway, NatGatewayState
from realvpc.net.network import Network
from realvpc.net.network_acl import NetworkAcl
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import Peering, PeeringStatus
from realvpc.net.prefix_list import PrefixList
from realvpc.net.resource import Resource
from realvpc.net.route_table import RouteTable, RouteTableAssociation, TableRoute, TargetKind
from realvpc.net.security_group import SecurityGroup, SecurityGroupVpcAssociation
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, delete, put
from realvpc.net.vpc import CidrAssociation, Ipv6CidrAssociation, Vpc
from realvpc.net.vpc_endpoint import VpcEndpoint

from .random_endpoints import APPLIANCES, appliance_changes
from .random_flow_logs import flow_log
from .random_vpc_endpoints import endpoint_changes, endpoint_route_changes
from .random_world import ACCOUNTS, REGIONS, SECONDARY, World

SPARE_BLOCKS = (Cidr.parse(SECONDARY), Cidr.parse("100.64.16.0/20"))


class Changes:
    """Random changes that keep a network whole: what a row needs is there, and addresses are nobody else's."""

    def __init__(self, seed: int) -> None:
        self.seed, self.world = seed, World(seed)
        self.random = Random(seed)
        self.network = self.world.network
        self._all: dict[tuple[type[Any], str], Any] = {(type(row), row.id): row for row in self.world.resources}
        self._public = 200

    def change(self) -> Change:
        """One to three at once."""
        total = Change()
        after = self.network
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            some = self._one(after)
            total, after = total + some, after.apply(some)
        self.network = after
        return total

    def _one(self, network: Network) -> Change:
        steps: tuple[Callable[[Network], Change], ...] = (
            self._interface, self._interface, self._interface_goes_or_comes, self._instance, self._instance,
            self._group, self._group, self._group_goes_or_comes, self._peering, self._gateway, self._route,
            self._route, self._association, self._main, self._table_goes_or_comes, self._vpc, self._tags,
            self._acl, self._acl, self._acl_association, self._elastic_ip, self._elastic_ip,
            self._prefix_list, self._prefix_list, self._prefix_list_route, self._nat_gateway,
            self._appliance,
            self._ipv6_of_vpc, self._ipv6_of_subnet, self._egress_only_comes_or_goes, self._gateway_table,
            self._block_public_access, self._vpc_association, self._flow_log,
            self._vpc_endpoint, self._endpoint_route,
        )  # fmt: skip
        return self.random.choice(steps)(network)

    def _pick(self, network: Network, kind: type[Any]) -> Any:
        rows = sorted(network.table(kind).values(), key=lambda row: row.id)
        return self.random.choice(rows) if rows else None

    def _missing(self, network: Network, kind: type[Any]) -> Any:
        rows = [
            row for (type_, row_id), row in self._all.items() if type_ is kind and row_id not in network.table(kind)
        ]
        return self.random.choice(rows) if rows else None

    def _interface(self, network: Network) -> Change:
        row = self._pick(network, NetworkInterface)
        if row is None:
            return Change()
        self._public += 1
        groups = sorted(group.id for group in network.security_groups_of(row.vpc_id))
        if not groups:  # which an interface of a NAT gateway can do without
            return Change()
        subnet = network.subnets[row.subnet_id]
        free = [each for each in map(subnet.ipv4_link.at, range(40, 44)) if not network.interface_at(row.vpc_id, each)]
        new: dict[str, Any] = self.random.choice(
            [
                {"group_ids": tuple(self.random.sample(groups, self.random.randint(1, len(groups))))},
                {"public_address": self._free_address(network, row)},
                {"source_dest_check": not row.source_dest_check},
                {"attachment": None if row.attachment else self._all[NetworkInterface, row.id].attachment},
                {"private_addresses": (*row.private_addresses[:1], *free[: bool(subnet.cidr)])},
                {"ipv6_addresses": self._ipv6_addresses(network, row)},
                {"tags": {"Name": str(self._public)}},
            ]
        )
        after = replace(row, **new)
        gone = [
            replace(each, association=None)
            for each in network.elastic_ips_of(row.id)
            if each.association and each.association.private_address not in after.private_addresses
        ]
        return put(after, *gone)

    def _ipv6_addresses(self, network: Network, row: NetworkInterface) -> tuple[Address, ...]:
        block = network.subnets[row.subnet_id].ipv6_cidr
        if block is None or self.random.random() < 0.3:
            return ()
        return tuple(each for each in (block.at(40), block.at(41)) if not network.interface_at(row.vpc_id, each))[:1]

    def _free_address(self, network: Network, row: NetworkInterface) -> Address | None:
        """For the primary address: none where it has an Elastic IP address."""
        address = Address.parse(f"198.18.1.{self._public % 256}")
        elastic = network.public_addresses_of(replace(row, public_address=None))
        is_free = not network.public_address_in_use(address) and row.private_address not in elastic
        return address if is_free and self._public % 3 else None

    def _interface_goes_or_comes(self, network: Network) -> Change:
        back = self._missing(network, NetworkInterface)
        if back is not None and all(group in network.security_groups for group in back.group_ids):
            block = network.subnets[back.subnet_id].ipv6_cidr
            back = replace(back, ipv6_addresses=tuple(each for each in back.ipv6_addresses if block and each in block))
            clash = any(network.interface_at(back.vpc_id, address) for address in back.addresses)
            public = back.public_address and network.public_address_in_use(back.public_address)
            return Change() if clash or public else put(back)
        row = self._pick(network, NetworkInterface)
        return delete(row) + put(*disassociated(network, row)) if row else Change()

    def _elastic_ip(self, network: Network) -> Change:
        """One comes, goes, is associated with another address, or with none."""
        self._public += 1
        row: ElasticIp | None = self._pick(network, ElasticIp)
        if row is None or self.random.random() < 0.2:
            address = Address.parse(f"198.18.2.{self._public % 256}")
            fields: dict[str, Any] = {"account": ACCOUNTS[0], "region": "us-east-1", "public_address": address}
            row = ElasticIp(id=f"eipalloc-0{self._public:016x}", **fields)
            return Change() if network.public_address_in_use(address) else put(row)
        if self.random.random() < 0.2:
            return delete(row)
        to: NetworkInterface | None = self._pick(network, NetworkInterface)
        if to is None or not to.private_addresses or self.random.random() < 0.2:
            return put(replace(row, association=None))
        private = self.random.choice(to.private_addresses)
        others = [
            replace(each, association=None)
            for each in network.elastic_ips_of(to.id)
            if each.association and each.association.private_address == private
        ]
        association = AddressAssociation(id=f"eipassoc-{self._public}", interface_id=to.id, private_address=private)
        released = put(replace(to, public_address=None)) if private == to.private_address else Change()
        return put(*others) + put(replace(row, association=association)) + released

    def _instance(self, network: Network) -> Change:
        back = self._missing(network, Instance)
        if back is not None:
            return put(back)
        row: Instance = self._pick(network, Instance)
        if self.random.random() < 0.15:
            return delete(row)
        if self.random.random() < 0.3:
            options = MetadataOptions(http_protocol_ipv6=self.random.choice(("disabled", "enabled")))
            kind = self.random.choice(("t2.micro", "t3.micro"))
            return put(replace(row, instance_type=kind, metadata_options=options))
        return put(replace(row, state=self.random.choice(list(InstanceState))))

    def _nat_gateway(self, network: Network) -> Change:
        """One comes, goes, or changes its state; its interface does so by itself."""
        back = self._missing(network, NatGateway)
        if back is not None:
            return put(back)
        row = self._pick(network, NatGateway)
        if row is None or self.random.random() < 0.3:
            return delete(row) if row else Change()
        return put(replace(row, state=self.random.choice(list(NatGatewayState))))

    def _appliance(self, network: Network) -> Change:
        kind = self.random.choice(APPLIANCES)
        back, row = self._missing(network, kind), self._pick(network, kind)
        return put(back) if back is not None else appliance_changes(self.random, row)

    def _vpc_endpoint(self, network: Network) -> Change:
        back, row = self._missing(network, VpcEndpoint), self._pick(network, VpcEndpoint)
        return put(back) if back is not None else endpoint_changes(self.random, network, row)

    def _endpoint_route(self, network: Network) -> Change:
        return endpoint_route_changes(self.random, network, self._pick(network, VpcEndpoint))

    def _group(self, network: Network) -> Change:
        row: SecurityGroup | None = self._pick(network, SecurityGroup)
        if row is None:
            return Change()
        vpc = network.vpcs[row.vpc_id]
        rules = list(row.rules)
        if rules and self.random.random() < 0.5:
            rules.remove(self.random.choice(rules))
        else:
            rules.append(self.world._rule(vpc, self.random.random() < 0.5))
        return put(replace(row, rules=tuple(rules)))

    def _group_goes_or_comes(self, network: Network) -> Change:
        back = self._missing(network, SecurityGroup)
        if back is not None:
            return put(back)
        row = self._pick(network, SecurityGroup)
        return Change() if network.interfaces_with_group(row.id) else delete(row)

    def _peering(self, network: Network) -> Change:
        back = self._missing(network, Peering)
        if back is not None:
            return put(back)
        row = self._pick(network, Peering)
        if self.random.random() < 0.2:
            return delete(row)
        return put(replace(row, status=self.random.choice([PeeringStatus.ACTIVE, *PeeringStatus])))

    def _gateway(self, network: Network) -> Change:
        back = self._missing(network, InternetGateway)
        if back is not None:
            return Change() if network.internet_gateway_of(back.vpc_id) else put(back)
        row = self._pick(network, InternetGateway)
        if row is not None and network.gateway_route_table(row.id) is not None:
            return Change()
        if row is None or self.random.random() < 0.2:
            return delete(row) if row else Change()
        free = [vpc_id for vpc_id in sorted(network.vpcs) if network.internet_gateway_of(vpc_id) is None]
        return put(replace(row, vpc_id=self.random.choice([None, *free])))

    def _route(self, network: Network) -> Change:
        table = self._pick(network, RouteTable)
        rows = sorted(network.routes_in(table.id), key=lambda row: row.id)
        if rows and self.random.random() < 0.4:
            return delete(self.random.choice(rows))
        vpc = network.vpcs[table.vpc_id]
        routes = self.world.gateway_routes(vpc) if table.serves_gateway else self.world._routes(vpc)
        return put(TableRoute.of(table, self.random.choice(routes))) if routes else Change()

    def _prefix_list(self, network: Network) -> Change:
        """Its entries change; it may even go, as in a damaged file, and come back."""
        back = self._missing(network, PrefixList)
        if back is not None:
            return put(back)
        row: PrefixList = self._pick(network, PrefixList)
        if self.random.random() < 0.1:
            return delete(row)
        return put(replace(row, **self.world.prefix_list_fields()))

    def _prefix_list_route(self, network: Network) -> Change:
        table = self._pick(network, RouteTable)
        rows = network.prefix_list_routes_in(table.id)
        if rows and self.random.random() < 0.4:
            return delete(self.random.choice(rows))
        if table.serves_gateway:
            return Change()
        return put(*self.world.prefix_list_routes(network.vpcs[table.vpc_id], table))

    def _block_public_access(self, network: Network) -> Change:
        """The mode of a Region, or what is excluded from it."""
        if self.random.random() < 0.4:
            row = self.world.block_options(self.random.choice(ACCOUNTS), self.random.choice(REGIONS))
            return delete(row) if self.random.random() < 0.2 else put(row)
        exclusion = self.world.exclusion(self._pick(network, self.random.choice((Vpc, Subnet))))
        return delete(exclusion) if self.random.random() < 0.4 else put(exclusion)

    def _vpc_association(self, network: Network) -> Change:
        row = self._pick(network, SecurityGroupVpcAssociation)
        if row is not None and self.random.random() < 0.5:
            return delete(row)
        group = self._pick(network, SecurityGroup)
        return put(self.world.vpc_association(group)) if group else Change()

    def _flow_log(self, network: Network) -> Change:
        row = self._pick(network, FlowLog)
        if row is not None and self.random.random() < 0.5:
            return delete(row)
        place = self._pick(network, self.random.choice((Vpc, Subnet, NetworkInterface)))
        return put(flow_log(place, self.random)) if place else Change()

    def _gateway_table(self, network: Network) -> Change:
        """An internet gateway goes from one table to another, or to none."""
        gateway: InternetGateway | None = self._pick(network, InternetGateway)
        if gateway is None or gateway.vpc_id is None:
            return Change()
        kinds = (TargetKind.LOCAL, TargetKind.NETWORK_INTERFACE)
        fit = [
            table
            for table in sorted(network.route_tables_of(gateway.vpc_id), key=lambda row: row.id)
            if all(route.target.kind in kinds for route in network.routes(table))
            and not network.prefix_list_routes_in(table.id)
        ]
        old, new = network.gateway_route_table(gateway.id), self.random.choice([None, *fit])
        if old is new:
            return Change()
        without = tuple(each for each in old.associations if each.gateway_id != gateway.id) if old else ()
        gone = put(replace(old, associations=without)) if old else Change()
        association = RouteTableAssociation("rtbassoc-8", gateway_id=gateway.id)
        return gone + (put(replace(new, associations=(*new.associations, association))) if new else Change())

    def _association(self, network: Network) -> Change:
        """A subnet goes from one table to another, or to none."""
        subnet = self._pick(network, Subnet)
        tables = sorted(network.route_tables_of(subnet.vpc_id), key=lambda row: row.id)
        to = self.random.choice([None, *tables])
        changed = []
        for table in tables:
            others = tuple(each for each in table.associations if each.subnet_id != subnet.id)
            wanted = others + ((RouteTableAssociation("rtbassoc-9", subnet.id),) if table is to else ())
            if wanted != table.associations:
                changed.append(replace(table, associations=wanted))
        return put(*changed)

    def _main(self, network: Network) -> Change:
        new = self._pick(network, RouteTable)
        old = network.main_route_table(new.vpc_id)
        if new.id == old.id:
            return Change()
        main = tuple(each for each in old.associations if each.is_main)
        rest = tuple(each for each in old.associations if not each.is_main)
        return put(replace(old, associations=rest), replace(new, associations=(*new.associations, *main)))

    def _table_goes_or_comes(self, network: Network) -> Change:
        back = self._missing(network, RouteTable)
        if back is not None:
            return put(replace(back, associations=()))
        row = self._pick(network, RouteTable)
        return (
            Change()
            if row.associations
            else delete(row, *network.routes_in(row.id), *network.prefix_list_routes_in(row.id))
        )

    def _vpc(self, network: Network) -> Change:
        row: Vpc = self._pick(network, Vpc)
        if self.random.random() < 0.5:
            return put(replace(row, enable_dns_support=not row.enable_dns_support))
        cidr = self.random.choice(SPARE_BLOCKS)
        if cidr not in row.cidrs:
            return put(replace(row, cidr_associations=(*row.cidr_associations, CidrAssociation("vpc-cidr-1", cidr))))
        if any(each.cidr and cidr.covers(each.cidr) for each in network.subnets_of(row.id)) or row.primary_cidr == cidr:
            return Change()
        kept = tuple(each for each in row.cidr_associations if each.cidr != cidr)
        return put(replace(row, cidr_associations=kept))

    def _ipv6_of_vpc(self, network: Network) -> Change:
        """It gets its first block or loses it, and its default ACL the rules for that."""
        row: Vpc = self._pick(network, Vpc)
        if not row.ipv6_cidrs:
            place = sorted(network.vpcs).index(row.id)
            block = Ipv6CidrAssociation("vpc-cidr-2", Cidr.parse(f"2001:db8:{place + 10}::/56"))
            return put(replace(row, ipv6_cidr_associations=(block,)))
        if any(subnet.ipv6_cidr for subnet in network.subnets_of(row.id)):
            return Change()
        return put(replace(row, ipv6_cidr_associations=()))

    def _ipv6_of_subnet(self, network: Network) -> Change:
        row: Subnet = self._pick(network, Subnet)
        blocks = network.vpcs[row.vpc_id].ipv6_cidrs
        if row.ipv6_cidr is None and blocks:
            others = {subnet.ipv6_cidr for subnet in network.subnets_of(row.vpc_id)}
            block = next(each for each in (blocks[0].subnet(place, 64) for place in range(9)) if each not in others)
            return put(replace(row, ipv6_cidr_associations=(Ipv6CidrAssociation("subnet-cidr-1", block),)))
        if row.is_ipv6_native or any(each.ipv6_addresses for each in network.interfaces_in_subnet(row.id)):
            return Change()
        return put(replace(row, ipv6_cidr_associations=()))

    def _egress_only_comes_or_goes(self, network: Network) -> Change:
        back = self._missing(network, EgressOnlyInternetGateway)
        if back is not None:
            return put(back)
        row = self._pick(network, EgressOnlyInternetGateway)
        return delete(row) if row else Change()

    def _acl(self, network: Network) -> Change:
        """One changes, be it a default one for the first time, comes or goes."""
        vpc: Vpc = self._pick(network, Vpc)
        choices = [network.default_network_acl(vpc), *network.network_acls_of(vpc.id)]
        row: NetworkAcl = self.random.choice(sorted(choices, key=lambda row: row.id))
        if self.random.random() < 0.2 and not row.is_default and not network.subnets_with_acl(row):
            return delete(row)
        if self.random.random() < 0.2:
            self._public += 1
            row = replace(row, id=f"acl-0{self._public:016x}", is_default=False)
        pristine = NetworkAcl.default_of(vpc)
        return put(replace(row, entries=self.random.choice((self.world.acl_entries(), pristine.entries))))

    def _acl_association(self, network: Network) -> Change:
        subnet: Subnet = self._pick(network, Subnet)
        others = sorted(row.id for row in network.network_acls_of(subnet.vpc_id) if not row.is_default)
        return put(replace(subnet, network_acl_id=self.random.choice([None, *others])))

    def _tags(self, network: Network) -> Change:
        row: Resource | None = self._pick(network, self.random.choice(Network.TYPES))
        return put(replace(row, tags={"Name": "another"})) if row else Change()
