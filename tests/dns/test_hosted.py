"""Private hosted zones: where they answer, and what they hide."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from realvpc.net.domain_name import canonical
from realvpc.net.hosted_zone import HostedZone, ZoneVpc
from realvpc.net.table import put
from realvpc.net.vpc import Vpc
from realvpc.store.state import State
from tests.worlds import ACCOUNT, NOW

from .test_amazon import EC2_B, IP_A
from .world import TOKYO, answer, ask, changed, peered, world

RECORDS = {
    ("corp.example", "A"): ("10.20.0.1",),
    ("www.corp.example", "A"): ("10.20.0.2", "10.20.0.3"),
    ("www.corp.example", "TXT"): ('"v=1" "two strings"',),
    ("*.any.corp.example", "A"): ("10.20.0.4",),
    ("*.any.corp.example", "MX"): ("10 mail.corp.example",),
    ("here.any.corp.example", "TXT"): ('"no address"',),
    ("alias.corp.example", "CNAME"): ("WWW.corp.example",),
    ("alias2.corp.example", "CNAME"): ("alias.corp.example.",),
    ("host.corp.example", "CNAME"): (IP_A,),
    ("far.corp.example", "CNAME"): (EC2_B,),
    ("out.corp.example", "CNAME"): ("one.example.com",),
    ("nowhere.corp.example", "CNAME"): ("missing.corp.example",),
    ("round.corp.example", "CNAME"): ("around.corp.example",),
    ("around.corp.example", "CNAME"): ("round.corp.example",),
    ("deep.under.corp.example", "A"): ("10.20.0.5",),
    ("bad.corp.example", "A"): ("not an address",),
}


def zone(
    state: State, name: str, records: Mapping[tuple[str, str], tuple[str, ...]], *vpcs: str, private: bool = True
) -> State:
    """With a hosted zone of these records, private to the VPCs."""
    row = HostedZone(
        id=f"Z{name.upper().replace('.', '')}",
        account=ACCOUNT,
        name=canonical(name),
        caller_reference=name,
        created_at=NOW,
        is_private=private,
        vpcs=tuple(ZoneVpc(TOKYO, vpc_id) for vpc_id in vpcs),
    )
    sets = (row.record_set(canonical(owner), kind, 300, values) for (owner, kind), values in records.items())
    return state.apply(put(row, *row.born_with(), *sets))


@pytest.fixture
def state() -> State:
    return zone(world(), "corp.example", RECORDS, "vpc-a")


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("corp.example", "A", "10.20.0.1"),
        ("www.corp.example", "A", "10.20.0.2 10.20.0.3"),
        ("WWW.Corp.Example", "A", "10.20.0.2 10.20.0.3"),
        ("www.corp.example", "AAAA", "NODATA"),
        ("x.any.corp.example", "A", "10.20.0.4"),
        ("x.y.any.corp.example", "A", "10.20.0.4"),
        ("x.any.corp.example", "MX", "10 mail.corp.example"),
        ("here.any.corp.example", "A", "NODATA"),  # it has records of its own, so the wildcard is not for it
        ("alias.corp.example", "A", "10.20.0.2 10.20.0.3"),
        ("alias2.corp.example", "A", "10.20.0.2 10.20.0.3"),
        ("alias.corp.example", "CNAME", "WWW.corp.example"),
        ("alias.corp.example", "AAAA", "NODATA"),
        ("host.corp.example", "A", "10.20.0.207"),
        ("far.corp.example", "A", "198.18.0.11"),
        ("out.corp.example", "A", "198.19.0.1"),
        ("nowhere.corp.example", "A", "NXDOMAIN"),
        ("round.corp.example", "A", "SERVFAIL"),
        ("under.corp.example", "A", "NODATA"),
        ("missing.corp.example", "A", "NXDOMAIN"),
    ],
)
def test_a_zone_answers_in_its_vpcs(state: State, name: str, kind: str, expected: str) -> None:
    assert answer(state, "vpc-a", name, kind) == expected
    assert answer(state, "vpc-b", name, kind) == "NXDOMAIN"


def test_aliases_are_shown_on_the_way(state: State) -> None:
    found = ask(state, "vpc-a", "alias2.corp.example")
    assert [(records.name, records.type, records.ttl) for records in found.answer] == [
        ("alias2.corp.example.", "CNAME", 300),
        ("alias.corp.example.", "CNAME", 300),
        ("www.corp.example.", "A", 300),
    ]
    found = ask(state, "vpc-a", "nowhere.corp.example")
    assert [records.type for records in found.answer] == ["CNAME"]
    assert found.authority is not None
    assert found.authority.name == "corp.example."


def test_what_an_alias_leads_to_follows_the_asking_vpc(state: State) -> None:
    open_peer = peered(state, "a", "b", b_allows=True)
    assert answer(open_peer, "vpc-a", "far.corp.example") == "10.30.4.69"


@pytest.mark.parametrize("attribute", ["enable_dns_support", "enable_dns_hostnames"])
def test_private_zones_need_both_attributes(state: State, attribute: str) -> None:
    assert answer(changed(state, Vpc, "vpc-a", **{attribute: False}), "vpc-a", "www.corp.example") == "NXDOMAIN"


def test_private_zones_do_not_follow_a_peering(state: State) -> None:
    state = peered(state, "a", "b", a_allows=True, b_allows=True)
    assert answer(state, "vpc-b", "www.corp.example") == "NXDOMAIN"
    both = zone(state, "corp.example", RECORDS, "vpc-a", "vpc-b")
    assert answer(both, "vpc-b", "www.corp.example") == "10.20.0.2 10.20.0.3"


def test_a_private_zone_hides_the_internet_below_it() -> None:
    state = zone(world(), "example.com", {("www.example.com", "A"): ("10.20.0.9",)}, "vpc-a")
    assert answer(state, "vpc-a", "www.example.com") == "10.20.0.9"
    assert answer(state, "vpc-a", "one.example.com") == "NXDOMAIN"
    assert answer(state, "vpc-b", "one.example.com") == "198.19.0.1"


def test_the_most_specific_zone_answers() -> None:
    state = zone(world(), "corp.example", {("x.eu.corp.example", "A"): ("10.0.0.1",)}, "vpc-a")
    state = zone(state, "eu.corp.example", {("y.eu.corp.example", "A"): ("10.0.0.2",)}, "vpc-a")
    assert answer(state, "vpc-a", "x.eu.corp.example") == "NXDOMAIN"
    assert answer(state, "vpc-a", "y.eu.corp.example") == "10.0.0.2"


@pytest.mark.parametrize(
    ("name", "hides"),
    [
        ("internal", False),
        ("compute.internal", False),
        ("ap-northeast-1.compute.internal", True),
        (IP_A, True),
    ],
)
def test_names_of_aws_are_hidden_by_zones_that_are_as_specific(name: str, hides: bool) -> None:
    state = zone(world(), name, {}, "vpc-a")
    assert answer(state, "vpc-a", IP_A) in (("NXDOMAIN", "NODATA") if hides else ("10.20.0.207",))


@pytest.mark.parametrize(("name", "hides"), [("10.in-addr.arpa", False), ("20.10.in-addr.arpa", True)])
def test_a_reverse_zone_for_the_vpcs_block_is_the_vpcs(name: str, hides: bool) -> None:
    state = zone(world(), name, {("207.0.20.10.in-addr.arpa", "PTR"): ("db.corp.example",)} if hides else {}, "vpc-a")
    expected = "db.corp.example" if hides else f"{IP_A}."
    assert answer(state, "vpc-a", "207.0.20.10.in-addr.arpa", "PTR") == expected


def test_public_zones_answer_everywhere_but_leave_the_hosts_of_the_internet_alone() -> None:
    records = {("www.example.com", "A"): ("198.18.0.10",), ("one.example.com", "A"): ("198.18.0.66",)}
    state = zone(world(), "example.com", records, private=False)
    for vpc_id in ("vpc-a", "vpc-v"):
        assert answer(state, vpc_id, "www.example.com") == "198.18.0.10"
        assert answer(state, vpc_id, "one.example.com") == "198.19.0.1"
        assert answer(state, vpc_id, "two.www.example.com") == "NXDOMAIN"
