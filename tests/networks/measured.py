"""What real packets say: every machine asks every other one, all at once, and is told by the answer who gave it.

The sockets are in the machines' namespaces, the process that uses them is not.  What is to arrive is waited for; what
is not has as long as all of that, and a while more.
"""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from realvpc.fabric import namespace
from realvpc.net.addresses import Address
from realvpc.net.icmp import IcmpType, Icmpv6Type

from .predicted import TCP_PORTS, UDP_PORT, Probe

PATIENCE_SECONDS = 20.0
"""After the last answer, for the next one that is to come."""

QUIET_SECONDS = 0.3
"""After the last packet that was waited for: none takes as long from one namespace to the next."""
ATTEMPT_SECONDS = 1.5
_SLICE = 48  # packets sent at a time: no queue on the way is full then

_ECHO = struct.Struct("!BBHHHI")  # RFC 792 and RFC 4443: type, code, checksum, identifier, number; and a mark
_MARK = struct.Struct("!I")
_V4, _V6 = socket.AF_INET, socket.AF_INET6
_REQUESTS: dict[int, int] = {_V4: IcmpType.ECHO_REQUEST, _V6: Icmpv6Type.ECHO_REQUEST}
_REPLIES: dict[int, int] = {_V4: IcmpType.ECHO_REPLY, _V6: Icmpv6Type.ECHO_REPLY}


class Place:
    """An interface of a machine, the internet, or AWS: what is served there, and what it asks with."""

    def __init__(
        self, name: str, path: Path, addresses: Collection[Address], named: Mapping[str, str] | None = None
    ) -> None:
        """It serves on the first address of each family; where there is ``named``, on all that its namespace has, and
        is called there by those names."""
        self.name, self.path, self.named = name, path, named or {}
        first = {_family(each): str(each) for each in reversed([*addresses])}
        self.families = set(first)
        self._served = first if named is None else {}
        self.echoes: dict[int, socket.socket] = {}
        self.datagrams: dict[int, socket.socket] = {}
        self.listeners: list[socket.socket] = []

    def open(self) -> None:
        """Call inside its namespace."""
        for family in self.families:
            where = self._served.get(family, "")
            protocol = socket.IPPROTO_ICMP if family == _V4 else socket.IPPROTO_ICMPV6
            self.echoes[family] = socket.socket(family, socket.SOCK_RAW, protocol)
            self.echoes[family].bind((where, 0))
            self.datagrams[family] = _bound(family, socket.SOCK_DGRAM, where, UDP_PORT)
            for port in TCP_PORTS:
                self.listeners.append(_bound(family, socket.SOCK_STREAM, where, port))
                self.listeners[-1].listen(1024)

    def close(self) -> None:
        for each in (*self.echoes.values(), *self.datagrams.values(), *self.listeners):
            each.close()


def _family(address: Address) -> int:
    return _V4 if address.is_ipv4 else _V6


def _bound(family: int, kind: int, where: str, port: int) -> socket.socket:
    made = socket.socket(family, kind)
    if family == _V6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((where, port))
    made.setblocking(False)
    return made


class Measurement:
    """Of these probes, once: who answered each.  ``expected`` are those that are waited for."""

    def __init__(
        self, places: Mapping[str, Place], probes: Sequence[Probe], expected: Collection[int], *, first_mark: int
    ) -> None:
        """Marks count up from the first one, which is beyond all that were used before: an echo belongs to no flow of
        an earlier measurement."""
        self.places, self.probes, self.first_mark = places, probes, first_mark
        self.missing = set(expected)
        self.answers: dict[int, str] = {}
        self._arrived: dict[int, str] = {}  # of echo requests: where
        self._replied: set[int] = set()  # those whose reply has come back, which may be seen before
        self._selector = selectors.DefaultSelector()
        self._asking: dict[int, socket.socket] = {}

    def run(self) -> dict[int, str]:
        with ExitStack() as stack:
            stack.callback(self._selector.close)
            stack.callback(self._close)
            self._open()
            for place in self.places.values():
                self._serve(place)
            order = sorted(range(len(self.probes)), key=lambda number: number in self.missing)
            deadline, missed = time.monotonic(), len(self.probes) + 1
            while order and (time.monotonic() < deadline or len(self.missing) < missed):
                if len(self.missing) < missed:
                    missed, deadline = len(self.missing), time.monotonic() + PATIENCE_SECONDS
                self._send(order)
                until = time.monotonic() + ATTEMPT_SECONDS
                while self.missing and (left := until - time.monotonic()) > 0:
                    self._listen(left)
                order = sorted(number for number in self.missing if self.probes[number].protocol != "tcp")
                if not order and self.missing:  # TCP sends again by itself
                    self._listen(ATTEMPT_SECONDS)
                    order = list(self.missing)[:1]
            quiet = time.monotonic() + QUIET_SECONDS
            while (left := quiet - time.monotonic()) > 0:
                self._listen(left)
            for place in self.places.values():
                for each in (*place.echoes.values(), *place.datagrams.values(), *place.listeners):
                    self._selector.unregister(each)
        return self.answers

    def _open(self) -> None:
        """A socket for each probe by TCP and UDP, so that none belongs to a flow that was there before."""
        of_place = defaultdict(list)
        for number, probe in enumerate(self.probes):
            of_place[probe.asker].append(number)

        def make(numbers: list[int]) -> Callable[[], None]:
            def inside() -> None:
                for number in numbers:
                    probe = self.probes[number]
                    family = _family(probe.source)
                    if probe.protocol == "icmp":
                        continue
                    kind = socket.SOCK_STREAM if probe.protocol == "tcp" else socket.SOCK_DGRAM
                    made = self._asking[number] = socket.socket(family, kind)
                    made.setblocking(False)
                    made.bind((str(probe.source), 0))

            return inside

        for name, numbers in of_place.items():
            namespace.run_in(self.places[name].path, make(numbers))

    def _close(self) -> None:
        for each in self._asking.values():
            each.close()

    def _serve(self, place: Place) -> None:
        for family, each in place.echoes.items():
            each.setblocking(False)
            self._read(each, lambda family=family, each=each, place=place: self._echo(place, family, each))  # type: ignore[misc]
        for each in place.datagrams.values():
            self._read(each, lambda each=each, place=place: _answer_datagrams(place, each))  # type: ignore[misc]
        for each in place.listeners:
            self._read(each, lambda each=each, place=place: _accept(place, each))  # type: ignore[misc]

    def _read(self, each: socket.socket, work: Callable[[], None]) -> None:
        self._selector.register(each, selectors.EVENT_READ, work)

    def _send(self, numbers: Sequence[int]) -> None:
        for count, number in enumerate(numbers, start=1):
            with suppress(OSError):  # a machine without a route has sent nothing
                self._ask(number)
            if not count % _SLICE:
                self._listen(0)

    def _ask(self, number: int) -> None:
        probe = self.probes[number]
        to = str(probe.destination)
        if probe.protocol == "icmp":
            family = _family(probe.source)
            mark = self.first_mark + number
            words = (_REQUESTS[family], 0, 0, mark & 0xFFFF, mark >> 16, mark)
            message = _ECHO.pack(*words)
            if family == _V4:
                message = _ECHO.pack(*words[:2], _checksum(message), *words[3:])
            self.places[probe.asker].echoes[family].sendto(message, (to, 0))
            return
        asking = self._asking[number]
        if asking not in self._selector.get_map():
            self._read(asking, lambda: self._hear(number, asking))
        if probe.protocol == "tcp":
            asking.connect_ex((to, probe.port))
        else:
            asking.sendto(_MARK.pack(number), (to, probe.port))

    def _listen(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            key.data()

    def _echo(self, place: Place, family: int, each: socket.socket) -> None:
        for packet in _received(each):
            message = packet[(packet[0] & 0xF) * 4 :] if family == _V4 else packet
            if len(message) != _ECHO.size:
                continue
            kind, *_, mark = _ECHO.unpack(message)
            number = mark - self.first_mark
            if number not in range(len(self.probes)):
                continue  # of a measurement before
            if kind == _REQUESTS[family]:
                self._arrived[number] = place.name
            elif kind == _REPLIES[family] and self.probes[number].asker == place.name:
                self._replied.add(number)
            if number in self._arrived and number in self._replied:
                self._answered(number, self._arrived[number])

    def _hear(self, number: int, asking: socket.socket) -> None:
        """A token, or that the connection was refused."""
        try:
            heard = asking.recv(256)
        except OSError:
            heard = b""
        name = heard.removeprefix(_MARK.pack(number)).decode()
        if name:
            self._answered(number, name)
        if self.probes[number].protocol == "tcp":
            self._selector.unregister(asking)

    def _answered(self, number: int, name: str) -> None:
        self.answers[number] = name
        self.missing.discard(number)


def _received(each: socket.socket) -> list[bytes]:
    packets: list[bytes] = []
    with suppress(OSError):
        while len(packets) < 512:
            packets.append(each.recv(256))
    return packets


def _answer_datagrams(place: Place, each: socket.socket) -> None:
    with suppress(OSError):
        for _ in range(512):
            mark, sender = each.recvfrom(256)
            each.sendto(mark + place.name.encode(), sender)


def _accept(place: Place, each: socket.socket) -> None:
    with suppress(OSError):
        for _ in range(512):
            accepted, _ = each.accept()
            with accepted:
                accepted.send(place.named.get(accepted.getsockname()[0], place.name).encode())


def _checksum(message: bytes) -> int:
    """RFC 1071, of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
