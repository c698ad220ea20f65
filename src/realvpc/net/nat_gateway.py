"""NAT gateways: life cycle and addresses (VPC guide, "NAT gateways"; EC2 API Reference, NatGateway).

Time is read, not scheduled: ``pending`` is what the answer to CreateNatGateway shows, and the stored state is the one
that follows, so that a client's first poll sees the truth.  Who still sees a gateway that has ended is a function of
the record and ``now``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from .addresses import Address
from .resource import Resource

ADDRESSES_MAXIMUM = 8
"""Private addresses of one gateway, the primary one among them."""

_SHOWN_FOR = timedelta(hours=1)


class Connectivity(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"


class NatGatewayState(StrEnum):
    PENDING = "pending"
    FAILED = "failed"
    AVAILABLE = "available"
    DELETING = "deleting"
    DELETED = "deleted"


class NatGatewayEvent(StrEnum):
    PROVISION = "provision"
    FAIL = "fail"
    DELETE = "delete"


_S, _E = NatGatewayState, NatGatewayEvent

# Nothing is left to be done when DeleteNatGateway answers, so ``deleting`` is over before anybody can see it.
TRANSITIONS: dict[tuple[NatGatewayState, NatGatewayEvent], NatGatewayState] = {
    (_S.PENDING, _E.PROVISION): _S.AVAILABLE,
    (_S.PENDING, _E.FAIL): _S.FAILED,
    (_S.PENDING, _E.DELETE): _S.DELETED,
    (_S.AVAILABLE, _E.DELETE): _S.DELETED,
    (_S.FAILED, _E.DELETE): _S.DELETED,
}

ENDED = frozenset({_S.FAILED, _S.DELETED})


class Failure(Struct, frozen=True):
    """Why a gateway could not be made: AWS's code and sentence."""

    code: str
    message: str


class GatewayAddress(Struct, frozen=True, kw_only=True):
    """An address as a gateway shows it that has ended, when nothing else knows of it any more."""

    private_address: Address | None = None
    public_address: Address | None = None
    allocation_id: str | None = None
    interface_id: str | None = None


class NatGateway(Resource, frozen=True, kw_only=True):
    """``nat-…``.  Its addresses are those of its interface, which belongs to it (``Attachment.owner_id``), and the
    Elastic IP addresses that are mapped to them; ``last_addresses`` are what they were when it ended."""

    vpc_id: str
    subnet_id: str
    connectivity: Connectivity
    created_at: datetime
    state: NatGatewayState = NatGatewayState.PENDING
    ended_at: datetime | None = None
    failure: Failure | None = None
    last_addresses: tuple[GatewayAddress, ...] = ()

    @property
    def is_available(self) -> bool:
        return self.state is NatGatewayState.AVAILABLE

    def after(self, event: NatGatewayEvent, now: datetime) -> Self | None:
        """The gateway after the event, or None when the event is illegal in its state."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            return None
        return replace(self, state=state, ended_at=now if state in ENDED else None)

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        """One that has failed or was deleted is shown for about an hour."""
        shown = self.ended_at is None or now < self.ended_at + _SHOWN_FOR
        return shown and (self.account, self.region) == (account, region)
