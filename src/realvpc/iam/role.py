"""Roles, the policies that they carry, and instance profiles (IAM guide, "IAM roles")."""

from __future__ import annotations

from datetime import datetime

from realvpc.net.resource import GlobalResource

from .policy_holder import PolicyHolder

SERVICE_ROLE_PATH = "/aws-service-role/"


class Role(PolicyHolder, frozen=True, kw_only=True):
    """``id`` is the ARN.  The trust policy is kept as the JSON text that the caller sent."""

    role_id: str  # AROA…
    trust_policy: str
    description: str = ""
    max_session_duration: int = 3600  # seconds

    @property
    def arn(self) -> str:
        return self.id

    @property
    def entity_id(self) -> str:
        return self.role_id

    @property
    def is_service_linked(self) -> bool:
        """Whether it is a service's: its account may look at it and no more."""
        return self.path.startswith(SERVICE_ROLE_PATH)


class InstanceProfile(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the ARN.  An instance profile holds at most one role."""

    name: str
    path: str
    profile_id: str  # AIPA…
    created_at: datetime
    role_arn: str | None = None
