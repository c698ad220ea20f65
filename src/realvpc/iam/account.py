"""AWS accounts and their access keys."""

from __future__ import annotations

from datetime import datetime

from realvpc.net.resource import GlobalResource


class Account(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the twelve-digit account id, ``name`` what people call it.

    ``zone_seed`` decides which AZ ids the account's zone names stand for (``net.zones``): accounts differ, as they do
    on AWS for accounts made before November 2025.
    """

    name: str
    zone_seed: int = 0


class AccessKey(GlobalResource, frozen=True, kw_only=True):
    """A long-term credential of the account's user ``user_name``; ``id`` is the access key id."""

    secret: str
    user_name: str
    user_id: str
    created_at: datetime

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:user/{self.user_name}"

    def __repr__(self) -> str:
        """Without the secret, so that no log line can carry it."""
        return f"AccessKey({self.id}, {self.arn})"
