"""An image that was deregistered a short while ago (EC2 API Reference, DescribeImages)."""

from __future__ import annotations

from datetime import datetime, timedelta

from .resource import Resource

REMEMBERED_FOR = timedelta(minutes=5)  # AWS says "a short interval" and "eventually"


class DeregisteredImage(Resource, frozen=True, kw_only=True):
    """``id`` is the image's."""

    deregistered_at: datetime

    def is_forgotten_at(self, now: datetime) -> bool:
        return now >= self.deregistered_at + REMEMBERED_FOR

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        return not self.is_forgotten_at(now) and super().visible_to(account, region, now)
