"""A Plan as the bytes of the BPF maps: ``{map name: {key: value}}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from realvpc.net.addresses import ADDRESS_BITS
from realvpc.net.security_group import ALL_PROTOCOLS, TCP, UDP
from realvpc.net.services import identity_number

from .bpf import layout
from .bpf.layout import RULES_PER_CHUNK, InterfaceFlag, RouteKind, number_of
from .plan import Block, InterfaceEntry, Plan, RouteTarget, RuleEntry, RuleSet

Entries = dict[bytes, bytes]
Tables = dict[str, Entries]

_PRESENT = layout.PRESENT.pack(1)
_NO_ADDRESS = bytes(16)
_ALL_ONES = (1 << ADDRESS_BITS) - 1

_KINDS = {
    RouteTarget.LOCAL: RouteKind.LOCAL,
    RouteTarget.NETWORK_INTERFACE: RouteKind.NETWORK_INTERFACE,
    RouteTarget.PEERING: RouteKind.PEERING,
    RouteTarget.INTERNET_GATEWAY: RouteKind.INTERNET_GATEWAY,
    RouteTarget.BLACKHOLE: RouteKind.BLACKHOLE,
}


def compile_tables(plan: Plan, links: Mapping[str, int]) -> Tables:
    """``links`` has the ifindex of the fabric's end of every interface that has a link."""
    rule_sets = {rule_set.id: rule_set for rule_set in plan.rule_sets}
    known = {entry.id for entry in plan.interfaces}
    return {
        "rules": dict(chunk for rule_set in plan.rule_sets for chunk in _chunks(rule_set)),
        "group_members": {
            layout.GROUP_MEMBER_KEY.pack(number_of(entry.group_id), entry.address): _PRESENT
            for entry in plan.group_members
        },
        "vpc_cidrs": {_lpm_key(entry.vpc_id, entry.block): _PRESENT for entry in plan.vpc_cidrs},
        "routes": {
            _lpm_key(entry.route_table_id, entry.block): layout.ROUTE.pack(
                _number(entry.interface_id), _number(entry.vpc_id), _KINDS[entry.target], entry.mtu
            )
            for entry in plan.routes
        },
        "interfaces": {
            layout.ID.pack(number_of(entry.id)): _interface(entry, rule_sets[entry.rule_set], links.get(entry.id, 0))
            for entry in plan.interfaces
        },
        "identities": {
            layout.IDENTITY_KEY.pack(identity_number(entry.id)): layout.ID.pack(number_of(entry.id))
            for entry in plan.interfaces
        },
        "addresses": {
            layout.ADDRESS_KEY.pack(number_of(entry.vpc_id), entry.address): layout.ID.pack(
                number_of(entry.interface_id)
            )
            for entry in plan.addresses
        },
        "public_addresses": {
            entry.address: layout.PUBLIC_ADDRESS.pack(number_of(entry.interface_id), entry.is_attached)
            for entry in plan.public_addresses
        },
        "links": {
            layout.LINK_KEY.pack(ifindex): layout.ID.pack(number_of(interface_id))
            for interface_id, ifindex in links.items()
            if interface_id in known
        },
    }


def _number(resource_id: str) -> int:
    return number_of(resource_id) if resource_id else 0


def _lpm_key(table_id: str, block: Block) -> bytes:
    return layout.LPM_KEY.pack(layout.LPM_TABLE_BITS + block.length, number_of(table_id), block.network)


def _mask(length: int) -> bytes:
    return (_ALL_ONES ^ (_ALL_ONES >> length)).to_bytes(16, "big")


def _interface(entry: InterfaceEntry, rule_set: RuleSet, ifindex: int) -> bytes:
    flags = (
        InterfaceFlag.CHECKED * entry.is_checked
        | InterfaceFlag.RUNNING * entry.is_running
        | InterfaceFlag.RESOLVES * entry.resolves
    )
    return layout.INTERFACE.pack(
        number_of(entry.id),
        number_of(entry.vpc_id),
        number_of(entry.route_table_id),
        entry.rule_set,
        entry.primary,
        entry.public_address or _NO_ADDRESS,
        entry.subnet.network,
        _mask(entry.subnet.length),
        entry.resolver,
        ifindex,
        flags,
        _firewall(rule_set.ingress),
        _firewall(rule_set.egress),
        bytes.fromhex(entry.mac_address.replace(":", "")),
    )


def _firewall(rules: Sequence[RuleEntry]) -> bytes:
    return layout.FIREWALL.pack(
        len(rules),
        sum(rule.names_everywhere for rule in rules),
        any(rule.opens_everything for rule in rules),
        any(rule.opens_every_port(TCP) for rule in rules),
        any(rule.opens_every_port(UDP) for rule in rules),
    )


def _chunks(rule_set: RuleSet) -> Iterator[tuple[bytes, bytes]]:
    for is_egress, rules in ((False, rule_set.ingress), (True, rule_set.egress)):
        for chunk, start in enumerate(range(0, len(rules), RULES_PER_CHUNK)):
            packed = b"".join(_rule(rule) for rule in rules[start : start + RULES_PER_CHUNK])
            key = layout.RULE_KEY.pack(rule_set.id, is_egress, chunk)
            yield key, layout.RULE_CHUNK.pack(packed.ljust(layout.RULE_CHUNK.size, b"\0"))


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
    )
