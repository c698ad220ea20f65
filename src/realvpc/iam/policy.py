"""Managed policies of an account's own, with their versions (IAM guide, "Versioning IAM policies")."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from realvpc.net.resource import GlobalResource


class PolicyVersion(Struct, frozen=True, kw_only=True):
    """``id`` is ``v1``, ``v2`` …; the document is the JSON text that the caller sent."""

    id: str
    document: str
    created_at: datetime


class Policy(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the ARN; ``versions`` come with the oldest first, and numbers are never used again."""

    name: str
    path: str
    policy_id: str  # ANPA…
    created_at: datetime
    updated_at: datetime
    description: str = ""
    version_id: str  # the default version's
    versions: tuple[PolicyVersion, ...]
    last_number: int = 1

    @property
    def arn(self) -> str:
        return self.id

    @property
    def is_attachable(self) -> bool:
        return True

    def version(self, version_id: str) -> PolicyVersion | None:
        return next((each for each in self.versions if each.id == version_id), None)
