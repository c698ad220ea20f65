"""The prefix lists that AWS keeps for its own services, one of each in every Region (VPC guide, "AWS-managed prefix
lists", where the weights stand as well).

The ranges are such that a packet here can have them: what an instance may call is a part of the built-in internet's
space, the rest is what the guides name, or space for documentation.  AWS's ids are known of few Regions; the others
follow from the names, so that they never change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b

from .addresses import Cidr
from .prefix_list import AWS, AddressFamily, PrefixList, PrefixListEntry
from .zones import REGIONS

SERVICES_IPV4 = Cidr.parse("198.19.128.0/17")  # a /24 for each Region, cut up below
_SERVICES_IPV6 = Cidr.parse("2001:2:0:8000::/49")  # a /64 for each Region (RFC 5180: for tests of network devices)
_IN_REGION: Mapping[str, tuple[int, str]] = {  # weight, and the part of the Region's block
    "s3": (1, "0.0.0.0/26"),
    "dynamodb": (1, "0.0.0.64/27"),
    "s3express": (6, "0.0.0.96/27"),
    "ec2-instance-connect": (2, "0.0.0.128/29"),
    "route53-healthchecks": (25, "0.0.0.160/27"),
    "ipv6.ec2-instance-connect": (2, "::100/120"),
    "ipv6.route53-healthchecks": (25, "::200/120"),
}
_EVERYWHERE: Mapping[str, tuple[int, str]] = {  # the same in all Regions, under names of its own
    "{region}.vpc-lattice": (10, "169.254.171.0/24"),
    "{region}.ipv6.vpc-lattice": (10, "fd00:ec2:80::/64"),
    "global.cloudfront.origin-facing": (55, "198.19.120.0/24"),
    "global.groundstation": (5, "198.19.121.0/26"),
    "global.ipv6.cloudfront.origin-facing": (55, "2001:2:0:7800::/64"),
}
_IDS = {  # as people quote them from AWS
    "com.amazonaws.ap-northeast-1.s3": "pl-61a54008",
    "com.amazonaws.ap-northeast-2.s3": "pl-78a54011",
    "com.amazonaws.ap-southeast-1.s3": "pl-6fa54006",
    "com.amazonaws.ap-southeast-2.s3": "pl-6ca54005",
    "com.amazonaws.eu-central-1.s3": "pl-6ea54007",
    "com.amazonaws.eu-west-1.s3": "pl-6da54004",
    "com.amazonaws.sa-east-1.s3": "pl-6aa54003",
    "com.amazonaws.us-east-1.dynamodb": "pl-02cd2c6b",
    "com.amazonaws.us-east-1.s3": "pl-63a5400a",
    "com.amazonaws.us-east-2.s3": "pl-7ba54012",
    "com.amazonaws.us-west-1.s3": "pl-6ba54002",
    "com.amazonaws.us-west-2.s3": "pl-68a54001",
}


def aws_prefix_list(prefix_list_id: str) -> PrefixList | None:
    return _by_id().get(prefix_list_id)


def aws_prefix_lists(region: str) -> tuple[PrefixList, ...]:
    return tuple(row for row in _by_id().values() if row.region == region)


@cache
def _by_id() -> dict[str, PrefixList]:
    return {row.id: row for number, region in enumerate(REGIONS) for row in _of_region(number, region)}


def _of_region(number: int, region: str) -> Iterator[PrefixList]:
    for service, (weight, part) in _IN_REGION.items():
        cut = Cidr.parse(part)
        whole = SERVICES_IPV4.subnet(number, 24) if cut.is_ipv4 else _SERVICES_IPV6.subnet(number, 64)
        offset = cut.network - Cidr.parse("0.0.0.0/0").network if cut.is_ipv4 else cut.network
        yield _row(region, f"{region}.{service}", weight, Cidr(whole.network + offset, cut.length))
    for name, (weight, block) in _EVERYWHERE.items():
        yield _row(region, name.format(region=region), weight, Cidr.parse(block))


def _row(region: str, name: str, weight: int, block: Cidr) -> PrefixList:
    name = f"com.amazonaws.{name}"
    return PrefixList(
        id=_id_of(name, region),
        account=AWS,
        region=region,
        name=name,
        address_family=AddressFamily.IPV4 if block.is_ipv4 else AddressFamily.IPV6,
        max_entries=weight,
        entries=(PrefixListEntry(block),),
    )


def _id_of(name: str, region: str) -> str:
    """Of 8 digits, as AWS's own are."""
    return _IDS.get(name) or f"pl-{blake2b(f'{region} {name}'.encode(), digest_size=4).hexdigest()}"
