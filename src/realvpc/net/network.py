"""The Network: an immutable snapshot of everything that decides a packet's fate, in every account and Region.

The names that lead packets to their destinations are part of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from . import services
from .addresses import Address
from .dhcp_options import DhcpOptions, default_options, default_options_id
from .domain_name import WILDCARD, ancestors
from .hosted_zone import HostedZone, RecordSet
from .hostnames import internal_domain
from .instance import Instance
from .internet_gateway import InternetGateway
from .key_pair import KeyPair
from .machine_image import DiskSnapshot, MachineImage
from .metadata_defaults import MetadataDefaults
from .network_interface import NetworkInterface
from .peering import Peering
from .route_table import LOCAL, Route, RouteOrigin, RouteState, RouteTable, TargetKind
from .security_group import GroupReference, SecurityGroup
from .subnet import Subnet
from .table import Snapshot, Table
from .volume import Volume
from .vpc import Vpc


class Network(Snapshot):
    """Tables by resource type, and the questions that cross them."""

    TYPES = (
        Vpc, Subnet, RouteTable, InternetGateway, SecurityGroup, NetworkInterface, Instance, Peering, Volume,
        HostedZone, RecordSet, KeyPair, MachineImage, DiskSnapshot, MetadataDefaults, DhcpOptions,
    )  # fmt: skip

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

    @property
    def volumes(self) -> Table[Volume]:
        return self.table(Volume)

    @property
    def hosted_zones(self) -> Table[HostedZone]:
        return self.table(HostedZone)

    @property
    def record_sets(self) -> Table[RecordSet]:
        return self.table(RecordSet)

    @property
    def key_pairs(self) -> Table[KeyPair]:
        return self.table(KeyPair)

    @property
    def machine_images(self) -> Table[MachineImage]:
        return self.table(MachineImage)

    @property
    def disk_snapshots(self) -> Table[DiskSnapshot]:
        return self.table(DiskSnapshot)

    @property
    def dhcp_options(self) -> Table[DhcpOptions]:
        return self.table(DhcpOptions)

    # -- what belongs to what ------------------------------------------------------------------------------------

    def subnets_of(self, vpc_id: str) -> tuple[Subnet, ...]:
        return self.subnets.where(_vpc_id, vpc_id)

    def route_tables_of(self, vpc_id: str) -> tuple[RouteTable, ...]:
        return self.route_tables.where(_vpc_id, vpc_id)

    def security_groups_of(self, vpc_id: str) -> tuple[SecurityGroup, ...]:
        return self.security_groups.where(_vpc_id, vpc_id)

    def interfaces_in_vpc(self, vpc_id: str) -> tuple[NetworkInterface, ...]:
        return self.interfaces.where(_vpc_id, vpc_id)

    def interfaces_in_subnet(self, subnet_id: str) -> tuple[NetworkInterface, ...]:
        return self.interfaces.where(_subnet_id, subnet_id)

    def interfaces_with_group(self, group_id: str) -> tuple[NetworkInterface, ...]:
        return self.interfaces.where(_group_ids, group_id)

    def group_has(self, group_id: str, address: Address) -> bool:
        """Whether an interface that has the group has this private address."""
        return bool(self.interfaces.where(_group_addresses, (group_id, address)))

    def group_of_rule(self, rule_id: str) -> SecurityGroup | None:
        """The group that the rule ``sgr-…`` is in."""
        return next(iter(self.security_groups.where(_rule_ids, rule_id)), None)

    def interfaces_of(self, instance_id: str) -> tuple[NetworkInterface, ...]:
        """The instance's interfaces in the order of their device index."""
        rows = self.interfaces.where(_instance_id, instance_id)
        return tuple(sorted(rows, key=lambda row: row.attachment.device_index if row.attachment else 0))

    def volumes_of(self, instance_id: str) -> tuple[Volume, ...]:
        return self.volumes.where(_volume_instance_id, instance_id)

    def internet_gateway_of(self, vpc_id: str) -> InternetGateway | None:
        return next(iter(self.internet_gateways.where(_vpc_id, vpc_id)), None)

    def peerings_of(self, vpc_id: str) -> tuple[Peering, ...]:
        """Every connection that names the VPC, whatever its status."""
        return self.peerings.where(_peering_vpc_ids, vpc_id)

    def dhcp_options_of(self, vpc: Vpc) -> DhcpOptions | None:
        """The VPC's set, if it has one."""
        stored = self.dhcp_options.get(vpc.dhcp_options_id)
        if stored is None and vpc.dhcp_options_id == default_options_id(vpc.account, vpc.region):
            return default_options(vpc.account, vpc.region)
        return stored

    def domain_of(self, vpc: Vpc) -> str:
        """The domain in which the VPC's machines believe themselves."""
        options = self.dhcp_options_of(vpc)
        return options.search_domains[0] if options and options.search_domains else internal_domain(vpc.region)

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
        return next(iter(self.interfaces.where(_vpc_addresses, (vpc_id, address))), None)

    def interface_with_public_address(self, address: Address) -> NetworkInterface | None:
        return next(iter(self.interfaces.where(_public_addresses, address)), None)

    def interface_with_identity(self, address: Address) -> NetworkInterface | None:
        """Who asks a service from this address (``services.identity_of``)."""
        identity = services.read_identity(address)
        return next(iter(self.interfaces.where(_identity_number, identity[0])), None) if identity else None

    def address_in_use(self, subnet: Subnet, address: Address) -> bool:
        return self.interface_at(subnet.vpc_id, address) is not None

    def available_addresses(self, subnet: Subnet) -> int:
        taken = sum(len(row.private_addresses) for row in self.interfaces_in_subnet(subnet.id))
        return subnet.usable_size - taken

    def instance_of(self, interface: NetworkInterface) -> Instance | None:
        return self.instances.get(interface.attachment.instance_id) if interface.attachment else None

    # -- names ---------------------------------------------------------------------------------------------------

    def hosted_zones_of(self, vpc_id: str) -> tuple[HostedZone, ...]:
        """The private zones that answer in the VPC, whoever owns them."""
        return self.hosted_zones.where(_zone_vpc_ids, vpc_id)

    def hosted_zone_for(self, vpc_id: str, name: str) -> HostedZone | None:
        """The private zone that answers for a canonical name in the VPC: of those that hold it, the most specific one.

        What such a zone does not have does not exist in the VPC, whatever the internet says (Route 53 developer guide,
        "Considerations when working with a private hosted zone").
        """
        zones = {zone.name: zone for zone in self.hosted_zones_of(vpc_id)}
        return next((zones[domain] for domain in ancestors(name) if domain in zones), None)

    def public_hosted_zone_for(self, name: str) -> HostedZone | None:
        """The public zone that answers for a canonical name on the built-in internet.

        Of several with the same name it is the first one, as if that had been registered.
        """
        for domain in ancestors(name):
            if zones := self.hosted_zones.where(_public_zone_name, domain):
                return min(zones, key=lambda zone: (zone.created_at, zone.id))
        return None

    def record_sets_of(self, zone_id: str) -> tuple[RecordSet, ...]:
        return self.record_sets.where(_zone_id, zone_id)

    def record_sets_at(self, zone: HostedZone, name: str) -> tuple[RecordSet, ...] | None:
        """The record sets that answer for a canonical name of the zone: its own, or else the wildcard's (RFC 4592).

        Empty when the name exists and has no records, because there are names under it.  None when it does not exist.
        """
        for domain in ancestors(name):
            if self.record_sets.where(_names_at_or_above, (zone.id, domain)):
                if domain != name:  # the closest encloser: its wildcard stands for all that is not there
                    return self.record_sets.where(_zone_id_and_name, (zone.id, f"{WILDCARD}.{domain}")) or None
                return self.record_sets.where(_zone_id_and_name, (zone.id, name))
            if domain == zone.name:
                break
        return None

    # -- routes --------------------------------------------------------------------------------------------------

    def main_route_table(self, vpc_id: str) -> RouteTable:
        """Raises KeyError for an unknown VPC: every VPC has a main route table."""
        for table in self.route_tables_of(vpc_id):
            if table.is_main:
                return table
        raise KeyError(vpc_id)

    def route_table_for(self, subnet: Subnet) -> RouteTable:
        """The table that is associated with the subnet, or else the VPC's main table."""
        return next(iter(self.route_tables.where(_associated_subnets, subnet.id)), None) or self.main_route_table(
            subnet.vpc_id
        )

    def routes(self, table: RouteTable) -> tuple[Route, ...]:
        """All routes of the table: one ``local`` route per CIDR block of the VPC, then the user's."""
        local = tuple(Route(cidr, LOCAL, RouteOrigin.CREATE_ROUTE_TABLE) for cidr in self.vpcs[table.vpc_id].cidrs)
        return local + table.routes

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


# The functions below name the tables' indexes.


def _vpc_id(row: Any) -> Iterable[str | None]:
    return (row.vpc_id,)


def _subnet_id(row: NetworkInterface) -> Iterable[str]:
    return (row.subnet_id,)


def _group_ids(row: NetworkInterface) -> Iterable[str]:
    return row.group_ids


def _group_addresses(row: NetworkInterface) -> Iterable[tuple[str, Address]]:
    return product(row.group_ids, row.private_addresses)


def _rule_ids(row: SecurityGroup) -> Iterable[str]:
    return (rule.id for rule in row.rules)


def _instance_id(row: NetworkInterface) -> Iterable[str]:
    return (row.attachment.instance_id,) if row.attachment else ()


def _volume_instance_id(row: Volume) -> Iterable[str | None]:
    return (row.instance_id,)


def _vpc_addresses(row: NetworkInterface) -> Iterable[tuple[str, Address]]:
    return ((row.vpc_id, address) for address in row.private_addresses)


def _identity_number(row: NetworkInterface) -> Iterable[int]:
    return (services.identity_number(row.id),)


def _public_addresses(row: NetworkInterface) -> Iterable[Address]:
    return (row.public_address,) if row.public_address is not None else ()


def _zone_vpc_ids(row: HostedZone) -> Iterable[str]:
    return (vpc.vpc_id for vpc in row.vpcs)


def _public_zone_name(row: HostedZone) -> Iterable[str]:
    return () if row.is_private else (row.name,)


def _zone_id(row: RecordSet) -> Iterable[str]:
    return (row.zone_id,)


def _zone_id_and_name(row: RecordSet) -> Iterable[tuple[str, str]]:
    return ((row.zone_id, row.name),)


def _names_at_or_above(row: RecordSet) -> Iterable[tuple[str, str]]:
    return ((row.zone_id, domain) for domain in ancestors(row.name))


def _peering_vpc_ids(row: Peering) -> Iterable[str]:
    return {row.requester.vpc_id, row.accepter.vpc_id}


def _associated_subnets(row: RouteTable) -> Iterable[str]:
    return (association.subnet_id for association in row.associations if association.subnet_id)
