"""Blocks of a subnet that are set aside: AWS gives their addresses to nobody who does not ask for them (VPC guide,
"Subnet CIDR reservations")."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from .addresses import Address, Cidr
from .resource import Resource


class ReservationType(StrEnum):
    """What the block is kept for: prefixes of interfaces, or addresses that requests name."""

    PREFIX = "prefix"
    EXPLICIT = "explicit"


class SubnetCidrReservation(Resource, frozen=True, kw_only=True):
    subnet_id: str
    cidr: Cidr
    reservation_type: ReservationType
    description: str | None = None


def unreserved(block: Cidr, start: int, reserved: Sequence[Cidr], count: Callable[[], None]) -> Iterator[Address]:
    """The addresses of a block from ``start`` places in, round to where it began, without those of ``reserved``.

    ``reserved`` are blocks inside it, in their order, which do not overlap; each costs one step, however large it is.
    ``count`` is called at each step.
    """
    place, left = start, block.size
    while left > 0:
        count()
        address = block.at(place)
        before = bisect_right(reserved, Cidr.host(address)) - 1
        around = reserved[before] if before >= 0 and address in reserved[before] else None
        if around is None:
            yield address
        step = around.last + 1 - address if around else 1
        place, left = (place + step) % block.size, left - step
