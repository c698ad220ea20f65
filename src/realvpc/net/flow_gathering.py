"""How much of its traffic a host gathers for flow logs in a minute.

As with tracked flows (``allowances.py``) no interface has more than its share, nor more than are left free, so that who
sends to a million ports takes nothing from others.  What finds no place is counted: ``SKIPDATA``.
"""

from __future__ import annotations

from msgspec import Struct

RECORDS = 1 << 17
"""Flows with a record, of all interfaces together."""

RECORDS_OF_INTERFACE = 1 << 14

SIGHTINGS = 6
"""Interfaces that see one packet: the sender's, two NAT gateways' in and out, the receiver's."""

FLOWS_AT_A_TIME = 2048
"""In one answer to whoever asks for what was gathered."""


class GatheredFlow(Struct, frozen=True, array_like=True, gc=False, kw_only=True):
    """What one interface has seen of one flow in a window.  Addresses are 16 bytes, IPv4 in ``::ffff:0:0/96``.

    ``first`` and ``last`` are seconds since 1970, ``tcp_flags`` those of all packets together.
    """

    interface_id: str
    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    protocol: int
    is_egress: bool
    is_rejected: bool
    by_block_public_access: bool
    packets: int
    octets: int
    first: int
    last: int
    tcp_flags: int


class Gathered(Struct, frozen=True):
    """A part of a window, which nobody gets again.  ``skipped``: packets that found no place, by interface; they come
    with the last part.  ``is_turned``: another window has begun with this."""

    flows: tuple[GatheredFlow, ...]
    skipped: dict[str, int]
    is_turned: bool
    is_last: bool
