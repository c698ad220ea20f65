"""A virtual private cloud and its CIDR blocks."""

from __future__ import annotations

from msgspec import Struct

from .addresses import NEVER_FORWARDED, RFC1918, Address, Cidr
from .ended_association import EndedAssociation
from .resource import Resource

MINIMUM_PREFIX_LENGTH = 16
MAXIMUM_PREFIX_LENGTH = 28
IPV6_POOL = Cidr.parse("2001:db8::/33")
"""Where Amazon's IPv6 blocks come from: half of what is set aside for documentation (RFC 3849).  To a guest it is
global unicast, and outside no address of it means anything."""
IPV6_PREFIX_LENGTH = 56  # of each of them
DEFAULT_VPC_BLOCK = Cidr.parse("172.31.0.0/16")  # VPC guide, "Default VPC components"


class CidrAssociation(Struct, frozen=True):
    """One CIDR block of a VPC; ``id`` is ``vpc-cidr-assoc-…``."""

    id: str
    cidr: Cidr


class Ipv6CidrAssociation(Struct, frozen=True):
    """One IPv6 block of a VPC, where ``id`` is ``vpc-cidr-assoc-…``, or of a subnet: ``subnet-cidr-assoc-…``."""

    id: str
    cidr: Cidr


class Vpc(Resource, frozen=True, kw_only=True):
    """``cidrs`` is in the order of association: the first one is the primary block and stays.  It has those of IPv4,
    ``ipv6_cidrs`` those of IPv6; ``ended_associations`` were some of either."""

    cidr_associations: tuple[CidrAssociation, ...]
    ipv6_cidr_associations: tuple[Ipv6CidrAssociation, ...] = ()
    ended_associations: tuple[EndedAssociation, ...] = ()
    dhcp_options_id: str = "default"
    instance_tenancy: str = "default"
    is_default: bool = False
    enable_dns_support: bool = True
    enable_dns_hostnames: bool = False
    enable_network_address_usage_metrics: bool = False

    @property
    def cidrs(self) -> tuple[Cidr, ...]:
        return tuple(association.cidr for association in self.cidr_associations)

    @property
    def ipv6_cidrs(self) -> tuple[Cidr, ...]:
        return tuple(association.cidr for association in self.ipv6_cidr_associations)

    @property
    def blocks(self) -> tuple[Cidr, ...]:
        """Those of both families."""
        return self.cidrs + self.ipv6_cidrs

    @property
    def primary_cidr(self) -> Cidr:
        return self.cidr_associations[0].cidr

    @property
    def resolver(self) -> Address:
        """The address of the VPC's resolver: base + 2 (VPC guide, "Amazon DNS server")."""
        return self.primary_cidr.at(2)

    @property
    def names_hosts(self) -> bool:
        """Whether its interfaces have names that its resolver knows (VPC guide, "DNS attributes for your VPC")."""
        return self.enable_dns_support and self.enable_dns_hostnames

    def holds(self, address: int) -> bool:
        """Whether the address lies in one of the VPC's CIDR blocks, of either family."""
        return any(address in block for block in self.blocks)


def valid_block(cidr: Cidr) -> bool:
    """A VPC or subnet block is an IPv4 /16 to /28 of unicast space (VPC guide, "VPC CIDR blocks")."""
    return (
        cidr.is_ipv4
        and MINIMUM_PREFIX_LENGTH <= cidr.prefix_length <= MAXIMUM_PREFIX_LENGTH
        and not any(cidr.overlaps(block) for block in NEVER_FORWARDED)
    )


# VPC guide, "IPv4 CIDR block association restrictions".
_TEN_0, _TEN_0_AND_1 = Cidr.parse("10.0.0.0/16"), Cidr.parse("10.0.0.0/15")
_RESTRICTED_BENCHMARK = Cidr.parse("198.19.0.0/16")


def may_join(cidr: Cidr, blocks: tuple[Cidr, ...]) -> bool:
    """Whether a VPC with these blocks, the primary one first, may have ``cidr`` as a secondary one.

    Private ranges do not mix, 198.19.0.0/16 joins only its own, and two ranges that AWS uses itself stay out.  Overlap
    is another question.
    """
    primary = blocks[0]
    for private in RFC1918:
        if private.covers(cidr):
            taken = cidr.overlaps(DEFAULT_VPC_BLOCK) or (
                _TEN_0.covers(cidr) and any(_TEN_0_AND_1.covers(block) for block in blocks)
            )
            return private.covers(primary) and not taken
    return not _RESTRICTED_BENCHMARK.covers(cidr) or _RESTRICTED_BENCHMARK.covers(primary)
