"""VPC endpoints: life cycle, and the names of interface endpoints (PrivateLink guide, "Gateway endpoints", "Access an
AWS service using an interface VPC endpoint"; EC2 API Reference, VpcEndpoint).

Time is read, not scheduled: ``pending`` is what the answer to CreateVpcEndpoint shows of an interface endpoint, and the
stored state is the one that follows, so that a client's first poll sees the truth.  What is deleted is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from .addresses import Address
from .hosted_zone import aws_zone_id
from .resource import Resource
from .vpc_endpoint_services import EndpointService, EndpointType, is_owned_name, services_named

DEFAULT_POLICY = """{
  "Statement": [
    {
      "Action": "*",\x20
      "Effect": "Allow",\x20
      "Principal": "*",\x20
      "Resource": "*"
    }
  ]
}"""
"""Full access (PrivateLink guide, "Default endpoint policy"), as AWS writes it (examples of DescribeVpcEndpoints)."""
DEFAULT_GATEWAY_POLICY = (
    '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
)

POLICY_MAXIMUM = 20_480  # characters (PrivateLink guide, "Quotas")


class EndpointState(StrEnum):
    """As responses spell them, which is not as the model does."""

    PENDING_ACCEPTANCE = "pendingAcceptance"
    PENDING = "pending"
    AVAILABLE = "available"
    REJECTED = "rejected"
    DELETED = "deleted"


class EndpointEvent(StrEnum):
    PROVISION = "provision"
    ACCEPT = "accept"  # what the owner of the service does,
    REJECT = "reject"  # be it later
    DELETE = "delete"


_S, _E = EndpointState, EndpointEvent

# Nothing is left to be done when DeleteVpcEndpoints answers: what is deleting is gone before anybody can see it.
TRANSITIONS: dict[tuple[EndpointState, EndpointEvent], EndpointState] = {
    (_S.PENDING, _E.PROVISION): _S.AVAILABLE,
    (_S.PENDING_ACCEPTANCE, _E.ACCEPT): _S.AVAILABLE,
    (_S.PENDING_ACCEPTANCE, _E.REJECT): _S.REJECTED,
    (_S.PENDING_ACCEPTANCE, _E.DELETE): _S.DELETED,
    (_S.AVAILABLE, _E.REJECT): _S.REJECTED,
    (_S.REJECTED, _E.DELETE): _S.DELETED,
    (_S.PENDING, _E.DELETE): _S.DELETED,
    (_S.AVAILABLE, _E.DELETE): _S.DELETED,
}


class DnsEntry(Struct, frozen=True):
    """A name that leads to an endpoint, and the hosted zone of AWS's that it is in."""

    name: str
    zone_id: str


class VpcEndpoint(Resource, frozen=True, kw_only=True):
    """``vpce-…``.

    Its type says what it consists of.  A gateway endpoint is the routes that lead to it
    (``Network.prefix_list_routes_over``), and their tables are its route tables.  An interface endpoint has a network
    interface in each of its subnets (``Network.interfaces_of``), all of them with ``group_ids``, which it keeps when it
    has none.  ``policy`` is the JSON text that somebody sent; without one everything is allowed.
    """

    vpc_id: str
    service_name: str
    type: EndpointType
    created_at: datetime
    state: EndpointState = EndpointState.PENDING
    group_ids: tuple[str, ...] = ()
    policy: str = ""
    private_dns_enabled: bool = False
    owned_private_name: str = ""  # of an account's own service, verified
    private_dns_only_inbound: bool = False  # private names only where an on-premises network asks for them
    ip_address_type: str = "ipv4"
    dns_record_ip_type: str = "ipv4"

    def after(self, event: EndpointEvent) -> Self | None:
        """The endpoint after the event, or None when the event is illegal in its state."""
        state = TRANSITIONS.get((self.state, event))
        if state is _S.REJECTED:
            return replace(self.unnamed(), state=state)
        return replace(self, state=state) if state else None

    def unnamed(self) -> Self:
        """Without the private name of an account's service."""
        return replace(self, owned_private_name="", private_dns_enabled=False)

    @property
    def has_ipv4(self) -> bool:
        """Whether its interfaces have addresses of IPv4."""
        return self.ip_address_type != "ipv6"

    @property
    def has_ipv6(self) -> bool:
        return self.ip_address_type != "ipv4"

    def resolved(self, addresses: Iterable[Address]) -> list[Address]:
        """Those of them that its names lead to.  What a service would define is both families here."""
        families = {"ipv4": (True,), "ipv6": (False,)}.get(self.dns_record_ip_type, (True, False))
        return [address for address in addresses if address.is_ipv4 in families]

    @property
    def is_gateway(self) -> bool:
        return self.type is EndpointType.GATEWAY

    @property
    def leads_to_aws(self) -> bool:
        """And not to a service of somebody's account."""
        return not is_owned_name(self.service_name)

    @property
    def awaits_acceptance(self) -> bool:
        return self.state is _S.PENDING_ACCEPTANCE

    @property
    def is_connected(self) -> bool:
        """Whether its service takes what it brings."""
        return self.state is _S.AVAILABLE

    @property
    def policy_document(self) -> str:
        return self.policy or (DEFAULT_GATEWAY_POLICY if self.is_gateway else DEFAULT_POLICY)

    @property
    def service(self) -> EndpointService:
        """Raises ValueError for a service that is not known, in a damaged file."""
        if not self.leads_to_aws:
            names = (self.owned_private_name,) if self.owned_private_name else ()
            label = self.service_name.rpartition(".")[2]
            return EndpointService(region=self.region, label=label, type=self.type, private_names=names, is_owned=True)
        [found] = (each for each in services_named(self.region, self.service_name) if each.type is self.type)
        return found

    @property
    def private_names(self) -> tuple[str, ...]:
        """Those that resolve to its addresses in its VPC; ``*`` stands for any label.  Without a service that takes
        what it brings, there is none: it would hide what others know of the name."""
        is_asked_for = self.private_dns_enabled and not self.private_dns_only_inbound
        return self.service.private_names if is_asked_for and self.is_connected else ()

    @property
    def regional_name(self) -> str:
        """It resolves to the addresses of all of its interfaces."""
        return self._name("")

    def zonal_name(self, zone_name: str) -> str:
        """It resolves to the address of the interface in the zone."""
        return self._name(f"-{zone_name}")

    def _name(self, zone: str) -> str:
        digits = blake2b(self.id.encode(), digest_size=4).hexdigest()
        return f"{self.id}-{digits}{zone}.{self.service.base_name}"

    def dns_entries(self, zone_names: Iterable[str]) -> Iterator[DnsEntry]:
        """Of an interface endpoint with interfaces in these zones."""
        public = aws_zone_id(self.service.base_name)
        wild = "*." if self.service.label == "s3" else ""  # buckets are in front of it
        yield DnsEntry(f"{wild}{self.regional_name}", public)
        for zone_name in sorted(zone_names):
            yield DnsEntry(f"{wild}{self.zonal_name(zone_name)}", public)
        if self.private_dns_enabled:
            for name in self.service.private_names:
                yield DnsEntry(name, aws_zone_id(f"{self.id} {name}"))
