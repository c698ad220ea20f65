"""EC2 Instance Connect Endpoints: life cycle (EC2 guide, "EC2 Instance Connect Endpoint"; EC2 API Reference,
Ec2InstanceConnectEndpoint).

The endpoint's interface is that of an appliance, a place on the host where its connections begin.  It is made when the
host has said that the place is there, and deleted when the host has said that nothing is left of it.  What is modified
is so when ModifyInstanceConnectEndpoint answers.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from msgspec.structs import replace

from .addresses import Address
from .resource import Resource

PORTS = (22, 3389)
"""What tunnels lead to."""

TUNNELS_MAXIMUM = 20
"""At the same time, of one endpoint."""

LONGEST_TUNNEL = 3600
"""Seconds."""

_CELL = "realvpc0"  # where AWS has a word of its own in these names


def zone_of(region: str) -> str:
    """The domain of the endpoints' names in a Region."""
    return f"{_CELL}.ec2-instance-connect-endpoint.{region}.amazonaws.com"


class EndpointState(StrEnum):
    CREATE_IN_PROGRESS = "create-in-progress"
    CREATE_COMPLETE = "create-complete"
    CREATE_FAILED = "create-failed"
    UPDATE_IN_PROGRESS = "update-in-progress"
    UPDATE_COMPLETE = "update-complete"
    UPDATE_FAILED = "update-failed"
    DELETE_IN_PROGRESS = "delete-in-progress"
    DELETE_COMPLETE = "delete-complete"
    DELETE_FAILED = "delete-failed"


class EndpointEvent(StrEnum):
    """Two requests of a user, and what the host reports of the place."""

    MODIFY = "modify"
    DELETE = "delete"
    UP = "up"
    FAIL = "fail"


_S, _E = EndpointState, EndpointEvent

TRANSITIONS: dict[tuple[EndpointState, EndpointEvent], EndpointState] = {
    (_S.CREATE_IN_PROGRESS, _E.UP): _S.CREATE_COMPLETE,
    (_S.CREATE_IN_PROGRESS, _E.FAIL): _S.CREATE_FAILED,
    (_S.CREATE_IN_PROGRESS, _E.DELETE): _S.DELETE_IN_PROGRESS,
    (_S.CREATE_COMPLETE, _E.MODIFY): _S.UPDATE_COMPLETE,
    (_S.CREATE_COMPLETE, _E.FAIL): _S.UPDATE_FAILED,  # of a host that was started again
    (_S.CREATE_COMPLETE, _E.DELETE): _S.DELETE_IN_PROGRESS,
    (_S.CREATE_FAILED, _E.UP): _S.CREATE_COMPLETE,
    (_S.CREATE_FAILED, _E.DELETE): _S.DELETE_IN_PROGRESS,
    (_S.UPDATE_COMPLETE, _E.MODIFY): _S.UPDATE_COMPLETE,
    (_S.UPDATE_COMPLETE, _E.FAIL): _S.UPDATE_FAILED,
    (_S.UPDATE_COMPLETE, _E.DELETE): _S.DELETE_IN_PROGRESS,
    (_S.UPDATE_FAILED, _E.MODIFY): _S.UPDATE_FAILED,  # it has what was asked for, and still no place
    (_S.UPDATE_FAILED, _E.UP): _S.UPDATE_COMPLETE,
    (_S.UPDATE_FAILED, _E.DELETE): _S.DELETE_IN_PROGRESS,
    (_S.DELETE_IN_PROGRESS, _E.DELETE): _S.DELETE_IN_PROGRESS,
}

USABLE = frozenset({_S.CREATE_COMPLETE, _S.UPDATE_COMPLETE})


class InstanceConnectEndpoint(Resource, frozen=True, kw_only=True):
    """``eice-…``.  Its security groups and addresses are those of its interface (``Attachment.owner_id``).

    ``boot`` grows when the place has gone down by itself: it is then made again.
    """

    vpc_id: str
    subnet_id: str
    ip_address_type: str  # of what it connects to: ipv4, ipv6 or dualstack
    created_at: datetime
    preserve_client_ip: bool = False  # wished for, and not done
    state: EndpointState = EndpointState.CREATE_IN_PROGRESS
    state_message: str = ""
    boot: int = 1

    @property
    def dns_name(self) -> str:
        return f"{self.id}.{zone_of(self.region)}"

    @property
    def is_leaving(self) -> bool:
        return self.state is _S.DELETE_IN_PROGRESS

    @property
    def is_usable(self) -> bool:
        return self.state in USABLE

    def connects_to(self, address: Address) -> bool:
        """Whether its type has the family of the address."""
        return self.ip_address_type in ("dualstack", "ipv4" if address.is_ipv4 else "ipv6")

    def after(self, event: EndpointEvent, message: str = "") -> Self | None:
        """The endpoint after the event, or None when the event is illegal, or old news, in its state."""
        state = TRANSITIONS.get((self.state, event))
        return None if state is None else replace(self, state=state, state_message=message)
