"""What rtnetlink(7) lists of the calling thread's network namespace: devices, addresses, routes, rules, filters.

pyroute2 makes changes; lists are read here, because an audit reads thousands of devices every few seconds and only a
few fields of each.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBi")  # ifaddrmsg: family, prefix length, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")  # rtmsg: family, destination's length, ..., table, protocol, scope, type, flags
_RULE = struct.Struct(
    "=BBBBBxxBI"
)  # fib_rule_hdr: family, lengths of destination and source, tos, table, action, flags
_FILTER = struct.Struct("=BxxxiIII")  # tcmsg: family, index, handle, parent, info

_NLM_F_REQUEST, _NLM_F_DUMP, _NLMSG_ERROR, _NLMSG_DONE = 0x1, 0x300, 2, 3
_RTM_GETLINK, _RTM_GETADDR, _RTM_GETROUTE, _RTM_GETRULE, _RTM_GETTFILTER = 18, 22, 26, 34, 46
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_IFALIAS, _IFLA_EXT_MASK = 1, 3, 4, 5, 20, 29
_SKIP_STATISTICS = 1 << 3  # RTEXT_FILTER_SKIP_STATS
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
IFA_F_NOPREFIXROUTE = 0x200
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC, _RTA_TABLE = 1, 4, 5, 6, 7, 15
_FRA_SRC, _FRA_PRIORITY, _FRA_MARK, _FRA_SUPPRESS, _FRA_TABLE, _FRA_MASK, _FRA_PROTOCOL = 2, 6, 10, 14, 15, 16, 21
_OF_ANY_RULE = frozenset({_FRA_SRC, _FRA_PRIORITY, _FRA_MARK, _FRA_SUPPRESS, _FRA_TABLE, _FRA_MASK, _FRA_PROTOCOL})
RT_TABLE_DEFAULT, RT_TABLE_MAIN, RT_TABLE_LOCAL = 253, 254, 255
RTN_UNICAST, RTN_LOCAL = 1, 2
RTPROT_DHCP = 16
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_NOWHERE = 0, 253, 255
FR_ACT_TO_TBL = 1
_EXACTLY = 0xFFFFFFFF
_TCA_OPTIONS, _TCA_BPF_ID, _INGRESS = 2, 11, 0xFFFFFFF2
_IFF_UP, _IFF_NOARP, _IFF_LOWER_UP = 0x1, 0x80, 0x10000
_NESTED = 0x3FFF  # NLA_TYPE_MASK
_BUFFER = 1 << 16
HAS_IPV6 = Path("/proc/net/if_inet6").exists()  # a kernel may be without, or have it turned off
_FAMILIES = (socket.AF_INET, socket.AF_INET6) if HAS_IPV6 else (socket.AF_INET,)
_REMEMBERED = 1 << 15  # messages of about 1 KiB


class Device(Struct, frozen=True):
    """``has_carrier``: of a virtual pair, whether the other end is up too.  ``peer`` is the other end's ifindex."""

    ifindex: int
    name: str
    mac: str
    mtu: int
    is_up: bool
    has_carrier: bool
    is_noarp: bool = False
    peer: int = 0
    alias: str = ""


class Address(Struct, frozen=True):
    """An address on a device; ``has_route``: with a route to its block, which the kernel makes by itself."""

    ifindex: int
    address: str
    prefix_length: int
    has_route: bool = True


class Route(Struct, frozen=True):
    """``gateway`` and ``source`` are empty, and ``ifindex`` is 0, where there is none."""

    ifindex: int
    destination: str = "0.0.0.0/0"
    gateway: str = ""
    source: str = ""
    metric: int = 0
    table: int = RT_TABLE_MAIN
    kind: int = RTN_UNICAST


class Rule(Struct, frozen=True):
    """Which table is asked (ip-rule(8)); ``is_plain``: for every packet, or for every one from ``source`` or with
    exactly this ``mark``."""

    priority: int
    table: int
    source: str = ""
    family: int = socket.AF_INET
    action: int = FR_ACT_TO_TBL
    is_plain: bool = True
    mark: int = 0


class Listing:
    """A netlink socket in the namespace of the thread that makes it.  Methods raise OSError."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.bind((0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def devices(self) -> Iterator[Device]:
        mask = struct.pack("=HHI", 8, _IFLA_EXT_MASK, _SKIP_STATISTICS)
        return map(_device, self._dump(_RTM_GETLINK, _LINK.pack(0, 0, 0, 0, 0) + mask))

    def addresses(self) -> Iterator[Address]:
        """Of both families, as what follows."""
        for family in _FAMILIES:
            yield from map(_address, self._dump(_RTM_GETADDR, _ADDRESS.pack(family, 0, 0, 0, 0)))

    def routes(self) -> Iterator[Route]:
        """Of all tables."""
        for family in _FAMILIES:
            yield from map(_route, self._dump(_RTM_GETROUTE, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)))

    def rules(self) -> Iterator[Rule]:
        for family in _FAMILIES:
            yield from map(_rule, self._dump(_RTM_GETRULE, _RULE.pack(family, 0, 0, 0, 0, 0, 0)))

    def ingress_programs(self, ifindex: int) -> frozenset[int]:
        """The ids of the BPF programs in the filters of a device's clsact qdisc."""
        request = _FILTER.pack(0, ifindex, 0, _INGRESS, 0)
        options = (
            _attributes(each, _FILTER.size).get(_TCA_OPTIONS, b"") for each in self._dump(_RTM_GETTFILTER, request)
        )
        return frozenset(_number(found[_TCA_BPF_ID]) for found in map(_attributes, options) if _TCA_BPF_ID in found)

    def _dump(self, kind: int, request: bytes) -> Iterator[bytes]:
        """The answers' bodies."""
        self._socket.send(_HEADER.pack(_HEADER.size + len(request), kind, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0) + request)
        while True:
            data = self._socket.recv(_BUFFER)
            start = 0
            while start < len(data):
                length, answer, _, _, _ = _HEADER.unpack_from(data, start)
                body = data[start + _HEADER.size : start + length]
                if answer in (_NLMSG_DONE, _NLMSG_ERROR):
                    if code := -struct.unpack_from("=i", body)[0]:
                        raise OSError(code, os.strerror(code))
                    return
                yield body
                start += (length + 3) & ~3


@lru_cache(_REMEMBERED)
def _device(message: bytes) -> Device:
    """Of a device that is as it was, the message is too: reading its forty attributes takes longest of all."""
    _, _, index, flags, _ = _LINK.unpack_from(message)
    found = _attributes(message, _LINK.size)
    return Device(
        ifindex=index,
        name=_text(found.get(_IFLA_IFNAME)),
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=_number(found.get(_IFLA_MTU)),
        is_up=bool(flags & _IFF_UP),
        has_carrier=bool(flags & _IFF_LOWER_UP),
        is_noarp=bool(flags & _IFF_NOARP),
        peer=_number(found.get(_IFLA_LINK)),
        alias=_text(found.get(_IFLA_IFALIAS)),
    )


@lru_cache(_REMEMBERED)
def _address(message: bytes) -> Address:
    _, length, _, _, index = _ADDRESS.unpack_from(message)
    found = _attributes(message, _ADDRESS.size)
    has_route = not _number(found.get(_IFA_FLAGS)) & IFA_F_NOPREFIXROUTE
    return Address(index, _ip(found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)), length, has_route)


@lru_cache(_REMEMBERED)
def _route(message: bytes) -> Route:
    family, length, _, _, table, _, _, kind, _ = _ROUTE.unpack_from(message)
    found = _attributes(message, _ROUTE.size)
    nowhere = bytes(4 if family == socket.AF_INET else 16)
    return Route(
        ifindex=_number(found.get(_RTA_OIF)),
        destination=f"{_ip(found.get(_RTA_DST, nowhere))}/{length}",
        gateway=_ip(found.get(_RTA_GATEWAY)),
        source=_ip(found.get(_RTA_PREFSRC)),
        metric=_number(found.get(_RTA_PRIORITY)),
        table=_number(found.get(_RTA_TABLE)) or table,
        kind=kind,
    )


@lru_cache
def _rule(message: bytes) -> Rule:
    family, to, length, tos, table, action, flags = _RULE.unpack_from(message)
    found = _attributes(message, _RULE.size)
    return Rule(
        priority=_number(found.get(_FRA_PRIORITY)),
        table=_number(found.get(_FRA_TABLE)) or table,
        source=f"{_ip(found.get(_FRA_SRC))}/{length}" if length else "",
        family=family,
        action=action,
        is_plain=not any((to, tos, flags))
        and found.keys() <= _OF_ANY_RULE
        and _number(found.get(_FRA_MASK)) == (_EXACTLY if _FRA_MARK in found else 0),
        mark=_number(found.get(_FRA_MARK)),
    )


def _attributes(message: bytes, start: int = 0) -> dict[int, bytes]:
    """Values by type, from a place in a message on."""
    found = {}
    while start + _ATTRIBUTE.size <= len(message):
        length, kind = _ATTRIBUTE.unpack_from(message, start)
        if length < _ATTRIBUTE.size:
            break
        found[kind & _NESTED] = message[start + _ATTRIBUTE.size : start + length]
        start += (length + 3) & ~3
    return found


def _text(value: bytes | None) -> str:
    return (value or b"").rstrip(b"\0").decode(errors="replace")


def _ip(value: bytes | None) -> str:
    if not value or len(value) not in (4, 16):
        return ""
    return socket.inet_ntop(socket.AF_INET if len(value) == 4 else socket.AF_INET6, value)


def _number(value: bytes | None) -> int:
    return int.from_bytes(value or b"", sys.byteorder)
