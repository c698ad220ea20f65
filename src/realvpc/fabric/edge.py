"""Namespaces beside the machines: the built-in internet, S3 and DynamoDB in it, and what every interface reaches
without a route.

Each hangs on the fabric by one link and sends everything there.  Neither has a way out to the real world.

198.18.0.0/15 is set aside for tests of network devices (RFC 2544, RFC 6890), so that nothing here collides with an
address that means something: instances have public addresses in 198.18.0.0/16, the hosts live in 198.19.0.0/16.
"""

from __future__ import annotations

import os
import socket
from contextlib import closing
from functools import partial
from pathlib import Path

from msgspec import Struct
from pyroute2 import IPRoute

from realvpc.net import aws_hosts, mtu
from realvpc.net.services import (
    ENDPOINT_IDENTITIES,
    INTERNET_ADDRESSES,
    IPV4_LISTENERS,
    IPV6_ENDPOINT_IDENTITIES,
    IPV6_INTERNET_HOSTS,
    IPV6_METADATA,
    IPV6_RESOLVER,
    METADATA,
    RESOLVER,
    Listener,
)
from realvpc.net.trace import AWS, ENDPOINTS, INTERNET, SERVICES

from . import addressing, namespace
from .addressing import Addressing, addressing_of, of_loopback
from .bpf.constants import Edge as Number
from .lease import ALONE, ALONE_IPV6, address_arguments, allow_ipv6, family_of
from .link import are_pair, delete_link
from .rtnetlink import HAS_IPV6, RT_TABLE_LOCAL, RTN_LOCAL, Address, Route

_IFF_UP, _IFF_NOARP = 0x1, 0x80
_BACKLOG = 1024
_IPV6_METRIC = 1024  # what the kernel gives to a route without one
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h
_WAITING = 16 << 20  # bytes of datagrams: what several machines may send at once (net/allowances.py)
SETTINGS = {
    "ip_forward": "0",  # which is the host's otherwise: what is for nobody here does not go back
    "tcp_orphan_retries": "2",  # closed connections whose peer says nothing: a few would use up what the host may have
}
_SETTINGS_OF_THREAD = Path("/proc/sys/net/ipv4")


class Edge(Struct, frozen=True):
    """``number`` is its place in the table ``edges``; ``name`` is that of the namespace and of the fabric's end of its
    link; ``addresses`` are those that answer, each with the block that ``prefix_length`` says, and of IPv6 all of
    ``ipv6_block`` as well."""

    number: Number
    name: str
    mac: str
    mtu: int
    addresses: tuple[str, ...]
    ipv6_addresses: tuple[str, ...] = ()
    prefix_length: int = ALONE
    ipv6_block: str = ""

    @property
    def mac_bytes(self) -> bytes:
        return bytes.fromhex(self.mac.replace(":", ""))


EDGES = (
    Edge(
        Number.INTERNET,
        INTERNET,
        "02:00:00:00:00:02",
        mtu.INTERNET,
        tuple(map(str, INTERNET_ADDRESSES)),
        tuple(map(str, IPV6_INTERNET_HOSTS.values())) if HAS_IPV6 else (),
    ),
    Edge(
        Number.SERVICES,
        SERVICES,
        "02:00:00:00:00:03",
        mtu.INTERFACE,
        (str(METADATA), str(RESOLVER)),
        (str(IPV6_METADATA), str(IPV6_RESOLVER)) if HAS_IPV6 else (),
    ),
    Edge(
        Number.ENDPOINTS,
        ENDPOINTS,
        "02:00:00:00:00:04",
        mtu.INTERFACE_ENDPOINT,
        (str(ENDPOINT_IDENTITIES.at(1)),),
        (str(IPV6_ENDPOINT_IDENTITIES.at(1)),) if HAS_IPV6 else (),
        prefix_length=ENDPOINT_IDENTITIES.prefix_length,
        ipv6_block=str(IPV6_ENDPOINT_IDENTITIES) if HAS_IPV6 else "",
    ),
    Edge(Number.AWS, AWS, "02:00:00:00:00:05", mtu.INTERNET, tuple(map(str, aws_hosts.HOSTS.values()))),
)

SERVED = tuple(Listener) if HAS_IPV6 else IPV4_LISTENERS
_NAMESPACES = {  # of those that are elsewhere than the services
    Listener.ENDPOINT: INTERNET,
    Listener.ENDPOINT_TLS: INTERNET,
    Listener.CHECK_IP: INTERNET,
    Listener.INTERFACE_ENDPOINT: ENDPOINTS,
    Listener.IPV6_INTERFACE_ENDPOINT: ENDPOINTS,
    Listener.AWS_HOSTS: AWS,
}


def of_edge(edge: Edge, loopback: int, index: int) -> Addressing:
    """What its namespace should have, by the ifindexes of its loopback device and of its link."""
    own = [Address(loopback, address, edge.prefix_length) for address in edge.addresses]
    own += [Address(loopback, address, ALONE_IPV6, has_route=False) for address in edge.ipv6_addresses]
    routes = [Route(index, source=edge.addresses[0])]
    if edge.ipv6_addresses:
        routes.append(Route(index, "::/0", source=edge.ipv6_addresses[0], metric=_IPV6_METRIC))
    blocks = [(loopback, edge.ipv6_block.partition("/")[0])] if edge.ipv6_block else []
    return addressing_of((of_loopback(loopback), *own), routes, also_own=blocks)


def ensure_edge(edge: Edge, fabric: Path, inside: Path) -> int:
    """Make the namespace and its link, or mend them; the ifindex of the fabric's end.  Raises OSError, NetlinkError."""
    namespace.create(inside)
    if not are_pair(fabric, edge.name, inside, "eth0"):
        for place, name in ((fabric, edge.name), (inside, "eth0")):  # the other end is where nobody finds it any more
            delete_link(place, name)
    fd = os.open(fabric, os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespace.run_in(inside, lambda: _configure(edge, fd))
    finally:
        os.close(fd)
    return namespace.run_in(fabric, lambda: _fabric_end_up(edge))


def open_listeners(namespaces: Path) -> tuple[socket.socket, ...]:
    """The sockets of ``SERVED``, on which the services are served.  Raises OSError."""
    opened: list[socket.socket] = []
    try:
        for listener in SERVED:
            name = _NAMESPACES.get(listener, SERVICES)
            opened.append(namespace.run_in(namespaces / name, partial(_open, listener)))
    except BaseException:
        for each in opened:
            each.close()
        raise
    return tuple(opened)


def read_setting(name: str) -> str:
    """What a setting is in the namespace of the calling thread.  Raises OSError."""
    return (_SETTINGS_OF_THREAD / name).read_text().strip()


def _open(listener: Listener) -> socket.socket:
    stream = listener.protocol == "tcp"
    family = socket.AF_INET if listener.address.is_ipv4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    try:
        if stream:  # connections of an API process that has ended may linger
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _WAITING)
        if family == socket.AF_INET6:  # which of every address is not of IPv4, too
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((str(listener.address), listener.port))
        if stream:
            opened.listen(_BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened


def _configure(edge: Edge, fabric_fd: int) -> None:
    for name, value in SETTINGS.items():
        (_SETTINGS_OF_THREAD / name).write_text(value)
    with closing(IPRoute()) as netlink:
        if not netlink.link_lookup(ifname="eth0"):
            peer = {"ifname": edge.name, "net_ns_fd": fabric_fd, "mtu": edge.mtu}
            netlink.link("add", ifname="eth0", kind="veth", address=edge.mac, mtu=edge.mtu, peer=peer)
        (loopback,) = netlink.link_lookup(ifname="lo")
        (index,) = netlink.link_lookup(ifname="eth0")
        if edge.ipv6_addresses:
            allow_ipv6()
        addressing.clear(of_edge(edge, loopback, index))
        netlink.link("set", index=loopback, state="up")
        for each in of_edge(edge, loopback, index).addresses:
            netlink.addr("replace", **address_arguments(each))
        if edge.ipv6_block:
            block = {"dst": edge.ipv6_block, "oif": loopback, "table": RT_TABLE_LOCAL, "type": RTN_LOCAL}
            netlink.route("replace", family=socket.AF_INET6, **block)
        # Everybody lives behind the fabric, so nobody needs to be asked for a MAC.
        up = _IFF_UP | _IFF_NOARP
        netlink.link("set", index=index, address=edge.mac, mtu=edge.mtu, flags=up, change=up)
        for route in of_edge(edge, loopback, index).routes:
            metric = {"priority": route.metric} if route.metric else {}
            family = family_of(route.destination)
            netlink.route("replace", family=family, dst=route.destination, oif=index, prefsrc=route.source, **metric)


def _fabric_end_up(edge: Edge) -> int:
    with closing(IPRoute()) as netlink:
        index: int
        (index,) = netlink.link_lookup(ifname=edge.name)
        netlink.link("set", index=index, mtu=edge.mtu, state="up")
        return index
