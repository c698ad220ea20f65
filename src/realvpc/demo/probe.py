"""Pings between machines that tell who answered.

An ordinary ping is content with an answer of whoever has the address.  Here every pair of machines has a mark of its
own in its echo request, which is looked for where the request should arrive and where the reply should.
"""

from __future__ import annotations

import secrets
import selectors
import socket
import struct
import time
from collections.abc import Sequence

from realvpc.net.icmp import IcmpType

_ATTEMPTS = 2
_PATIENCE = 1.0  # seconds for the last answers of an attempt
_MESSAGE = struct.Struct("!BBHHH16s")  # RFC 792: type, code, checksum, identifier, sequence number; and the mark
_BURST = 512  # messages read at a time, so that a machine that is flooded does not hold up the others
_SOL_RAW, _ICMP_FILTER = 255, 1  # linux/icmp.h: a bit that is set keeps the type out
_ONLY_ECHOES = struct.pack("I", 0xFFFFFFFF & ~(1 << IcmpType.ECHO_REPLY | 1 << IcmpType.ECHO_REQUEST))

Pair = tuple[int, int]


def probe(sockets: Sequence[socket.socket], addresses: Sequence[str]) -> set[Pair]:
    """The pairs (sender, receiver) of which the one's echo request arrived at the other, and its reply at the one.

    ``sockets`` are raw ICMP sockets in the machines' namespaces, ``addresses`` the machines' own, in the same order.
    """
    marks = {
        secrets.token_bytes(16): (sender, receiver)
        for sender in range(len(sockets))
        for receiver in range(len(addresses))
        if sender != receiver
    }
    seen: set[tuple[int, bytes]] = set()
    with selectors.DefaultSelector() as selector:
        for place, each in enumerate(sockets):
            each.setblocking(False)
            each.setsockopt(_SOL_RAW, _ICMP_FILTER, _ONLY_ECHOES)
            selector.register(each, selectors.EVENT_READ, place)
        for _ in range(_ATTEMPTS):
            missing = [mark for mark in marks if not _both_ways(seen, mark, marks[mark])]
            for count, mark in enumerate(missing, start=1):
                sender, receiver = marks[mark]
                _send(sockets[sender], addresses[receiver], mark)
                if count % 64 == 0:
                    _listen(selector, seen, 0)
            deadline = time.monotonic() + _PATIENCE
            while (left := deadline - time.monotonic()) > 0 and missing:
                _listen(selector, seen, left)
                missing = [mark for mark in missing if not _both_ways(seen, mark, marks[mark])]
    return {pair for mark, pair in marks.items() if _both_ways(seen, mark, pair)}


def _both_ways(seen: set[tuple[int, bytes]], mark: bytes, pair: Pair) -> bool:
    """``seen`` has the places where a mark arrived: as a request at the receiver, as a reply at the sender."""
    sender, receiver = pair
    request, reply = bytes([IcmpType.ECHO_REQUEST]) + mark, bytes([IcmpType.ECHO_REPLY]) + mark
    return (receiver, request) in seen and (sender, reply) in seen


def _send(source: socket.socket, destination: str, mark: bytes) -> None:
    checksum = _checksum(_MESSAGE.pack(IcmpType.ECHO_REQUEST, 0, 0, 1, 1, mark))
    try:
        source.sendto(_MESSAGE.pack(IcmpType.ECHO_REQUEST, 0, checksum, 1, 1, mark), (destination, 0))
    except OSError:
        return  # a machine without a route, or with a full queue, has sent nothing: the pair stays unseen


def _checksum(message: bytes) -> int:
    """RFC 1071, of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _listen(selector: selectors.BaseSelector, seen: set[tuple[int, bytes]], seconds: float) -> None:
    for key, _ in selector.select(seconds):
        assert isinstance(key.fileobj, socket.socket)
        for _ in range(_BURST):
            try:
                packet = key.fileobj.recv(256)
            except OSError:
                break
            message = packet[(packet[0] & 0xF) * 4 :]  # behind the IP header
            if len(message) == _MESSAGE.size:
                kind, _, _, _, _, mark = _MESSAGE.unpack(message)
                seen.add((key.data, bytes([kind]) + mark))
