"""Placement groups, tenancy, and the CPU credits of instances."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_subnet, make_vpc, named, specification
from ..conftest import Client
from .test_run_instances import described, refused, run


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client))


def make(client: Client, name: str = "group", **request: Any) -> dict[str, Any]:
    made: dict[str, Any] = client("CreatePlacementGroup", GroupName=name, **({"Strategy": "spread"} | request))
    group: dict[str, Any] = made["PlacementGroup"]
    return group


def test_a_group_is_found_by_name_id_and_filter(client: Client) -> None:
    group = make(client, TagSpecifications=specification("placement-group", a="b"))
    make(client, "other", Strategy="partition", PartitionCount=3)
    assert (group["State"], group["SpreadLevel"]) == ("available", "rack")
    assert group["GroupArn"].endswith(":placement-group/group")
    for request in (
        {"GroupNames": ["group"]},
        {"GroupIds": [group["GroupId"]]},
        {"Filters": named("strategy", "spread")},
        {"Filters": named("tag:a", "b")},
    ):
        (found,) = client("DescribePlacementGroups", **request)["PlacementGroups"]
        assert found == group
    client("DeletePlacementGroup", GroupName="group")
    error = client.refused("DeletePlacementGroup", GroupName="group")
    assert (error.code, error.message) == (
        "InvalidPlacementGroup.Unknown",
        "The Placement Group 'group' is unknown.",
    )


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"GroupName": "group"}, "InvalidPlacementGroup.Duplicate"),
        ({"GroupName": "ä"}, "InvalidParameterValue"),
        ({"GroupName": "a" * 256}, "InvalidParameterValue"),
        ({"GroupName": ""}, "MissingParameter"),
        ({"Strategy": None}, "MissingParameter"),
        ({"Strategy": "precision-time"}, "InvalidParameterValue"),
        ({"PartitionCount": 2}, "InvalidParameterCombination"),
        ({"Strategy": "partition", "PartitionCount": 8}, "InvalidParameterValue"),
        ({"SpreadLevel": "host"}, "InvalidParameterValue"),
        ({"Strategy": "cluster", "SpreadLevel": "rack"}, "InvalidParameterCombination"),
    ],
)
def test_what_is_no_group(client: Client, request_: dict[str, Any], code: str) -> None:
    make(client)
    request: dict[str, Any] = {"GroupName": "new", "Strategy": "spread"} | request_
    assert client.refused("CreatePlacementGroup", **request).code == code


def test_instances_are_spread_over_partitions(client: Client, subnet_id: str) -> None:
    group = make(client, Strategy="partition", PartitionCount=2)
    placed = [run(client, subnet_id, Placement={"GroupName": "group"})[0] for _ in range(3)]
    assert [each["Placement"]["PartitionNumber"] for each in placed] == [1, 2, 1]
    (chosen,) = run(client, subnet_id, Placement={"GroupId": group["GroupId"], "PartitionNumber": 2})
    assert chosen["Placement"]["GroupName"] == "group"
    found = client("DescribeInstances", Filters=named("placement-partition-number", "2"))["Reservations"]
    assert len(found) == 2
    found = client("DescribeInstances", Filters=named("placement-group-name", "group"))["Reservations"]
    assert len(found) == 4
    assert client.refused("DeletePlacementGroup", GroupName="group").code == "InvalidPlacementGroup.InUse"
    client("TerminateInstances", InstanceIds=[each["InstanceId"] for each in (*placed, chosen)])
    client("DeletePlacementGroup", GroupName="group")


@pytest.mark.parametrize(
    ("placement", "code"),
    [
        ({"GroupName": "nobody"}, "InvalidPlacementGroup.Unknown"),
        ({"GroupId": "pg-00000000000000001"}, "InvalidPlacementGroup.Unknown"),
        ({"GroupName": "group", "GroupId": "pg-00000000000000001"}, "InvalidParameterCombination"),
        ({"GroupName": "cluster"}, "InvalidParameterCombination"),
        ({"GroupName": "group", "Tenancy": "dedicated"}, "InvalidParameterCombination"),
        ({"GroupName": "group", "PartitionNumber": 1}, "InvalidParameterCombination"),
        ({"GroupName": "partition", "PartitionNumber": 3}, "InvalidParameterValue"),
        ({"Tenancy": "host"}, "UnsupportedOperation"),
        ({"HostId": "h-00000000000000001"}, "UnsupportedOperation"),
        ({"Affinity": "host"}, "UnsupportedOperation"),
    ],
)
def test_where_no_instance_is_placed(client: Client, subnet_id: str, placement: dict[str, Any], code: str) -> None:
    make(client)
    make(client, "cluster", Strategy="cluster")
    make(client, "partition", Strategy="partition")
    assert refused(client, subnet_id, Placement=placement).code == code


def test_dedicated_tenancy_is_the_instances_or_its_vpcs(client: Client, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id, Placement={"Tenancy": "dedicated"})
    assert instance["Placement"]["Tenancy"] == "dedicated"
    vpc_id = make_vpc(client, "10.30.0.0/16", InstanceTenancy="dedicated")
    (of_vpc,) = run(client, make_subnet(client, vpc_id, "10.30.0.0/20"), Placement={"Tenancy": "default"})
    assert of_vpc["Placement"]["Tenancy"] == "dedicated"
    found = client("DescribeInstances", Filters=named("tenancy", "dedicated"))["Reservations"]
    assert len(found) == 2


def test_a_stopped_instance_changes_its_place(client: Client, subnet_id: str) -> None:
    make(client)
    instance_id = run(client, subnet_id)[0]["InstanceId"]
    request = {"InstanceId": instance_id, "GroupName": "group"}
    assert client.refused("ModifyInstancePlacement", **request).code == "IncorrectInstanceState"
    client("StopInstances", InstanceIds=[instance_id])
    assert client("ModifyInstancePlacement", **request)["Return"] is True
    assert described(client, instance_id)[0]["Placement"]["GroupName"] == "group"
    error = client.refused("ModifyInstancePlacement", InstanceId=instance_id, Tenancy="dedicated")
    assert error.code == "InvalidParameterCombination", "it is in a spread group"
    client("ModifyInstancePlacement", InstanceId=instance_id, GroupName="", Tenancy="dedicated")
    placement = described(client, instance_id)[0]["Placement"]
    assert (placement["GroupName"], placement["Tenancy"]) == ("", "dedicated")
    assert client.refused("ModifyInstancePlacement", InstanceId=instance_id).code == "MissingParameter"


def test_cpu_credits_are_changed_one_by_one(client: Client, subnet_id: str) -> None:
    instance_id = run(client, subnet_id, InstanceType="t3.micro")[0]["InstanceId"]
    wanted = [
        {"InstanceId": instance_id, "CpuCredits": "standard"},
        {"InstanceId": "i-00000000000000001", "CpuCredits": "standard"},
    ]
    answer = client("ModifyInstanceCreditSpecification", InstanceCreditSpecifications=wanted)
    assert answer["SuccessfulInstanceCreditSpecifications"] == [{"InstanceId": instance_id}]
    (failed,) = answer["UnsuccessfulInstanceCreditSpecifications"]
    assert failed["Error"]["Code"] == "InvalidInstanceID.NotFound"
    shown = client("DescribeInstanceCreditSpecifications", InstanceIds=[instance_id])
    assert shown["InstanceCreditSpecifications"] == [{"InstanceId": instance_id, "CpuCredits": "standard"}]
