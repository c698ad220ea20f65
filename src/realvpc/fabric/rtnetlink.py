"""What rtnetlink(7) lists of the calling thread's network namespace: devices, addresses, routes, filters.

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
from types import TracebackType
from typing import Self

from msgspec import Struct

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBi")  # ifaddrmsg: family, prefix length, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")  # rtmsg: family, destination's length, ..., table, protocol, scope, type, flags
_FILTER = struct.Struct("=BxxxiIII")  # tcmsg: family, index, handle, parent, info

_NLM_F_REQUEST, _NLM_F_DUMP, _NLMSG_ERROR, _NLMSG_DONE = 0x1, 0x300, 2, 3
_RTM_GETLINK, _RTM_GETADDR, _RTM_GETROUTE, _RTM_GETTFILTER = 18, 22, 26, 46
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_IFALIAS, _IFLA_EXT_MASK = 1, 3, 4, 5, 20, 29
_SKIP_STATISTICS = 1 << 3  # RTEXT_FILTER_SKIP_STATS
_IFA_LOCAL = 2
_RTA_OIF, _RTA_PREFSRC = 4, 7
_RT_TABLE_MAIN = 254
_TCA_OPTIONS, _TCA_BPF_ID, _INGRESS = 2, 11, 0xFFFFFFF2
_IFF_UP, _IFF_NOARP, _IFF_LOWER_UP = 0x1, 0x80, 0x10000
_NESTED = 0x3FFF  # NLA_TYPE_MASK
_BUFFER = 1 << 16
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


class Route(Struct, frozen=True):
    """A route to everywhere in the main table."""

    ifindex: int
    source: str


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

    def addresses(self) -> Iterator[tuple[int, str]]:
        """The IPv4 addresses with the ifindex that each is on."""
        for message in self._dump(_RTM_GETADDR, _ADDRESS.pack(socket.AF_INET, 0, 0, 0, 0)):
            local = _attributes(message, _ADDRESS.size).get(_IFA_LOCAL)
            if message[0] == socket.AF_INET and local:
                yield _ADDRESS.unpack_from(message)[4], socket.inet_ntoa(local)

    def default_routes(self) -> Iterator[Route]:
        """Of IPv4."""
        for message in self._dump(_RTM_GETROUTE, _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)):
            family, length, _, _, table, *_ = _ROUTE.unpack_from(message)
            if (family, length, table) == (socket.AF_INET, 0, _RT_TABLE_MAIN):
                found = _attributes(message, _ROUTE.size)
                source = found.get(_RTA_PREFSRC)
                yield Route(_number(found.get(_RTA_OIF)), socket.inet_ntoa(source) if source else "")

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


def _number(value: bytes | None) -> int:
    return int.from_bytes(value or b"", sys.byteorder)
