"""Tags: set, overwritten, removed and listed over every kind of resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..build import (
    make_internet_gateway,
    make_peering,
    make_route_table,
    make_subnet,
    make_vpc,
    named,
    put_instance,
    specification,
    tags,
    where,
)
from ..conftest import MAIN, OTHER, VIRGINIA, Client
from .test_run_instances import IMAGE

As = Callable[..., Client]


def listed(client: Client, **filters: str) -> list[tuple[str, str, str]]:
    rows = client("DescribeTags", Filters=where(**filters))["Tags"]
    return [(row["ResourceType"], row["Key"], row["Value"]) for row in rows]


def one_of_each(client: Client) -> dict[str, str]:
    """A resource of every kind that can be tagged, by its resource type."""
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    instance_id, interface_id = put_instance(client, subnet_id, "10.20.0.10")
    [group] = client("DescribeSecurityGroups", Filters=where(vpc_id=vpc_id))["SecurityGroups"]
    rules = client("DescribeSecurityGroupRules", Filters=where(group_id=group["GroupId"]))["SecurityGroupRules"]
    return {
        "vpc": vpc_id,
        "subnet": subnet_id,
        "instance": instance_id,
        "network-interface": interface_id,
        "route-table": make_route_table(client, vpc_id),
        "internet-gateway": make_internet_gateway(client, vpc_id),
        "security-group": group["GroupId"],
        "security-group-rule": rules[0]["SecurityGroupRuleId"],
        "vpc-peering-connection": make_peering(client, vpc_id, client, make_vpc(client, "10.30.0.0/16")),
    }


def test_every_kind_of_resource_can_be_tagged_in_one_call(client: Client) -> None:
    resources = one_of_each(client)
    client("CreateTags", Resources=list(resources.values()), Tags=tags(Owner="TeamA"))
    for resource_type, resource_id in resources.items():
        assert listed(client, resource_id=resource_id) == [(resource_type, "Owner", "TeamA")]
    client("DeleteTags", Resources=list(resources.values()), Tags=[{"Key": "Owner"}])
    assert listed(client) == []


def test_two_rules_of_one_group_keep_both_their_tags(client: Client) -> None:
    vpc_id = make_vpc(client)
    [group] = client("DescribeSecurityGroups", Filters=where(vpc_id=vpc_id))["SecurityGroups"]
    rules = client("DescribeSecurityGroupRules", Filters=where(group_id=group["GroupId"]))["SecurityGroupRules"]
    ids = [rule["SecurityGroupRuleId"] for rule in rules]
    client("CreateTags", Resources=[*ids, group["GroupId"]], Tags=tags(Name="x"))
    assert {row["ResourceId"] for row in client("DescribeTags")["Tags"]} == {*ids, group["GroupId"]}


def test_a_tag_is_overwritten_and_others_stay(client: Client) -> None:
    vpc_id = make_vpc(client, TagSpecifications=specification("vpc", Name="old", Owner="TeamA"))
    client("CreateTags", Resources=[vpc_id], Tags=tags(Name="new"))
    [vpc] = client("DescribeVpcs")["Vpcs"]
    assert vpc["Tags"] == tags(Name="new", Owner="TeamA")


@pytest.mark.parametrize(
    ("named_tags", "left"),
    [
        ([{"Key": "Name"}], {"Owner": "TeamA", "Empty": ""}),
        ([{"Key": "Name", "Value": "web"}], {"Owner": "TeamA", "Empty": ""}),
        ([{"Key": "Name", "Value": "other"}], {"Name": "web", "Owner": "TeamA", "Empty": ""}),
        ([{"Key": "Name", "Value": ""}], {"Name": "web", "Owner": "TeamA", "Empty": ""}),
        ([{"Key": "Empty", "Value": ""}], {"Name": "web", "Owner": "TeamA"}),
        ([{"Key": "Unknown"}], {"Name": "web", "Owner": "TeamA", "Empty": ""}),
        (None, {}),
    ],
)
def test_tags_are_removed_by_key_by_value_or_all(
    client: Client, named_tags: list[dict[str, str]] | None, left: dict[str, str]
) -> None:
    vpc_id = make_vpc(client, TagSpecifications=specification("vpc", Name="web", Owner="TeamA", Empty=""))
    parameters: dict[str, Any] = {} if named_tags is None else {"Tags": named_tags}
    client("DeleteTags", Resources=[vpc_id], **parameters)
    [vpc] = client("DescribeVpcs")["Vpcs"]
    assert {tag["Key"]: tag["Value"] for tag in vpc["Tags"] or ()} == left


def test_each_side_of_a_peering_has_its_own_tags(as_account: As) -> None:
    mine, theirs = as_account(MAIN), as_account(OTHER)
    peering_id = make_peering(mine, make_vpc(mine), theirs, make_vpc(theirs, "10.30.0.0/16"))
    mine("CreateTags", Resources=[peering_id], Tags=tags(Side="Requester"))
    assert listed(theirs) == []
    theirs("CreateTags", Resources=[peering_id], Tags=tags(Side="Accepter"))
    assert listed(mine) == [("vpc-peering-connection", "Side", "Requester")]
    assert listed(theirs) == [("vpc-peering-connection", "Side", "Accepter")]
    theirs("DeleteTags", Resources=[peering_id])
    assert listed(mine) == [("vpc-peering-connection", "Side", "Requester")]


def test_when_one_resource_is_unknown_none_is_tagged(client: Client, as_account: As) -> None:
    vpc_id, foreign = make_vpc(client), make_vpc(as_account(OTHER))
    elsewhere = make_vpc(as_account(MAIN, VIRGINIA))
    for resource_id, code in (
        (foreign, "InvalidVpcID.NotFound"),
        (elsewhere, "InvalidVpcID.NotFound"),
        ("subnet-00000000000000001", "InvalidSubnetID.NotFound"),
        ("sgr-00000000000000001", "InvalidSecurityGroupRuleId.NotFound"),
        ("vpc-xyz", "InvalidID"),
        ("198.51.100.7", "InvalidID"),
        ("", "InvalidID"),
    ):
        error = client.refused("CreateTags", Resources=[vpc_id, resource_id], Tags=tags(Name="x"))
        assert error.code == code
        assert client.refused("DeleteTags", Resources=[vpc_id, resource_id]).code == code


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (tags(**{"aws:cloudformation:stack-name": "x"}), "InvalidParameterValue"),
        ([{"Key": "Name", "Value": "a"}, {"Key": "Name", "Value": "b"}], "InvalidParameterValue"),
        ([{"Key": "", "Value": "a"}], "InvalidParameterValue"),
        (tags(**{"k" * 128: "x"}), "InvalidParameterValue"),
        (tags(Name="v" * 257), "InvalidParameterValue"),
        (tags(**{f"k{number}": "" for number in range(50)}), "TagLimitExceeded"),
    ],
)
def test_tags_that_aws_does_not_take_are_refused(client: Client, wanted: list[dict[str, str]], code: str) -> None:
    vpc_id = make_vpc(client, TagSpecifications=specification("vpc", Owner="TeamA"))
    assert client.refused("CreateTags", Resources=[vpc_id], Tags=wanted).code == code


def test_amazons_own_keys_are_refused_with_and_without_their_names(client: Client) -> None:
    reserved, vpc_id = "Tag keys starting with 'aws:' are reserved for internal use", make_vpc(client)
    specifications = specification("instance", **{"aws:x": "b"})
    subnet_id = make_subnet(client, vpc_id)
    error = client.refused(
        "RunInstances", ImageId=IMAGE, SubnetId=subnet_id, MinCount=1, MaxCount=1, TagSpecifications=specifications
    )
    assert (error.code, error.message) == ("InvalidParameterValue", reserved)
    error = client.refused("CreateTags", Resources=[vpc_id], Tags=tags(**{"aws:x": "b"}))
    assert error.message == f"Value ( aws:x ) for parameter key is invalid. {reserved}"


def test_the_longest_tag_that_aws_takes(client: Client) -> None:
    vpc_id = make_vpc(client)
    longest = tags(**{"キ" * 127: "値" * 256})
    client("CreateTags", Resources=[vpc_id], Tags=longest)
    assert client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"][0]["Tags"] == longest


def test_a_create_action_takes_only_tags_of_what_it_creates(client: Client) -> None:
    """The code is another one for VPCs, subnets, interfaces and rules: moto's tests have that of subnets, Spinifex
    (mulgadc/spinifex) that of all four."""
    vpc_id, wrong = make_vpc(client), specification("snapshot", Name="x")
    subnet_id = make_subnet(client, vpc_id)
    cases: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("CreateVpc", {"CidrBlock": "10.30.0.0/16"}, "InvalidParameter"),
        ("CreateSubnet", {"VpcId": vpc_id, "CidrBlock": "10.20.240.0/20"}, "InvalidParameter"),
        ("CreateNetworkInterface", {"SubnetId": subnet_id}, "InvalidParameter"),
        ("CreateRouteTable", {"VpcId": vpc_id}, "InvalidParameterValue"),
        ("CreateInternetGateway", {}, "InvalidParameterValue"),
    )
    for action, request, code in cases:
        error = client.refused(action, **request, TagSpecifications=wrong)
        assert (action, error.code) == (action, code)
        assert error.message == "'snapshot' is not a valid taggable resource type for this operation."


def test_a_specification_of_tags_has_some_and_these_have_keys(client: Client) -> None:
    for given, message in (
        ({}, "Tag specification must have at least one tag"),
        ({"Tags": []}, "Tag specification must have at least one tag"),
        ({"Tags": [{"Value": "x"}]}, "Tag key must have a value"),
    ):
        without = [{"ResourceType": "internet-gateway", **given}]
        error = client.refused("CreateInternetGateway", TagSpecifications=without)
        assert (error.code, error.message) == ("InvalidParameterValue", message)
    template: dict[str, Any] = {"LaunchTemplateName": "web", "LaunchTemplateData": {"InstanceType": "t3.micro"}}
    error = client.refused("CreateLaunchTemplate", **template, TagSpecifications=[{"ResourceType": "launch-template"}])
    assert (error.code, error.message) == ("InvalidTagKey.Malformed", "Tag specification must have at least one tag")
    error = client.refused("CreateTags", Resources=[make_vpc(client)], Tags=[{"Key": "", "Value": "x"}])
    assert error.message == "Value ( '' ) for parameter Tag key is invalid. Tag key cannot be null or empty."


def test_a_tag_that_comes_twice_is_one_and_a_key_with_two_values_is_refused(client: Client) -> None:
    vpc_id = make_vpc(client)
    twice = [{"Key": "Name", "Value": "a"}, {"Key": "Owner", "Value": "b"}, {"Key": "Name", "Value": "a"}]
    client("CreateTags", Resources=[vpc_id], Tags=twice)
    assert listed(client, resource_type="vpc") == [("vpc", "Name", "a"), ("vpc", "Owner", "b")]
    error = client.refused("CreateTags", Resources=[vpc_id], Tags=[*twice, {"Key": "Name", "Value": "c"}])
    assert (error.code, error.message) == ("InvalidParameterValue", "Duplicate tag key 'Name' specified.")
    on_creation = [{"ResourceType": "vpc", "Tags": twice}]
    error = client.refused("CreateVpc", CidrBlock="10.21.0.0/16", TagSpecifications=on_creation)
    assert error.message == "Duplicate tag key 'Name' specified."


def test_tags_are_listed_by_filter(client: Client) -> None:
    vpc_id = make_vpc(client, TagSpecifications=specification("vpc", Name="a", Owner="TeamA"))
    make_subnet(client, vpc_id, TagSpecifications=specification("subnet", Name="b"))
    assert listed(client, resource_type="vpc") == [("vpc", "Name", "a"), ("vpc", "Owner", "TeamA")]
    assert listed(client, key="Name", value="b") == [("subnet", "Name", "b")]
    assert listed(client, value="Team*") == [("vpc", "Owner", "TeamA")]
    rows = client("DescribeTags", Filters=named("tag:Owner", "TeamA", "TeamB"))["Tags"]
    assert [(row["ResourceId"], row["Key"]) for row in rows] == [(vpc_id, "Owner")]
    assert client.refused("DescribeTags", Filters=named("vpc-id", vpc_id)).code == "InvalidParameterValue"


def test_a_long_listing_of_tags_comes_in_pages(client: Client) -> None:
    vpc_id = make_vpc(client, TagSpecifications=specification("vpc", **{f"k{n:02}": "v" for n in range(12)}))
    keys, token = [], None
    while True:
        page = client("DescribeTags", Filters=where(resource_id=vpc_id), MaxResults=5, NextToken=token)
        keys.append([row["Key"] for row in page["Tags"]])
        token = page.get("NextToken")
        if token is None:
            break
    assert [len(page) for page in keys] == [5, 5, 2]
    assert [key for page in keys for key in page] == [f"k{n:02}" for n in range(12)]


def test_untagged_resources_of_the_older_kinds_have_no_tags_at_all_and_others_an_empty_list(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet = client("CreateSubnet", VpcId=vpc_id, CidrBlock="10.20.0.0/24")["Subnet"]
    assert subnet["Tags"] == []
    subnet_id = subnet["SubnetId"]
    client("RunInstances", ImageId=IMAGE, MinCount=1, MaxCount=1, SubnetId=subnet_id)
    client("CreateInternetGateway")
    client("CreateLaunchTemplate", LaunchTemplateName="plain", LaunchTemplateData={"InstanceType": "t3.micro"})
    volume = client("CreateVolume", AvailabilityZone=f"{client.region}a", Size=1)
    snapshot = client("CreateSnapshot", VolumeId=volume["VolumeId"])
    assert (volume["Tags"], snapshot["Tags"]) == ([], [])
    described: tuple[tuple[str, dict[str, Any]], ...] = (
        ("Vpcs", {}),
        ("Subnets", {}),
        ("SecurityGroups", {}),
        ("Volumes", {}),
        ("Images", {"Owners": ["amazon"]}),
        ("Snapshots", {"OwnerIds": ["self"]}),
        ("LaunchTemplates", {}),  # as Ansible's target ec2_launch_template has it
        ("InternetGateways", {}),
        ("RouteTables", {}),
    )
    seen = {rows: client(f"Describe{rows}", **of)[rows][0]["Tags"] for rows, of in described}
    assert [rows for rows, tags in seen.items() if tags == []] == ["InternetGateways", "RouteTables"]
    assert [rows for rows, tags in seen.items() if tags is None] == [rows for rows, _ in described[:7]]
    [reservation] = client("DescribeInstances")["Reservations"]
    assert reservation["Instances"][0]["Tags"] is None
