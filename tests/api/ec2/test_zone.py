"""Regions and Availability Zones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..build import named
from ..conftest import MAIN, OTHER, Client

As = Callable[..., Client]


def zones(client: Client, **request: Any) -> dict[str, str]:
    """Names to ids."""
    found = client("DescribeAvailabilityZones", **request)["AvailabilityZones"]
    return {zone["ZoneName"]: zone["ZoneId"] for zone in found}


def test_zones_have_the_names_and_ids_of_aws(client: Client) -> None:
    assert zones(client) == {
        "ap-northeast-1a": "apne1-az4",
        "ap-northeast-1c": "apne1-az1",
        "ap-northeast-1d": "apne1-az2",
    }
    [zone] = client("DescribeAvailabilityZones", ZoneNames=["ap-northeast-1a"])["AvailabilityZones"]
    assert zone["State"] == "available"
    assert zone["ZoneType"] == "availability-zone"
    assert zone["OptInStatus"] == "opt-in-not-required"
    assert (zone["RegionName"], zone["NetworkBorderGroup"]) == ("ap-northeast-1", "ap-northeast-1")


def test_old_regions_map_names_to_ids_for_each_account_and_new_ones_for_all_alike(as_account: As) -> None:
    mine, theirs = zones(as_account(MAIN)), zones(as_account(OTHER))
    assert mine.keys() == theirs.keys()
    assert sorted(mine.values()) == sorted(theirs.values())
    assert mine != theirs
    assert zones(as_account(MAIN, "us-east-2")) == zones(as_account(OTHER, "us-east-2"))


def test_zones_are_chosen_by_name_id_and_filter(client: Client) -> None:
    assert list(zones(client, ZoneNames=["ap-northeast-1c", "ap-northeast-1a"])) == [
        "ap-northeast-1a",
        "ap-northeast-1c",
    ]
    assert list(zones(client, ZoneIds=["apne1-az1"])) == ["ap-northeast-1c"]
    assert len(zones(client, Filters=named("state", "available"))) == 3
    assert list(zones(client, Filters=named("zone-id", "*-az2"))) == ["ap-northeast-1d"]
    assert zones(client, Filters=named("parent-zone-name", "*")) == {}


@pytest.mark.parametrize("request_", [{"ZoneNames": ["us-east-1a"]}, {"ZoneIds": ["use1-az1"]}])
def test_a_zone_of_another_region_is_refused(client: Client, request_: dict[str, Any]) -> None:
    assert client.refused("DescribeAvailabilityZones", **request_).code == "InvalidParameterValue"


def test_unknown_filters_are_refused(client: Client) -> None:
    for action in ("DescribeAvailabilityZones", "DescribeRegions"):
        error = client.refused(action, Filters=named("tag:Name", "x"))
        assert (error.code, error.message) == ("InvalidParameterValue", "The filter 'tag:Name' is invalid")


def test_regions_show_their_endpoints(client: Client) -> None:
    [region] = client("DescribeRegions", RegionNames=["ap-northeast-1"])["Regions"]
    assert region == {
        "RegionName": "ap-northeast-1",
        "Endpoint": "ec2.ap-northeast-1.amazonaws.com",
        "OptInStatus": "opt-in-not-required",
    }
    found = client("DescribeRegions", Filters=named("region-name", "us-*"))["Regions"]
    assert {row["RegionName"] for row in found} == {"us-east-1", "us-east-2", "us-west-1", "us-west-2"}
    assert client.refused("DescribeRegions", RegionNames=["mars-1"]).code == "InvalidParameterValue"


def test_accounts_have_no_default_vpc(client: Client) -> None:
    found = client("DescribeAccountAttributes", AttributeNames=["default-vpc", "supported-platforms"])
    values = {row["AttributeName"]: row["AttributeValues"] for row in found["AccountAttributes"]}
    assert values == {
        "default-vpc": [{"AttributeValue": "none"}],
        "supported-platforms": [{"AttributeValue": "VPC"}],
    }
    assert client.refused("DescribeAccountAttributes", AttributeNames=["shoe-size"]).code == "InvalidParameterValue"


def test_an_account_has_six_attributes(client: Client) -> None:
    names = [
        "supported-platforms",
        "default-vpc",
        "max-instances",
        "vpc-max-security-groups-per-interface",
        "max-elastic-ips",
        "vpc-max-elastic-ips",
    ]
    shown = client("DescribeAccountAttributes")["AccountAttributes"]
    assert [row["AttributeName"] for row in shown] == names
    (one,) = client("DescribeAccountAttributes", AttributeNames=["max-instances"])["AccountAttributes"]
    assert one == {"AttributeName": "max-instances", "AttributeValues": [{"AttributeValue": "20"}]}
