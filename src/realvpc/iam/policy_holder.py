"""What users, groups and roles have in common: a name, and policies that say what they may do."""

from __future__ import annotations

from datetime import datetime

from realvpc.net.resource import GlobalResource


class PolicyHolder(GlobalResource, frozen=True, kw_only=True):
    """Policy documents are kept as the JSON text that the caller sent; groups never have a permissions boundary."""

    name: str
    path: str
    created_at: datetime
    attached_policy_arns: tuple[str, ...] = ()
    inline_policies: dict[str, str] = {}
    permissions_boundary_arn: str | None = None

    @property
    def entity_id(self) -> str:
        """``AIDA…``, ``AGPA…`` or ``AROA…``: somebody else who gets the name later is somebody else."""
        return self.id
