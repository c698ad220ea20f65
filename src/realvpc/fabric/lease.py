"""What a machine is told of its network interfaces, as by DHCP and router advertisements, and takes on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from realvpc.net.addresses import ROUTER_LINK_LOCAL
from realvpc.net.machine import LinkSpec

from .rtnetlink import (
    HAS_IPV6,
    IFA_F_NOPREFIXROUTE,
    RT_SCOPE_LINK,
    RT_SCOPE_UNIVERSE,
    RT_TABLE_MAIN,
    RTPROT_DHCP,
    Address,
    Route,
    Rule,
)

ROUTE_METRIC, _METRIC_STEP = 512, 10  # by device index, on Amazon Linux 2023
_FIRST_TABLE = 10_000  # there, too
ALONE = 32  # the prefix length of secondary addresses there: the subnet's route is the primary one's
ALONE_IPV6 = 128
_IFA_F_NODAD = 0x02

_ITS_ROOT_IN_THE_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EINVAL)
"""No rule leads to a table that knows the gateway, the device is down, or the gateway's address is its own."""


_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.EACCES, errno.EPERM)
"""The host's kernel has none, or its root has turned it off."""


class Lease(Struct, frozen=True):
    """What a machine is told of an interface, as by DHCP."""

    addresses: frozenset[Address] = frozenset()
    routes: frozenset[Route] = frozenset()
    rules: frozenset[Rule] = frozenset()


def lease(spec: LinkSpec, ifindex: int) -> Lease:
    """As Amazon Linux takes it on (amazon-ec2-net-utils): an interface that is not the first has routes in a table of
    its own, which is asked for what bears an address of it."""
    is_first, subnet = spec.device_index == 0, Route(ifindex, subnet_of(spec))
    if spec.gateway is None:  # the address stands alone, and nothing but the link-local block is told
        addresses, routes = [Address(ifindex, spec.address, ALONE, has_route=False)], [subnet]
    else:
        addresses = [Address(ifindex, spec.address, spec.prefix_length, has_route=is_first)]
        addresses += [Address(ifindex, each, ALONE) for each in spec.more_addresses]
        routes = [Route(ifindex, gateway=spec.gateway)] + [subnet] * (not is_first)
    sources = [*(f"{each}/{ALONE}" for each in (spec.address, *spec.more_addresses)), *spec.prefixes]
    if spec.ipv6_addresses:  # each of which stands alone, and the router is the one on the link
        addresses += [Address(ifindex, each, ALONE_IPV6, has_route=False) for each in spec.ipv6_addresses]
        ipv6_subnet = _network(f"{spec.ipv6_addresses[0]}/{spec.ipv6_prefix_length}")
        routes += [Route(ifindex, ipv6_subnet), Route(ifindex, "::/0", gateway=str(ROUTER_LINK_LOCAL))]
        sources += [f"{each}/{ALONE_IPV6}" for each in spec.ipv6_addresses]
    table = table_of(spec)
    metric = ROUTE_METRIC + _METRIC_STEP * spec.device_index
    return Lease(
        frozenset(addresses),
        frozenset(replace(route, table=table, metric=metric) for route in routes),
        frozenset(() if is_first else (Rule(table, table, source, family_of(source)) for source in sources)),
    )


def table_of(spec: LinkSpec) -> int:
    """Where the routes by an interface are."""
    return RT_TABLE_MAIN if spec.device_index == 0 else _FIRST_TABLE + spec.device_index


def give(before: Lease, after: Lease, *, in_use: bool) -> None:
    """Let the namespace of the calling thread have what it is told now, instead of what it was told before.

    Whatever else there is stays, and what is gone already is no error; nor is, in one that is ``in_use``, what the
    kernel refuses because of what its root did there.  Elsewhere nobody else can be why.  Raises OSError, NetlinkError.
    """
    in_the_way = _ITS_ROOT_IN_THE_WAY if in_use else ()
    no_ipv6 = _NO_IPV6 if in_use or not HAS_IPV6 else ()
    with closing(IPRoute()) as netlink:
        for rule in before.rules - after.rules:
            with _lenient(errno.ENOENT, *_of_ipv6(rule.family, _NO_IPV6)):
                netlink.rule("del", **rule_arguments(rule))
        for route in before.routes - after.routes:  # of IPv4 they go with the last address
            with _lenient(errno.ESRCH, errno.ENODEV, *_of_ipv6(family_of(route.destination), _NO_IPV6)):
                netlink.route("del", **_route(route))
        for address in before.addresses - after.addresses:
            with _lenient(errno.EADDRNOTAVAIL, errno.ENODEV, *_of_ipv6(family_of(address.address), _NO_IPV6)):
                netlink.addr("del", **address_arguments(address))
        for address in after.addresses - before.addresses:
            with _lenient(*_of_ipv6(family_of(address.address), no_ipv6)):
                netlink.addr("replace", **address_arguments(address))
        for route in sorted(after.routes - before.routes, key=lambda each: bool(each.gateway)):  # which needs the other
            with _lenient(*in_the_way, *_of_ipv6(family_of(route.destination), no_ipv6)):
                netlink.route("replace", **_route(route))
        for rule in after.rules - before.rules:
            with _lenient(errno.EEXIST, *_of_ipv6(rule.family, no_ipv6)):
                netlink.rule("add", **rule_arguments(rule))


def allow_ipv6() -> None:
    """In the namespace of the calling thread, which may have inherited that there is none.  Raises OSError."""
    if HAS_IPV6:
        Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("0")


def address_arguments(address: Address) -> dict[str, Any]:
    """As pyroute2 takes it.  Nobody else has an IPv6 address, which need not be tried."""
    flags = 0 if address.has_route else IFA_F_NOPREFIXROUTE
    flags |= _IFA_F_NODAD if _is_ipv6(address.address) else 0
    return {
        "index": address.ifindex,
        "address": address.address,
        "prefixlen": address.prefix_length,
        **({"flags": flags} if flags else {}),
    }


def rule_arguments(rule: Rule) -> dict[str, Any]:
    """As pyroute2 takes it."""
    source, _, length = rule.source.partition("/")
    of: dict[str, Any] = {"src": source, "src_len": int(length)} if source else {}
    of |= {"fwmark": rule.mark} if rule.mark else {}
    return {"family": rule.family, "priority": rule.priority, "table": rule.table, "action": rule.action, **of}


def _route(route: Route) -> dict[str, Any]:
    """As pyroute2 takes it to make it."""
    optional = {"gateway": route.gateway, "priority": route.metric}
    return {
        "family": family_of(route.destination),
        "dst": route.destination,
        "oif": route.ifindex,
        "table": route.table,
        "proto": RTPROT_DHCP,
        "scope": RT_SCOPE_UNIVERSE if route.gateway else RT_SCOPE_LINK,
        **{name: value for name, value in optional.items() if value},
    }


def _of_ipv6(family: int, codes: tuple[int, ...]) -> tuple[int, ...]:
    """The errors that are passed over for IPv6 alone."""
    return codes if family == socket.AF_INET6 else ()


@contextmanager
def _lenient(*codes: int) -> Iterator[None]:
    try:
        yield
    except NetlinkError as error:
        if error.code not in codes:
            raise


def subnet_of(spec: LinkSpec) -> str:
    return _network(f"{spec.address}/{spec.prefix_length}")


@lru_cache(1 << 15)
def _network(interface: str) -> str:
    return str(ip_interface(interface).network)


def family_of(text: str) -> int:
    """Of an address or a block."""
    return socket.AF_INET6 if ":" in text else socket.AF_INET


def _is_ipv6(text: str) -> bool:
    return family_of(text) == socket.AF_INET6
