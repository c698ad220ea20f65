"""AWS accounts and their access keys."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from realvpc.net.resource import GlobalResource, Resource


class Account(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the twelve-digit account id, ``name`` what people call it.

    ``zone_seed`` decides which AZ ids the account's zone names stand for (``net.zones``): accounts differ, as they do
    on AWS for accounts made before November 2025.  ``default_vpc``: whether the account finds a default VPC in Regions
    that are new to it; None is what the service says.
    """

    name: str
    zone_seed: int = 0
    default_vpc: bool | None = None

    def finds_default_vpc(self, *, usually: bool) -> bool:
        return usually if self.default_vpc is None else self.default_vpc


class UsedRegion(Resource, frozen=True, kw_only=True):
    """That an account has begun to use a Region: what it found there, its default VPC, is not made a second time.

    ``id`` is ``used_region_id``.
    """


def used_region_id(account: str, region: str) -> str:
    return f"{account}/{region}"


class KeyUse(Struct, frozen=True, kw_only=True):
    """When, for which service and in which Region a key has signed a request."""

    at: datetime
    service: str
    region: str


class AccessKey(GlobalResource, frozen=True, kw_only=True):
    """A long-term credential of the user ``user_id``; ``id`` is the access key id.

    ``of_operator``: the operator hands it out, so that it stays when a service is emptied.
    """

    secret: str
    user_id: str
    created_at: datetime
    is_active: bool = True
    last_use: KeyUse | None = None
    of_operator: bool = False

    def __repr__(self) -> str:
        """Without the secret, so that no log line can carry it."""
        return f"AccessKey({self.id}, {self.user_id})"
