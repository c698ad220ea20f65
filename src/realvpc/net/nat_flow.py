"""Connections through a NAT gateway, and the port that stands for each (VPC guide, "NAT gateway basics").

A gateway puts one of its addresses and a port in the place of a sender's.  Which port, follows from the connection and
from those that are there: the sender's own where it is free, otherwise one of a few that a hash names.  So the program
in the kernel, which looks for it in the same places, finds the same one.  An ICMP query has its identifier for a port.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from .addresses import Address
from .icmp import is_query
from .packet import Packet
from .security_group import ICMP, TCP, UDP

PORTS = 55_000
"""Connections to one destination (address, port and protocol) that one address of a gateway has room for."""

FIRST_PORT = 65_536 - PORTS
ATTEMPTS = 128
"""Places where a port is looked for: when nine of ten are taken, all but one new connection in a million find one."""

IDLE_SECONDS = 350
FLOWS = 1 << 18
"""Connections that one host keeps, of all gateways together."""

FLOWS_OF_GATEWAY = 1 << 17
HASH_MULTIPLIER = 0x61C8864680B583EB
"""2^64 divided by the square of the golden ratio: multiplication carries low bits, in which connections differ, up."""

ADDRESS_SHIFT, PORT_SHIFT = 60, 28
_BITS_64, _BITS_32 = (1 << 64) - 1, (1 << 32) - 1


class NatFlow(Struct, frozen=True, kw_only=True):
    """``gateway`` is the id of the gateway's interface.  ``inside`` is whose connection it is, ``outside`` what the
    gateway puts in its place; an ICMP query has no ``remote_port``.  ``sender`` is the interface that began it,
    or "" where the internet did.  ``again`` counts up when the same one begins anew, because the gateway lost the
    address of the one before."""

    gateway: str
    protocol: int
    inside: Address
    inside_port: int
    remote: Address
    remote_port: int
    outside: Address
    outside_port: int
    sender: str = ""
    again: int = 0


def is_carried(packet: Packet) -> bool:
    """Whether a gateway lets it out: of IPv4, which it is by then, TCP, UDP, ICMP queries, and ICMP errors about a
    connection."""
    if packet.protocol == ICMP:
        return packet.quoted is not None or is_query(ICMP, packet.icmp_type)
    return packet.protocol in (TCP, UDP)


def begins(packet: Packet) -> bool:
    """Whether a connection may begin with the packet: TCP does so with a SYN."""
    return packet.quoted is None and (packet.protocol != TCP or packet.opens)


def known(flows: Collection[NatFlow], gateway: str, addresses: Collection[Address], packet: Packet) -> NatFlow | None:
    """The connection of a packet that leaves, or of what an ICMP error speaks of that leaves.

    One over an address that the gateway has no longer is over: somebody else may have the address now.  Nor does it
    go on when the address comes back and another one has begun in its place.
    """
    newest = _newest(flows, gateway, packet.quoted.reply() if packet.quoted else packet)
    return newest if newest is not None and newest.outside in addresses else None


def _newest(flows: Collection[NatFlow], gateway: str, seen: Packet) -> NatFlow | None:
    """Of the connections of the packet's sender to its receiver."""
    port = _remote_port(seen)
    found = (
        flow
        for flow in flows
        if (flow.gateway, flow.protocol) == (gateway, seen.protocol)
        and (flow.inside, flow.inside_port) == (seen.source, seen.source_port)
        and (flow.remote, flow.remote_port) == (seen.destination, port)
    )
    return max(found, key=lambda flow: flow.again, default=None)


def answered(flows: Collection[NatFlow], gateway: str, packet: Packet) -> NatFlow | None:
    """The connection that a packet answers, or that an ICMP error speaks of, from outside."""
    seen = packet.quoted or packet.reply()
    if packet.quoted is None and packet.protocol == ICMP and not is_query(ICMP, seen.icmp_type):
        return None
    port = _remote_port(seen)
    return next(
        (
            flow
            for flow in flows
            if (flow.gateway, flow.protocol) == (gateway, seen.protocol)
            and (flow.outside, flow.outside_port) == (seen.source, seen.source_port)
            and (flow.remote, flow.remote_port) == (seen.destination, port)
        ),
        None,
    )


def begin(
    flows: Collection[NatFlow], gateway: str, addresses: Sequence[Address], packet: Packet, sender: str
) -> NatFlow | None:
    """The connection that begins with the packet, or None when no port is left for it, or no room at the gateway.

    A sender has no more connections than it leaves the gateway room for, so that none fills it alone.
    """
    own = sum(flow.gateway == gateway for flow in flows)
    begun = sum(flow.sender == sender for flow in flows)
    if own >= min(FLOWS_OF_GATEWAY, FLOWS - len(flows)) or begun >= FLOWS_OF_GATEWAY - own:
        return None
    port, before = _remote_port(packet), _newest(flows, gateway, packet)
    taken = {
        (flow.outside, flow.outside_port)
        for flow in flows
        if (flow.gateway, flow.protocol) == (gateway, packet.protocol)
        and (flow.remote, flow.remote_port) == (packet.destination, port)
    }
    for outside, outside_port in _candidates(addresses, packet):
        if (outside, outside_port) not in taken:
            return NatFlow(
                gateway=gateway,
                protocol=packet.protocol,
                inside=packet.source,
                inside_port=packet.source_port,
                remote=packet.destination,
                remote_port=port,
                outside=outside,
                outside_port=outside_port,
                sender=sender,
                again=before.again + 1 if before else 0,
            )
    return None


def _candidates(addresses: Sequence[Address], packet: Packet) -> Iterator[tuple[Address, int]]:
    mixed = _mix(packet.protocol, packet.source_port << 16 | _remote_port(packet))
    for half in (*_halves(packet.source), *_halves(packet.destination)):
        mixed = _mix(mixed, half)
    for attempt in range(ATTEMPTS):
        mixed = _mix(mixed, attempt)
        port = FIRST_PORT + (mixed >> PORT_SHIFT & _BITS_32) % PORTS
        if not attempt and packet.source_port >= FIRST_PORT:
            port = packet.source_port
        yield addresses[(mixed >> ADDRESS_SHIFT) % len(addresses)], port


def _mix(mixed: int, word: int) -> int:
    return (mixed ^ word) * HASH_MULTIPLIER & _BITS_64


def _halves(address: Address) -> tuple[int, int]:
    return address >> 64, address & _BITS_64


def _remote_port(packet: Packet) -> int:
    return 0 if packet.protocol == ICMP else packet.destination_port
