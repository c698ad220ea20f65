"""Endpoint services of accounts: load balancers that others reach through interface endpoints (PrivateLink guide,
"Share your services through AWS PrivateLink"; EC2 API Reference, ServiceConfiguration)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from hashlib import blake2b
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from .resource import Resource
from .vpc_endpoint_services import EndpointService, EndpointType, owned_service_name

EVERYBODY = "*"


class VerificationState(StrEnum):
    PENDING = "pendingVerification"
    VERIFIED = "verified"
    FAILED = "failed"


class PrivateName(Struct, frozen=True):
    """A name that consumers may use in their VPCs, once its owner has shown that the domain is his: by a TXT record of
    this ``value``, called ``record`` in front of the domain (PrivateLink guide, "Manage DNS names")."""

    name: str
    record: str
    value: str
    state: VerificationState = VerificationState.PENDING

    @classmethod
    def of(cls, service_id: str, name: str) -> Self:
        digits = blake2b(f"{service_id} {name}".encode(), digest_size=10).hexdigest()
        return cls(name, f"_{digits}", f"vpce:{digits}")

    @property
    def record_name(self) -> str:
        return f"{self.record}.{self.name.removeprefix('*.')}"


class EndpointServiceConfiguration(Resource, frozen=True, kw_only=True):
    """``vpce-svc-…``.  Its load balancers are of its account; ``principals`` are the ARNs of those who may make
    endpoints to it, or ``*``, besides its own account."""

    load_balancer_ids: tuple[str, ...]
    acceptance_required: bool = True
    principals: tuple[str, ...] = ()
    private_name: PrivateName | None = None

    @property
    def name(self) -> str:
        return owned_service_name(self.region, self.id)

    @property
    def service(self) -> EndpointService:
        """As endpoints see it."""
        names = (self.verified_name,) if self.verified_name else ()
        kind = EndpointType.INTERFACE
        return EndpointService(region=self.region, label=self.id, type=kind, private_names=names, is_owned=True)

    @property
    def verified_name(self) -> str:
        """What endpoints may be called in their VPCs; empty for none."""
        verified = self.private_name is not None and self.private_name.state is VerificationState.VERIFIED
        return self.private_name.name if self.private_name and verified else ""

    def is_open_to(self, account: str, arns: Iterable[str]) -> bool:
        """Whether somebody of the account, who is called so, may make endpoints to it."""
        allowed = {EVERYBODY, f"arn:aws:iam::{account}:root", *arns}
        return account == self.account or not allowed.isdisjoint(self.principals)

    def checked(self, *, found: bool) -> Self:
        """After somebody has looked for the record of its private name."""
        assert self.private_name is not None
        state = VerificationState.VERIFIED if found else VerificationState.FAILED
        return replace(self, private_name=replace(self.private_name, state=state))


def permission_id(service_id: str, principal: str) -> str:
    digits = blake2b(f"{service_id} {principal}".encode(), digest_size=8).hexdigest()
    return f"vpce-svc-perm-0{digits}"
