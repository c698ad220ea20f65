"""Virtual Ethernet pairs: ``eth0`` in a machine, the other end in the fabric's namespace."""

from __future__ import annotations

import os
import re
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct
from pyroute2 import IPRoute

from realvpc.net.machine import LinkSpec

from . import namespace
from .bpf.layout import number_of

_FABRIC_NAME = re.compile("v[0-9a-f]{14}")
ROUTE_METRIC = 512  # of the default route on Amazon Linux 2023


class Link(Struct, frozen=True):
    """The fabric's end of a pair.  It remembers in its alias whose it is, so that a new process finds it."""

    ifindex: int
    name: str
    machine: str
    interface_id: str


def fabric_name(interface_id: str) -> str:
    """The name of the fabric's end: at most 15 characters."""
    return f"v{number_of(interface_id) & (1 << 56) - 1:014x}"


def adopt_links(fabric: Path) -> tuple[Link, ...]:
    """Every machine's link in the fabric's namespace.  One that was left half made is deleted.  Raises NetlinkError."""

    def read() -> tuple[Link, ...]:
        with closing(IPRoute()) as netlink:
            found = []
            for row in netlink.get_links():
                name, alias = row.get("ifname"), row.get("ifalias")
                if alias:
                    machine, _, interface_id = alias.partition(" ")
                    found.append(Link(row["index"], name, machine, interface_id))
                elif _FABRIC_NAME.fullmatch(name):
                    netlink.link("del", index=row["index"])
            return tuple(found)

    return namespace.run_in(fabric, read)


def has_link(fabric: Path, link: Link) -> bool:
    """Whether the link is still there: whoever is root in a machine can delete its end, and with it the pair."""

    def look() -> bool:
        try:
            return socket.if_nametoindex(link.name) == link.ifindex
        except OSError:
            return False

    return namespace.run_in(fabric, look)


def make_link(fabric: Path, machine_namespace: Path, machine: str, spec: LinkSpec) -> Link:
    """Make the pair, with both ends up and the default route inside.  Raises OSError, NetlinkError.

    The alias comes last: whoever finds it finds a link that is whole.
    """
    name, inside = fabric_name(spec.interface_id), f"eth{spec.device_index}"
    fd = os.open(fabric, os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespace.run_in(machine_namespace, lambda: _make_pair(spec, inside, {"ifname": name, "net_ns_fd": fd}))
    finally:
        os.close(fd)

    namespace.run_in(machine_namespace, lambda: _configure(spec, inside))

    def finish_outside() -> int:
        with closing(IPRoute()) as netlink:
            index = _index_of(netlink, name)
            netlink.link("set", index=index, ifalias=f"{machine} {spec.interface_id}", state="up")
            return index

    return Link(namespace.run_in(fabric, finish_outside), name, machine, spec.interface_id)


def delete_link(fabric: Path, name: str) -> None:
    """Delete the pair; one that is gone already is no error."""

    def delete() -> None:
        with closing(IPRoute()) as netlink:
            for index in netlink.link_lookup(ifname=name):
                netlink.link("del", index=index)

    namespace.run_in(fabric, delete)


def _make_pair(spec: LinkSpec, inside: str, peer: dict[str, Any]) -> None:
    with closing(IPRoute()) as netlink:
        for half_made in netlink.link_lookup(ifname=inside):
            netlink.link("del", index=half_made)
        peer = {**peer, "mtu": spec.mtu}
        netlink.link("add", ifname=inside, kind="veth", address=spec.mac_address, mtu=spec.mtu, peer=peer)


def _configure(spec: LinkSpec, inside: str) -> None:
    with closing(IPRoute()) as netlink:
        netlink.link("set", index=_index_of(netlink, "lo"), state="up")
        index = _index_of(netlink, inside)
        netlink.addr("add", index=index, address=spec.address, prefixlen=spec.prefix_length)
        netlink.link("set", index=index, state="up")
        netlink.route("add", gateway=spec.gateway, oif=index, priority=ROUTE_METRIC + spec.device_index)


def _index_of(netlink: IPRoute, name: str) -> int:
    index: int = netlink.link_lookup(ifname=name)[0]
    return index
