"""Security groups: allow-only, stateful, at the network interface (VPC guide, "Security group rules")."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Self, TypeAlias

from msgspec import Struct

from .addresses import Cidr
from .resource import Resource

ALL_PROTOCOLS = -1
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
PORT_MINIMUM, PORT_MAXIMUM = 0, 65535
ANY_TYPE = -1  # of ICMP types and codes


class GroupReference(Struct, frozen=True):
    """The private addresses of the interfaces that have the group; ``peering_id`` when it was named over a peering."""

    group_id: str
    account: str
    peering_id: str | None = None


class PrefixListReference(Struct, frozen=True):
    """The blocks that are in a prefix list, at any time."""

    prefix_list_id: str


if TYPE_CHECKING:
    Peer: TypeAlias = Cidr | GroupReference | PrefixListReference
else:

    class Peer(ABC):  # noqa: B024
        """A Cidr or what a rule refers to: to msgspec, whose unions take no types but its own, one type."""

    Peer.register(Cidr)
    Peer.register(GroupReference)
    Peer.register(PrefixListReference)


def peer_id(peer: Peer) -> str | None:
    """Of the group or the prefix list that a rule names; None where it has a block."""
    match peer:
        case GroupReference():
            return peer.group_id
        case PrefixListReference():
            return peer.prefix_list_id
        case _:
            return None


class SecurityGroupRule(Struct, frozen=True, kw_only=True, gc=False):
    """One rule, ``sgr-…``.

    ``protocol`` is the IANA number or -1 for all.  ``from_port``/``to_port`` are ports for TCP and UDP, type and code
    for ICMP (-1: any), and -1 where the protocol has neither.  ``peer`` is the remote side.
    """

    id: str
    is_egress: bool
    protocol: int
    from_port: int
    to_port: int
    peer: Peer
    description: str | None = None
    tags: dict[str, str] = {}

    @property
    def meaning(self) -> tuple[bool, int, int, int, Cidr | str | None]:
        """What makes two rules duplicates: everything but id, description and tags.

        A group is the same group by whichever peering connection it was named.
        """
        peer = self.peer if isinstance(self.peer, Cidr) else peer_id(self.peer)
        return self.is_egress, self.protocol, self.from_port, self.to_port, peer

    def matches(self, protocol: int, low: int, high: int) -> bool:
        """Whether the rule admits the protocol, with port ``low`` = ``high`` or ICMP type ``low``, code ``high``."""
        if self.protocol == ALL_PROTOCOLS:
            return True
        if self.protocol != protocol:
            return False
        if protocol in (TCP, UDP):
            return self.from_port <= low <= self.to_port
        if protocol in (ICMP, ICMPV6):
            return self.from_port in (ANY_TYPE, low) and self.to_port in (ANY_TYPE, high)
        return True


class SecurityGroup(Resource, frozen=True, kw_only=True):
    vpc_id: str
    name: str
    description: str
    rules: tuple[SecurityGroupRule, ...] = ()

    @property
    def is_default(self) -> bool:
        return self.name == "default"

    @property
    def listed_rules(self) -> tuple[ListedRule, ...]:
        return tuple(
            ListedRule(id=rule.id, account=self.account, region=self.region, tags=rule.tags, group=self, rule=rule)
            for rule in self.rules
        )


class SecurityGroupVpcAssociation(Resource, frozen=True, kw_only=True):
    """A VPC of the same account and Region, besides the group's own, whose interfaces may have the group."""

    group_id: str
    vpc_id: str

    @classmethod
    def of(cls, group: SecurityGroup, vpc_id: str) -> Self:
        return cls(
            id=vpc_association_id(group.id, vpc_id),
            account=group.account,
            region=group.region,
            group_id=group.id,
            vpc_id=vpc_id,
        )


def vpc_association_id(group_id: str, vpc_id: str) -> str:
    return f"{group_id} {vpc_id}"


class ListedRule(Resource, frozen=True, kw_only=True):
    """A rule as a resource of its own, as DescribeSecurityGroupRules lists it; derived from its group, not stored."""

    group: SecurityGroup
    rule: SecurityGroupRule
