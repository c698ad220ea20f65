"""The C header of everything that the program shares with Python, from the one definition of each.

``build.py`` writes it to ``generated.h``, which is not kept: it is made of ``layout.py``, ``constants.py`` and
``realvpc.net``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from enum import IntEnum, IntFlag

from realvpc.net import (
    addresses,
    allowances,
    aws_hosts,
    flow_gathering,
    flow_record,
    icmp,
    mtu,
    nat64,
    nat_flow,
    nat_gateway,
    packet,
    route_table,
    services,
    subnet,
)
from realvpc.net.addresses import ADDRESS_BITS, Address, Cidr
from realvpc.net.reasons import Reason

from . import constants, layout
from .layout import MAPS, MapSpec, MapType
from .record import Record, Scalar

_KEYLESS = {MapType.QUEUE}
_INDEXED = {MapType.ARRAY, MapType.PERCPU_ARRAY}  # the kernel wants a plain integer as their key
_PREALLOCATED = _INDEXED | _KEYLESS | {MapType.LRU_HASH}
_HALF = (1 << 64) - 1
_LAST_ADDRESS = Address((1 << ADDRESS_BITS) - 1)

_OPENING = """\
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Made by realvpc.fabric.bpf.generate. */
#pragma once

struct address {
	union {
		__u64 halves[2];
		__u32 words[4]; /* network byte order; IPv4 is 0:0:ffff:a.b.c.d */
	};
};

struct mac {
	__u8 bytes[6];
};
"""


def header() -> str:
    """The text of ``generated.h``."""
    parts = [_OPENING, _constants(), *(_enum(prefix, members) for prefix, members in _enums().items())]
    parts += [_blocks(name, blocks) for name, blocks in _BLOCKS.items()]
    parts += [_names_reason(name, reasons) for name, reasons in _REASONS.items()]
    parts += [_is_icmp_error(), _icmp_answer(), _has_identifier(), _is_icmp_query()]
    parts += [_icmp_translation("to_icmpv6", nat64.TO_ICMPV6), _icmp_translation("to_icmp", nat64.TO_ICMP)]
    parts += [record.declaration + "\n" for record in _records()]
    parts += [_map(spec) for spec in MAPS]
    return "\n".join(parts)


def layout_version() -> str:
    """Names the layout: two programs with the same version read each other's maps."""
    return hashlib.sha256(header().encode()).hexdigest()[:16]


_BLOCKS: Mapping[str, tuple[Cidr, ...]] = {
    "is_private": addresses.PRIVATE,
    "is_never_forwarded": addresses.NEVER_FORWARDED,
    "is_link_local_ipv6": (addresses.LINK_LOCAL_IPV6,),
    "is_multicast_ipv6": (addresses.MULTICAST_IPV6,),
    "is_metadata": (Cidr.host(services.METADATA), Cidr.host(services.IPV6_METADATA)),
    "is_shared_resolver": (Cidr.host(services.RESOLVER), Cidr.host(services.IPV6_RESOLVER)),
    "is_nat64": (nat64.BLOCK,),
    "is_identity": (services.IDENTITIES, services.IPV6_IDENTITIES),
    "is_endpoint_identity": (services.ENDPOINT_IDENTITIES, services.IPV6_ENDPOINT_IDENTITIES),
    "is_identity_of_vpc_address": (services.IDENTITIES_OF_VPC_ADDRESS,),
    "is_identity_over_endpoint": (services.IDENTITIES_OVER_ENDPOINT,),
    "is_of_aws": (aws_hosts.BLOCK,),
}


_REASONS: Mapping[str, Iterable[Reason]] = {
    "is_refused_by_rules": flow_record.REFUSED_BY_RULES,
    "leaves_no_record": flow_record.NO_RECORD,
}

_OF_NAT = (
    "PORTS", "FIRST_PORT", "ATTEMPTS", "IDLE_SECONDS", "FLOWS", "FLOWS_OF_GATEWAY", "ADDRESS_SHIFT", "PORT_SHIFT",
)  # fmt: skip


def _enums() -> dict[str, Mapping[str, int]]:
    """The members by name, by what their names begin with in C."""
    return {
        "PROTOCOL": {name.upper(): number for name, number in packet.PROTOCOL_NUMBERS.items()},
        "ICMP": _members(icmp.IcmpType) | {"FRAGMENTATION_NEEDED": icmp.FRAGMENTATION_NEEDED},
        "ICMPV6": _members(icmp.Icmpv6Type),
        "TCP": _members(constants.TcpFlag),
        "ARP": _members(constants.Arp),
        "ROUTE": {kind.name: number for kind, number in layout.ROUTE_KINDS.items()} | {"BLACKHOLE": layout.BLACKHOLE},
        "EDGE": _members(constants.Edge),
        "RULES": _members(constants.RuleList),
        "INTERFACE": _members(constants.InterfaceFlag),
        "KEPT_FROM": _members(constants.KeptFrom),
        "SEEN": _members(constants.Seen),
        "REASON": {reason.name: reason.number for reason in Reason},
    }


def _members(enum: type[IntEnum | IntFlag]) -> dict[str, int]:
    return {name: int(member) for name, member in enum.__members__.items()}


def _constants() -> str:
    values = {name: value for name, value in vars(constants).items() if name.isupper() and isinstance(value, int)}
    values |= {name: value for name, value in vars(allowances).items() if name.isupper()}
    values |= {f"FLOW_{name}": value for name, value in vars(flow_gathering).items() if name.isupper()}
    values |= {f"NAT_{name}": getattr(nat_flow, name) for name in _OF_NAT}
    values |= {
        "LPM_BITS": constants.LPM_TABLE_BITS + ADDRESS_BITS,
        "LOOKUPS_MAXIMUM": route_table.LOOKUPS_MAXIMUM,
        "ROUTER_PLACE": subnet.ROUTER_PLACE,
        "MAPPED": addresses.MAPPED,
        "MTU_SAME_REGION": mtu.SAME_REGION,
        "MTU_INTERNET": mtu.INTERNET,
        "MTU_NAT_GATEWAY": mtu.NAT_GATEWAY,
        "MTU_INTERFACE_ENDPOINT": mtu.INTERFACE_ENDPOINT,
        "NAT_ADDRESSES": nat_gateway.ADDRESSES_MAXIMUM,
        "HASH_MULTIPLIER": nat_flow.HASH_MULTIPLIER,
        "NAT64_LONGER": nat64.LONGER,
        "NAT64_QUOTE": nat64.QUOTE,
        "IPV6_SMALLEST_MTU": nat64.SMALLEST_MTU,
        "ENDPOINT_TLS_PORT": services.ENDPOINT_TLS_PORT,
        "METADATA_PORT": services.METADATA_PORT,
        "RESOLVER_PORT": services.RESOLVER_PORT,
        "IDENTITY_BITS": services.IDENTITY_BITS,
        "IPV6_OWN_HIGH_BITS": services.IPV6_OWN_BITS - ADDRESS_BITS // 2,
    }
    texts = {
        "ROUTER_MAC": ", ".join(f"0x{byte:02x}" for byte in constants.ROUTER_MAC),
        "ROUTER_LINK_LOCAL": _address(addresses.ROUTER_LINK_LOCAL),
        "RESOLVER": _address(services.RESOLVER),
        "IPV6_PREFIX_MASK": _address(subnet.delegated(_LAST_ADDRESS).first),
        "NAT64_BLOCK": _address(nat64.BLOCK.first),
        "IPV6_RESOLVER": _address(services.IPV6_RESOLVER),
        "IPV6_IDENTITIES": _address(services.IPV6_IDENTITIES.first),
        "ENDPOINT_IDENTITIES": _address(services.ENDPOINT_IDENTITIES.first),
        "IPV6_ENDPOINT_IDENTITIES": _address(services.IPV6_ENDPOINT_IDENTITIES.first),
        "IDENTITIES": _address(services.IDENTITIES.first),
        "IDENTITIES_OF_VPC_ADDRESS": _address(services.IDENTITIES_OF_VPC_ADDRESS.first),
        "IDENTITIES_OVER_ENDPOINT": _address(services.IDENTITIES_OVER_ENDPOINT.first),
    }
    return "".join(f"#define {name} {value}\n" for name, value in (values | texts).items())


def _enum(prefix: str, members: Mapping[str, int]) -> str:
    body = "".join(f"\t{prefix}_{name} = {value},\n" for name, value in members.items())
    return f"enum {{\n{body}}};\n"


def _halves(number: int) -> tuple[str, str]:
    """In network byte order."""
    return f"bpf_cpu_to_be64(0x{number >> 64:x}ULL)", f"bpf_cpu_to_be64(0x{number & _HALF:x}ULL)"


def _address(address: Address) -> str:
    """The initialiser of a ``struct address``."""
    return f"{{ {{ {{ {', '.join(_halves(address))} }} }} }}"


def _blocks(name: str, blocks: Iterable[Cidr]) -> str:
    """A function that says whether an address lies in one of the blocks."""
    return _function(name, "const struct address *address", _any(_lies_in(block) for block in blocks))


def _lies_in(block: Cidr) -> str:
    mask = (1 << ADDRESS_BITS) - block.size
    return " && ".join(
        f"(address->halves[{place}] & {bits}) == {value}"
        for place, (bits, value) in enumerate(zip(_halves(mask), _halves(block.network), strict=True))
    )


def _names_reason(name: str, reasons: Iterable[Reason]) -> str:
    numbers = sorted(reason.number for reason in reasons)
    return _function(name, "__u32 reason", _any(f"reason == {number}" for number in numbers))


def _is_icmp_error() -> str:
    tests = (_is_message(protocol, types) for protocol, types in icmp.ERRORS.items())
    return _function("is_icmp_error", "__u8 protocol, __u8 type", _any(tests))


def _has_identifier() -> str:
    tests = (_is_message(protocol, types) for protocol, types in icmp.ANSWERS.items())
    return _function("has_identifier", "__u8 protocol, __u8 type", _any(tests))


def _is_icmp_query() -> str:
    tests = (_is_message(protocol, types) for protocol, types in icmp.QUERIES.items())
    return _function("is_icmp_query", "__u8 protocol, __u8 type", _any(tests))


def _is_message(protocol: int, types: Iterable[int]) -> str:
    return f"protocol == {protocol} && ({_any(f'type == {number}' for number in sorted(types))})"


def _icmp_answer() -> str:
    """The type with which the other side takes part in the same exchange."""
    steps = "".join(
        f"\tif (protocol == {protocol} && type == {sent:d})\n\t\treturn {back:d};\n"
        for protocol, answers in icmp.ANSWERS.items()
        for sent, back in answers.items()
    )
    return f"static __always_inline __u8 icmp_answer(__u8 protocol, __u8 type)\n{{\n{steps}\treturn type;\n}}\n"


def _icmp_translation(name: str, types: nat64.Types) -> str:
    """Type and code, eight bits each, as those of the other family, or -1."""
    steps = "".join(
        f"\tif (type == {kind:d}{'' if code is None else f' && code == {code}'})\n\t\treturn {new << 8 | new_code};\n"
        for (kind, code), (new, new_code) in types.items()
    )
    return f"static __always_inline int {name}(__u8 type, __u8 code)\n{{\n{steps}\treturn -1;\n}}\n"


def _any(tests: Iterable[str]) -> str:
    return " ||\n\t       ".join(f"({test})" for test in tests)


def _function(name: str, parameters: str, test: str) -> str:
    return f"static __always_inline int {name}({parameters})\n{{\n\treturn {test};\n}}\n"


def _records() -> list[Record]:
    """Every record that a map uses, nested ones first."""
    found: dict[str, Record] = {}

    def visit(record: Record) -> None:
        for field in record.fields:
            if not isinstance(field.kind, Scalar):
                visit(field.kind)
        found.setdefault(record.name, record)

    for spec in MAPS:
        if spec.type not in _KEYLESS:
            visit(spec.key)
        visit(spec.value)
    return list(found.values())


def _map(spec: MapSpec) -> str:
    key = "__u32" if spec.type in _INDEXED else f"struct {spec.key.name}"
    key_line = "" if spec.type in _KEYLESS else f"\t__type(key, {key});\n"
    flags = "" if spec.type in _PREALLOCATED else "\t__uint(map_flags, BPF_F_NO_PREALLOC);\n"
    return (
        f"/* {spec.about} */\nstruct {{\n"
        f"\t__uint(type, BPF_MAP_TYPE_{spec.type.name});\n"
        f"{key_line}\t__type(value, struct {spec.value.name});\n"
        f'\t__uint(max_entries, {spec.max_entries});\n{flags}}} {spec.name} SEC(".maps");\n'
    )
