"""The built-in internet: a namespace with hosts that answer, and no way out to the real one.

198.18.0.0/15 is set aside for tests of network devices (RFC 2544, RFC 6890), so that nothing here collides with an
address that means something: instances have public addresses in 198.18.0.0/16, the hosts live in 198.19.0.0/16.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from pyroute2 import IPRoute

from realvpc.net import mtu

from . import namespace

HOSTS = ("198.19.0.1", "198.19.0.2")
MAC = "02:00:00:00:00:02"
FABRIC_END = "internet"
_IFF_UP, _IFF_NOARP = 0x1, 0x80


def ensure_internet(fabric: Path, internet: Path) -> int:
    """Make the namespace and its link, or find them; the ifindex of the fabric's end.  Raises OSError, NetlinkError."""
    namespace.create(internet)
    fd = os.open(fabric, os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespace.run_in(internet, lambda: _configure(fd))
    finally:
        os.close(fd)
    return namespace.run_in(fabric, _fabric_end_up)


def _configure(fabric_fd: int) -> None:
    with closing(IPRoute()) as netlink:
        if not netlink.link_lookup(ifname="eth0"):
            peer = {"ifname": FABRIC_END, "net_ns_fd": fabric_fd, "mtu": mtu.INTERNET}
            netlink.link("add", ifname="eth0", kind="veth", address=MAC, mtu=mtu.INTERNET, peer=peer)
        (loopback,) = netlink.link_lookup(ifname="lo")
        netlink.link("set", index=loopback, state="up")
        for host in HOSTS:
            netlink.addr("replace", index=loopback, address=host, prefixlen=32)
        (index,) = netlink.link_lookup(ifname="eth0")
        # Everybody lives behind the fabric, so nobody needs to be asked for a MAC.
        netlink.link("set", index=index, flags=_IFF_UP | _IFF_NOARP, change=_IFF_UP | _IFF_NOARP)
        netlink.route("replace", dst="0.0.0.0/0", oif=index, prefsrc=HOSTS[0])


def _fabric_end_up() -> int:
    with closing(IPRoute()) as netlink:
        index: int
        (index,) = netlink.link_lookup(ifname=FABRIC_END)
        netlink.link("set", index=index, state="up")
        return index
