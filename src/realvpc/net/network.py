"""The Network: an immutable snapshot of everything that decides a packet's fate, in every account and Region."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from . import indexes, services
from .addresses import Address, Cidr
from .block_public_access import BlockMode, BlockPublicAccessExclusion, options_id
from .egress_only_internet_gateway import EgressOnlyInternetGateway
from .elastic_ip import ElasticIp
from .instance import Instance
from .instance_types import INSTANCE_TYPES
from .internet_gateway import InternetGateway
from .nat_gateway import NatGateway
from .network_interface import NetworkInterface
from .network_rules import NetworkRules
from .peering import Peering
from .route_table import (
    LOCAL,
    PrefixListRoute,
    Route,
    RouteOrigin,
    RouteState,
    RouteTable,
    TableRoute,
    TargetKind,
    table_route_id,
)
from .security_group import GroupReference, SecurityGroup
from .subnet import Subnet, delegated
from .vpc import Vpc
from .vpc_endpoint import VpcEndpoint
from .vpc_endpoint_services import EndpointType


class Network(NetworkRules):
    """Tables by resource type, and the questions that cross them."""

    __slots__ = ()

    # -- what belongs to what ------------------------------------------------------------------------------------

    def default_vpc_of(self, account: str, region: str) -> Vpc | None:
        return self.vpcs.first(indexes.default_vpc, (account, region))

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
        """Whether an interface that has the group has this address, private or of IPv6."""
        if self.interfaces.where(indexes.group_addresses, (group_id, address)):
            return True
        return bool(self.interfaces.where(indexes.group_prefixes, (group_id, delegated(address))))

    def group_named(self, vpc_id: str, name: str) -> SecurityGroup | None:
        return self.security_groups.first(indexes.group_name, (vpc_id, name))

    def group_of_rule(self, rule_id: str) -> SecurityGroup | None:
        """The group that the rule ``sgr-…`` is in."""
        return self.security_groups.first(indexes.rule_ids, rule_id)

    def interfaces_of(self, owner_id: str) -> tuple[NetworkInterface, ...]:
        """The interfaces of an instance, or of an appliance, in the order of their device index."""
        rows = self.interfaces.where(indexes.owner_id, owner_id)
        return tuple(sorted(rows, key=lambda row: row.attachment.device_index if row.attachment else 0))

    def wanted_interfaces_of(self, owner_id: str) -> tuple[NetworkInterface, ...]:
        """Those that its machine is to have: not those that are being detached."""
        return tuple(row for row in self.interfaces_of(owner_id) if row.is_attached)

    def internet_gateway_of(self, vpc_id: str) -> InternetGateway | None:
        return self.internet_gateways.first(indexes.vpc_id, vpc_id)

    def egress_only_internet_gateway_of(self, vpc_id: str) -> EgressOnlyInternetGateway | None:
        return self.egress_only_internet_gateways.first(indexes.vpc_id, vpc_id)

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
        """The interface with this private address, or this one of IPv6, in this VPC."""
        owner = self.interfaces.first(indexes.vpc_addresses, (vpc_id, address))
        if owner is not None or address.is_ipv4:
            return owner
        return self.interfaces.first(indexes.vpc_prefixes, (vpc_id, delegated(address)))

    def public_addresses_of(self, interface: NetworkInterface) -> Mapping[Address, Address]:
        """By private address, what the internet gateway translates it to: an Elastic IP address, or what Amazon's pool
        gave to the primary one."""
        found = dict.fromkeys(interface.private_addresses[:1], interface.public_address)
        for row in self.elastic_ips_of(interface.id):
            if row.association:
                found[row.association.private_address] = row.public_address
        return {private: public for private in interface.private_addresses if (public := found.get(private))}

    def public_address_of(self, interface: NetworkInterface) -> Address | None:
        """That of its primary private address."""
        private = interface.private_address
        return None if private is None else self.public_addresses_of(interface).get(private)

    def publicly_addressed(self, vpc_id: str) -> Iterator[NetworkInterface]:
        """The interfaces of a VPC that have addresses of the internet, of either family."""
        rows = self.interfaces_in_vpc(vpc_id)
        return (row for row in rows if row.ipv6_slots or self.public_addresses_of(row))

    def behind_public_address(self, address: Address) -> tuple[NetworkInterface, Address] | None:
        """The interface that has this public address, and the private address that it stands for: of IPv6, itself."""
        if not address.is_ipv4:
            owner = self.interfaces.first(indexes.ipv6_addresses, address)
            owner = owner or self.interfaces.first(indexes.ipv6_prefixes, delegated(address))
            return (owner, address) if owner else None
        elastic = self.elastic_ip_with(address)
        if elastic is None:
            owner = self.interfaces.first(indexes.public_addresses, address)
        else:
            owner = self.interfaces.get(elastic.association.interface_id) if elastic.association else None
        addresses = self.public_addresses_of(owner) if owner else {}
        return next(((owner, private) for private, public in addresses.items() if owner and public == address), None)

    def public_address_in_use(self, address: Address) -> bool:
        """Whether an interface has it, or an account keeps it."""
        of_pool = self.interfaces.where(indexes.public_addresses, address)
        return bool(of_pool) or self.elastic_ip_with(address) is not None

    def elastic_ip_with(self, address: Address) -> ElasticIp | None:
        """The Elastic IP address with this public address, associated or not."""
        return self.elastic_ips.first(indexes.elastic_address, address)

    def elastic_ips_of(self, interface_id: str) -> Collection[ElasticIp]:
        return self.elastic_ips.where(indexes.elastic_interface, interface_id)

    def interface_with_identity(self, address: Address) -> NetworkInterface | None:
        """Who asks a service from this address (``services.identity_of``); nobody, when that might be several."""
        identity = services.read_identity(address)
        return self._numbered(identity[0]) if identity is not None else None

    def interface_over_endpoint(self, address: Address) -> NetworkInterface | None:
        """Who comes from this address over a gateway endpoint (``services.identity_over_endpoint``); likewise."""
        number = services.read_identity_over_endpoint(address)
        return self._numbered(number) if number is not None else None

    def _numbered(self, number: int) -> NetworkInterface | None:
        rows = self.interfaces.where(indexes.identity_digits, services.identity_digits(number))
        return next(iter(rows)) if len(rows) == 1 else None

    def endpoint_interface_with_identity(self, address: Address) -> NetworkInterface | None:
        """Whose interface AWS's endpoint is asked through at this address; nobody's, when that might be several."""
        number = services.read_endpoint_identity(address)
        rows = (
            () if number is None else self.interfaces.where(indexes.identity_digits, services.identity_digits(number))
        )
        row = next(iter(rows)) if len(rows) == 1 else None
        return row if row is not None and self.vpc_endpoint_of(row) is not None else None

    def address_in_use(self, subnet: Subnet, address: Address) -> bool:
        return self.interface_at(subnet.vpc_id, address) is not None

    def available_addresses(self, subnet: Subnet) -> int:
        """How many of IPv4 are free."""
        if subnet.is_ipv6_native:
            return 0
        more = self.interfaces.where(indexes.subnet_with_more_addresses, subnet.id)
        taken = len(self.interfaces_in_subnet(subnet.id)) + sum(row.ipv4_size - 1 for row in more)
        return subnet.usable_size - taken

    def vcpus_wanted(self, account: str, region: str) -> int:
        """By the instances whose machines should be up."""
        sizes = {kind.vcpus for kind in INSTANCE_TYPES.values()}
        return sum(vcpus * len(self.instances.where(indexes.wanted_vcpus, (account, region, vcpus))) for vcpus in sizes)

    def instance_of(self, interface: NetworkInterface) -> Instance | None:
        """Whose machine has the interface; nobody's, while it is being detached."""
        return (
            self.instances.get(interface.attachment.owner_id)
            if interface.attachment and interface.is_attached
            else None
        )

    def nat_gateway_of(self, interface: NetworkInterface) -> NatGateway | None:
        """The gateway whose interface it is."""
        return self.nat_gateways.get(interface.attachment.owner_id) if interface.attachment else None

    def interface_of_nat_gateway(self, gateway_id: str) -> NetworkInterface | None:
        """That of a gateway which is available: others have none."""
        return self.interfaces.first(indexes.owner_id, gateway_id) if gateway_id in self.nat_gateways else None

    def available_nat_gateways(self, account: str, region: str) -> Collection[NatGateway]:
        """Without those that have ended, which are shown for an hour."""
        return self.nat_gateways.where(indexes.gateway_place, (account, region))

    def vpc_endpoint_of(self, interface: NetworkInterface) -> VpcEndpoint | None:
        """The interface endpoint to one of AWS's services whose interface it is."""
        row = self.vpc_endpoints.get(interface.attachment.owner_id) if interface.attachment else None
        return row if row is not None and row.leads_to_aws else None

    def vpc_endpoints_of(self, vpc_id: str) -> Collection[VpcEndpoint]:
        return self.vpc_endpoints.where(indexes.vpc_id, vpc_id)

    def route_tables_with_endpoint(self, endpoint_id: str) -> list[str]:
        """The ids of the tables that a gateway endpoint has a route in."""
        return sorted(row.route_table_id for row in self.prefix_list_routes_over(endpoint_id))

    def vpc_endpoints_with_group(self, group_id: str) -> Collection[VpcEndpoint]:
        return self.vpc_endpoints.where(indexes.group_ids, group_id)

    def vpc_endpoints_in(self, account: str, region: str, kind: EndpointType) -> Collection[VpcEndpoint]:
        return self.vpc_endpoints.where(indexes.endpoint_place, (account, region, kind))

    # -- public access -------------------------------------------------------------------------------------------

    def block_mode_of(self, place: Vpc | Subnet) -> BlockMode:
        """What is kept from the internet there: what the account has set, unless the subnet or its VPC is excluded."""
        options = self.block_public_access.get(options_id(place.account, place.region))
        if options is None or options.mode is BlockMode.OFF:
            return BlockMode.OFF
        exclusion = self.exclusion_of(place.id)
        if exclusion is None and isinstance(place, Subnet):
            exclusion = self.exclusion_of(place.vpc_id)
        return exclusion.mode.leaves if exclusion else options.mode

    def exclusion_of(self, excluded_id: str) -> BlockPublicAccessExclusion | None:
        return self.block_public_access_exclusions.first(indexes.excluded_id, excluded_id)

    def is_kept_from(self, gateway: TargetKind, interface: NetworkInterface) -> bool:
        """Whether the interface has nothing to do with the internet over an internet gateway, or an egress-only one."""
        match self.block_mode_of(self.subnets[interface.subnet_id]):
            case BlockMode.OFF:
                return False
            case BlockMode.BLOCK_BIDIRECTIONAL:
                return True
            case BlockMode.BLOCK_INGRESS:
                return gateway is TargetKind.INTERNET_GATEWAY and self.nat_gateway_of(interface) is None

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

    def gateway_route_table(self, gateway_id: str) -> RouteTable | None:
        """The table by which an internet gateway routes what it lets in, if it has one."""
        return self.route_tables.first(indexes.associated_gateways, gateway_id)

    def routes(self, table: RouteTable) -> tuple[Route, ...]:
        """All routes of the table: one for each CIDR block of the VPC, then the user's others, then those by prefix
        lists; of several to the same block the first one counts (VPC guide, "Route priority and prefix lists")."""
        listed = (
            row.to(cidr)
            for row in self.prefix_list_routes_in(table.id)
            for cidr in self.cidrs_of_list(row.prefix_list_id)
        )
        return (*self.local_routes(table), *self.other_routes(table), *listed)

    def local_routes(self, table: RouteTable) -> tuple[Route, ...]:
        """One for each block of the VPC, with the target that it was given, if it was."""
        blocks = self.vpcs[table.vpc_id].blocks
        return tuple(route for cidr in blocks if (route := self.route_to(table, cidr)) is not None)

    def other_routes(self, table: RouteTable) -> tuple[Route, ...]:
        blocks = self.vpcs[table.vpc_id].blocks
        return tuple(row.route for row in self.routes_in(table.id) if row.route.destination not in blocks)

    def routes_in(self, route_table_id: str) -> Collection[TableRoute]:
        """The routes that a user made."""
        return self.table_routes.where(indexes.route_table_id, route_table_id)

    def prefix_list_routes_in(self, route_table_id: str) -> list[PrefixListRoute]:
        """In an order that does not change: of two lists with the same block the first one counts."""
        return sorted(self.prefix_list_routes.where(indexes.route_table_id, route_table_id), key=lambda row: row.id)

    def routes_of_family(self, route_table_id: str, *, ipv4: bool) -> Collection[TableRoute]:
        return self.table_routes.where(indexes.route_family, (route_table_id, ipv4))

    def routes_over(self, target_id: str) -> Collection[TableRoute]:
        """Whatever leads to this target, in any table."""
        return self.table_routes.where(indexes.target_id, target_id)

    def route_to(self, table: RouteTable, destination: Cidr) -> Route | None:
        """The route to exactly this block that does not come by a prefix list."""
        row = self.table_routes.get(table_route_id(table.id, destination))
        if row is not None:
            return row.route
        return _local(destination) if destination in self.vpcs[table.vpc_id].blocks else None

    def effective_route_to(self, table: RouteTable, destination: Cidr) -> Route | None:
        """The route to exactly this block that counts, be it by a prefix list."""
        return self.route_to(table, destination) or next(
            (
                row.to(destination)
                for row in self.prefix_list_routes_in(table.id)
                if (named := self.prefix_list(row.prefix_list_id)) is not None and named.lists(destination)
            ),
            None,
        )

    def lookup_route(self, table: RouteTable, destination: Address) -> Route | None:
        """Longest prefix match.  A blackhole route wins like any other (VPC guide, "Route priority")."""
        matching = [route for route in self.routes(table) if destination in route.destination]
        return max(matching, key=lambda route: route.destination.length, default=None)

    def route_state(self, table: RouteTable, route: Route | PrefixListRoute) -> RouteState:
        """``blackhole`` when the target is gone or cannot be used, and nothing else: not whether packets arrive."""
        match route.target.kind:
            case TargetKind.LOCAL:
                usable = True
            case TargetKind.INTERNET_GATEWAY:
                usable = self._attached(route.target.id, table.vpc_id)
            case TargetKind.EGRESS_ONLY_INTERNET_GATEWAY:
                usable = self._belongs(route.target.id, table.vpc_id)
            case TargetKind.PEERING:
                usable = self._peering_active(route.target.id)
            case TargetKind.NETWORK_INTERFACE:
                usable = self._interface_usable(route.target.id)
            case TargetKind.NAT_GATEWAY:
                usable = self.interface_of_nat_gateway(route.target.id) is not None
            case TargetKind.VPC_ENDPOINT:
                usable = route.target.id in self.vpc_endpoints
            case TargetKind.ROUTE_TABLE:
                usable = route.target.id in self.route_tables
        return RouteState.ACTIVE if usable else RouteState.BLACKHOLE

    def _attached(self, gateway_id: str, vpc_id: str) -> bool:
        gateway = self.internet_gateways.get(gateway_id)
        return gateway is not None and gateway.vpc_id == vpc_id

    def _belongs(self, gateway_id: str, vpc_id: str) -> bool:
        gateway = self.egress_only_internet_gateways.get(gateway_id)
        return gateway is not None and gateway.vpc_id == vpc_id

    def _peering_active(self, peering_id: str) -> bool:
        peering = self.peerings.get(peering_id)
        return peering is not None and peering.is_active

    def _interface_usable(self, interface_id: str) -> bool:
        interface = self.interfaces.get(interface_id)
        instance = self.instance_of(interface) if interface else None
        return instance is not None and instance.machine_wanted

    # -- security groups -----------------------------------------------------------------------------------------

    def vpc_ids_of(self, group: SecurityGroup) -> set[str]:
        """The VPCs whose interfaces may have the group: its own, and those that it is associated with."""
        rows = self.security_group_vpc_associations.where(indexes.associated_group_id, group.id)
        return {group.vpc_id, *(row.vpc_id for row in rows)}

    def share_a_vpc(self, group: SecurityGroup, other: SecurityGroup) -> bool:
        return group.vpc_id == other.vpc_id or not self.vpc_ids_of(group).isdisjoint(self.vpc_ids_of(other))

    def reference_is_live(self, group: SecurityGroup, reference: GroupReference) -> bool:
        """Whether a rule's reference names a group that is of one of the group's VPCs, or over an active peering."""
        referenced = self.security_groups.get(reference.group_id)
        if referenced is None:
            return False
        return (
            self.share_a_vpc(group, referenced)
            or self.active_peering_between(group.vpc_id, referenced.vpc_id) is not None
        )


def _local(cidr: Cidr) -> Route:
    return Route(cidr, LOCAL, RouteOrigin.CREATE_ROUTE_TABLE)
