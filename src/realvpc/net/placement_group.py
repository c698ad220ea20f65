"""Placement groups (EC2 guide, "Placement groups for your Amazon EC2 instances").  All hardware here is one host."""

from __future__ import annotations

from .resource import Resource

DEFAULT_PARTITIONS = 2
MOST_PARTITIONS = 7  # per Availability Zone


class PlacementGroup(Resource, frozen=True, kw_only=True):
    """``partitions`` is 0 but for the strategy ``partition``."""

    name: str
    strategy: str  # cluster, spread or partition
    partitions: int = 0
    spread_level: str | None = None  # rack, for the strategy spread
