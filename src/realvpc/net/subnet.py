"""A subnet: a CIDR block of a VPC in one Availability Zone."""

from __future__ import annotations

from collections.abc import Iterator

from .addresses import Address, Cidr
from .resource import Resource

# The first four addresses and the last one belong to AWS (VPC guide, "Subnet CIDR blocks"): network, VPC router,
# DNS, future use, broadcast.
RESERVED_AT_START = 4
ROUTER_PLACE = 1
RESERVED_AT_END = 1


class Subnet(Resource, frozen=True, kw_only=True):
    vpc_id: str
    cidr: Cidr
    zone_name: str
    zone_id: str
    map_public_ip_on_launch: bool = False
    assign_ipv6_address_on_creation: bool = False
    private_dns_hostname_type: str = "ip-name"
    enable_resource_name_dns_a_record: bool = False
    enable_resource_name_dns_aaaa_record: bool = False

    @property
    def router(self) -> Address:
        """The VPC router's address in this subnet: base + 1."""
        return self.cidr.at(ROUTER_PLACE)

    @property
    def usable_size(self) -> int:
        return self.cidr.size - RESERVED_AT_START - RESERVED_AT_END

    def usable(self, address: Address) -> bool:
        """Whether a network interface may have this address."""
        offset = address - self.cidr.network
        return RESERVED_AT_START <= offset < self.cidr.size - RESERVED_AT_END

    def usable_from(self, start: int) -> Iterator[Address]:
        """All usable addresses, beginning ``start`` places in and wrapping around."""
        for step in range(self.usable_size):
            yield self.cidr.at(RESERVED_AT_START + (start + step) % self.usable_size)
