"""Who brings which entries into the plan: a VPC, a route, an interface, and the groups that an interface has together.

Each is a function of the Network.  Every entry has one owner, but for rule sets: equal ones are one.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from realvpc.net import mtu
from realvpc.net.addresses import Cidr
from realvpc.net.firewall import rules_of_groups
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.route_table import Route, RouteState, RouteTable, TargetKind
from realvpc.net.security_group import ANY_TYPE, ICMP, ICMPV6, TCP, UDP, SecurityGroupRule

from .delta import Plan
from .entries import (
    ANYTHING,
    NOTHING,
    AddressEntry,
    Block,
    GroupMemberEntry,
    InterfaceEntry,
    PublicAddressEntry,
    RouteEntry,
    RuleEntry,
    RuleSet,
    VpcCidrEntry,
)

Groups: TypeAlias = frozenset[str]
"""The ids of the security groups that an interface has."""


def of_vpc(network: Network, vpc_id: str) -> Plan:
    """Empty for a VPC that is not there."""
    vpc = network.vpcs.get(vpc_id)
    blocks = (Block.of(cidr) for cidr in vpc.cidrs if cidr.is_ipv4) if vpc else ()
    return Plan(vpc_cidrs=tuple(VpcCidrEntry(vpc_id, block) for block in blocks))


def of_route(network: Network, table_id: str, destination: Cidr) -> Plan:
    """Empty for a route that is not there, and for one of IPv6: no interface has an IPv6 address, and an IPv4 address
    lies in no IPv6 block.
    """
    table = network.route_tables.get(table_id)
    route = network.route_to(table, destination) if table and destination.is_ipv4 else None
    return Plan(routes=(_route(network, table, route),)) if table and route else Plan()


def of_interface(network: Network, row: NetworkInterface, rule_set: int) -> Plan:
    """``rule_set`` is the id of the set of its groups."""
    addresses = [address.packed for address in row.private_addresses]
    public = row.public_address
    is_attached = public is not None and network.internet_gateway_of(row.vpc_id) is not None
    return Plan(
        group_members=tuple(GroupMemberEntry(group, address) for group in row.group_ids for address in addresses),
        interfaces=(_interface(network, row, rule_set),),
        addresses=tuple(AddressEntry(row.vpc_id, address, row.id) for address in addresses),
        public_addresses=(PublicAddressEntry(public.packed, row.id, is_attached),) if public is not None else (),
    )


def rule_set_of(network: Network, groups: Groups) -> RuleSet:
    """What groups that exist allow together."""
    ingress, egress = (
        _rules(rule for _, rule in rules_of_groups(network, sorted(groups), is_egress=is_egress))
        for is_egress in (False, True)
    )
    digest = blake2b(msgspec.msgpack.encode((ingress, egress)), digest_size=8).digest()
    return RuleSet(int.from_bytes(digest, "big"), ingress, egress)


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
        return (max(rule.from_port, 0), rule.to_port) if rule.to_port >= 0 else NOTHING, ANYTHING
    if rule.protocol == ICMP:
        return _only(rule.from_port), _only(rule.to_port)
    return ANYTHING, ANYTHING


def _only(value: int) -> tuple[int, int]:
    return ANYTHING if value == ANY_TYPE else (value, value)
