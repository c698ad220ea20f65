"""Policies that AWS manages, as data (AWS Managed Policy Reference).

``managed_policies.json`` is the catalogue of September 2026: name, path, default version, when made and when changed.
``managed_policy_documents.json`` has the documents of those that matter to what is here; of ReadOnlyAccess it has what
concerns the services that are here.
"""

from __future__ import annotations

import base64
import hashlib
import pkgutil
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

SERVICE_ROLE_PATH = "/aws-service-role/"
_ID_LETTERS = 17  # after the prefix


class ManagedPolicy(Struct, frozen=True, kw_only=True):
    """``document`` is the JSON of the default version ``version_id``, where it is known."""

    name: str
    path: str
    version_id: str
    created_at: datetime
    updated_at: datetime
    document: str | None

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::aws:policy{self.path}{self.name}"

    @property
    def policy_id(self) -> str:
        """ANPA…: always the same for a policy, and not AWS's own."""
        digest = hashlib.sha256(self.arn.encode()).digest()
        return f"ANPA{base64.b32encode(digest).decode()[:_ID_LETTERS]}"

    @property
    def is_attachable(self) -> bool:
        """Those of service-linked roles belong to the services."""
        return self.path != SERVICE_ROLE_PATH


class _Row(Struct, frozen=True, array_like=True):
    name: str
    path: str
    version_id: str
    created_at: datetime
    updated_at: datetime


def _read() -> dict[str, ManagedPolicy]:
    rows = msgspec.json.decode(pkgutil.get_data(__package__, "managed_policies.json") or b"", type=list[_Row])
    texts = pkgutil.get_data(__package__, "managed_policy_documents.json") or b""
    documents: dict[str, Any] = msgspec.json.decode(texts)
    policies = (
        ManagedPolicy(
            name=row.name,
            path=row.path,
            version_id=row.version_id,
            created_at=row.created_at,
            updated_at=row.updated_at,
            document=msgspec.json.encode(documents[row.name]).decode() if row.name in documents else None,
        )
        for row in rows
    )
    return {policy.arn: policy for policy in policies}


MANAGED_POLICIES: dict[str, ManagedPolicy] = _read()
"""By ARN."""

FOR_SYSTEMS_MANAGER = frozenset(
    f"arn:aws:iam::aws:policy/{name}"
    for name in (
        "AdministratorAccess",
        "AmazonSSMFullAccess",
        "AmazonSSMManagedEC2InstanceDefaultPolicy",
        "AmazonSSMManagedInstanceCore",
        "PowerUserAccess",
        "service-role/AmazonEC2RoleforSSM",
    )
)
"""Each of them lets an instance be managed: UpdateInstanceInformation and the channels of sessions."""

FOR_LOGS = frozenset(
    f"arn:aws:iam::aws:policy/{name}"
    for name in ("CloudWatchFullAccess", "CloudWatchFullAccessV2", "CloudWatchLogsFullAccess")
)
"""Each of them lets a role make log groups and streams and write into them."""
