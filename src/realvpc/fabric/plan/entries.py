"""What the data plane needs to know, as pure data.

Addresses are 16 bytes (IPv4 in ``::ffff:0:0/96``); prefix lengths count in that space.  Every entry has a ``key``: of
two entries of one kind with the same key, one takes the other's place.
"""

from __future__ import annotations

from msgspec import Struct

from realvpc.net import mtu
from realvpc.net.addresses import ANY_IPV4, ANY_IPV6, Cidr
from realvpc.net.route_table import TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS

ANYTHING = (0, 65535)
NOTHING = (1, 0)


class Block(Struct, frozen=True, order=True, gc=False):
    """A CIDR block."""

    network: bytes
    length: int

    @property
    def is_ipv4(self) -> bool:
        return self.length >= ANY_IPV4.length and self.network.startswith(_MAPPED)

    @classmethod
    def of(cls, cidr: Cidr) -> Block:
        return cls(cidr.first.packed, cidr.length)


_MAPPED = ANY_IPV4.first.packed[:12]
NO_BLOCK = Block(b"", 0)
_EVERYWHERE = (Block.of(ANY_IPV4), Block.of(ANY_IPV6))


class RuleEntry(Struct, frozen=True, order=True, gc=False):
    """A rule of a security group or a network ACL.  ``protocol`` is -1 for all.  The peer is a block or a group.

    ``low`` is the inclusive range of destination ports, or of ICMP types; ``high`` that of ICMP codes.
    """

    protocol: int
    low: tuple[int, int]
    high: tuple[int, int]
    block: Block = NO_BLOCK
    group_id: str = ""
    allows: bool = True

    @property
    def names_everywhere(self) -> bool:
        return self.block in _EVERYWHERE

    @property
    def opens_everything(self) -> bool:
        """Whether the rule admits all traffic to or from everywhere."""
        return self.allows and self.names_everywhere and self.protocol == ALL_PROTOCOLS

    def opens_every_port(self, protocol: int) -> bool:
        """Whether the rule admits every port of TCP or UDP to or from everywhere."""
        return self.names_everywhere and self.protocol in (ALL_PROTOCOLS, protocol) and self.low == ANYTHING


class FamilyRules(Struct, frozen=True, gc=False):
    """Rules of one family: an address of one never matches a block of the other."""

    ingress: tuple[RuleEntry, ...] = ()
    egress: tuple[RuleEntry, ...] = ()

    @property
    def opens_everything(self) -> bool:
        """Whether everything passes in both directions."""
        return all(rules and rules[0].opens_everything for rules in (self.ingress, self.egress))


class RuleSet(Struct, frozen=True, gc=False):
    """What the security groups of an interface allow together, those rules first that name everywhere; or the rules of
    a network ACL, of which the first one that matches decides.

    ``id`` is 64 bits of a hash of the rules: a changed set is another set, so that an interface goes over from the old
    rules to the new ones at once, and interfaces with the same rules share a set.
    """

    id: int
    ipv4: FamilyRules
    ipv6: FamilyRules

    @property
    def lists(self) -> tuple[tuple[RuleEntry, ...], ...]:
        """In the order of ``RuleList``."""
        return self.ipv4.ingress, self.ipv4.egress, self.ipv6.ingress, self.ipv6.egress

    @property
    def key(self) -> int:
        return self.id


class InterfaceEntry(Struct, frozen=True, gc=False):
    id: str
    vpc_id: str
    route_table_id: str
    rule_set: int
    acl: int  # the rule set of its subnet's network ACL, or what stands for one
    mac_address: str
    primary: bytes
    subnet: Block
    ipv6_subnet: Block | None
    resolver: bytes  # the VPC's own address of it
    is_checked: bool
    is_running: bool
    resolves: bool
    is_nat_gateway: bool = False
    logs_accepted: bool = False  # flow logs have it
    logs_rejected: bool = False
    resolves_over_ipv6: bool = False
    metadata_over_ipv6: bool = False
    is_endpoint: bool = False

    @property
    def key(self) -> str:
        return self.id


class AddressEntry(Struct, frozen=True, gc=False):
    """An address in a VPC; ``public_address`` is what the internet gateway translates it to, empty for nothing;
    ``kept_from`` are the gateways that it may not use (``KeptFrom``)."""

    vpc_id: str
    address: bytes
    interface_id: str
    public_address: bytes
    kept_from: int = 0
    is_prefix: bool = False  # `address` is the first one of a delegated prefix of IPv6

    @property
    def key(self) -> tuple[str, bytes]:
        return self.vpc_id, self.address


class RouteEntry(Struct, frozen=True, gc=False):
    """``target`` is None for a blackhole.

    ``interface_id`` is set for a network interface and for a NAT gateway's, ``vpc_id`` and ``mtu`` for a peering: the
    far VPC; ``next_table_id`` for another route table, and ``vpc_id`` is whose that is.
    """

    route_table_id: str
    block: Block
    target: TargetKind | None
    interface_id: str = ""
    vpc_id: str = ""
    next_table_id: str = ""
    mtu: int = mtu.SAME_REGION

    @property
    def key(self) -> tuple[str, Block]:
        return self.route_table_id, self.block


class VpcCidrEntry(Struct, frozen=True, gc=False):
    vpc_id: str
    block: Block

    @property
    def key(self) -> tuple[str, Block]:
        return self.vpc_id, self.block


class GroupMemberEntry(Struct, frozen=True, gc=False):
    group_id: str
    address: bytes
    is_prefix: bool = False  # `address` is the first one of a delegated prefix of IPv6

    @property
    def key(self) -> tuple[str, bytes]:
        return self.group_id, self.address


class NatGatewayEntry(Struct, frozen=True, gc=False):
    """The addresses that a NAT gateway, known by its interface, puts in the place of others."""

    interface_id: str
    addresses: tuple[bytes, ...]

    @property
    def key(self) -> str:
        return self.interface_id


class PublicAddressEntry(Struct, frozen=True, gc=False):
    """What it leads to.  ``is_attached``: an internet gateway is attached to the interface's VPC; ``route_table_id`` is
    the one by which that gateway routes what it lets in, empty for none; ``kept_from`` are the gateways over which
    nothing comes in (``KeptFrom``)."""

    address: bytes
    interface_id: str
    private_address: bytes
    is_attached: bool
    route_table_id: str = ""
    kept_from: int = 0
    is_prefix: bool = False  # `address` is the first one of a delegated prefix of IPv6

    @property
    def key(self) -> bytes:
        return self.address
