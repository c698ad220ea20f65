"""What rows of the Network are found by.  Each function names an index: see ``Table.where``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from . import services
from .addresses import Address
from .network_interface import NetworkInterface
from .peering import Peering
from .route_table import RouteTable, TableRoute
from .security_group import GroupReference, SecurityGroup
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


def instance_id(row: NetworkInterface) -> Iterable[str]:
    return (row.attachment.instance_id,) if row.attachment else ()


def vpc_addresses(row: NetworkInterface) -> Iterable[tuple[str, Address]]:
    return ((row.vpc_id, address) for address in row.private_addresses)


def identity_number(row: NetworkInterface) -> Iterable[int]:
    return (services.identity_number(row.id),)


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
