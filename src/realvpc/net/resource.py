"""What every resource of an account has in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

EVERY_REGION = ""
"""The Region of what an account has in all of them."""


class Resource(Struct, frozen=True, kw_only=True, gc=False):
    """An immutable record that belongs to one account in one Region.

    ``id`` is unique among all resources of its type.  A changed resource is a new record with the same id
    (``msgspec.structs.replace``).  Records are made of what was there before them, never in a circle, so that Python's
    collector need not look at them (``gc=False``): there may be a hundred thousand.
    """

    id: str
    account: str
    region: str
    tags: dict[str, str] = {}

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        """Whether a caller of ``account`` in ``region`` sees this resource at ``now``."""
        return self.account == account and self.region == region

    @property
    def places(self) -> Iterable[tuple[str, str]]:
        """The accounts and Regions from which it may be seen; ``visible_to`` has the last word."""
        return ((self.account, self.region),)

    @property
    def tag_pairs(self) -> Iterable[tuple[str, str]]:
        """Every tag that somebody sees, key and value."""
        return self.tags.items()

    def tags_seen_by(self, account: str, region: str) -> dict[str, str]:
        """The tags that this caller sees (a peering connection keeps one set per side)."""
        return self.tags

    def retagged(self, account: str, region: str, tags: dict[str, str]) -> Self:
        """This resource with the tags that the caller gave it."""
        return replace(self, tags=tags)


class GlobalResource(Resource, frozen=True, kw_only=True):
    """A resource of an account that every Region shares."""

    region: str = EVERY_REGION

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        return self.account == account
