"""Writes ``generated.h`` from ``layout.py`` and the list of reasons: ``python -m realvpc.fabric.bpf.generate``."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from pathlib import Path

from realvpc.net import mtu, services
from realvpc.net.addresses import Address
from realvpc.net.reasons import Reason

from . import layout
from .layout import MAPS, Edge, InterfaceFlag, MapSpec, MapType, RouteKind, Seen
from .record import Record, Scalar

HEADER = Path(__file__).with_name("generated.h")

_INDEXED = {MapType.ARRAY, MapType.PERCPU_ARRAY}  # the kernel wants a plain integer as their key
_PREALLOCATED = _INDEXED | {MapType.LRU_HASH}

_OPENING = """\
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Made by `python -m realvpc.fabric.bpf.generate` from layout.py and net/reasons.py. */
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
    parts = [_OPENING, _constants(), *(_enum(prefix, members) for prefix, members in _ENUMS), _reasons()]
    parts += [record.declaration + "\n" for record in _records()]
    parts += [_map(spec) for spec in MAPS]
    return "\n".join(parts)


def layout_version() -> str:
    """Names the layout: two programs with the same version read each other's maps."""
    return hashlib.sha256(header().encode()).hexdigest()[:16]


_ENUMS: tuple[tuple[str, type[IntEnum]], ...] = (("ROUTE", RouteKind), ("EDGE", Edge))


def _constants() -> str:
    values: dict[str, int] = {
        "INTERNET_ID": layout.INTERNET_ID,
        "RULES_PER_CHUNK": layout.RULES_PER_CHUNK,
        "RULE_CHUNKS": layout.RULE_CHUNKS,
        "LPM_BITS": layout.LPM_TABLE_BITS + 128,
        "CB_REASON": layout.CB_REASON,
        "CB_IFINDEX": layout.CB_IFINDEX,
        "MTU_SAME_REGION": mtu.SAME_REGION,
        "MTU_INTERNET": mtu.INTERNET,
        "METADATA_IPV4": _ipv4(services.METADATA),
        "METADATA_PORT": services.METADATA_PORT,
        "RESOLVER_IPV4": _ipv4(services.RESOLVER),
        "RESOLVER_PORT": services.RESOLVER_PORT,
        "IDENTITY_BITS": services.IDENTITY_BITS,
        "IDENTITIES": _ipv4(services.IDENTITIES.first),
        "IDENTITIES_OF_VPC_ADDRESS": _ipv4(services.IDENTITIES_OF_VPC_ADDRESS.first),
    }
    values |= {name: value for name, value in vars(layout).items() if name.startswith("SECONDS_")}
    values |= {f"INTERFACE_{flag.name}": flag.value for flag in InterfaceFlag}
    values |= {f"SEEN_{flag.name}": flag.value for flag in Seen}
    mac = ", ".join(f"0x{byte:02x}" for byte in layout.ROUTER_MAC)
    return "".join(f"#define {name} {value}\n" for name, value in values.items()) + f"#define ROUTER_MAC {mac}\n"


def _ipv4(address: Address) -> int:
    return int.from_bytes(address.packed[-4:], "big")


def _enum(prefix: str, members: type[IntEnum]) -> str:
    body = "".join(f"\t{prefix}_{member.name} = {member.value},\n" for member in members)
    return f"enum {{\n{body}}};\n"


def _reasons() -> str:
    body = "".join(f"\tREASON_{reason.name} = {reason.number},\n" for reason in Reason)
    return f"enum {{\n{body}}};\n"


def _records() -> list[Record]:
    """Every record that a map uses, nested ones first."""
    found: dict[str, Record] = {}

    def visit(record: Record) -> None:
        for field in record.fields:
            if not isinstance(field.kind, Scalar):
                visit(field.kind)
        found.setdefault(record.name, record)

    for spec in MAPS:
        visit(spec.key)
        visit(spec.value)
    return list(found.values())


def _map(spec: MapSpec) -> str:
    key = "__u32" if spec.type in _INDEXED else f"struct {spec.key.name}"
    flags = "" if spec.type in _PREALLOCATED else "\t__uint(map_flags, BPF_F_NO_PREALLOC);\n"
    return (
        f"/* {spec.about} */\nstruct {{\n"
        f"\t__uint(type, BPF_MAP_TYPE_{spec.type.name});\n"
        f"\t__type(key, {key});\n"
        f"\t__type(value, struct {spec.value.name});\n"
        f'\t__uint(max_entries, {spec.max_entries});\n{flags}}} {spec.name} SEC(".maps");\n'
    )


def main() -> None:
    HEADER.write_text(header())


if __name__ == "__main__":
    main()
