"""CIDR blocks that were taken from a VPC or a subnet, which go on being shown for a while (EC2 API Reference,
VpcCidrBlockState and SubnetCidrBlockState: ``disassociated``).

Clients wait until they see that state.  For how long AWS shows it is nowhere said.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from .addresses import Cidr

_SHOWN_FOR = timedelta(minutes=5)
_KEPT = 5
"""As many as a VPC may have at a time."""


class EndedAssociation(Struct, frozen=True):
    """``id`` and ``cidr`` as they were until ``ended_at``; of either family."""

    id: str
    cidr: Cidr
    ended_at: datetime


def still_shown(ended: Iterable[EndedAssociation], now: datetime) -> tuple[EndedAssociation, ...]:
    return tuple(row for row in ended if now < row.ended_at + _SHOWN_FOR)


def with_ended(
    ended: Iterable[EndedAssociation], association_id: str, cidr: Cidr, now: datetime
) -> tuple[EndedAssociation, ...]:
    """With one more; of many the latest."""
    return (*still_shown(ended, now), EndedAssociation(association_id, cidr, now))[-_KEPT:]
