"""Hosted zones: created, read, listed, tagged and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.sweep import everything

from ..build import bare, make_vpc, make_zone, zone_id_of
from ..conftest import OTHER, TOKYO, Client


def test_a_private_zone_is_born_with_its_name_servers_and_authority(client: Client) -> None:
    vpc = make_vpc(client)
    made = make_zone(client, "Corp.Example", vpc, comment="inside")
    zone_id = made["HostedZone"]["Id"]
    assert zone_id.startswith("/hostedzone/Z")
    assert made["HostedZone"] | {"Id": "", "CallerReference": ""} == {
        "Id": "",
        "Name": "corp.example.",
        "CallerReference": "",
        "Config": {"Comment": "inside", "PrivateZone": True},
        "ResourceRecordSetCount": 2,
    }
    assert made["VPC"] == {"VPCRegion": TOKYO, "VPCId": vpc}
    assert made["Location"] == f"https://route53.amazonaws.com/2013-04-01{zone_id}"
    assert made["ChangeInfo"]["Status"] == "PENDING"
    change_id = bare(made["ChangeInfo"]["Id"])
    assert client("GetChange", of="route53", Id=change_id)["ChangeInfo"]["Status"] == "INSYNC"
    got = client("GetHostedZone", of="route53", Id=bare(zone_id))
    assert got["VPCs"] == [{"VPCRegion": TOKYO, "VPCId": vpc}]
    assert "DelegationSet" not in got
    records = client("ListResourceRecordSets", of="route53", HostedZoneId=bare(zone_id))["ResourceRecordSets"]
    assert [(row["Name"], row["Type"], row["TTL"]) for row in records] == [
        ("corp.example.", "NS", 172800),
        ("corp.example.", "SOA", 900),
    ]


def test_a_public_zone_has_name_servers_of_its_own(client: Client) -> None:
    made = make_zone(client, "shop.example")
    assert made["HostedZone"]["Config"]["PrivateZone"] is False
    servers = made["DelegationSet"]["NameServers"]
    assert len(servers) == 4
    zone_id = zone_id_of(made)
    assert client("GetHostedZone", of="route53", Id=zone_id)["DelegationSet"]["NameServers"] == servers
    dnssec = client("GetDNSSEC", of="route53", HostedZoneId=zone_id)
    assert dnssec == {"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": []}


def test_route_53_is_one_for_all_regions(as_account: Any) -> None:
    here, there = as_account(), as_account(region="eu-west-1")
    zone_id = zone_id_of(make_zone(here, "a.example"))
    assert there("GetHostedZone", of="route53", Id=zone_id)["HostedZone"]["Name"] == "a.example."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a..example", "DomainLabelEmpty"),
        (".", "DomainLabelEmpty"),
        ("x" * 64 + ".example", "DomainLabelTooLong"),
        ("x." * 128, "DomainNameTooLong"),
        ("a b.example", "UnsupportedCharacter (Value contains unsupported characters) encountered with ' '"),
        ("com", "top-level domain"),
    ],
)
def test_a_zone_has_the_name_of_a_domain(client: Client, name: str, message: str) -> None:
    refused = client.refused("CreateHostedZone", of="route53", Name=name, CallerReference="r")
    assert (refused.code, refused.status) == ("InvalidDomainName", 400)
    assert message in refused.message


def test_a_private_zone_may_be_a_single_label(client: Client) -> None:
    assert make_zone(client, "corp", make_vpc(client))["HostedZone"]["Name"] == "corp."


def test_what_a_new_zone_must_not_be(client: Client, as_account: Any) -> None:
    vpc, foreign = make_vpc(client), make_vpc(as_account(OTHER))
    make_zone(client, "a.example", vpc, reference="once")

    def refused(name: str, vpc_id: str | None, region: str = TOKYO, reference: str = "new", **more: Any) -> str:
        where = {"VPC": {"VPCId": vpc_id, "VPCRegion": region}} if vpc_id else {}
        error = client.refused("CreateHostedZone", of="route53", Name=name, CallerReference=reference, **where, **more)
        return error.code

    assert refused("b.example", vpc, reference="once") == "HostedZoneAlreadyExists"
    assert refused("A.example.", vpc) == "ConflictingDomainExists"
    assert refused("b.example", foreign) == "InvalidVPCId"
    assert refused("b.example", vpc, "eu-west-1") == "InvalidVPCId"
    assert refused("b.example", "vpc-00000000000000000") == "InvalidVPCId"
    assert refused("b.example", None, HostedZoneConfig={"PrivateZone": True}) == "InvalidInput"
    assert refused("b.example", None, VPC={"VPCId": vpc}) == "InvalidInput"
    assert refused("b.example", None, DelegationSetId="N1") == "NoSuchDelegationSet"


def test_a_zone_has_no_name_that_an_endpoint_has_in_the_vpc(client: Client) -> None:
    vpc, other = make_vpc(client), make_vpc(client)
    client("ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    service, name = f"com.amazonaws.{TOKYO}.ssm", f"ssm.{TOKYO}.amazonaws.com"
    made = client("CreateVpcEndpoint", VpcId=vpc, VpcEndpointType="Interface", ServiceName=service)["VpcEndpoint"]
    where = {"VPCId": vpc, "VPCRegion": TOKYO}
    refused = client.refused("CreateHostedZone", of="route53", Name=name, CallerReference="a", VPC=where)
    assert (refused.code, refused.message) == (
        "ConflictingDomainExists",
        f"The VPC {vpc} in region {TOKYO} has already been associated with the hosted zone of {made['VpcEndpointId']} "
        "with the same domain name.",
    )
    make_zone(client, f"inside.{name}", vpc)
    zone = zone_id_of(make_zone(client, name, other))
    associate: dict[str, Any] = {"of": "route53", "HostedZoneId": zone, "VPC": where}
    assert client.refused("AssociateVPCWithHostedZone", **associate).code == "ConflictingDomainExists"
    client("DeleteVpcEndpoints", VpcEndpointIds=[made["VpcEndpointId"]])
    client("AssociateVPCWithHostedZone", **associate)


def test_zones_inside_each_other_and_zones_of_one_name_for_several_vpcs(client: Client) -> None:
    one, two = make_vpc(client), make_vpc(client)
    for name, vpc in (("a.example", one), ("b.a.example", one), ("a.example", two), ("a.example", None)):
        make_zone(client, name, vpc)
    assert client("GetHostedZoneCount", of="route53") == {"HostedZoneCount": 4}


def test_a_zone_is_its_accounts_own(client: Client, as_account: Any) -> None:
    other = as_account(OTHER)
    zone_id = zone_id_of(make_zone(client, "a.example"))
    for action in ("GetHostedZone", "DeleteHostedZone", "UpdateHostedZoneComment"):
        error = other.refused(action, of="route53", Id=zone_id)
        assert (error.code, error.status) == ("AccessDenied", 403)
        error = client.refused(action, of="route53", Id="Z1")
        assert (error.code, error.message, error.status) == (
            "NoSuchHostedZone",
            "No hosted zone found with ID: Z1",
            404,
        )
    assert other("ListHostedZones", of="route53")["HostedZones"] == []


def test_comments_come_and_go(client: Client) -> None:
    zone_id = zone_id_of(make_zone(client, "a.example"))
    changed = client("UpdateHostedZoneComment", of="route53", Id=zone_id, Comment="new")
    assert changed["HostedZone"]["Config"]["Comment"] == "new"
    changed = client("UpdateHostedZoneComment", of="route53", Id=zone_id)
    assert changed["HostedZone"]["Config"] == {"Comment": None, "PrivateZone": False}


def test_a_zone_with_records_stays(client: Client) -> None:
    zone_id = zone_id_of(make_zone(client, "a.example"))
    record = {"Name": "w.a.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}

    def change(action: str) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        client("ChangeResourceRecordSets", of="route53", HostedZoneId=zone_id, ChangeBatch=batch)

    change("CREATE")
    assert client.refused("DeleteHostedZone", of="route53", Id=zone_id).code == "HostedZoneNotEmpty"
    change("DELETE")
    assert client("DeleteHostedZone", of="route53", Id=zone_id)["ChangeInfo"]["Status"] == "PENDING"
    assert client.refused("GetHostedZone", of="route53", Id=zone_id).code == "NoSuchHostedZone"
    assert not client.service.state.names.record_sets


def test_zones_are_listed_in_pages(client: Client) -> None:
    made = {make_zone(client, f"z{i}.example")["HostedZone"]["Id"] for i in range(5)}
    listed: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = client("ListHostedZones", of="route53", MaxItems="2", **more)
        assert page["MaxItems"] == "2"
        listed += [zone["Id"] for zone in page["HostedZones"]]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["NextMarker"]}
    assert len(listed) == 5
    assert set(listed) == made
    for wrong in ("0", "-1", "x", ""):
        assert client.refused("ListHostedZones", of="route53", MaxItems=wrong).code == "InvalidInput"


def test_zones_are_listed_by_name_from_right_to_left(client: Client) -> None:
    for name in ("b.example", "a.b.example", "z.a.example", "c.example"):
        make_zone(client, name)

    def page(**params: str) -> dict[str, Any]:
        return client("ListHostedZonesByName", of="route53", **params)

    assert [zone["Name"] for zone in page()["HostedZones"]] == [
        "z.a.example.",
        "b.example.",
        "a.b.example.",
        "c.example.",
    ]
    first = page(MaxItems="1", DNSName="b.example")
    assert [zone["Name"] for zone in first["HostedZones"]] == ["b.example."]
    assert (first["IsTruncated"], first["NextDNSName"]) == (True, "a.b.example.")
    rest = page(DNSName=first["NextDNSName"], HostedZoneId=first["NextHostedZoneId"])
    assert [zone["Name"] for zone in rest["HostedZones"]] == ["a.b.example.", "c.example."]
    assert client.refused("ListHostedZonesByName", of="route53", HostedZoneId="Z1").code == "InvalidInput"


def test_tags_of_a_zone(client: Client) -> None:
    zone_id = zone_id_of(make_zone(client, "a.example"))
    zone = {"ResourceType": "hostedzone", "ResourceId": zone_id}

    def tags(*pairs: tuple[str, str]) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in pairs]

    client("ChangeTagsForResource", of="route53", **zone, AddTags=tags(("b", "2"), ("a", "1")))
    client("ChangeTagsForResource", of="route53", **zone, AddTags=tags(("c", "")), RemoveTagKeys=["b"])
    expected = zone | {"Tags": tags(("a", "1"), ("c", ""))}
    assert client("ListTagsForResource", of="route53", **zone) == {"ResourceTagSet": expected}
    several = client("ListTagsForResources", of="route53", ResourceType="hostedzone", ResourceIds=[zone_id])
    assert several == {"ResourceTagSets": [expected]}

    def refused(**params: Any) -> str:
        return client.refused("ChangeTagsForResource", of="route53", **(zone | params)).code

    assert refused() == "InvalidInput"
    assert refused(AddTags=tags(("aws:x", "1"))) == "InvalidInput"
    assert refused(AddTags=tags(("a", "1")), RemoveTagKeys=["a"]) == "InvalidInput"
    assert refused(AddTags=tags(*((f"k{i}", "") for i in range(50)))) == "InvalidInput"
    assert refused(ResourceType="healthcheck", RemoveTagKeys=["a"]) == "NoSuchHealthCheck"
    assert refused(ResourceId="Z1", RemoveTagKeys=["a"]) == "NoSuchHostedZone"


def test_changes_are_their_accounts_own(client: Client, as_account: Any) -> None:
    change_id = bare(make_zone(client, "a.example")["ChangeInfo"]["Id"])
    for asking, asked in ((as_account(OTHER), change_id), (client, "C1")):
        error = asking.refused("GetChange", of="route53", Id=asked)
        assert (error.code, error.status) == ("NoSuchChange", 404)


def test_a_reset_leaves_no_zone(client: Client) -> None:
    make_zone(client, "a.example")
    client.service.report(everything, "reset")
    assert not client.service.state.names.hosted_zones
    assert not client.service.state.names.record_sets
    assert not client.service.state.tokens.changes
