"""A public key that somebody offers an instance for a minute (EC2 guide, "EC2 Instance Connect")."""

from __future__ import annotations

from datetime import datetime, timedelta

from .resource import Resource

GOOD_FOR = timedelta(seconds=60)


class OfferedKey(Resource, frozen=True, kw_only=True):
    """``line`` is the key in OpenSSH's form; ``os_user`` is whom it lets in.  ``caller_arn`` has offered it.

    The one row of an instance, a user and a key: who offers it again gives it another minute.
    """

    instance_id: str
    os_user: str
    line: str
    offered_at: datetime
    caller_arn: str

    @classmethod
    def name(cls, instance_id: str, os_user: str, fingerprint: str) -> str:
        return f"{instance_id}/{os_user}/{fingerprint}"

    @property
    def good_until(self) -> datetime:
        return self.offered_at + GOOD_FOR

    def is_good_at(self, now: datetime) -> bool:
        return self.offered_at <= now < self.good_until

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        return self.is_good_at(now) and super().visible_to(account, region, now)
