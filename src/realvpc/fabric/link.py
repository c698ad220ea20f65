"""Virtual Ethernet pairs: ``eth0`` in a machine, the other end in the fabric's namespace."""

from __future__ import annotations

import errno
import os
import re
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from realvpc.net.machine import LinkSpec

from . import namespace
from .bpf.layout import number_of
from .rtnetlink import Device, Listing

_FABRIC_NAME = re.compile("v[0-9a-f]{14}")
ROUTE_METRIC = 512  # of the default route on Amazon Linux 2023


class Link(Struct, frozen=True):
    """The fabric's end of a pair.  It remembers in its alias whose it is, so that a new process finds it."""

    ifindex: int
    name: str
    machine: str
    interface_id: str

    @property
    def alias(self) -> str:
        return f"{self.machine} {self.interface_id}"


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


def are_pair(fabric: Path, name: str, namespace_inside: Path, inside: str) -> bool:
    """Whether two devices, the fabric's and one elsewhere, are each other's end.  Raises OSError."""
    outer, inner = device_in(fabric, name), device_in(namespace_inside, inside)
    return outer is not None and inner is not None and (outer.peer, inner.peer) == (inner.ifindex, outer.ifindex)


def device_in(path: Path, name: str) -> Device | None:
    """The device of this name in a namespace.  Raises OSError."""

    def look() -> Device | None:
        with Listing() as listing:
            return next((device for device in listing.devices() if device.name == name), None)

    return namespace.run_in(path, look)


def make_link(fabric: Path, machine_namespace: Path, machine: str, spec: LinkSpec) -> Link:
    """Make the pair, with both ends up and the default route inside.  Raises OSError, NetlinkError.

    The alias comes last: whoever finds it finds a link that is whole.
    """
    name = fabric_name(spec.interface_id)
    fd = os.open(fabric, os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespace.run_in(machine_namespace, lambda: _make_pair(spec, {"ifname": name, "net_ns_fd": fd}))
    finally:
        os.close(fd)
    link = Link(namespace.run_in(fabric, lambda: socket.if_nametoindex(name)), name, machine, spec.interface_id)
    mend_link(fabric, machine_namespace, link, spec)
    return link


def mend_link(fabric: Path, machine_namespace: Path, link: Link, spec: LinkSpec) -> None:
    """Let both ends be as they are made.  Raises OSError, NetlinkError."""

    def finish_outside() -> None:
        with closing(IPRoute()) as netlink:
            netlink.link("set", index=link.ifindex, mtu=spec.mtu, ifalias=link.alias, state="up")

    namespace.run_in(machine_namespace, lambda: _configure(spec))
    namespace.run_in(fabric, finish_outside)


def delete_link(fabric: Path, name: str) -> None:
    """Delete the pair.  One that is gone is no error, nor one that the kernel takes with its namespace meanwhile."""

    def delete() -> None:
        with closing(IPRoute()) as netlink:
            for index in netlink.link_lookup(ifname=name):
                try:
                    netlink.link("del", index=index)
                except NetlinkError as error:
                    if error.code != errno.ENODEV:
                        raise

    namespace.run_in(fabric, delete)


def _make_pair(spec: LinkSpec, peer: dict[str, Any]) -> None:
    with closing(IPRoute()) as netlink:
        for half_made in netlink.link_lookup(ifname=spec.device_name):
            netlink.link("del", index=half_made)
        peer = {**peer, "mtu": spec.mtu}
        netlink.link("add", ifname=spec.device_name, kind="veth", address=spec.mac_address, mtu=spec.mtu, peer=peer)


def _configure(spec: LinkSpec) -> None:
    with closing(IPRoute()) as netlink:
        netlink.link("set", index=socket.if_nametoindex("lo"), state="up")
        index = socket.if_nametoindex(spec.device_name)
        netlink.link("set", index=index, address=spec.mac_address, mtu=spec.mtu)
        netlink.addr("replace", index=index, address=spec.address, prefixlen=spec.prefix_length)
        netlink.link("set", index=index, state="up")
        netlink.route("replace", gateway=spec.gateway, oif=index, priority=ROUTE_METRIC + spec.device_index)
