"""A subnet: a CIDR block of a VPC in one Availability Zone, of IPv4, of IPv6, or one of each."""

from __future__ import annotations

from typing import ClassVar

from .addresses import LINK_LOCAL_IPV4, Address, Cidr
from .ended_association import EndedAssociation
from .network_acl import first_association_id
from .resource import Resource
from .vpc import Ipv6CidrAssociation

# The first four addresses and the last one belong to AWS (VPC guide, "Subnet CIDR blocks"): network, VPC router,
# DNS, future use, broadcast.
RESERVED_AT_START = 4
ROUTER_PLACE = 1
RESERVED_AT_END = 1
IPV6_PREFIX_LENGTHS = range(44, 65, 4)  # VPC guide, "IPv6 subnet CIDR blocks"
DEFAULT_SUBNET_PREFIX_LENGTH = 20  # VPC guide, "Default subnets"


class Subnet(Resource, frozen=True, kw_only=True):
    DELEGATED_PREFIX_LENGTH: ClassVar[int] = 28
    DELEGATED_IPV6_PREFIX_LENGTH: ClassVar[int] = 80

    vpc_id: str
    cidr: Cidr | None  # none of IPv4 in an IPv6-only subnet
    ipv6_cidr_associations: tuple[Ipv6CidrAssociation, ...] = ()  # AWS allows one
    ended_associations: tuple[EndedAssociation, ...] = ()  # those that it had
    zone_name: str
    zone_id: str
    default_for_az: bool = False
    map_public_ip_on_launch: bool = False
    assign_ipv6_address_on_creation: bool = False
    enable_dns64: bool = False
    private_dns_hostname_type: str = "ip-name"
    enable_resource_name_dns_a_record: bool = False
    enable_resource_name_dns_aaaa_record: bool = False
    network_acl_id: str | None = None  # None: the default one of its VPC
    network_acl_association: str | None = None  # its id once it is another than the first

    @property
    def network_acl_association_id(self) -> str:
        return self.network_acl_association or first_association_id(self.id)

    @property
    def ipv6_cidr(self) -> Cidr | None:
        return self.ipv6_cidr_associations[0].cidr if self.ipv6_cidr_associations else None

    @property
    def is_ipv6_native(self) -> bool:
        """Whether it is an IPv6-only subnet, which it is from the beginning or never (VPC guide, "Subnet types")."""
        return self.cidr is None

    @property
    def blocks(self) -> tuple[Cidr, ...]:
        """Those of both families."""
        return tuple(block for block in (self.cidr, self.ipv6_cidr) if block is not None)

    def holds(self, address: int) -> bool:
        """Whether the address lies in a block of the subnet, of either family."""
        return any(address in block for block in self.blocks)

    @property
    def ipv4_link(self) -> Cidr:
        """The block of its links in IPv4, which reaches the link-local services where nothing else is of IPv4."""
        return self.cidr or LINK_LOCAL_IPV4

    @property
    def router(self) -> Address:
        """The VPC router's address on the subnet's links: base + 1."""
        return self.ipv4_link.at(ROUTER_PLACE)

    @property
    def usable_size(self) -> int:
        """How many addresses of IPv4 it has for network interfaces."""
        return self.usable_in(self.cidr) if self.cidr else 0

    def usable_in(self, block: Cidr) -> int:
        """How many addresses of a part of its IPv4 block a network interface may have."""
        assert self.cidr is not None, "it has the part"
        first, last = self.cidr.first + RESERVED_AT_START, self.cidr.last - RESERVED_AT_END
        return max(0, min(block.last, last) - max(block.first, first) + 1)

    def usable(self, address: Address) -> bool:
        """Whether a network interface may have this address."""
        block = self.cidr if address.is_ipv4 else self.ipv6_cidr
        return block is not None and RESERVED_AT_START <= address - block.network < block.size - RESERVED_AT_END


def delegable_prefixes(block: Cidr) -> range:
    """The numbers (``Cidr.subnet``) of the prefixes of a subnet's IPv4 block that can be delegated: those without a
    reserved address."""
    count = block.size >> (32 - Subnet.DELEGATED_PREFIX_LENGTH)
    return range(1, max(1, count - 1))


def delegated(address: Address) -> Cidr:
    """The IPv6 prefix that the address would be in, were it delegated."""
    return Cidr.around(address, Subnet.DELEGATED_IPV6_PREFIX_LENGTH)
