"""Network ACLs: numbered rules at the boundary of a subnet (VPC guide, "Network ACLs").

Stateless: what goes out and what comes back are looked at apart.  The rule with the lowest number that matches
decides; where none does, the packet is denied.
"""

from __future__ import annotations

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from .addresses import ANY_IPV4, ANY_IPV6, Cidr
from .packet import Packet
from .resource import Resource
from .security_group import ALL_PROTOCOLS, ANY_TYPE, ICMP, ICMPV6, TCP, UDP
from .vpc import Vpc

FIRST_NUMBER, LAST_NUMBER = 1, 32766
STAR_IPV4, STAR_IPV6 = 32767, 32768  # the numbers under which the API shows that all else is denied
FIRST_RULE, FIRST_IPV6_RULE = 100, 101


class AclEntry(Struct, frozen=True, kw_only=True, order=True, gc=False):
    """One rule.  A number is one rule in each direction, whatever its family.

    ``protocol`` is the IANA number or -1 for all.  ``low`` and ``high`` are the first and last port for TCP and UDP,
    type and code for ICMP and, in IPv6, ICMPv6 (-1: any), and -1 where neither counts.
    """

    is_egress: bool
    number: int
    allows: bool
    protocol: int
    cidr: Cidr
    low: int = ANY_TYPE
    high: int = ANY_TYPE

    @property
    def has_ports(self) -> bool:
        return self.protocol in (TCP, UDP)

    @property
    def has_types(self) -> bool:
        return self.protocol == ICMP or (self.protocol == ICMPV6 and not self.cidr.is_ipv4)

    def matches(self, packet: Packet) -> bool:
        """Whether the rule decides about a packet that crosses the boundary in its direction."""
        if self.protocol not in (ALL_PROTOCOLS, packet.protocol):
            return False
        if (packet.destination if self.is_egress else packet.source) not in self.cidr:
            return False
        if self.has_ports:
            return self.low <= packet.destination_port <= self.high
        if self.has_types:
            return self.low in (ANY_TYPE, packet.icmp_type) and self.high in (ANY_TYPE, packet.icmp_code)
        return True


class NetworkAcl(Resource, frozen=True, kw_only=True):
    """``entries`` are in order: inbound by number, then outbound.  Which subnets it is for, the subnets say."""

    vpc_id: str
    is_default: bool = False
    entries: tuple[AclEntry, ...] = ()

    def in_direction(self, *, is_egress: bool) -> tuple[AclEntry, ...]:
        return tuple(entry for entry in self.entries if entry.is_egress == is_egress)

    def entry(self, number: int, *, is_egress: bool) -> AclEntry | None:
        return next((each for each in self.entries if (each.number, each.is_egress) == (number, is_egress)), None)

    def decide(self, packet: Packet, *, is_egress: bool) -> AclEntry | None:
        """The rule that decides about a packet; None where none matches, and the packet is denied."""
        entries = self.in_direction(is_egress=is_egress)
        return next((entry for entry in entries if entry.matches(packet)), None)

    @classmethod
    def default_of(cls, vpc: Vpc) -> Self:
        """The one that a VPC begins with: everything is allowed, of IPv6 once the VPC has a block of it."""
        acl = cls(
            id=default_acl_id(vpc.id),
            account=vpc.account,
            region=vpc.region,
            vpc_id=vpc.id,
            is_default=True,
            entries=tuple(_allowing(FIRST_RULE, ANY_IPV4, is_egress=is_egress) for is_egress in (False, True)),
        )
        return acl.opened_to_ipv6() if vpc.ipv6_cidrs else acl

    def opened_to_ipv6(self) -> Self:
        """The default one of a VPC that gets its first IPv6 block: a direction in which somebody changed the rules
        stays as it is (VPC guide, "Default network ACL")."""
        added = [
            _allowing(FIRST_IPV6_RULE, ANY_IPV6, is_egress=is_egress)
            for is_egress in (False, True)
            if self.in_direction(is_egress=is_egress) == (_allowing(FIRST_RULE, ANY_IPV4, is_egress=is_egress),)
        ]
        return replace(self, entries=tuple(sorted((*self.entries, *added))))


def _allowing(number: int, cidr: Cidr, *, is_egress: bool) -> AclEntry:
    return AclEntry(is_egress=is_egress, number=number, allows=True, protocol=ALL_PROTOCOLS, cidr=cidr)


def default_acl_id(vpc_id: str) -> str:
    """The default ACL of a VPC has its digits, so that it need not be stored as long as nobody changes it."""
    return _sibling("acl", vpc_id)


def vpc_of_default_acl(acl_id: str) -> str:
    """Whose default ACL it is, if it is one."""
    return _sibling("vpc", acl_id)


def first_association_id(subnet_id: str) -> str:
    """The association that a subnet begins with, and which it has until another ACL takes the place of the default."""
    return _sibling("aclassoc", subnet_id)


def _sibling(prefix: str, resource_id: str) -> str:
    return f"{prefix}-{resource_id.rpartition('-')[2]}"
