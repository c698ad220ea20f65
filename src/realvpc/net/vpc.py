"""A virtual private cloud and its CIDR blocks."""

from __future__ import annotations

from msgspec import Struct

from .addresses import Cidr
from .resource import Resource

MINIMUM_PREFIX_LENGTH = 16
MAXIMUM_PREFIX_LENGTH = 28


class CidrAssociation(Struct, frozen=True):
    """One CIDR block of a VPC; ``id`` is ``vpc-cidr-assoc-…``."""

    id: str
    cidr: Cidr


class Vpc(Resource, frozen=True, kw_only=True):
    """``cidrs`` is in the order of association: the first one is the primary block and stays."""

    cidr_associations: tuple[CidrAssociation, ...]
    dhcp_options_id: str = "default"
    instance_tenancy: str = "default"
    is_default: bool = False
    enable_dns_support: bool = True
    enable_dns_hostnames: bool = False

    @property
    def cidrs(self) -> tuple[Cidr, ...]:
        return tuple(association.cidr for association in self.cidr_associations)

    @property
    def primary_cidr(self) -> Cidr:
        return self.cidr_associations[0].cidr

    def holds(self, address: int) -> bool:
        """Whether the address lies in one of the VPC's CIDR blocks."""
        return any(address in association.cidr for association in self.cidr_associations)


def valid_block(cidr: Cidr) -> bool:
    """A VPC or subnet block is an IPv4 /16 to /28 (VPC guide, "VPC CIDR blocks")."""
    return cidr.is_ipv4 and MINIMUM_PREFIX_LENGTH <= cidr.prefix_length <= MAXIMUM_PREFIX_LENGTH
