"""VPC peering connections: life cycle, sides and visibility (VPC peering guide, "How VPC peering connections work").

Time is read, not scheduled: a stored connection says when it was requested and when it ended; whether it has expired
and who still sees it are functions of the record and ``now``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from .addresses import overlapping
from .resource import Resource
from .vpc import Vpc

REQUEST_LIFETIME = timedelta(days=7)
_SHORT, _LONG = timedelta(hours=2), timedelta(days=2)


class PeeringStatus(StrEnum):
    INITIATING_REQUEST = "initiating-request"
    PENDING_ACCEPTANCE = "pending-acceptance"
    ACTIVE = "active"
    DELETED = "deleted"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    PROVISIONING = "provisioning"
    DELETING = "deleting"


class PeeringEvent(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"
    DELETE = "delete"
    EXPIRE = "expire"
    FAIL = "fail"


_S, _E = PeeringStatus, PeeringEvent

# ``initiating-request`` and ``provisioning`` are what the answers to Create and Accept show; the stored status is the
# one that follows, so that a client's first poll sees the truth.
TRANSITIONS: dict[tuple[PeeringStatus, PeeringEvent], PeeringStatus] = {
    (_S.PENDING_ACCEPTANCE, _E.ACCEPT): _S.ACTIVE,
    (_S.PENDING_ACCEPTANCE, _E.REJECT): _S.REJECTED,
    (_S.PENDING_ACCEPTANCE, _E.DELETE): _S.DELETED,
    (_S.PENDING_ACCEPTANCE, _E.EXPIRE): _S.EXPIRED,
    (_S.PENDING_ACCEPTANCE, _E.FAIL): _S.FAILED,
    (_S.ACTIVE, _E.DELETE): _S.DELETED,
}

LIVE = frozenset({_S.PENDING_ACCEPTANCE, _S.ACTIVE})


class MultipathResilience(StrEnum):
    """Whether the two sides agree to send traffic between Regions over several paths."""

    DISABLED = "disabled"
    PENDING = "pending"
    ENABLED = "enabled"


class PeeringSide(Struct, frozen=True, kw_only=True):
    """The requester or the accepter.  Its CIDR blocks are those of its VPC."""

    account: str
    region: str
    vpc_id: str
    tags: dict[str, str] = {}
    allow_dns_resolution: bool = False
    allow_multipath_resilience: bool = False


class Peering(Resource, frozen=True, kw_only=True):
    """``account`` and ``region`` (of Resource) are the requester's.  ``status`` is as stored: see ``status_at``."""

    requester: PeeringSide
    accepter: PeeringSide
    status: PeeringStatus
    requested_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None  # the account that deleted it

    @property
    def is_active(self) -> bool:
        return self.status is PeeringStatus.ACTIVE

    @property
    def expires_at(self) -> datetime:
        """To the second, as AWS counts it."""
        return (self.requested_at + REQUEST_LIFETIME).replace(microsecond=0)

    @property
    def is_cross_account(self) -> bool:
        return self.requester.account != self.accepter.account

    @property
    def is_cross_region(self) -> bool:
        return self.requester.region != self.accepter.region

    @property
    def multipath_resilience(self) -> MultipathResilience:
        """In effect only when both sides allow it."""
        allowed = self.requester.allow_multipath_resilience + self.accepter.allow_multipath_resilience
        return (MultipathResilience.DISABLED, MultipathResilience.PENDING, MultipathResilience.ENABLED)[allowed]

    def can_connect(self, vpc_of: Callable[[str], Vpc | None]) -> bool:
        """What a connection needs of its VPCs, when it is asked for, when it is accepted, and for as long as it lives:
        both are there and belong to whom the sides say, and no block of one overlaps a block of the other.

        ``vpc_of`` finds a VPC by its id.
        """
        requester, accepter = vpc_of(self.requester.vpc_id), vpc_of(self.accepter.vpc_id)
        return (
            requester is not None
            and accepter is not None
            and (requester.account, requester.region) == (self.requester.account, self.requester.region)
            and (accepter.account, accepter.region) == (self.accepter.account, self.accepter.region)
            and overlapping(requester.blocks, accepter.blocks) is None
        )

    def status_at(self, now: datetime) -> PeeringStatus:
        """The status that a caller sees at ``now``: a request that nobody answered for seven days has expired."""
        if self.status is PeeringStatus.PENDING_ACCEPTANCE and now >= self.expires_at:
            return PeeringStatus.EXPIRED
        return self.status

    def ended_time(self, now: datetime) -> datetime | None:
        """When the connection left the live states, or None while it is live."""
        return self.expires_at if self.status_at(now) is PeeringStatus.EXPIRED else self.ended_at

    def after(self, event: PeeringEvent, now: datetime, by: str | None = None) -> Self | None:
        """The connection after the event, or None when the event is illegal in the status that it has at ``now``."""
        status = TRANSITIONS.get((self.status_at(now), event))
        if status is None:
            return None
        return replace(self, status=status, ended_at=None if status in LIVE else now, ended_by=by)

    def is_live_at(self, now: datetime) -> bool:
        """Whether the connection is pending or active: only then does it stand in the way of another one."""
        return self.status_at(now) in LIVE

    def sides_of(self, account: str, region: str) -> tuple[PeeringSide, ...]:
        """The sides that belong to this caller, the requester's first."""
        return tuple(s for s in (self.requester, self.accepter) if s.account == account and s.region == region)

    def side_of_vpc(self, vpc_id: str) -> PeeringSide | None:
        return next((side for side in (self.requester, self.accepter) if side.vpc_id == vpc_id), None)

    def far_side(self, vpc_id: str) -> PeeringSide | None:
        """The other side as seen from this VPC, or None when the VPC is no side of the connection."""
        if vpc_id == self.requester.vpc_id:
            return self.accepter
        return self.requester if vpc_id == self.accepter.vpc_id else None

    @property
    def places(self) -> Iterable[tuple[str, str]]:
        return {(side.account, side.region) for side in (self.requester, self.accepter)}

    @property
    def tag_pairs(self) -> Iterable[tuple[str, str]]:
        return {*self.requester.tags.items(), *self.accepter.tags.items()}

    def tags_seen_by(self, account: str, region: str) -> dict[str, str]:
        sides = self.sides_of(account, region)
        return sides[0].tags if sides else {}

    def retagged(self, account: str, region: str, tags: dict[str, str]) -> Self:
        """Tags live on the side that set them (peering guide, "Tag"); one account in one Region has one set."""
        if self.requester in self.sides_of(account, region):
            return replace(self, requester=replace(self.requester, tags=tags))
        return replace(self, accepter=replace(self.accepter, tags=tags))

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        """Either side sees the connection in its own Region, for as long as the peering guide's life cycle says.

        failed: the requester, 2 h.  rejected: requester 2 d, accepter 2 h.  expired: both 2 d.  deleted: who deleted
        it 2 h, the other party 2 d.  Rejected and deleted connections inside one account: 2 h.
        """
        sides = self.sides_of(account, region)
        if not sides:
            return False
        ended = self.ended_time(now)
        is_requester = self.requester in sides
        return ended is None or now < ended + self._kept_for(self.status_at(now), account, is_requester)

    def _kept_for(self, status: PeeringStatus, account: str, is_requester: bool) -> timedelta:
        if status is PeeringStatus.FAILED:
            return _SHORT if is_requester else timedelta(0)
        if status is PeeringStatus.EXPIRED:
            return _LONG
        if not self.is_cross_account:
            return _SHORT
        if status is PeeringStatus.REJECTED:
            return _LONG if is_requester else _SHORT
        return _SHORT if account == self.ended_by else _LONG
