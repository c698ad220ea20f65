"""A Plan as the bytes of the BPF maps: ``{map name: {key: value}}``.

Each entry becomes bytes by itself, so that a part of a plan becomes a part of the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from realvpc.net.addresses import ADDRESS_BITS
from realvpc.net.nat_gateway import ADDRESSES_MAXIMUM
from realvpc.net.security_group import ALL_PROTOCOLS, TCP, UDP

from .bpf import constants, layout
from .bpf.constants import LPM_TABLE_BITS, RULES_PER_CHUNK, InterfaceFlag
from .bpf.layout import number_of
from .plan import (
    AddressEntry,
    Block,
    GroupMemberEntry,
    InterfaceEntry,
    NatGatewayEntry,
    Plan,
    PublicAddressEntry,
    RouteEntry,
    RuleEntry,
    RuleSet,
    VpcCidrEntry,
)

Entry = tuple[bytes, bytes]
Entries = dict[bytes, bytes]
Tables = dict[str, Entries]

_PRESENT = layout.PRESENT.pack(1)
_PREFIX = layout.PRESENT.pack(constants.IPV6_PREFIX)
_NO_ADDRESS = bytes(16)
_NOWHERE = b"\xff" * 16  # with a mask that leaves nothing of an address, no address is there
_ALL_ONES = (1 << ADDRESS_BITS) - 1


def compile_tables(plan: Plan) -> Tables:
    """The entries of a plan, or of a part of one.  What does not follow from each entry alone is not among them: see
    ``Identities`` and ``compile_links``."""
    return {name: dict(entries(plan)) for name, entries in _TABLES.items()}


def compile_links(links: Mapping[str, int]) -> Tables:
    """``links`` has the ifindex of the fabric's end of every interface that has a link."""
    return {
        "links": {layout.LINK_KEY.pack(ifindex): layout.ID.pack(number_of(row)) for row, ifindex in links.items()},
        "ifindexes": {layout.ID.pack(number_of(row)): layout.LINK_KEY.pack(ifindex) for row, ifindex in links.items()},
    }


def _chunks(rule_sets: Iterable[RuleSet]) -> Iterator[Entry]:
    for rule_set in rule_sets:
        for number, rules in enumerate(rule_set.lists):
            for chunk, start in enumerate(range(0, len(rules), RULES_PER_CHUNK)):
                packed = b"".join(_rule(rule) for rule in rules[start : start + RULES_PER_CHUNK])
                key = layout.RULE_KEY.pack(rule_set.id, number, chunk)
                yield key, layout.RULE_CHUNK.pack(packed.ljust(layout.RULE_CHUNK.size, b"\0"))


def _rule_set(rule_set: RuleSet) -> Entry:
    return layout.ID.pack(rule_set.id), layout.RULE_SET.pack(b"".join(map(_firewall, rule_set.lists)))


def _group_member(entry: GroupMemberEntry) -> Entry:
    value = _PREFIX if entry.is_prefix else _PRESENT
    return layout.GROUP_MEMBER_KEY.pack(number_of(entry.group_id), entry.address), value


def _vpc_cidr(entry: VpcCidrEntry) -> Entry:
    return _lpm_key(entry.vpc_id, entry.block), _PRESENT


def _route(entry: RouteEntry) -> Entry:
    kind = layout.BLACKHOLE if entry.target is None else layout.ROUTE_KINDS[entry.target]
    target = _number(entry.interface_id or entry.next_table_id)
    return (
        _lpm_key(entry.route_table_id, entry.block),
        layout.ROUTE.pack(target, _number(entry.vpc_id), kind, entry.mtu),
    )


def _interface(entry: InterfaceEntry) -> Entry:
    flags = (
        InterfaceFlag.CHECKED * entry.is_checked
        | InterfaceFlag.RUNNING * entry.is_running
        | InterfaceFlag.RESOLVES * entry.resolves
        | InterfaceFlag.NAT_GATEWAY * entry.is_nat_gateway
        | InterfaceFlag.LOGS_ACCEPTED * entry.logs_accepted
        | InterfaceFlag.LOGS_REJECTED * entry.logs_rejected
        | InterfaceFlag.RESOLVES_OVER_IPV6 * entry.resolves_over_ipv6
        | InterfaceFlag.METADATA_OVER_IPV6 * entry.metadata_over_ipv6
        | InterfaceFlag.ENDPOINT * entry.is_endpoint
    )
    return layout.ID.pack(number_of(entry.id)), layout.INTERFACE.pack(
        number_of(entry.id),
        number_of(entry.vpc_id),
        number_of(entry.route_table_id),
        entry.rule_set,
        entry.acl,
        entry.primary,
        entry.subnet.network,
        _mask(entry.subnet.length),
        entry.ipv6_subnet.network if entry.ipv6_subnet else _NOWHERE,
        _mask(entry.ipv6_subnet.length) if entry.ipv6_subnet else _NO_ADDRESS,
        entry.resolver,
        flags,
        bytes.fromhex(entry.mac_address.replace(":", "")),
    )


def _address(entry: AddressEntry) -> Entry:
    key = layout.ADDRESS_KEY.pack(number_of(entry.vpc_id), entry.address)
    return key, layout.ADDRESS_OWNER.pack(
        number_of(entry.interface_id), entry.kept_from, entry.is_prefix, entry.public_address or _NO_ADDRESS
    )


def _nat_gateway(entry: NatGatewayEntry) -> Entry:
    addresses = b"".join(entry.addresses).ljust(16 * ADDRESSES_MAXIMUM, b"\0")
    return layout.ID.pack(number_of(entry.interface_id)), layout.NAT_GATEWAY.pack(len(entry.addresses), addresses)


NO_TABLE = 0


def _public_address(entry: PublicAddressEntry) -> Entry:
    return entry.address, layout.PUBLIC_ADDRESS.pack(
        number_of(entry.interface_id),
        entry.is_attached,
        number_of(entry.route_table_id) if entry.route_table_id else NO_TABLE,
        entry.kept_from,
        entry.is_prefix,
        entry.private_address,
    )


_TABLES: Mapping[str, Callable[[Plan], Iterator[Entry]]] = {
    "rules": lambda plan: _chunks(plan.rule_sets),
    "rule_sets": lambda plan: map(_rule_set, plan.rule_sets),
    "group_members": lambda plan: map(_group_member, plan.group_members),
    "vpc_cidrs": lambda plan: map(_vpc_cidr, plan.vpc_cidrs),
    "routes": lambda plan: (_route(entry) for entry in plan.routes if entry.block.is_ipv4),
    "ipv6_routes": lambda plan: (_route(entry) for entry in plan.routes if not entry.block.is_ipv4),
    "interfaces": lambda plan: map(_interface, plan.interfaces),
    "addresses": lambda plan: map(_address, plan.addresses),
    "nat_gateways": lambda plan: map(_nat_gateway, plan.nat_gateways),
    "public_addresses": lambda plan: map(_public_address, plan.public_addresses),
}


def _number(resource_id: str) -> int:
    return number_of(resource_id) if resource_id else 0


def _lpm_key(table_id: str, block: Block) -> bytes:
    return layout.LPM_KEY.pack(LPM_TABLE_BITS + block.length, number_of(table_id), block.network)


def _mask(length: int) -> bytes:
    return (_ALL_ONES ^ (_ALL_ONES >> length)).to_bytes(16, "big")


def _firewall(rules: Sequence[RuleEntry]) -> bytes:
    return layout.FIREWALL.pack(
        len(rules),
        sum(rule.names_everywhere for rule in rules),
        bool(rules) and rules[0].opens_everything,
        any(rule.opens_every_port(TCP) for rule in rules),
        any(rule.opens_every_port(UDP) for rule in rules),
    )


def _rule(rule: RuleEntry) -> bytes:
    any_protocol = rule.protocol == ALL_PROTOCOLS
    return layout.RULE.pack(
        rule.block.network or _NO_ADDRESS,
        _mask(rule.block.length),
        _number(rule.group_id),
        *rule.low,
        *rule.high,
        0 if any_protocol else rule.protocol,
        any_protocol,
        not rule.allows,
    )
