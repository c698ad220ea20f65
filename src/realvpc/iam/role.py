"""Roles, the policies that they carry, and instance profiles (IAM guide, "IAM roles")."""

from __future__ import annotations

from datetime import datetime

from realvpc.net.resource import GlobalResource


class Role(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the ARN.  Policy documents are kept as the JSON text that the caller sent."""

    name: str
    path: str
    role_id: str  # AROA…
    trust_policy: str
    created_at: datetime
    description: str = ""
    max_session_duration: int = 3600  # seconds
    permissions_boundary_arn: str | None = None
    attached_policy_arns: tuple[str, ...] = ()
    inline_policies: dict[str, str] = {}


class InstanceProfile(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the ARN.  An instance profile holds at most one role."""

    name: str
    path: str
    profile_id: str  # AIPA…
    created_at: datetime
    role_arn: str | None = None
