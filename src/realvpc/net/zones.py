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
    opt_in: bool = False  # disabled until an account asks for it; here every account has


class Zone(Struct, frozen=True):
    region: Region
    name: str
    id: str


def _region(name: str, long_name: str, zones: str = "a1 b2 c3", *, old: bool = False, opt_in: bool = False) -> Region:
    """``zones`` pairs letters with zone numbers: ``a4 c1 d2``.  ``old``: mapped for each account."""
    pairs = zones.split()
    ids = tuple(f"{_prefix(name)}-az{pair[1:]}" for pair in pairs)
    return Region(name, long_name, "".join(pair[0] for pair in pairs), ids, old, opt_in)


def _prefix(region: str) -> str:
    """Of the Region's zone ids: ``apne1`` for ``ap-northeast-1``."""
    area, direction, number = region.split("-")
    initials = direction.replace("north", "n").replace("south", "s").replace("east", "e").replace("west", "w")
    return area + initials.replace("central", "c") + number


REGIONS: dict[str, Region] = {
    region.name: region
    for region in (
        _region("af-south-1", "Africa (Cape Town)", opt_in=True),
        _region("ap-east-1", "Asia Pacific (Hong Kong)", opt_in=True),
        _region("ap-east-2", "Asia Pacific (Taipei)", opt_in=True),
        _region("ap-northeast-1", "Asia Pacific (Tokyo)", "a4 c1 d2", old=True),
        _region("ap-northeast-2", "Asia Pacific (Seoul)", "a1 b2 c3 d4"),
        _region("ap-northeast-3", "Asia Pacific (Osaka)", "a3 b1 c2"),
        _region("ap-south-1", "Asia Pacific (Mumbai)", "a1 b3 c2"),
        _region("ap-south-2", "Asia Pacific (Hyderabad)", opt_in=True),
        _region("ap-southeast-1", "Asia Pacific (Singapore)", old=True),
        _region("ap-southeast-2", "Asia Pacific (Sydney)", "a3 b1 c2", old=True),
        _region("ap-southeast-3", "Asia Pacific (Jakarta)", opt_in=True),
        _region("ap-southeast-4", "Asia Pacific (Melbourne)", opt_in=True),
        _region("ap-southeast-5", "Asia Pacific (Malaysia)", opt_in=True),
        _region("ap-southeast-6", "Asia Pacific (New Zealand)", opt_in=True),
        _region("ap-southeast-7", "Asia Pacific (Thailand)", opt_in=True),
        _region("ca-central-1", "Canada (Central)", "a1 b2 d4"),
        _region("ca-west-1", "Canada West (Calgary)", opt_in=True),
        _region("eu-central-1", "Europe (Frankfurt)", "a2 b3 c1"),
        _region("eu-central-2", "Europe (Zurich)", opt_in=True),
        _region("eu-north-1", "Europe (Stockholm)"),
        _region("eu-south-1", "Europe (Milan)", opt_in=True),
        _region("eu-south-2", "Europe (Spain)", opt_in=True),
        _region("eu-west-1", "Europe (Ireland)", "a3 b1 c2", old=True),
        _region("eu-west-2", "Europe (London)", "a2 b3 c1"),
        _region("eu-west-3", "Europe (Paris)"),
        _region("il-central-1", "Israel (Tel Aviv)", opt_in=True),
        _region("me-central-1", "Middle East (UAE)", opt_in=True),
        _region("me-south-1", "Middle East (Bahrain)", opt_in=True),
        _region("me-west-1", "Middle East (Saudi Arabia)", opt_in=True),
        _region("mx-central-1", "Mexico (Central)", opt_in=True),
        _region("sa-east-1", "South America (Sao Paulo)", old=True),
        _region("sa-west-1", "South America (Chile)", opt_in=True),
        _region("us-east-1", "US East (N. Virginia)", "a6 b1 c2 d4 e3 f5", old=True),
        _region("us-east-2", "US East (Ohio)"),
        _region("us-west-1", "US West (N. California)", "a3 b1", old=True),
        _region("us-west-2", "US West (Oregon)", "a2 b1 c3 d4"),
    )
}
"""Those of the standard partition, ``aws`` (botocore's ``partitions.json``).

Letters and numbers are as AWS's list of Availability Zones has them.  Where it has none yet (me-west-1, sa-west-1)
there are three, which is the least, and their ids follow its rule: three letters and the number of the Region's code.
"""

_OTHER_PARTITIONS = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}


def other_partition(region: str) -> str | None:
    """The partition of a Region that is not of the standard one: accounts, names and addresses of its own."""
    return next((name for prefix, name in _OTHER_PARTITIONS.items() if region.startswith(prefix)), None)


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
