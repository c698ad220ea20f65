"""Network Load Balancers: life cycle and names (Network Load Balancers guide; Elastic Load Balancing API Reference).

A load balancer is one appliance on a host with an interface in each of its subnets, a node in the guide's words.  It is
active when the host has said that its place is there, and what is left of it is gone when the host has said that, too.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from msgspec.structs import replace

from .resource import Resource

PREFIX = "nlb"
_DIGITS = 16  # of what makes ARNs and names differ; ids have a digit more


class LoadBalancerState(StrEnum):
    """As responses spell them; ``deleting`` is what nobody sees."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    FAILED = "failed"
    DELETING = "deleting"


class LoadBalancerEvent(StrEnum):
    """A request of a user, and what the host reports of the place."""

    UP = "up"
    FAIL = "fail"
    DELETE = "delete"


_S, _E = LoadBalancerState, LoadBalancerEvent

TRANSITIONS: dict[tuple[LoadBalancerState, LoadBalancerEvent], LoadBalancerState] = {
    (_S.PROVISIONING, _E.UP): _S.ACTIVE,
    (_S.PROVISIONING, _E.FAIL): _S.FAILED,
    (_S.PROVISIONING, _E.DELETE): _S.DELETING,
    (_S.ACTIVE, _E.FAIL): _S.FAILED,  # of a host that was started again
    (_S.ACTIVE, _E.DELETE): _S.DELETING,
    (_S.FAILED, _E.UP): _S.ACTIVE,
    (_S.FAILED, _E.DELETE): _S.DELETING,
}


class Scheme(StrEnum):
    INTERNET_FACING = "internet-facing"
    INTERNAL = "internal"


CROSS_ZONE = "load_balancing.cross_zone.enabled"
DELETION_PROTECTION = "deletion_protection.enabled"


class LoadBalancer(Resource, frozen=True, kw_only=True):
    """``nlb-…``, which is only the name of its place: AWS calls it by its ARN.  Its subnets, addresses and security
    groups are those of its interfaces (``Attachment.owner_id``), of which there is always one.

    ``attributes`` are those that somebody has set.  ``boot`` grows when the place has gone down by itself: it is then
    made again.
    """

    name: str
    scheme: Scheme
    vpc_id: str
    created_at: datetime
    state: LoadBalancerState = LoadBalancerState.PROVISIONING
    state_reason: str = ""
    named_subnets: tuple[str, ...] = ()  # those whose node has the private address that somebody named
    attributes: dict[str, str] = {}
    boot: int = 1

    @property
    def digits(self) -> str:
        return self.id[-_DIGITS:]

    @property
    def arn_suffix(self) -> str:
        """``net/NAME/DIGITS``, as metrics and descriptions of interfaces have it."""
        return f"net/{self.name}/{self.digits}"

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticloadbalancing:{self.region}:{self.account}:loadbalancer/{self.arn_suffix}"

    @property
    def dns_name(self) -> str:
        """It resolves to the addresses of all nodes that have something to give; behind a zone's name, to its own."""
        return f"{self.name}-{self.digits}.{domain_of(self.region)}"

    @property
    def is_internal(self) -> bool:
        return self.scheme is Scheme.INTERNAL

    @property
    def is_active(self) -> bool:
        """Whether its nodes take what arrives."""
        return self.state is _S.ACTIVE

    @property
    def is_leaving(self) -> bool:
        return self.state is _S.DELETING

    @property
    def crosses_zones(self) -> bool:
        """Whether each node gives to targets of all zones; otherwise to those of its own (guide, "Cross-zone load
        balancing", which is off)."""
        return self.attributes.get(CROSS_ZONE) == "true"

    @property
    def is_protected(self) -> bool:
        return self.attributes.get(DELETION_PROTECTION) == "true"

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        return not self.is_leaving and super().visible_to(account, region, now)

    def after(self, event: LoadBalancerEvent, reason: str = "") -> Self | None:
        """The load balancer after the event, or None when the event is illegal, or old news, in its state."""
        state = TRANSITIONS.get((self.state, event))
        return None if state is None else replace(self, state=state, state_reason=reason)


def domain_of(region: str) -> str:
    """Of the names of a Region's Network Load Balancers."""
    return f"elb.{region}.amazonaws.com"
