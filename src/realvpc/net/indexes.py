"""What rows of the Network are found by.  Each function names an index: see ``Table.where``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from . import services
from .addresses import Address
from .instance import Instance
from .instance_types import INSTANCE_TYPES
from .internet_gateway import InternetGateway
from .network_interface import NetworkInterface
from .peering import Peering, PeeringStatus
from .resource import Resource
from .route_table import RouteTable, TableRoute
from .security_group import GroupReference, SecurityGroup
from .subnet import Subnet
from .table import Keys
from .vpc import Vpc


def vpc_id(row: Any) -> Iterable[str | None]:
    return (row.vpc_id,)


def subnet_id(row: NetworkInterface) -> Iterable[str]:
    return (row.subnet_id,)


def group_ids(row: NetworkInterface) -> Iterable[str]:
    return row.group_ids


def group_addresses(row: NetworkInterface) -> Iterable[tuple[str, Address]]:
    return product(row.group_ids, row.private_addresses)


def rule_ids(row: SecurityGroup) -> Iterable[str]:
    return (rule.id for rule in row.rules)


def owner_id(row: NetworkInterface) -> Iterable[str]:
    return (row.attachment.owner_id,) if row.attachment else ()


def vpc_addresses(row: NetworkInterface) -> Iterable[tuple[str, Address]]:
    return ((row.vpc_id, address) for address in row.private_addresses)


def identity_digits(row: NetworkInterface) -> Iterable[str]:
    """The hexadecimal digits of the number by which services know it."""
    return (row.id[-services.IDENTITY_BITS // 4 :],)


def public_addresses(row: NetworkInterface) -> Iterable[Address]:
    return (row.public_address,) if row.public_address is not None else ()


def peering_vpc_ids(row: Peering) -> Iterable[str]:
    return {row.requester.vpc_id, row.accepter.vpc_id}


def associated_subnets(row: RouteTable) -> Iterable[str]:
    return (association.subnet_id for association in row.associations if association.subnet_id)


def route_table_id(row: TableRoute) -> Iterable[str]:
    return (row.route_table_id,)


def route_family(row: TableRoute) -> Iterable[tuple[str, bool]]:
    return ((row.route_table_id, row.route.destination.is_ipv4),)


def target_id(row: TableRoute) -> Iterable[str]:
    return (row.route.target.id,)


def group_sets(row: NetworkInterface) -> Iterable[frozenset[str]]:
    return (frozenset(row.group_ids),)


def vpc_with_public_address(row: NetworkInterface) -> Iterable[str]:
    return (row.vpc_id,) if row.public_address is not None else ()


def referenced_groups(row: SecurityGroup) -> Iterable[str]:
    return {rule.peer.group_id for rule in row.rules if isinstance(rule.peer, GroupReference)}


def vpc_with_references(row: SecurityGroup) -> Iterable[str]:
    """Of groups that reference others."""
    return (row.vpc_id,) if any(group_id != row.id for group_id in referenced_groups(row)) else ()


def dhcp_options_id(row: Vpc) -> Iterable[str]:
    return (row.dhcp_options_id,)


def subnet_with_more_addresses(row: NetworkInterface) -> Iterable[str]:
    """Of interfaces that have more than the primary one."""
    return (row.subnet_id,) if len(row.private_addresses) > 1 else ()


def wanted_vcpus(row: Instance) -> Iterable[tuple[str, str, int]]:
    """Of instances whose machines should be up."""
    return ((row.account, row.region, INSTANCE_TYPES[row.instance_type].vcpus),) if row.machine_wanted else ()


def primary_cidr(row: Vpc) -> Iterable[tuple[str, str, str]]:
    """Account, Region, and the block as it is written."""
    return ((row.account, row.region, str(row.primary_cidr)),)


def cidr_association_ids(row: Vpc) -> Iterable[str]:
    return (association.id for association in row.cidr_associations)


def route_table_association_ids(row: RouteTable) -> Iterable[str]:
    return (association.id for association in row.associations)


def profile_association_id(row: Instance) -> Iterable[str]:
    return (row.instance_profile_association_id,) if row.instance_profile_association_id else ()


def mac_address(row: NetworkInterface) -> Iterable[str]:
    return (row.mac_address,)


def pending_request_of(row: Peering) -> Iterable[tuple[str, str]]:
    """Of requests that nobody has answered, be they expired."""
    return ((row.account, row.region),) if row.status is PeeringStatus.PENDING_ACCEPTANCE else ()


OF_NETWORK: dict[type[Resource], tuple[Keys, ...]] = {
    Vpc: (dhcp_options_id, primary_cidr, cidr_association_ids),
    Subnet: (vpc_id,),
    RouteTable: (vpc_id, associated_subnets, route_table_association_ids),
    TableRoute: (route_table_id, route_family, target_id),
    InternetGateway: (vpc_id,),
    SecurityGroup: (vpc_id, rule_ids, referenced_groups, vpc_with_references),
    NetworkInterface: (
        vpc_id,
        subnet_id,
        subnet_with_more_addresses,
        group_ids,
        group_sets,
        group_addresses,
        owner_id,
        vpc_addresses,
        public_addresses,
        vpc_with_public_address,
        identity_digits,
        mac_address,
    ),
    Instance: (wanted_vcpus, profile_association_id),
    Peering: (peering_vpc_ids, pending_request_of),
}
