"""What all Describe actions share: ids, filters, visibility, DryRun."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest

from ..build import make_subnet, make_vpc, named, specification, where
from ..conftest import OTHER, Client
from ..documented import documented_filters

As = Callable[..., Client]

DESCRIBED = (
    "DescribeAvailabilityZones",
    "DescribeDhcpOptions",
    "DescribeInternetGateways",
    "DescribeNetworkAcls",
    "DescribeRegions",
    "DescribeRouteTables",
    "DescribeSubnets",
    "DescribeTags",
    "DescribeVpcs",
)


@pytest.mark.parametrize("action", DESCRIBED)
def test_every_filter_that_aws_documents_is_known(client: Client, action: str) -> None:
    make_subnet(client, make_vpc(client))
    names = documented_filters(action)
    assert len(names) >= 3
    for name in names:
        client(action, Filters=named(name, "no such value"))


@pytest.mark.parametrize("action", DESCRIBED)
def test_a_filter_that_nobody_documents_is_refused(client: Client, action: str) -> None:
    error = client.refused(action, Filters=named("colour", "blue"))
    assert (error.code, error.message, error.status) == (
        "InvalidParameterValue",
        "The filter 'colour' is invalid",
        400,
    )


def vpcs(client: Client, *filters: list[dict[str, object]]) -> set[str]:
    found = client("DescribeVpcs", Filters=list(chain(*filters)))["Vpcs"]
    return {vpc["CidrBlock"] for vpc in found}


@pytest.fixture
def three(client: Client) -> Client:
    make_vpc(client, "10.1.0.0/16", TagSpecifications=specification("vpc", Name="web-a", Owner="TeamA"))
    make_vpc(client, "10.2.0.0/16", TagSpecifications=specification("vpc", Name="web*b", Owner="TeamB"))
    make_vpc(client, "10.3.0.0/16", TagSpecifications=specification("vpc", Name="DB"))
    return client


def test_values_are_alternatives_and_filters_add_up(three: Client) -> None:
    either = named("cidr", "10.1.0.0/16", "10.3.0.0/16")
    assert vpcs(three, either) == {"10.1.0.0/16", "10.3.0.0/16"}
    assert vpcs(three, either, named("tag:Owner", "TeamA")) == {"10.1.0.0/16"}
    assert vpcs(three, either, named("tag:Owner", "TeamB")) == set()


def test_stars_and_question_marks_are_wildcards_unless_escaped(three: Client) -> None:
    assert vpcs(three, named("tag:Name", "web*")) == {"10.1.0.0/16", "10.2.0.0/16"}
    assert vpcs(three, named("tag:Name", "web-?")) == {"10.1.0.0/16"}
    assert vpcs(three, named("tag:Name", "web\\*b")) == {"10.2.0.0/16"}
    assert vpcs(three, named("tag:Name", "web")) == set()


def test_filters_are_case_sensitive(three: Client) -> None:
    assert vpcs(three, named("tag:Name", "db")) == set()
    assert vpcs(three, named("tag:Name", "DB")) == {"10.3.0.0/16"}


def test_tag_keys_and_booleans_can_be_filtered(three: Client) -> None:
    assert vpcs(three, named("tag-key", "Owner")) == {"10.1.0.0/16", "10.2.0.0/16"}
    assert vpcs(three, named("is-default", "true")) == set()
    assert len(vpcs(three, named("is-default", "false"))) == 3


def test_ids_are_answered_once_each_and_all_must_exist(three: Client) -> None:
    ids = [vpc["VpcId"] for vpc in three("DescribeVpcs")["Vpcs"]]
    again = three("DescribeVpcs", VpcIds=[ids[2], ids[0], ids[2]])["Vpcs"]
    assert [vpc["VpcId"] for vpc in again] == [ids[0], ids[2]]
    unknown = ["vpc-00000000000000001", "vpc-00000000000000002"]
    error = three.refused("DescribeVpcs", VpcIds=[ids[0], *unknown])
    assert (error.code, error.message) == (
        "InvalidVpcID.NotFound",
        f"The vpc IDs '{', '.join(unknown)}' do not exist",
    )
    assert three.refused("DescribeVpcs", VpcIds=["vpc-1"]).code == "InvalidVpcId.Malformed"


@pytest.mark.parametrize(
    ("group_id", "message"),
    [("web", 'Invalid id: "web" (expecting "sg-...")'), ("sg-web", 'Invalid id: "sg-web"')],
    ids=["no prefix", "no hexadecimal digits"],
)
def test_an_id_that_is_none_is_refused_before_anything_is_looked_up(
    client: Client, group_id: str, message: str
) -> None:
    error = client.refused("DescribeSecurityGroups", GroupIds=[group_id])
    assert (error.code, error.message) == ("InvalidGroupId.Malformed", message)


def test_filters_apply_to_ids_too(three: Client) -> None:
    ids = [vpc["VpcId"] for vpc in three("DescribeVpcs")["Vpcs"]]
    found = three("DescribeVpcs", VpcIds=ids, Filters=where(cidr="10.2.0.0/16"))["Vpcs"]
    assert [vpc["CidrBlock"] for vpc in found] == ["10.2.0.0/16"]


@pytest.mark.parametrize(
    "action",
    [
        "DescribeInternetGateways",
        "DescribeNetworkAcls",
        "DescribeRouteTables",
        "DescribeSubnets",
        "DescribeTags",
        "DescribeVpcs",
    ],
)
def test_another_account_sees_nothing_of_ours(three: Client, as_account: As, action: str) -> None:
    found = as_account(OTHER)(action)
    assert all(not value for value in found.values())


@pytest.mark.parametrize(
    ("action", "parameters"),
    [("CreateVpc", {"CidrBlock": "10.20.0.0/16"}), ("CreateInternetGateway", {}), ("DescribeVpcs", {})],
)
def test_a_dry_run_says_that_it_would_work_and_does_nothing(
    client: Client, action: str, parameters: dict[str, str]
) -> None:
    error = client.refused(action, DryRun=True, **parameters)
    assert (error.code, error.status) == ("DryRunOperation", 412)


def test_a_dry_run_of_what_would_fail_fails(client: Client) -> None:
    assert client.refused("DeleteVpc", VpcId="vpc-00000000000000001", DryRun=True).code == "InvalidVpcID.NotFound"


@pytest.mark.parametrize(
    ("action", "member", "an_id", "name"),
    [
        ("DescribeInstances", "InstanceIds", "i-00000000000000001", "instancesSet"),
        ("DescribeVolumes", "VolumeIds", "vol-00000000000000001", "volumeSet"),
    ],
)
def test_what_is_asked_for_by_id_does_not_come_in_pages(
    client: Client, action: str, member: str, an_id: str, name: str
) -> None:
    asked: dict[str, Any] = {member: [an_id], "MaxResults": 5}
    error = client.refused(action, **asked)
    assert (error.code, error.message) == (
        "InvalidParameterCombination",
        f"The parameter {name} cannot be used with the parameter maxResults",
    )
