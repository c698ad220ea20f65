"""What the data plane needs to know, as pure data.

Addresses are 16 bytes (IPv4 in ``::ffff:0:0/96``); prefix lengths count in that space.  Every entry has a ``key``: of
two entries of one kind with the same key, one takes the other's place.
"""

from __future__ import annotations

from msgspec import Struct

from realvpc.net import mtu
from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.route_table import TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS

ANYTHING = (0, 65535)
NOTHING = (1, 0)


class Block(Struct, frozen=True, order=True, gc=False):
    """A CIDR block."""

    network: bytes
    length: int

    @classmethod
    def of(cls, cidr: Cidr) -> Block:
        return cls(cidr.first.packed, cidr.length)


NO_BLOCK = Block(b"", 0)
_EVERYWHERE = Block.of(ANY_IPV4)


class RuleEntry(Struct, frozen=True, order=True, gc=False):
    """A security group rule.  ``protocol`` is -1 for all.  The peer is a block or a security group.

    ``low`` is the inclusive range of destination ports, or of ICMP types; ``high`` that of ICMP codes.
    """

    protocol: int
    low: tuple[int, int]
    high: tuple[int, int]
    block: Block = NO_BLOCK
    group_id: str = ""

    @property
    def names_everywhere(self) -> bool:
        return self.block == _EVERYWHERE

    @property
    def opens_everything(self) -> bool:
        """Whether the rule admits all traffic to or from everywhere."""
        return self.names_everywhere and self.protocol == ALL_PROTOCOLS

    def opens_every_port(self, protocol: int) -> bool:
        """Whether the rule admits every port of TCP or UDP to or from everywhere."""
        return self.names_everywhere and self.protocol in (ALL_PROTOCOLS, protocol) and self.low == ANYTHING


class RuleSet(Struct, frozen=True, gc=False):
    """What the security groups of an interface allow together.  Rules that name everywhere come first.

    ``id`` is 64 bits of a hash of the rules: a changed set is another set, so that an interface goes over from the old
    rules to the new ones at once, and interfaces with the same rules share a set.
    """

    id: int
    ingress: tuple[RuleEntry, ...]
    egress: tuple[RuleEntry, ...]

    @property
    def key(self) -> int:
        return self.id


class InterfaceEntry(Struct, frozen=True, gc=False):
    id: str
    vpc_id: str
    route_table_id: str
    rule_set: int
    mac_address: str
    primary: bytes
    public_address: bytes | None
    subnet: Block
    resolver: bytes  # the VPC's own address of it
    is_checked: bool
    is_running: bool
    resolves: bool

    @property
    def key(self) -> str:
        return self.id


class AddressEntry(Struct, frozen=True, gc=False):
    vpc_id: str
    address: bytes
    interface_id: str

    @property
    def key(self) -> tuple[str, bytes]:
        return self.vpc_id, self.address


class RouteEntry(Struct, frozen=True, gc=False):
    """``target`` is None for a blackhole.

    ``interface_id`` is set for a network interface, ``vpc_id`` and ``mtu`` for a peering: the far VPC;
    ``next_table_id`` for another route table, and ``vpc_id`` is whose that is.
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

    @property
    def key(self) -> tuple[str, bytes]:
        return self.group_id, self.address


class PublicAddressEntry(Struct, frozen=True, gc=False):
    """``is_attached``: an internet gateway is attached to the interface's VPC."""

    address: bytes
    interface_id: str
    is_attached: bool

    @property
    def key(self) -> bytes:
        return self.address
