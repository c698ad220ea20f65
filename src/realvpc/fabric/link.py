"""Virtual Ethernet pairs: ``eth0`` in a machine, the other end in the fabric's namespace."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from realvpc.net.machine import LinkSpec

from . import addressing, namespace
from .bpf.layout import number_of
from .lease import Lease, allow_ipv6, give, lease
from .rtnetlink import Device, Listing

_LOOPBACK = 1  # LOOPBACK_IFINDEX, whatever its name
_DOOMED = 0x7FFFFFFF  # a group of devices (IFLA_GROUP) like any other
_FABRIC_NAME = re.compile("v[0-9a-f]{14}")


class Link(Struct, frozen=True):
    """The fabric's end of a pair.  It remembers in its alias whose it is and what the machine was ``told`` of it, so
    that a new process finds it."""

    ifindex: int
    name: str
    machine: str
    interface_id: str
    told: str = ""  # nothing, in the alias of older releases

    @property
    def alias(self) -> str:
        return " ".join(filter(None, (self.machine, self.interface_id, self.told)))


def told(spec: LinkSpec) -> str:
    """Stands for what a machine is told of an interface, for this release and later ones."""
    words = (spec.device_index, spec.prefix_length, spec.gateway, spec.address, *spec.more_addresses, *spec.prefixes)
    if spec.ipv6_addresses:  # after what older releases told
        words += (spec.ipv6_prefix_length, *spec.ipv6_addresses)
    return blake2b(" ".join(map(str, words)).encode(), digest_size=8).hexdigest()


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
                    machine, interface_id, known = (*alias.split(" ", 2), "", "")[:3]
                    found.append(Link(row["index"], name, machine, interface_id, known))
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


def make_link(
    fabric: Path, machine_namespace: Path, machine: str, spec: LinkSpec, *, in_use: bool, ifindex: int = 0
) -> Link:
    """Make the pair, with both ends up and the default route inside.  Raises OSError, NetlinkError.

    ``in_use`` as for `give`; ``ifindex`` is the machine's end's, 0: as the kernel likes it.

    The machine's end comes up last, so that it has a carrier from the beginning: else the kernel drops what it sends
    until it gets round to noticing the carrier.  The alias is given after all: whoever finds
    it finds a link that is whole.
    """
    name = fabric_name(spec.interface_id)
    fd = os.open(fabric, os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespace.run_in(machine_namespace, lambda: _make_pair(spec, ifindex, {"ifname": name, "net_ns_fd": fd}))
    finally:
        os.close(fd)
    link = Link(namespace.run_in(fabric, lambda: _bring_up(name)), name, machine, spec.interface_id, told(spec))
    namespace.run_in(machine_namespace, lambda: _configure(spec, in_use=in_use))
    namespace.run_in(fabric, lambda: _finish_outside(link, spec))
    return link


def tell_link(
    fabric: Path, machine_namespace: Path, link: Link, before: LinkSpec, after: LinkSpec, *, in_use: bool
) -> Link:
    """Tell a machine what is new of an interface, and nothing else: the rest may be as its root likes it.

    Nothing is listed there: it may be very much.  Raises OSError, NetlinkError.
    """
    peer = namespace.run_in(fabric, lambda: _peer(link.ifindex))
    namespace.run_in(machine_namespace, lambda: give(lease(before, peer), lease(after, peer), in_use=in_use))
    new = replace(link, told=told(after))
    namespace.run_in(fabric, lambda: _finish_outside(new, after))
    return new


def mend_outside(fabric: Path, links: Mapping[Link, LinkSpec]) -> None:
    """Let the fabric's ends of these links be as they are made.  Raises OSError, NetlinkError."""
    for link, spec in links.items():
        namespace.run_in(fabric, partial(_finish_outside, link, spec))


def mend_links(fabric: Path, machine_namespace: Path, links: Mapping[Link, LinkSpec], *, balances: bool) -> None:
    """Let all links of a machine be as they are made, at both ends.  Raises OSError, NetlinkError."""

    def mend_inside() -> None:
        with Listing() as listing:
            devices = {device.name: device for device in listing.devices()}
        addressing.clear(addressing.of_machine(links.values(), devices, balances=balances))
        for spec in links.values():
            _configure(spec, in_use=False)

    namespace.run_in(machine_namespace, mend_inside)
    mend_outside(fabric, links)


def delete_link(fabric: Path, name: str) -> None:
    """Delete the pair.  One that is gone is no error, nor one that the kernel takes with its namespace meanwhile."""

    def delete() -> None:
        with closing(IPRoute()) as netlink:
            for index in netlink.link_lookup(ifname=name):
                _unless_gone(netlink, "del", index=index)

    namespace.run_in(fabric, delete)


def delete_devices(path: Path) -> None:
    """Leave no device in the namespace that could be deleted, and none up.  Raises OSError, NetlinkError.

    A packet that goes round between devices keeps its socket, and the socket its namespace, whoever is gone (decision
    0056).  All go at once, as a group: one by one, each would wait for all packets under way.  One that nobody can
    delete (the loopback; pimreg, of multicast routing) would keep all others: it is left down, and ends with the
    namespace.
    """

    def delete() -> None:
        with closing(IPRoute()) as netlink:
            for row in netlink.get_links():
                if row.get(("linkinfo", "kind")):
                    _unless_gone(netlink, "set", index=row["index"], group=_DOOMED)
                else:  # whoever was root there may have put it into that group
                    _unless_gone(netlink, "set", index=row["index"], group=0, state="down")
            _unless_gone(netlink, "del", index=0, group=_DOOMED)

    namespace.run_in(path, delete)


def _unless_gone(netlink: IPRoute, command: str, **link: int | str) -> None:
    """The kernel takes a device away by itself when the other end of its pair goes."""
    try:
        netlink.link(command, **link)
    except NetlinkError as error:
        if error.code != errno.ENODEV:
            raise


def _bring_up(name: str) -> int:
    """Returns the ifindex."""
    index = socket.if_nametoindex(name)
    with closing(IPRoute()) as netlink:
        netlink.link("set", index=index, state="up")
    return index


def _finish_outside(link: Link, spec: LinkSpec) -> None:
    with closing(IPRoute()) as netlink:
        netlink.link("set", index=link.ifindex, mtu=spec.mtu, ifalias=link.alias, state="up")


def _peer(ifindex: int) -> int:
    """The other end's ifindex."""
    with closing(IPRoute()) as netlink:
        (row,) = netlink.get_links(ifindex)
        peer: int = row.get("link")
        return peer


def _make_pair(spec: LinkSpec, ifindex: int, peer: dict[str, Any]) -> None:
    with closing(IPRoute()) as netlink:
        with suppress(OSError):  # half made
            netlink.link("del", index=socket.if_nametoindex(spec.device_name))
        peer = {**peer, "mtu": spec.mtu}
        own = {"ifname": spec.device_name, "address": spec.mac_address, "mtu": spec.mtu, "index": ifindex}
        netlink.link("add", kind="veth", peer=peer, **own)


def _configure(spec: LinkSpec, *, in_use: bool) -> None:
    if spec.ipv6_addresses:
        allow_ipv6()
    with closing(IPRoute()) as netlink:
        netlink.link("set", index=_LOOPBACK, state="up")
        netlink.addr("replace", index=_LOOPBACK, address="127.0.0.1", prefixlen=8)
        index = socket.if_nametoindex(spec.device_name)
        netlink.link("set", index=index, address=spec.mac_address, mtu=spec.mtu)
        netlink.link("set", index=index, state="up")
    give(Lease(), lease(spec, index), in_use=in_use)
