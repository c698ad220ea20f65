"""The Network: an immutable snapshot of everything that decides a packet's fate, in every account and Region."""

from __future__ import annotations

from collections.abc import Collection

from . import indexes, services
from .addresses import Address, Cidr
from .instance import Instance
from .instance_types import INSTANCE_TYPES
from .internet_gateway import InternetGateway
from .network_interface import NetworkInterface
from .peering import Peering
from .route_table import LOCAL, Route, RouteOrigin, RouteState, RouteTable, TableRoute, TargetKind, table_route_id
from .security_group import GroupReference, SecurityGroup
from .subnet import Subnet
from .table import Snapshot, Table
from .vpc import Vpc


class Network(Snapshot):
    """Tables by resource type, and the questions that cross them."""

    TYPES = (
        Vpc, Subnet, RouteTable, TableRoute, InternetGateway, SecurityGroup, NetworkInterface, Instance, Peering,
    )  # fmt: skip
    INDEXES = indexes.OF_NETWORK

    __slots__ = ()

    # -- tables --------------------------------------------------------------------------------------------------

    @property
    def vpcs(self) -> Table[Vpc]:
        return self.table(Vpc)

    @property
    def subnets(self) -> Table[Subnet]:
        return self.table(Subnet)

    @property
    def route_tables(self) -> Table[RouteTable]:
        return self.table(RouteTable)

    @property
    def table_routes(self) -> Table[TableRoute]:
        return self.table(TableRoute)

    @property
    def internet_gateways(self) -> Table[InternetGateway]:
        return self.table(InternetGateway)

    @property
    def security_groups(self) -> Table[SecurityGroup]:
        return self.table(SecurityGroup)

    @property
    def interfaces(self) -> Table[NetworkInterface]:
        return self.table(NetworkInterface)

    @property
    def instances(self) -> Table[Instance]:
        return self.table(Instance)

    @property
    def peerings(self) -> Table[Peering]:
        return self.table(Peering)

    # -- what belongs to what ------------------------------------------------------------------------------------

    def subnets_of(self, vpc_id: str) -> Collection[Subnet]:
        return self.subnets.where(indexes.vpc_id, vpc_id)

    def route_tables_of(self, vpc_id: str) -> Collection[RouteTable]:
        return self.route_tables.where(indexes.vpc_id, vpc_id)

    def security_groups_of(self, vpc_id: str) -> Collection[SecurityGroup]:
        return self.security_groups.where(indexes.vpc_id, vpc_id)

    def interfaces_in_vpc(self, vpc_id: str) -> Collection[NetworkInterface]:
        return self.interfaces.where(indexes.vpc_id, vpc_id)

    def interfaces_in_subnet(self, subnet_id: str) -> Collection[NetworkInterface]:
        return self.interfaces.where(indexes.subnet_id, subnet_id)

    def interfaces_with_group(self, group_id: str) -> Collection[NetworkInterface]:
        return self.interfaces.where(indexes.group_ids, group_id)

    def group_has(self, group_id: str, address: Address) -> bool:
        """Whether an interface that has the group has this private address."""
        return bool(self.interfaces.where(indexes.group_addresses, (group_id, address)))

    def group_of_rule(self, rule_id: str) -> SecurityGroup | None:
        """The group that the rule ``sgr-…`` is in."""
        return self.security_groups.first(indexes.rule_ids, rule_id)

    def interfaces_of(self, owner_id: str) -> tuple[NetworkInterface, ...]:
        """The interfaces of an instance, or of an appliance, in the order of their device index."""
        rows = self.interfaces.where(indexes.owner_id, owner_id)
        return tuple(sorted(rows, key=lambda row: row.attachment.device_index if row.attachment else 0))

    def internet_gateway_of(self, vpc_id: str) -> InternetGateway | None:
        return self.internet_gateways.first(indexes.vpc_id, vpc_id)

    def peerings_of(self, vpc_id: str) -> Collection[Peering]:
        """Every connection that names the VPC, whatever its status."""
        return self.peerings.where(indexes.peering_vpc_ids, vpc_id)

    def active_peering_between(self, vpc_id: str, other_vpc_id: str) -> Peering | None:
        return next(
            (
                p
                for p in self.peerings_of(vpc_id)
                if p.is_active and (far := p.far_side(vpc_id)) and far.vpc_id == other_vpc_id
            ),
            None,
        )

    # -- addresses -----------------------------------------------------------------------------------------------

    def interface_at(self, vpc_id: str, address: Address) -> NetworkInterface | None:
        """The interface with this private address in this VPC."""
        return self.interfaces.first(indexes.vpc_addresses, (vpc_id, address))

    def interface_with_public_address(self, address: Address) -> NetworkInterface | None:
        return self.interfaces.first(indexes.public_addresses, address)

    def interface_with_identity(self, address: Address) -> NetworkInterface | None:
        """Who asks a service from this address (``services.identity_of``); nobody, when that might be several."""
        identity = services.read_identity(address)
        if identity is None:
            return None
        rows = self.interfaces.where(indexes.identity_digits, services.identity_digits(identity[0]))
        return next(iter(rows)) if len(rows) == 1 else None

    def address_in_use(self, subnet: Subnet, address: Address) -> bool:
        return self.interface_at(subnet.vpc_id, address) is not None

    def available_addresses(self, subnet: Subnet) -> int:
        more = self.interfaces.where(indexes.subnet_with_more_addresses, subnet.id)
        taken = len(self.interfaces_in_subnet(subnet.id)) + sum(len(row.private_addresses) - 1 for row in more)
        return subnet.usable_size - taken

    def vcpus_wanted(self, account: str, region: str) -> int:
        """By the instances whose machines should be up."""
        sizes = {kind.vcpus for kind in INSTANCE_TYPES.values()}
        return sum(vcpus * len(self.instances.where(indexes.wanted_vcpus, (account, region, vcpus))) for vcpus in sizes)

    def instance_of(self, interface: NetworkInterface) -> Instance | None:
        return self.instances.get(interface.attachment.owner_id) if interface.attachment else None

    # -- routes --------------------------------------------------------------------------------------------------

    def main_route_table(self, vpc_id: str) -> RouteTable:
        """Raises KeyError for an unknown VPC: every VPC has a main route table."""
        for table in self.route_tables_of(vpc_id):
            if table.is_main:
                return table
        raise KeyError(vpc_id)

    def route_table_for(self, subnet: Subnet) -> RouteTable:
        """The table that is associated with the subnet, or else the VPC's main table."""
        return next(
            iter(self.route_tables.where(indexes.associated_subnets, subnet.id)), None
        ) or self.main_route_table(subnet.vpc_id)

    def routes(self, table: RouteTable) -> tuple[Route, ...]:
        """All routes of the table: one ``local`` route per CIDR block of the VPC, then the user's."""
        local = (_local(cidr) for cidr in self.vpcs[table.vpc_id].cidrs)
        return (*local, *(row.route for row in self.routes_in(table.id)))

    def routes_in(self, route_table_id: str) -> Collection[TableRoute]:
        """The routes that a user made."""
        return self.table_routes.where(indexes.route_table_id, route_table_id)

    def routes_of_family(self, route_table_id: str, *, ipv4: bool) -> Collection[TableRoute]:
        return self.table_routes.where(indexes.route_family, (route_table_id, ipv4))

    def routes_over(self, target_id: str) -> Collection[TableRoute]:
        """Whatever leads to this target, in any table."""
        return self.table_routes.where(indexes.target_id, target_id)

    def route_to(self, table: RouteTable, destination: Cidr) -> Route | None:
        """The route to exactly this block; of two the local one counts."""
        if destination in self.vpcs[table.vpc_id].cidrs:
            return _local(destination)
        row = self.table_routes.get(table_route_id(table.id, destination))
        return row.route if row else None

    def lookup_route(self, table: RouteTable, destination: Address) -> Route | None:
        """Longest prefix match.  A blackhole route wins like any other (VPC guide, "Route priority")."""
        matching = [route for route in self.routes(table) if destination in route.destination]
        return max(matching, key=lambda route: route.destination.length, default=None)

    def route_state(self, table: RouteTable, route: Route) -> RouteState:
        """``blackhole`` when the target is gone or cannot be used, and nothing else: not whether packets arrive."""
        match route.target.kind:
            case TargetKind.LOCAL:
                usable = True
            case TargetKind.INTERNET_GATEWAY:
                usable = self._attached(route.target.id, table.vpc_id)
            case TargetKind.PEERING:
                usable = self._peering_active(route.target.id)
            case TargetKind.NETWORK_INTERFACE:
                usable = self._interface_usable(route.target.id)
            case TargetKind.ROUTE_TABLE:
                usable = route.target.id in self.route_tables
        return RouteState.ACTIVE if usable else RouteState.BLACKHOLE

    def _attached(self, gateway_id: str, vpc_id: str) -> bool:
        gateway = self.internet_gateways.get(gateway_id)
        return gateway is not None and gateway.vpc_id == vpc_id

    def _peering_active(self, peering_id: str) -> bool:
        peering = self.peerings.get(peering_id)
        return peering is not None and peering.is_active

    def _interface_usable(self, interface_id: str) -> bool:
        interface = self.interfaces.get(interface_id)
        instance = self.instance_of(interface) if interface else None
        return instance is not None and instance.machine_wanted

    # -- security groups -----------------------------------------------------------------------------------------

    def reference_is_live(self, group: SecurityGroup, reference: GroupReference) -> bool:
        """Whether a rule's reference names a group that the VPC can see: its own, or over an active peering."""
        referenced = self.security_groups.get(reference.group_id)
        if referenced is None:
            return False
        return (
            referenced.vpc_id == group.vpc_id
            or self.active_peering_between(group.vpc_id, referenced.vpc_id) is not None
        )


def _local(cidr: Cidr) -> Route:
    return Route(cidr, LOCAL, RouteOrigin.CREATE_ROUTE_TABLE)
