"""Network interfaces as their users see them."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import INTERFACES_PER_REGION

from ..build import make_subnet, make_vpc, named, specification, tags
from ..conftest import MAIN, TOKYO, Client, give_quota
from .test_run_instances import IMAGE, described, run
from .test_security_group import make_group


@pytest.fixture
def vpc_id(client: Client) -> str:
    return make_vpc(client)


@pytest.fixture
def subnet_id(client: Client, vpc_id: str) -> str:
    return make_subnet(client, vpc_id)


def make(client: Client, subnet_id: str, **more: Any) -> dict[str, Any]:
    made = client("CreateNetworkInterface", SubnetId=subnet_id, **more)["NetworkInterface"]
    return one(client, made["NetworkInterfaceId"])


def one(client: Client, interface_id: str) -> dict[str, Any]:
    interface: dict[str, Any]
    (interface,) = client("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    return interface


def test_an_interface_has_a_place_an_address_and_the_default_group(client: Client, vpc_id: str, subnet_id: str) -> None:
    interface = make(
        client, subnet_id, Description="spare", TagSpecifications=specification("network-interface", Name="n")
    )
    assert interface["Status"] == "available"
    assert (interface["VpcId"], interface["SubnetId"], interface["OwnerId"]) == (vpc_id, subnet_id, MAIN)
    assert interface["AvailabilityZone"] == f"{TOKYO}a"
    assert interface["Description"] == "spare"
    assert interface["TagSet"] == tags(Name="n")
    assert interface["Groups"][0]["GroupName"] == "default"
    assert interface["SourceDestCheck"] is True
    assert interface["PrivateIpAddresses"][0]["Primary"] is True
    assert interface["Attachment"] is None


def test_several_addresses_of_which_the_first_is_primary(client: Client, subnet_id: str) -> None:
    entries = [{"PrivateIpAddress": "10.20.0.9", "Primary": False}, {"PrivateIpAddress": "10.20.0.8", "Primary": True}]
    interface = make(client, subnet_id, PrivateIpAddresses=entries)
    assert interface["PrivateIpAddress"] == "10.20.0.8"
    assert [row["PrivateIpAddress"] for row in interface["PrivateIpAddresses"]] == ["10.20.0.8", "10.20.0.9"]
    said: dict[str, Any]
    for said in ({}, {"Primary": False}):
        interface = make(client, subnet_id, PrivateIpAddresses=[{"PrivateIpAddress": "10.20.0.11"} | said])
        assert [row["PrivateIpAddress"] for row in interface["PrivateIpAddresses"]] == [
            interface["PrivateIpAddress"],
            "10.20.0.11",
        ]
        client("DeleteNetworkInterface", NetworkInterfaceId=interface["NetworkInterfaceId"])
    counted = make(client, subnet_id, SecondaryPrivateIpAddressCount=2)
    assert len(counted["PrivateIpAddresses"]) == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SubnetId": "subnet-00000000000000001"}, "InvalidSubnetID.NotFound"),
        ({"Groups": ["sg-00000000000000001"]}, "InvalidGroup.NotFound"),
        ({"PrivateIpAddresses": [{"PrivateIpAddress": f"10.20.0.{n}", "Primary": True} for n in (4, 5)]},
         "InvalidParameterCombination"),
        ({"PrivateIpAddress": "10.20.0.0"}, "InvalidParameterValue"),
        ({"SecondaryPrivateIpAddressCount": 50}, "PrivateIpAddressLimitExceeded"),
        ({"SecondaryPrivateIpAddressCount": -1}, "InvalidParameterValue"),
        ({"Ipv6PrefixCount": 1}, "InvalidParameterValue"),
        ({"ConnectionTrackingSpecification": {"UdpTimeout": 60}}, "UnsupportedOperation"),
    ],
)  # fmt: skip
def test_an_interface_that_cannot_be_made(client: Client, subnet_id: str, changes: dict[str, Any], code: str) -> None:
    request: dict[str, Any] = {"SubnetId": subnet_id} | changes
    assert client.refused("CreateNetworkInterface", **request).code == code


def test_a_region_has_room_for_so_many(client: Client, subnet_id: str) -> None:
    give_quota(client.service, INTERFACES_PER_REGION, 2)
    make(client, subnet_id)
    launch: dict[str, Any] = {"ImageId": IMAGE, "InstanceType": "t2.micro", "MinCount": 2, "MaxCount": 2}
    error = client.refused("RunInstances", **launch, SubnetId=subnet_id)
    assert error.code == "NetworkInterfaceLimitExceeded"
    make(client, subnet_id)
    assert client.refused("CreateNetworkInterface", SubnetId=subnet_id).code == "NetworkInterfaceLimitExceeded"


def test_at_most_five_groups(client: Client, vpc_id: str, subnet_id: str) -> None:
    groups = [make_group(client, vpc_id, f"g{index}") for index in range(6)]
    assert len(make(client, subnet_id, Groups=groups[:5])["Groups"]) == 5
    error = client.refused("CreateNetworkInterface", SubnetId=subnet_id, Groups=groups)
    assert error.code == "SecurityGroupsPerInterfaceLimitExceeded"


def test_attributes_change_one_at_a_time(client: Client, vpc_id: str, subnet_id: str) -> None:
    interface_id, group_id = make(client, subnet_id)["NetworkInterfaceId"], make_group(client, vpc_id)
    this = {"NetworkInterfaceId": interface_id}
    client("ModifyNetworkInterfaceAttribute", **this, Description={"Value": "new"})
    client("ModifyNetworkInterfaceAttribute", **this, SourceDestCheck={"Value": False})
    client("ModifyNetworkInterfaceAttribute", **this, Groups=[group_id])
    interface = one(client, interface_id)
    assert (interface["Description"], interface["SourceDestCheck"]) == ("new", False)
    assert interface["Groups"] == [{"GroupId": group_id, "GroupName": "web"}]
    shown = client("DescribeNetworkInterfaceAttribute", **this, Attribute="sourceDestCheck")
    assert shown == {"NetworkInterfaceId": interface_id, "SourceDestCheck": {"Value": False}}
    both = client.refused(
        "ModifyNetworkInterfaceAttribute", **this, Description={"Value": "x"}, SourceDestCheck={"Value": True}
    )
    assert both.code == "InvalidParameterCombination"
    assert client.refused("ModifyNetworkInterfaceAttribute", **this).message == "No attributes specified."


def test_the_attributes_of_an_instance_are_those_of_its_interface(client: Client, vpc_id: str, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id)
    this, group_id = {"InstanceId": instance["InstanceId"]}, make_group(client, vpc_id)
    client("ModifyInstanceAttribute", **this, SourceDestCheck={"Value": False})
    client("ModifyInstanceAttribute", **this, Groups=[group_id])
    (after,) = described(client, instance["InstanceId"])
    assert after["SourceDestCheck"] is False
    assert after["SecurityGroups"] == [{"GroupId": group_id, "GroupName": "web"}]
    assert after["NetworkInterfaces"][0]["Groups"] == after["SecurityGroups"]
    for attribute, member, value in (
        ("sourceDestCheck", "SourceDestCheck", {"Value": False}),
        ("groupSet", "Groups", after["SecurityGroups"]),
        ("disableApiTermination", "DisableApiTermination", {"Value": False}),
        ("disableApiStop", "DisableApiStop", {"Value": False}),
        ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior", {"Value": "stop"}),
        ("instanceType", "InstanceType", {"Value": "t2.micro"}),
        ("userData", "UserData", {}),
    ):
        assert client("DescribeInstanceAttribute", **this, Attribute=attribute)[member] == value


def test_the_type_changes_while_the_instance_is_stopped(client: Client, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id)
    this = {"InstanceId": instance["InstanceId"]}
    wanted: dict[str, Any] = {"InstanceType": {"Value": "t3.small"}}
    assert client.refused("ModifyInstanceAttribute", **this, **wanted).code == "IncorrectInstanceState"
    client("StopInstances", InstanceIds=[instance["InstanceId"]])
    client("ModifyInstanceAttribute", **this, **wanted)
    assert described(client, instance["InstanceId"])[0]["InstanceType"] == "t3.small"
    (credits_,) = client("DescribeInstanceCreditSpecifications", InstanceIds=[instance["InstanceId"]])[
        "InstanceCreditSpecifications"
    ]
    assert credits_ == {"InstanceId": instance["InstanceId"], "CpuCredits": "unlimited"}


@pytest.mark.parametrize(
    "name",
    [
        "private-ip-address",
        "network-interface.addresses.private-ip-address",
        "subnet-id",
        "vpc-id",
        "network-interface.subnet-id",
        "image-id",
        "instance-type",
        "availability-zone",
        "launch-time",
    ],
)
def test_filters_find_the_instance_by_what_it_shows(client: Client, subnet_id: str, name: str) -> None:
    (instance,) = run(client, subnet_id)
    values = {
        "private-ip-address": instance["PrivateIpAddress"],
        "network-interface.addresses.private-ip-address": instance["PrivateIpAddress"],
        "subnet-id": subnet_id,
        "vpc-id": instance["VpcId"],
        "network-interface.subnet-id": subnet_id,
        "image-id": instance["ImageId"],
        "instance-type": "t2.*",
        "availability-zone": instance["Placement"]["AvailabilityZone"],
        "launch-time": "2026-11-22T09:30:00.000Z",
    }
    assert client("DescribeInstances", Filters=named(name, values[name]))["Reservations"]
    assert not client("DescribeInstances", Filters=named(name, "something else"))["Reservations"]


def test_images_and_types_can_be_looked_up(client: Client) -> None:
    names = named("name", "al2023-ami-2023.*-kernel-6.1-x86_64")
    (image,) = client("DescribeImages", Owners=["amazon"], Filters=names)["Images"]
    assert image["OwnerId"] == "137112412989"
    assert client("DescribeImages", Owners=["self"])["Images"] == []
    assert client("DescribeImages", ImageIds=[image["ImageId"]])["Images"] == [image]
    assert client.refused("DescribeImages", ImageIds=["ami-00000000000000001"]).code == "InvalidAMIID.NotFound"
    (kind,) = client("DescribeInstanceTypes", InstanceTypes=["t2.micro"])["InstanceTypes"]
    assert (kind["VCpuInfo"]["DefaultVCpus"], kind["MemoryInfo"]["SizeInMiB"]) == (1, 1024)
    assert client.refused("DescribeInstanceTypes", InstanceTypes=["x"]).code == "InvalidInstanceType"
    offered = client(
        "DescribeInstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=named("instance-type", "t2.micro"),
    )["InstanceTypeOfferings"]
    assert [row["Location"] for row in offered] == [f"{TOKYO}{letter}" for letter in "acd"]


def test_addresses_are_counted_before_they_are_made(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    error = client.refused("CreateNetworkInterface", SubnetId=subnet_id, SecondaryPrivateIpAddressCount=2**31 - 1)
    assert error.code == "PrivateIpAddressLimitExceeded"
    secondaries = [{"PrivateIpAddress": f"10.20.0.{last}", "Primary": False} for last in (8, 9)]
    interface = {"DeviceIndex": 0, "SubnetId": subnet_id, "PrivateIpAddresses": secondaries}
    for primary in ({}, {"PrivateIpAddress": "10.20.0.7"}):
        launch: dict[str, Any] = {"ImageId": IMAGE, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1}
        error = client.refused("RunInstances", **launch, NetworkInterfaces=[interface | primary])
        assert error.message == "Number of private addresses will exceed limit."
