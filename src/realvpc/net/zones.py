"""Regions and Availability Zones, and which zone id an account's zone name stands for.

In nine old Regions AWS maps zone names to zone ids independently for each account, so that ``ap-northeast-1a`` of two
accounts need not be the same place; elsewhere the mapping is the same for everybody ("Availability Zone IDs" in the
AWS global infrastructure guide).  Whoever wants to know whether two subnets share a zone compares ids.
"""

from __future__ import annotations

from msgspec import Struct


class Region(Struct, frozen=True):
    """``zone_letters[i]`` names the zone with id ``zone_ids[i]`` in an account with the usual mapping."""

    name: str
    long_name: str
    zone_letters: str
    zone_ids: tuple[str, ...]
    mapped_per_account: bool = False


class Zone(Struct, frozen=True):
    region: Region
    name: str
    id: str


def _region(name: str, long_name: str, prefix: str, zones: str, *, mapped_per_account: bool = False) -> Region:
    """``zones`` pairs letters with zone numbers: ``a4 c1 d2``."""
    pairs = zones.split()
    return Region(
        name,
        long_name,
        "".join(pair[0] for pair in pairs),
        tuple(f"{prefix}-az{pair[1:]}" for pair in pairs),
        mapped_per_account,
    )


REGIONS: dict[str, Region] = {
    region.name: region
    for region in (
        _region("ap-northeast-1", "Asia Pacific (Tokyo)", "apne1", "a4 c1 d2", mapped_per_account=True),
        _region("ap-northeast-2", "Asia Pacific (Seoul)", "apne2", "a1 b2 c3 d4"),
        _region("ap-northeast-3", "Asia Pacific (Osaka)", "apne3", "a3 b1 c2"),
        _region("ap-south-1", "Asia Pacific (Mumbai)", "aps1", "a1 b3 c2"),
        _region("ap-southeast-1", "Asia Pacific (Singapore)", "apse1", "a1 b2 c3", mapped_per_account=True),
        _region("ap-southeast-2", "Asia Pacific (Sydney)", "apse2", "a3 b1 c2", mapped_per_account=True),
        _region("ca-central-1", "Canada (Central)", "cac1", "a1 b2 d4"),
        _region("eu-central-1", "Europe (Frankfurt)", "euc1", "a2 b3 c1"),
        _region("eu-north-1", "Europe (Stockholm)", "eun1", "a1 b2 c3"),
        _region("eu-west-1", "Europe (Ireland)", "euw1", "a3 b1 c2", mapped_per_account=True),
        _region("eu-west-2", "Europe (London)", "euw2", "a2 b3 c1"),
        _region("eu-west-3", "Europe (Paris)", "euw3", "a1 b2 c3"),
        _region("sa-east-1", "South America (Sao Paulo)", "sae1", "a1 b2 c3", mapped_per_account=True),
        _region("us-east-1", "US East (N. Virginia)", "use1", "a6 b1 c2 d4 e3 f5", mapped_per_account=True),
        _region("us-east-2", "US East (Ohio)", "use2", "a1 b2 c3"),
        _region("us-west-1", "US West (N. California)", "usw1", "a3 b1", mapped_per_account=True),
        _region("us-west-2", "US West (Oregon)", "usw2", "a2 b1 c3 d4", mapped_per_account=True),
    )
}


def zones(region: Region, seed: int) -> tuple[Zone, ...]:
    """The Region's zones as an account with this ``zone_seed`` sees them, by name.  Seed 0 is the usual mapping."""
    turn = seed % len(region.zone_ids) if region.mapped_per_account else 0
    ids = region.zone_ids[turn:] + region.zone_ids[:turn]
    return tuple(
        Zone(region, region.name + letter, zone_id) for letter, zone_id in zip(region.zone_letters, ids, strict=True)
    )


def find_zone(region: Region, seed: int, name_or_id: str) -> Zone | None:
    """The zone with this name or id, or None."""
    return next((zone for zone in zones(region, seed) if name_or_id in (zone.name, zone.id)), None)
