"""Record sets: batches that hold together or fail together, what a value may be, and the order of a listing."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.net.quotas import RECORD_SETS_PER_ZONE
from realvpc.net.table import put

from ..build import make_zone, zone_id_of
from ..conftest import Client


class Zone:
    """``a.example`` and its records."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.id = zone_id_of(make_zone(client, "a.example"))

    def change(self, *changes: dict[str, Any]) -> dict[str, Any]:
        return self.client(
            "ChangeResourceRecordSets", of="route53", HostedZoneId=self.id, ChangeBatch={"Changes": list(changes)}
        )

    def refused(self, *changes: dict[str, Any]) -> AwsError:
        return self.client.refused(
            "ChangeResourceRecordSets", of="route53", HostedZoneId=self.id, ChangeBatch={"Changes": list(changes)}
        )

    def messages(self, *changes: dict[str, Any]) -> str:
        error = self.refused(*changes)
        assert (error.code, error.status) == ("InvalidChangeBatch", 400)
        return error.message

    def page(self, **params: str) -> dict[str, Any]:
        return self.client("ListResourceRecordSets", of="route53", HostedZoneId=self.id, **params)

    def names(self, **params: str) -> list[tuple[str, str]]:
        return [(row["Name"], row["Type"]) for row in self.page(**params)["ResourceRecordSets"]]


@pytest.fixture
def zone(client: Client) -> Zone:
    return Zone(client)


def change(
    action: str, name: str, record_type: str = "A", *values: str, ttl: int | None = 60, **more: Any
) -> dict[str, Any]:
    records = [{"Value": value} for value in values or ("10.0.0.1",)]
    record_set = {"Name": name, "Type": record_type, "TTL": ttl, "ResourceRecords": records} | more
    wanted = {member: value for member, value in record_set.items() if value is not None}
    return {"Action": action, "ResourceRecordSet": wanted}


def test_a_record_set_is_created_replaced_and_deleted(zone: Zone) -> None:
    zone.change(change("CREATE", "W.a.example"))
    zone.change(change("UPSERT", "w.a.example.", "A", "10.0.0.2", "10.0.0.3", ttl=5))
    row = zone.page(StartRecordName="w.a.example", MaxItems="1")["ResourceRecordSets"]
    assert row == [
        {
            "Name": "w.a.example.",
            "Type": "A",
            "TTL": 5,
            "ResourceRecords": [{"Value": "10.0.0.2"}, {"Value": "10.0.0.3"}],
        }
    ]
    zone.change(change("DELETE", "w.a.example", "A", "10.0.0.3", "10.0.0.2", ttl=5))
    assert zone.names() == [("a.example.", "NS"), ("a.example.", "SOA")]


def test_an_upsert_creates_what_is_not_there(zone: Zone) -> None:
    zone.change(change("UPSERT", "w.a.example"))
    assert ("w.a.example.", "A") in zone.names()


def test_wildcards_and_odd_names_are_shown_escaped(zone: Zone) -> None:
    zone.change(change("CREATE", "*.a.example"), change("CREATE", "a/b.a.example"))
    assert zone.names()[2:] == [("\\052.a.example.", "A"), ("a\\057b.a.example.", "A")]
    zone.change(change("DELETE", "\\052.a.example"))


def test_a_batch_with_one_mistake_changes_nothing_and_names_all_mistakes(zone: Zone) -> None:
    zone.change(change("CREATE", "w.a.example"))
    message = zone.messages(
        change("CREATE", "good.a.example"),
        change("CREATE", "w.a.example"),
        change("DELETE", "x.a.example"),
        change("UPSERT", "w.b.example"),
    )
    assert message == (
        "[Tried to create resource record set [name='w.a.example.', type='A'] but it already exists, "
        "Tried to delete resource record set [name='x.a.example.', type='A'] but it was not found, "
        "RRSet with DNS name w.b.example. is not permitted in zone a.example.]"
    )


@pytest.mark.parametrize(("value", "ttl"), [("10.0.0.2", 60), ("10.0.0.1", 61)])
def test_who_deletes_has_to_know_what(zone: Zone, value: str, ttl: int) -> None:
    zone.change(change("CREATE", "w.a.example"))
    assert "the values provided do not match" in zone.messages(change("DELETE", "w.a.example", "A", value, ttl=ttl))


def test_a_record_set_may_be_deleted_and_made_anew_in_one_batch_and_nothing_else(zone: Zone) -> None:
    zone.change(change("CREATE", "w.a.example"))
    zone.change(change("DELETE", "w.a.example"), change("CREATE", "w.a.example", "A", "10.0.0.9"))
    for pair in (
        (change("UPSERT", "w.a.example"), change("UPSERT", "w.a.example")),
        (change("CREATE", "n.a.example"), change("DELETE", "n.a.example")),
        (change("CREATE", "n.a.example"), change("CREATE", "n.a.example")),
    ):
        assert "an invalid set of changes for a resource record set 'A " in zone.messages(*pair)


def test_an_alias_name_stands_alone(zone: Zone) -> None:
    zone.change(change("CREATE", "c.a.example", "CNAME", "elsewhere.example"))
    message = zone.messages(change("CREATE", "c.a.example"))
    assert message == (
        "[RRSet of type A with DNS name c.a.example. is not permitted as it conflicts with other records with the same "
        "DNS name in zone a.example.]"
    )
    zone.change(
        change("DELETE", "c.a.example", "CNAME", "elsewhere.example"), change("CREATE", "c.a.example", "A", "10.0.0.1")
    )
    assert "RRSet of type CNAME" in zone.messages(change("CREATE", "c.a.example", "CNAME", "x.example"))
    assert "not permitted at apex" in zone.messages(change("CREATE", "a.example", "CNAME", "x.example"))
    assert "one record only" in zone.messages(change("CREATE", "d.a.example", "CNAME", "x.example", "y.example"))


def test_a_zone_keeps_its_authority_and_name_servers(zone: Zone) -> None:
    rows = {row["Type"]: row for row in zone.page()["ResourceRecordSets"]}
    for record_type, problem in (("SOA", "exactly one SOA record"), ("NS", "at least one NS record")):
        assert problem in zone.messages({"Action": "DELETE", "ResourceRecordSet": rows[record_type]})
    zone.change({"Action": "UPSERT", "ResourceRecordSet": rows["NS"] | {"TTL": 60}})
    assert "not permitted" in zone.messages(
        {"Action": "CREATE", "ResourceRecordSet": rows["SOA"] | {"Name": "x.a.example"}}
    )


GOOD = [
    ("A", "10.0.0.1"),
    ("AAAA", "2001:db8::1"),
    ("CAA", '0 issue "ca.example"'),
    ("CNAME", "other.example"),
    ("CNAME", "\\052.other.example."),
    ("DS", "123 4 2 " + "0" * 64),
    ("HTTPS", "1 . alpn=h2"),
    ("MX", "10 mail.example."),
    ("NAPTR", '100 50 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .'),
    ("NS", "ns.example"),
    ("PTR", "host.example"),
    ("SPF", '"v=spf1 -all"'),
    ("SRV", "1 10 5269 xmpp.example"),
    ("SSHFP", "1 1 " + "0" * 40),
    ("SVCB", "1 svc.example"),
    ("TLSA", "3 1 1 " + "0" * 64),
    ("TXT", '"one" "two; (three) \\"four\\" \\303\\244"'),
    ("TXT", '"' + "x" * 255 + '"'),
]
BAD = [
    *(("A", value, "ARRDATAIllegalIPv4Address") for value in ("10.0.0", "10.0.0.256", "::1", "10.0.0.1 x", "host")),
    *(("A", value, "ARRDATAIllegalIPv4Address") for value in ("\\# 4 0a000001", "10.0.0.1 ; x", "(10.0.0.1)", "")),
    ("A", "10.0.0.1\n10.0.0.2", "ARRDATAIllegalIPv4Address"),
    *(("AAAA", value, "AAAARRDATAIllegalIPv6Address") for value in ("10.0.0.1", "fe80::1%eth0", ":::1")),
    *(("TXT", value, "InvalidCharacterString") for value in ("bare", '"a" b', '"', '"ä"')),
    *(("TXT", value, "CharacterStringTooLong") for value in ('"' + "x" * 256 + '"', '"a" "' + r"\"" * 256 + '"')),
    *(("CNAME", value, "DomainLabelEmpty") for value in ("a..b", ".")),
    ("PTR", "x" * 64, "DomainLabelTooLong"),
    ("MX", "mail.example", "MXRRDATANotTwoFields"),
    ("MX", "65536 mail.example", "MXRRDATANotTwoFields"),
    ("SRV", "1 10 xmpp.example", "SRVRRDATANotFourFields"),
    ("CAA", "issue ca.example", "CAARRDATAInvalid"),
    ("DS", "x", "InvalidRecordData"),
]


@pytest.mark.parametrize(("record_type", "value"), GOOD)
def test_a_value_of_its_type_is_taken_as_it_is_written(zone: Zone, record_type: str, value: str) -> None:
    zone.change(change("CREATE", "r.a.example", record_type, value))
    listed = zone.page(StartRecordName="r.a.example")["ResourceRecordSets"]
    assert listed[0]["ResourceRecords"] == [{"Value": value}]


@pytest.mark.parametrize(("record_type", "value", "code"), BAD)
def test_a_value_that_is_none_is_refused(zone: Zone, record_type: str, value: str, code: str) -> None:
    message = zone.messages(change("CREATE", "r.a.example", record_type, value))
    assert message.startswith(f"[Invalid Resource Record: 'FATAL problem: {code} (")
    assert message.endswith(f") encountered with '{value}'']")


@pytest.mark.parametrize(("name", "letter"), [("a b", " "), ("ä.b", "ä"), ("a\\.b.c", "\\"), ('"a.b"', '"')])
def test_a_name_with_a_bad_character_is_refused_with_the_character(zone: Zone, name: str, letter: str) -> None:
    problem = f"UnsupportedCharacter (Value contains unsupported characters) encountered with '{letter}'"
    message = zone.messages(change("CREATE", "r.a.example", "CNAME", name))
    assert message == f"[Invalid Resource Record: 'FATAL problem: {problem}']"


@pytest.mark.parametrize("minimum", ["1d", "-1", "x", "4294967296"])
def test_the_authority_says_its_times_in_seconds(zone: Zone, minimum: str) -> None:
    value = f"ns.example. admin.example. 1 7200 900 1209600 {minimum}"
    assert "SOARRDATAInvalid" in zone.messages(change("UPSERT", "a.example", "SOA", value))
    zone.change(change("UPSERT", "a.example", "SOA", value.replace(minimum, "300")))


def test_a_value_comes_once_and_names_are_names(zone: Zone) -> None:
    assert "Duplicate Resource Record: '10.0.0.1'" in zone.messages(
        change("CREATE", "r.a.example", "A", "10.0.0.1", "10.0.0.1")
    )
    assert "DomainLabelEmpty" in zone.messages(change("CREATE", "r..a.example"))


@pytest.mark.parametrize(
    "more",
    [
        {"ttl": None},
        {"ResourceRecords": None},
        {"AliasTarget": {"HostedZoneId": "Z1", "DNSName": "b", "EvaluateTargetHealth": False}},
        {"SetIdentifier": "x", "Weight": 0},
        {"MultiValueAnswer": False},
        {"HealthCheckId": "h"},
    ],
)
def test_plain_records_only(zone: Zone, more: dict[str, Any]) -> None:
    error = zone.refused(change("CREATE", "r.a.example", **more))
    assert (error.code, error.status) == ("InvalidInput", 400)
    assert error.message.startswith("Invalid request: ")
    assert "in Change with [Action=CREATE, Name=r.a.example, Type=A, SetIdentifier=" in error.message


def test_a_batch_has_limits_and_an_upsert_counts_twice(zone: Zone) -> None:
    values = [f"10.1.{i // 250}.{i % 250}" for i in range(501)]
    zone.change(change("CREATE", "r.a.example", "A", *values))
    assert "Number of records limit of 1000 exceeded." in zone.messages(change("UPSERT", "r.a.example", "A", *values))
    text = '"' + "x" * 250 + '"'
    long = [change("CREATE", f"t{i}.a.example", "TXT", text) for i in range(126)]
    zone.change(*long)
    again = [change("CREATE", f"u{i}.a.example", "TXT", text) for i in range(127)]
    assert "Number of characters" in zone.messages(*again)


def test_a_zone_has_a_limit(zone: Zone) -> None:
    row = zone.client.service.state.names.hosted_zones[zone.id]
    rows = [row.record_set(f"r{i}.a.example.", "A", 60, ("10.0.0.1",)) for i in range(RECORD_SETS_PER_ZONE.default - 2)]
    zone.client.service.report(lambda ctx: put(*rows), "test")
    assert "more than 10000 records" in zone.messages(change("CREATE", "more.a.example"))
    zone.change(change("DELETE", "r0.a.example"), change("CREATE", "more.a.example"))


def test_record_sets_are_listed_from_right_to_left_in_pages(zone: Zone) -> None:
    names = ["b.a.example", "a.b.a.example", "a-b.a.example", "*.a.example", "aa.a.example"]
    zone.change(*(change("CREATE", name) for name in names), change("CREATE", "b.a.example", "AAAA", "::1"))
    everything = zone.names()
    assert everything == [
        ("a.example.", "NS"),
        ("a.example.", "SOA"),
        ("\\052.a.example.", "A"),
        ("a-b.a.example.", "A"),
        ("aa.a.example.", "A"),
        ("b.a.example.", "A"),
        ("b.a.example.", "AAAA"),
        ("a.b.a.example.", "A"),
    ]
    found: list[tuple[str, str]] = []
    start: dict[str, str] = {}
    while True:
        found += zone.names(MaxItems="3", **start)
        page = zone.page(MaxItems="3", **start)
        if not page["IsTruncated"]:
            break
        start = {"StartRecordName": page["NextRecordName"], "StartRecordType": page["NextRecordType"]}
    assert found == everything
    assert zone.names(StartRecordName="b.a.example", StartRecordType="AAAA", MaxItems="1") == [("b.a.example.", "AAAA")]
    assert zone.names(StartRecordName="zz.zz") == []


def test_a_listing_starts_at_a_name(client: Client, zone: Zone) -> None:
    no_name = {"StartRecordName": "a b.example"}  # the action has no other error for it
    for params in ({"StartRecordType": "A"}, {"StartRecordName": "a", "StartRecordIdentifier": "x"}, no_name):
        assert (
            client.refused("ListResourceRecordSets", of="route53", HostedZoneId=zone.id, **params).code
            == "InvalidInput"
        )
