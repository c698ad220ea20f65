"""What rows of the Network are found by.  Each function names an index: see ``Table.where``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from . import services
from .addresses import Address
from .network_interface import NetworkInterface
from .peering import Peering
from .route_table import RouteTable
from .security_group import SecurityGroup


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
