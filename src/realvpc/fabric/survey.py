"""Reads what there is of a fabric, for `audit`: a list per namespace, and what is pinned.

On a thread of its own, beside whatever the fabric is doing; what changes meanwhile is for the reader to doubt.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from . import balancer, kernel, namespace
from .addressing import Addressing
from .addressing import read as read_addressing
from .attachment import Attachments
from .audit import Expected, Found, Inside
from .edge import SETTINGS, read_setting
from .finding import FABRIC
from .pin import pinned_id
from .rtnetlink import HAS_IPV6, Device, Listing

_LISTENING, _UNCONNECTED = "0A", "07"  # states in /proc/net/tcp and /proc/net/udp
_TABLES = {"tcp": _LISTENING, "udp": _UNCONNECTED} | ({"tcp6": _LISTENING, "udp6": _UNCONNECTED} if HAS_IPV6 else {})


def survey(
    expected: Expected, namespaces: Path, pins: Path, attachments: Attachments, processes: Mapping[str, int]
) -> Found:
    """``pins`` is the directory of the pinned maps; ``processes`` has the pids of machines that run.

    Raises OSError where one of our own namespaces cannot be looked at, in which nobody else is: with nothing found
    there, nothing would be missed.  A machine's may go, or be as its root likes it.
    """
    held = {name: namespace.inode(namespaces / name) for name in (*expected.namespaces, *expected.machines)}
    entered: dict[str, Path] = {}
    for name in (*expected.namespaces, *expected.visited):
        if held[name] is not None and held[name] == expected.namespaces.get(name, held[name]):
            entered[name] = namespaces / name
    edges: dict[str, Inside] = {}
    addressing: dict[str, Addressing] = {}
    balancers: dict[str, balancer.Balancing] = {}

    def read(name: str) -> dict[str, Device]:
        with Listing() as listing:
            devices = {device.name: device for device in listing.devices()}
            if name != FABRIC:
                addressing[name] = read_addressing(listing)
            if name in expected.edges:
                edges[name] = _inside()
            if name in expected.balancers:
                balancers[name] = balancer.look(expected.balancers[name].settings)
            return devices

    devices = namespace.visit(entered, read)
    for name in expected.namespaces:
        if isinstance(trouble := devices.get(name), OSError):
            raise trouble
    programs = attachments.attached(_devices(expected))
    maps = {name: pinned_id(pins / name) for name in expected.maps}
    return Found(
        has_bpffs=kernel.is_mount(pins.parent),  # asked last: what was read of one that goes meanwhile says nothing
        namespaces=held,
        processes={name: inode for name, pid in processes.items() if (inode := _network_of(pid)) is not None},
        devices={name: each for name, each in devices.items() if isinstance(each, dict)},
        addressing=addressing,
        edges=edges,
        balancers=balancers,
        programs=programs,
        maps=maps,
    )


def _devices(expected: Expected) -> dict[str, int]:
    """The devices of the fabric's namespace that have a program, with their ifindex."""
    return {link.name: link.ifindex for link in expected.links} | dict(expected.edges)


def _inside() -> Inside:
    return Inside(
        settings={name: read_setting(name) for name in SETTINGS},
        listening=frozenset(
            (protocol[:3], *address)
            for protocol, state in _TABLES.items()
            for address in _local_addresses(Path("/proc/thread-self/net", protocol).read_text(), state)
        ),
    )


def _local_addresses(table: str, state: str) -> list[tuple[str, int]]:
    """Of the sockets in a state: proc(5), /proc/net/tcp."""
    rows = (line.split() for line in table.splitlines()[1:])
    return [_address(row[1]) for row in rows if row[3] == state]


def _address(text: str) -> tuple[str, int]:
    number, _, port = text.partition(":")  # words of four bytes, each in the order of this machine
    words = (int(number[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(number), 8))
    return str(ip_address(b"".join(words))), int(port, 16)


def _network_of(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino  # noqa: PTH116 - of thousands
    except OSError:  # it has just ended
        return None
