"""RunInstances with a launch template: what the two say together."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_subnet, make_vpc, named, specification, tags
from ..conftest import Client
from .test_launch_template import IMAGE, add_version, make
from .test_run_instances import described


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client))


def launch(client: Client, template: dict[str, str], **more: Any) -> dict[str, Any]:
    made = client("RunInstances", MinCount=1, MaxCount=1, LaunchTemplate=template, **more)
    return described(client, made["Instances"][0]["InstanceId"])[0]


def tags_of(row: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in row["Tags"]}


def test_the_template_says_it_all_and_the_instance_tells_which(client: Client, subnet_id: str) -> None:
    group = client("DescribeSecurityGroups")["SecurityGroups"][0]["GroupId"]
    template_id = make(
        client,
        ImageId=IMAGE,
        InstanceType="t3.small",
        UserData="YQ==",
        DisableApiTermination=True,
        MetadataOptions={"HttpTokens": "optional"},
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet_id, "Groups": [group]}],
        TagSpecifications=[*specification("instance", Name="web"), *specification("volume", Disk="root")],
    )
    instance = launch(client, {"LaunchTemplateName": "web"})
    assert (instance["InstanceType"], instance["SubnetId"]) == ("t3.small", subnet_id)
    assert instance["MetadataOptions"]["HttpTokens"] == "optional"
    assert tags_of(instance) == {
        "Name": "web",
        "aws:ec2launchtemplate:id": template_id,
        "aws:ec2launchtemplate:version": "1",
    }
    (volume,) = client("DescribeVolumes", Filters=named("tag:Disk", "root"))["Volumes"]
    assert volume["Attachments"][0]["InstanceId"] == instance["InstanceId"]
    found = client("DescribeInstances", Filters=named("tag:aws:ec2launchtemplate:id", template_id))
    assert found["Reservations"][0]["Instances"][0]["InstanceId"] == instance["InstanceId"]


def test_the_version_is_the_one_that_is_named_else_the_default(client: Client, subnet_id: str) -> None:
    template_id = make(client, ImageId=IMAGE, InstanceType="t3.nano", SubnetId="x")
    add_version(client, template_id, ImageId=IMAGE, InstanceType="t3.micro")
    add_version(client, template_id, ImageId=IMAGE, InstanceType="t3.small")
    client("ModifyLaunchTemplate", LaunchTemplateName="web", DefaultVersion="2")
    for version, kind in ((None, "t3.micro"), ("$Default", "t3.micro"), ("$Latest", "t3.small"), ("1", "t3.nano")):
        named_ = {"LaunchTemplateId": template_id} | ({"Version": version} if version else {})
        assert launch(client, named_, SubnetId=subnet_id)["InstanceType"] == kind
    error = client.refused(
        "RunInstances",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet_id,
        LaunchTemplate={"LaunchTemplateId": template_id, "Version": "4"},
    )
    assert (error.code, error.message) == (
        "InvalidLaunchTemplateId.VersionNotFound",
        f"Could not find the specified version 4 for the launch template with ID {template_id}.",
    )


def test_the_request_has_the_last_word(client: Client, subnet_id: str) -> None:
    vpc_id = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"][0]["VpcId"]
    group = client("CreateSecurityGroup", GroupName="g", Description="g", VpcId=vpc_id)["GroupId"]
    make(
        client,
        ImageId=IMAGE,
        InstanceType="t3.small",
        SecurityGroups=["default"],
        MetadataOptions={"HttpTokens": "optional", "HttpPutResponseHopLimit": 3},
        Placement={"AvailabilityZone": "ap-northeast-1a"},
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}},
        ],
        TagSpecifications=specification("instance", Name="of the template", Team="a"),
    )
    instance = launch(
        client,
        {"LaunchTemplateName": "web"},
        InstanceType="t3.micro",
        SubnetId=subnet_id,
        SecurityGroupIds=[group],
        MetadataOptions={"HttpTokens": "required"},
        Placement={"AvailabilityZone": ""},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30}}],
        TagSpecifications=specification("instance", Name="of the request"),
    )
    assert instance["InstanceType"] == "t3.micro"
    assert [each["GroupId"] for each in instance["SecurityGroups"]] == [group]
    options = instance["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 3)
    volumes = client("DescribeVolumes")["Volumes"]
    assert {(row["Attachments"][0]["Device"], row["Size"]) for row in volumes} == {("/dev/xvda", 30), ("/dev/sdf", 5)}
    seen = tags_of(instance)
    assert (seen["Name"], seen["Team"]) == ("of the request", "a")


def test_what_a_template_says_wrong_the_launch_tells(client: Client, subnet_id: str) -> None:
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"InstanceType": "t3.micro"}, "MissingParameter"),
        ({"ImageId": IMAGE, "InstanceType": "t99.huge"}, "InvalidParameterValue"),
        ({"ImageId": IMAGE, "SecurityGroupIds": ["sg-00000000000000001"]}, "InvalidGroup.NotFound"),
        ({"ImageId": IMAGE, "RamDiskId": "ari-1"}, "UnsupportedOperation"),
        (
            {"ImageId": IMAGE, "InstanceRequirements": {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}},
            "UnsupportedOperation",
        ),
        ({"ImageId": IMAGE, "NetworkInterfaces": [{"DeviceIndex": 0}]}, "InvalidParameterCombination"),
    )
    for number, (data, code) in enumerate(wrong):
        make(client, f"template-{number}", **data)
        error = client.refused(
            "RunInstances",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet_id,
            LaunchTemplate={"LaunchTemplateName": f"template-{number}"},
        )
        assert error.code == code, data


def test_aws_s_tags_stay_and_do_not_count(client: Client, subnet_id: str) -> None:
    make(client, ImageId=IMAGE, InstanceType="t3.micro")
    instance_id = launch(client, {"LaunchTemplateName": "web"}, SubnetId=subnet_id)["InstanceId"]
    client("CreateTags", Resources=[instance_id], Tags=tags(**{f"key{number}": "" for number in range(50)}))
    client("DeleteTags", Resources=[instance_id])
    (left,) = described(client, instance_id)
    assert sorted(tags_of(left)) == ["aws:ec2launchtemplate:id", "aws:ec2launchtemplate:version"]


def test_a_place_that_is_named_another_way_is_the_requests(client: Client, subnet_id: str) -> None:
    group = client("CreatePlacementGroup", GroupName="one", Strategy="spread")["PlacementGroup"]["GroupId"]
    client("CreatePlacementGroup", GroupName="two", Strategy="spread")
    make(client, ImageId=IMAGE, InstanceType="t3.micro", Placement={"GroupId": group, "Tenancy": "default"})
    template = {"LaunchTemplateName": "web"}
    assert launch(client, template, SubnetId=subnet_id)["Placement"]["GroupName"] == "one"
    other = launch(client, template, SubnetId=subnet_id, Placement={"GroupName": "two"})
    assert other["Placement"]["GroupName"] == "two"
