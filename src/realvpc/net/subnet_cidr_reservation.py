"""Blocks of a subnet that are set aside: AWS gives their addresses to nobody who does not ask for them (VPC guide,
"Subnet CIDR reservations")."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from .addresses import Address, Cidr
from .resource import Resource

MOST_STEPS = 1 << 16
"""As many as the largest block of IPv4 has addresses; of an IPv6 block nobody could look at all."""


class ReservationType(StrEnum):
    """What the block is kept for: prefixes of interfaces, or addresses that requests name."""

    PREFIX = "prefix"
    EXPLICIT = "explicit"


class SubnetCidrReservation(Resource, frozen=True, kw_only=True):
    subnet_id: str
    cidr: Cidr
    reservation_type: ReservationType
    description: str | None = None


def unreserved(
    block: Cidr,
    start: int,
    reserved: Sequence[Cidr],
    taken: Callable[[Address], Cidr | None],
    count: Callable[[], None],
) -> Iterator[Address]:
    """The addresses of a block from ``start`` places in, round to where it began, without those of ``reserved`` and of
    what is ``taken``.

    ``reserved`` are blocks inside it, in their order, which do not overlap; ``taken`` says in which block an address is
    that somebody has as a whole.  Each costs one step, however large it is; there are ``MOST_STEPS`` of them at most.
    ``count`` is called at each step.
    """
    place, left = start, block.size
    for _ in range(MOST_STEPS):
        if left <= 0:
            return
        count()
        address = block.at(place)
        around = reservation_around(address, reserved) or taken(address)
        if around is None:
            yield address
        step = around.last + 1 - address if around else 1
        place, left = (place + step) % block.size, left - step


def reservation_around(address: Address, reserved: Sequence[Cidr]) -> Cidr | None:
    """The block that the address lies in, of some that are in their order and do not overlap."""
    before = bisect_right(reserved, Cidr.host(address)) - 1
    return reserved[before] if before >= 0 and address in reserved[before] else None
