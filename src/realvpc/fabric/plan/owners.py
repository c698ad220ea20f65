"""Who brings which entries into the plan: a VPC, a route, an interface, the groups that an interface has together, and
a network ACL.

Each is a function of the Network.  Every entry has one owner, but for rule sets: equal ones are one.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from realvpc.net import indexes, mtu
from realvpc.net.addresses import Cidr
from realvpc.net.firewall import rules_of_groups
from realvpc.net.flow_log import Action
from realvpc.net.flow_record import logged_actions
from realvpc.net.link_local import reaches_over_ipv6
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.route_table import Route, RouteState, RouteTable, TargetKind
from realvpc.net.running import has_machine
from realvpc.net.security_group import ANY_TYPE, ICMP, ICMPV6, TCP, UDP, GroupReference, SecurityGroupRule
from realvpc.net.services import IPV6_METADATA, IPV6_RESOLVER

from ..bpf.constants import ACL_PASSES, ACL_PASSES_IPV4, KeptFrom
from .delta import Plan
from .entries import (
    ANYTHING,
    NOTHING,
    AddressEntry,
    Block,
    FamilyRules,
    GroupMemberEntry,
    InterfaceEntry,
    NatGatewayEntry,
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
    blocks = (Block.of(cidr) for cidr in vpc.blocks) if vpc else ()
    return Plan(vpc_cidrs=tuple(VpcCidrEntry(vpc_id, block) for block in blocks))


def of_route(network: Network, table_id: str, destination: Cidr) -> Plan:
    """Empty for a route that is not there."""
    table = network.route_tables.get(table_id)
    route = network.effective_route_to(table, destination) if table else None
    return Plan(routes=(_route(network, table, route),)) if table and route else Plan()


def of_interface(network: Network, row: NetworkInterface, rule_set: int, acl: int) -> Plan:
    """``rule_set`` is the id of the set of its groups, ``acl`` of that of its subnet's network ACL."""
    addresses = {address: address.packed for address in row.addresses}
    public = {private: address.packed for private, address in network.public_addresses_of(row).items()}
    public |= {address: address.packed for address in indexes.ipv6_addresses(row)}
    prefixes = [prefix.first.packed for prefix in row.ipv6_prefixes]
    public_prefixes = [prefix.first.packed for prefix in indexes.ipv6_prefixes(row)]
    gateway = network.internet_gateway_of(row.vpc_id) if public or public_prefixes else None
    entered_by = network.gateway_route_table(gateway.id) if gateway else None
    kept_from = _kept_from(network, row) if public or public_prefixes else 0
    way_in = (gateway is not None, entered_by.id if entered_by else "", kept_from)
    return Plan(
        group_members=tuple(
            GroupMemberEntry(group, packed, is_prefix)
            for group in row.group_ids
            for is_prefix, each in ((False, addresses.values()), (True, prefixes))
            for packed in each
        ),
        interfaces=(_interface(network, row, rule_set, acl),),
        addresses=tuple(
            AddressEntry(row.vpc_id, packed, row.id, public.get(address, b""), kept_from)
            for address, packed in addresses.items()
        )
        + tuple(
            AddressEntry(row.vpc_id, packed, row.id, packed if packed in public_prefixes else b"", kept_from, True)
            for packed in prefixes
        ),
        public_addresses=tuple(
            PublicAddressEntry(packed, row.id, private.packed, *way_in) for private, packed in public.items()
        )
        + tuple(PublicAddressEntry(packed, row.id, packed, *way_in, is_prefix=True) for packed in public_prefixes),
        nat_gateways=(NatGatewayEntry(row.id, tuple(addresses.values())),) if network.nat_gateway_of(row) else (),
    )


def _kept_from(network: Network, row: NetworkInterface) -> int:
    gateways = {
        KeptFrom.INTERNET_GATEWAY: TargetKind.INTERNET_GATEWAY,
        KeptFrom.EGRESS_ONLY: TargetKind.EGRESS_ONLY_INTERNET_GATEWAY,
    }
    return sum(flag for flag, kind in gateways.items() if network.is_kept_from(kind, row))


def rule_set_of(network: Network, groups: Groups) -> RuleSet:
    """What groups that exist allow together."""
    ingress, egress = (
        [rule for _, rule in rules_of_groups(network, sorted(groups), is_egress=is_egress)]
        for is_egress in (False, True)
    )
    return _rule_set(
        "groups", *(FamilyRules(_rules(ingress, ipv4=ipv4), _rules(egress, ipv4=ipv4)) for ipv4 in (True, False))
    )


def rule_set_of_acl(acl: NetworkAcl) -> RuleSet | None:
    """None where ``acl_without_rules`` says everything."""
    ipv4, ipv6 = (FamilyRules(*(_acl_rules(acl, out, ipv4=ipv4) for out in (False, True))) for ipv4 in (True, False))
    if ipv4.opens_everything and (ipv6.opens_everything or ipv6 == FamilyRules()):
        return None
    return _rule_set("acl", ipv4, ipv6)


def acl_without_rules(acl: NetworkAcl) -> int:
    """What stands for an ACL that has no rule set."""
    return ACL_PASSES_IPV4 if all(entry.cidr.is_ipv4 for entry in acl.entries) else ACL_PASSES


def _rule_set(kind: str, ipv4: FamilyRules, ipv6: FamilyRules) -> RuleSet:
    digest = blake2b(msgspec.msgpack.encode((kind, ipv4, ipv6)), digest_size=8).digest()
    return RuleSet(int.from_bytes(digest, "big"), ipv4, ipv6)


def _interface(network: Network, interface: NetworkInterface, rule_set: int, acl: int) -> InterfaceEntry:
    subnet, vpc = network.subnets[interface.subnet_id], network.vpcs[interface.vpc_id]
    logged = logged_actions(network, interface)
    return InterfaceEntry(
        id=interface.id,
        vpc_id=interface.vpc_id,
        route_table_id=network.route_table_for(subnet).id,
        rule_set=rule_set,
        acl=acl,
        mac_address=interface.mac_address,
        primary=interface.ipv4_on_link.packed,
        subnet=Block.of(subnet.ipv4_link),
        ipv6_subnet=Block.of(subnet.ipv6_cidr) if subnet.ipv6_cidr else None,
        resolver=vpc.resolver.packed,
        is_checked=interface.source_dest_check,
        is_running=has_machine(network, interface),
        resolves=vpc.enable_dns_support,
        is_nat_gateway=network.nat_gateway_of(interface) is not None,
        logs_accepted=Action.ACCEPT in logged,
        logs_rejected=Action.REJECT in logged,
        resolves_over_ipv6=reaches_over_ipv6(network, interface, IPV6_RESOLVER),
        metadata_over_ipv6=reaches_over_ipv6(network, interface, IPV6_METADATA),
        is_endpoint=network.vpc_endpoint_of(interface) is not None,
    )


def _route(network: Network, table: RouteTable, route: Route) -> RouteEntry:
    block = Block.of(route.destination)
    if network.route_state(table, route) is RouteState.BLACKHOLE:
        return RouteEntry(table.id, block, None)
    kind = route.target.kind
    match kind:
        case (
            TargetKind.LOCAL
            | TargetKind.INTERNET_GATEWAY
            | TargetKind.EGRESS_ONLY_INTERNET_GATEWAY
            | TargetKind.VPC_ENDPOINT
        ):
            return RouteEntry(table.id, block, kind)
        case TargetKind.NETWORK_INTERFACE:
            return RouteEntry(table.id, block, kind, interface_id=route.target.id)
        case TargetKind.NAT_GATEWAY:
            interface = network.interface_of_nat_gateway(route.target.id)
            assert interface is not None, "the route would be a blackhole"
            return RouteEntry(table.id, block, kind, interface_id=interface.id)
        case TargetKind.ROUTE_TABLE:
            following = network.route_tables[route.target.id]
            return RouteEntry(table.id, block, kind, vpc_id=following.vpc_id, next_table_id=following.id)
        case TargetKind.PEERING:
            peering = network.peerings[route.target.id]
            far = peering.far_side(table.vpc_id)
            assert far is not None, "CreateRoute refuses a peering connection of other VPCs"
            limit = mtu.CROSS_REGION if peering.is_cross_region else mtu.SAME_REGION
            return RouteEntry(table.id, block, kind, vpc_id=far.vpc_id, mtu=limit)


def _rules(rules: Iterable[SecurityGroupRule], *, ipv4: bool) -> tuple[RuleEntry, ...]:
    """Those of one family; a group has members of both."""
    concerned = (rule for rule in rules if not isinstance(rule.peer, Cidr) or rule.peer.is_ipv4 == ipv4)
    return tuple(sorted({_rule(rule) for rule in concerned}, key=_order))


def _order(entry: RuleEntry) -> tuple[bool, RuleEntry]:
    return not entry.names_everywhere, entry


def _rule(rule: SecurityGroupRule) -> RuleEntry:
    low, high = _ranges(rule)
    if isinstance(rule.peer, GroupReference):
        return RuleEntry(rule.protocol, low, high, group_id=rule.peer.group_id)
    assert isinstance(rule.peer, Cidr), "rules_of_groups has entries in place of a prefix list"
    return RuleEntry(rule.protocol, low, high, block=Block.of(rule.peer))


def _acl_rules(acl: NetworkAcl, is_egress: bool, *, ipv4: bool) -> tuple[RuleEntry, ...]:
    return tuple(_acl_rule(entry) for entry in acl.in_direction(is_egress=is_egress) if entry.cidr.is_ipv4 == ipv4)


def _acl_rule(entry: AclEntry) -> RuleEntry:
    low, high = ANYTHING, ANYTHING
    if entry.has_ports:
        low = (entry.low, entry.high)
    elif entry.has_types:
        low, high = _only(entry.low), _only(entry.high)
    return RuleEntry(entry.protocol, low, high, block=Block.of(entry.cidr), allows=entry.allows)


def _ranges(rule: SecurityGroupRule) -> tuple[tuple[int, int], tuple[int, int]]:
    """Ports and nothing, ICMP type and code, or anything."""
    if rule.protocol in (TCP, UDP):
        return (max(rule.from_port, 0), rule.to_port) if rule.to_port >= 0 else NOTHING, ANYTHING
    if rule.protocol in (ICMP, ICMPV6):
        return _only(rule.from_port), _only(rule.to_port)
    return ANYTHING, ANYTHING


def _only(value: int) -> tuple[int, int]:
    return ANYTHING if value == ANY_TYPE else (value, value)
