"""The Plan: a Network compiled to what the data plane needs to know, as pure data.

It depends on the state of the network alone, never on the history that led to it: equal networks have equal plans.
Addresses are 16 bytes (IPv4 in ``::ffff:0:0/96``); prefix lengths count in that space.  IPv6 blocks are left out: no
interface has an IPv6 address, and an IPv4 address lies in no IPv6 block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec
from msgspec import Struct

from realvpc.net import mtu
from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.firewall import rules_of
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.route_table import Route, RouteState, RouteTable, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, ANY_TYPE, ICMP, ICMPV6, TCP, UDP, SecurityGroupRule

_ANYTHING = (0, 65535)
_NOTHING = (1, 0)


class Block(Struct, frozen=True, order=True):
    """A CIDR block."""

    network: bytes
    length: int

    @classmethod
    def of(cls, cidr: Cidr) -> Block:
        return cls(cidr.first.packed, cidr.length)


NO_BLOCK = Block(b"", 0)
_EVERYWHERE = Block.of(ANY_IPV4)


class RuleEntry(Struct, frozen=True, order=True):
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
        return self.names_everywhere and self.protocol in (ALL_PROTOCOLS, protocol) and self.low == _ANYTHING


class RuleSet(Struct, frozen=True):
    """What the security groups of an interface allow together.  Rules that name everywhere come first.

    ``id`` is 64 bits of a hash of the rules: a changed set is another set, so that an interface goes over from the old
    rules to the new ones at once, and interfaces with the same rules share a set.
    """

    id: int
    ingress: tuple[RuleEntry, ...]
    egress: tuple[RuleEntry, ...]


class InterfaceEntry(Struct, frozen=True):
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


class AddressEntry(Struct, frozen=True):
    vpc_id: str
    address: bytes
    interface_id: str


class RouteEntry(Struct, frozen=True):
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


class VpcCidrEntry(Struct, frozen=True):
    vpc_id: str
    block: Block


class GroupMemberEntry(Struct, frozen=True):
    group_id: str
    address: bytes


class PublicAddressEntry(Struct, frozen=True):
    """``is_attached``: an internet gateway is attached to the interface's VPC."""

    address: bytes
    interface_id: str
    is_attached: bool


class Plan(Struct, frozen=True):
    rule_sets: tuple[RuleSet, ...] = ()
    group_members: tuple[GroupMemberEntry, ...] = ()
    vpc_cidrs: tuple[VpcCidrEntry, ...] = ()
    routes: tuple[RouteEntry, ...] = ()
    interfaces: tuple[InterfaceEntry, ...] = ()
    addresses: tuple[AddressEntry, ...] = ()
    public_addresses: tuple[PublicAddressEntry, ...] = ()


def compile_plan(network: Network) -> Plan:
    """Everything that decides a packet's fate, for every account and Region of the network."""
    interfaces = sorted(network.interfaces.values(), key=lambda row: row.id)
    one_of_each = {frozenset(row.group_ids): row for row in interfaces}
    rule_sets = {groups: _rule_set(network, row) for groups, row in one_of_each.items()}
    entries = tuple(_interface(network, row, rule_sets[frozenset(row.group_ids)].id) for row in interfaces)
    distinct = {rule_set.id: rule_set for rule_set in rule_sets.values()}
    referenced = {
        rule.group_id for rule_set in distinct.values() for rule in rule_set.ingress + rule_set.egress if rule.group_id
    }
    return Plan(
        rule_sets=tuple(distinct[key] for key in sorted(distinct)),
        group_members=tuple(
            GroupMemberEntry(group_id, address)
            for group_id in sorted(referenced)
            for address in sorted(
                {a.packed for row in network.interfaces_with_group(group_id) for a in row.private_addresses}
            )
        ),
        vpc_cidrs=tuple(
            VpcCidrEntry(vpc_id, Block.of(cidr))
            for vpc_id in sorted(network.vpcs)
            for cidr in sorted(network.vpcs[vpc_id].cidrs)
            if cidr.is_ipv4
        ),
        routes=tuple(
            entry
            for table_id in sorted(network.route_tables)
            for entry in _routes(network, network.route_tables[table_id])
        ),
        interfaces=entries,
        addresses=tuple(
            AddressEntry(row.vpc_id, address.packed, row.id) for row in interfaces for address in row.private_addresses
        ),
        public_addresses=tuple(
            PublicAddressEntry(row.public_address.packed, row.id, network.internet_gateway_of(row.vpc_id) is not None)
            for row in interfaces
            if row.public_address is not None
        ),
    )


def _interface(network: Network, interface: NetworkInterface, rule_set: int) -> InterfaceEntry:
    subnet, vpc = network.subnets[interface.subnet_id], network.vpcs[interface.vpc_id]
    instance = network.instance_of(interface)
    return InterfaceEntry(
        id=interface.id,
        vpc_id=interface.vpc_id,
        route_table_id=network.route_table_for(subnet).id,
        rule_set=rule_set,
        mac_address=interface.mac_address,
        primary=interface.private_address.packed,
        public_address=interface.public_address.packed if interface.public_address is not None else None,
        subnet=Block.of(subnet.cidr),
        resolver=vpc.resolver.packed,
        is_checked=interface.source_dest_check,
        is_running=instance is not None and instance.machine_wanted,
        resolves=vpc.enable_dns_support,
    )


def _routes(network: Network, table: RouteTable) -> Iterator[RouteEntry]:
    """In the order of their destinations.  Of two routes to one destination the local one counts."""
    by_destination: dict[Cidr, Route] = {}
    for route in network.routes(table):
        by_destination.setdefault(route.destination, route)
    for destination in sorted(by_destination):
        if destination.is_ipv4:
            yield _route(network, table, by_destination[destination])


def _route(network: Network, table: RouteTable, route: Route) -> RouteEntry:
    block = Block.of(route.destination)
    if network.route_state(table, route) is RouteState.BLACKHOLE:
        return RouteEntry(table.id, block, None)
    kind = route.target.kind
    match kind:
        case TargetKind.LOCAL | TargetKind.INTERNET_GATEWAY:
            return RouteEntry(table.id, block, kind)
        case TargetKind.NETWORK_INTERFACE:
            return RouteEntry(table.id, block, kind, interface_id=route.target.id)
        case TargetKind.ROUTE_TABLE:
            following = network.route_tables[route.target.id]
            return RouteEntry(table.id, block, kind, vpc_id=following.vpc_id, next_table_id=following.id)
        case TargetKind.PEERING:
            peering = network.peerings[route.target.id]
            far = peering.far_side(table.vpc_id)
            assert far is not None, "CreateRoute refuses a peering connection of other VPCs"
            limit = mtu.CROSS_REGION if peering.is_cross_region else mtu.SAME_REGION
            return RouteEntry(table.id, block, kind, vpc_id=far.vpc_id, mtu=limit)


def _rule_set(network: Network, interface: NetworkInterface) -> RuleSet:
    ingress = _rules(rule for _, rule in rules_of(network, interface, is_egress=False))
    egress = _rules(rule for _, rule in rules_of(network, interface, is_egress=True))
    digest = blake2b(msgspec.msgpack.encode((ingress, egress)), digest_size=8).digest()
    return RuleSet(int.from_bytes(digest, "big"), ingress, egress)


def _rules(rules: Iterable[SecurityGroupRule]) -> tuple[RuleEntry, ...]:
    return tuple(sorted({_rule(rule) for rule in rules if _concerns_ipv4(rule)}, key=_order))


def _concerns_ipv4(rule: SecurityGroupRule) -> bool:
    return rule.protocol != ICMPV6 and (not isinstance(rule.peer, Cidr) or rule.peer.is_ipv4)


def _order(entry: RuleEntry) -> tuple[bool, RuleEntry]:
    return not entry.names_everywhere, entry


def _rule(rule: SecurityGroupRule) -> RuleEntry:
    low, high = _ranges(rule)
    if isinstance(rule.peer, Cidr):
        return RuleEntry(rule.protocol, low, high, block=Block.of(rule.peer))
    return RuleEntry(rule.protocol, low, high, group_id=rule.peer.group_id)


def _ranges(rule: SecurityGroupRule) -> tuple[tuple[int, int], tuple[int, int]]:
    """Ports and nothing, ICMP type and code, or anything."""
    if rule.protocol in (TCP, UDP):
        return (max(rule.from_port, 0), rule.to_port) if rule.to_port >= 0 else _NOTHING, _ANYTHING
    if rule.protocol == ICMP:
        return _only(rule.from_port), _only(rule.to_port)
    return _ANYTHING, _ANYTHING


def _only(value: int) -> tuple[int, int]:
    return _ANYTHING if value == ANY_TYPE else (value, value)
