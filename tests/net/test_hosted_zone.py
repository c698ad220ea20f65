"""Which zone answers for a name, and what it answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from realvpc.net.hosted_zone import HostedZone, ZoneVpc
from realvpc.net.names import Names
from realvpc.net.table import put

START = datetime(2026, 11, 22, tzinfo=UTC)
VPC = ZoneVpc("ap-northeast-1", "vpc-1")


def zone(name: str, *vpcs: ZoneVpc, number: int = 1) -> HostedZone:
    return HostedZone(
        id=f"Z{number}{name.upper().strip('.')}",
        account="111111111111",
        name=name,
        caller_reference="r",
        created_at=START + timedelta(seconds=number),
        is_private=bool(vpcs),
        vpcs=vpcs,
    )


CORP = zone("corp.example.", VPC)
RECORD_NAMES = ("db.corp.example.", "\\052.corp.example.", "host.lab.corp.example.", "\\052.wild.corp.example.")
NAMES = Names.of(
    CORP,
    zone("lab.corp.example.", ZoneVpc("ap-northeast-1", "vpc-2")),
    *CORP.born_with(),
    *(CORP.record_set(name, "A", 60, ("10.0.0.7",)) for name in RECORD_NAMES),
)


@pytest.mark.parametrize(
    ("name", "answered_by"),
    [
        ("db.corp.example.", {"db.corp.example."}),
        ("other.corp.example.", {"\\052.corp.example."}),
        ("a.b.c.corp.example.", {"\\052.corp.example."}),
        ("\\052.corp.example.", {"\\052.corp.example."}),
        ("x.wild.corp.example.", {"\\052.wild.corp.example."}),
        ("wild.corp.example.", set()),  # exists: there are names under it
        ("lab.corp.example.", set()),
        ("x.lab.corp.example.", None),  # lab exists and has no wildcard: the one above does not count
        ("x.db.corp.example.", None),
        ("corp.example.", {"corp.example."}),
    ],
)
def test_a_wildcard_stands_for_what_is_not_there(name: str, answered_by: set[str] | None) -> None:
    """RFC 4592, section 2.2.1 in particular."""
    found = NAMES.record_sets_at(CORP, name)
    assert (None if found is None else {row.name for row in found}) == answered_by


def test_a_zone_without_a_wildcard_has_no_other_names() -> None:
    plain = zone("plain.example.", VPC)
    names = Names.of(plain, *plain.born_with())
    assert names.record_sets_at(plain, "a.plain.example.") is None
    assert {row.type for row in names.record_sets_at(plain, "plain.example.") or ()} == {"NS", "SOA"}


def test_the_most_specific_zone_of_the_vpc_answers() -> None:
    both = zone("lab.corp.example.", VPC, number=2)
    names = Names.of(CORP, both)
    assert names.hosted_zone_for("vpc-1", "x.lab.corp.example.") == both
    assert names.hosted_zone_for("vpc-1", "lab.corp.example.") == both
    assert names.hosted_zone_for("vpc-1", "xlab.corp.example.") == CORP
    assert names.hosted_zone_for("vpc-1", "example.") is None
    assert NAMES.hosted_zone_for("vpc-1", "x.lab.corp.example.") == CORP
    assert NAMES.hosted_zone_for("vpc-3", "x.lab.corp.example.") is None


def test_public_zones_answer_to_everybody_and_the_first_of_a_name_is_the_one() -> None:
    first, second = zone("shop.example.", number=1), zone("shop.example.", number=2)
    names = Names.of(second, first, CORP)
    assert names.public_hosted_zone_for("www.shop.example.") == first
    assert names.public_hosted_zone_for("db.corp.example.") is None
    assert names.hosted_zone_for("vpc-1", "www.shop.example.") is None


def test_every_zone_names_four_servers_and_public_ones_their_own() -> None:
    one, two = zone("a.example.", number=1), zone("a.example.", number=2)
    assert len(one.name_servers) == 4
    assert one.name_servers != two.name_servers
    assert CORP.name_servers == zone("x.", VPC).name_servers
    servers, authority = CORP.born_with()
    assert servers.values[0] == authority.values[0].split()[0]


def test_a_stranger_takes_no_part_of_a_domain_that_was_somebodys_before() -> None:
    def zone(number: int, name: str, account: str, day: int) -> HostedZone:
        made = datetime(2026, 11, day, tzinfo=UTC)
        return HostedZone(id=f"Z{number}", account=account, name=name, caller_reference=str(number), created_at=made)

    mine, theirs = zone(1, "shop.example.", "1", 2), zone(2, "www.shop.example.", "2", 3)
    top, aws = zone(3, "example.", "2", 1), zone(4, "s3.eu-west-1.amazonaws.com.", "2", 1)
    names = Names.of(mine, theirs, top, aws)
    assert names.public_hosted_zone_for("www.shop.example.") == mine
    assert names.public_hosted_zone_for("s3.eu-west-1.amazonaws.com.") is None
    assert Names.of(mine, zone(2, "www.shop.example.", "1", 3)).public_hosted_zone_for("www.shop.example.") != mine
    delegation = mine.record_set("www.shop.example.", "NS", 60, ("ns.example.",))
    assert names.apply(put(delegation)).public_hosted_zone_for("www.shop.example.") == theirs
