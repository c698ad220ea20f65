"""Each way in which calls name a thing: whichever it is, what policies say of the thing holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.service import Service

from ...build import make_vpc
from ...conftest import TOKYO
from ...policies import code_of, give
from ...users import As
from .launching import HERE, image_id, launch

RULE = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]

Made = tuple[str, Mapping[str, Any]]
"""The ARN of what was made, and what names it in the ways there are."""


def _tags(owner: As, resource_id: str) -> None:
    owner("CreateTags", Resources=[resource_id], Tags=[{"Key": "stage", "Value": "live"}])


def _group(owner: As) -> Made:
    group_id = owner("CreateSecurityGroup", GroupName="web", Description="x")["GroupId"]
    _tags(owner, group_id)
    return f"{HERE}:security-group/{group_id}", {"by id": {"GroupId": group_id}, "by name": {"GroupName": "web"}}


def _address(owner: As) -> Made:
    made = owner("AllocateAddress")
    _tags(owner, made["AllocationId"])
    instance_id = owner("RunInstances", **launch(owner))["Instances"][0]["InstanceId"]
    ways = {
        "by id": {"AllocationId": made["AllocationId"]},
        "by address": {"PublicIp": made["PublicIp"]},
        "by id, for": {"AllocationId": made["AllocationId"], "InstanceId": instance_id},
        "by address, for": {"PublicIp": made["PublicIp"], "InstanceId": instance_id},
    }
    return f"{HERE}:elastic-ip/{made['AllocationId']}", ways


def _volume(owner: As) -> Made:
    instance_id = owner("RunInstances", **launch(owner))["Instances"][0]["InstanceId"]
    (volume,) = owner("DescribeVolumes")["Volumes"]
    _tags(owner, volume["VolumeId"])
    ways = {
        "by id": {"VolumeId": volume["VolumeId"]},
        "by instance": {"InstanceSpecification": {"InstanceId": instance_id}},
    }
    return f"{HERE}:volume/{volume['VolumeId']}", ways


def _snapshot(owner: As) -> Made:
    zone = owner("DescribeAvailabilityZones")["AvailabilityZones"][0]["ZoneName"]
    volume_id = owner("CreateVolume", AvailabilityZone=zone, Size=8)["VolumeId"]
    snapshot_id = owner("CreateSnapshot", VolumeId=volume_id)["SnapshotId"]
    _tags(owner, snapshot_id)
    mappings = [{"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": snapshot_id}}]
    data = {"BlockDeviceMappings": mappings, "ImageId": image_id(owner), "InstanceType": "t3.micro"}
    owner("CreateLaunchTemplate", LaunchTemplateName="disks", LaunchTemplateData=data)
    ways = {
        "by id": {"SnapshotId": snapshot_id},
        "by launch": launch(owner, BlockDeviceMappings=mappings),
        "by template": {"LaunchTemplate": {"LaunchTemplateName": "disks"}, "MinCount": 1, "MaxCount": 1},
    }
    return f"arn:aws:ec2:{TOKYO}::snapshot/{snapshot_id}", ways


def _root(owner: As) -> Made:
    """A snapshot that an image can be of."""
    snapshot_id = owner("CopyImage", SourceImageId=image_id(owner), SourceRegion=TOKYO, Name="copy")["ImageId"]
    (found,) = owner("DescribeImages", ImageIds=[snapshot_id])["Images"]
    snapshot_id = found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    _tags(owner, snapshot_id)
    mappings = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}]
    way = {"Name": "made", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": mappings}
    return f"arn:aws:ec2:{TOKYO}::snapshot/{snapshot_id}", {"by image": way}


def _template(owner: As) -> Made:
    made = owner("CreateLaunchTemplate", LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro"})
    template_id = made["LaunchTemplate"]["LaunchTemplateId"]
    _tags(owner, template_id)
    ways = {"by id": {"LaunchTemplateId": template_id}, "by name": {"LaunchTemplateName": "web"}}
    return f"{HERE}:launch-template/{template_id}", ways


@pytest.mark.parametrize(
    ("make", "way", "action", "more"),
    [
        *((_group, way, "DeleteSecurityGroup", {}) for way in ("by id", "by name")),
        *((_group, way, "AuthorizeSecurityGroupIngress", {"IpPermissions": RULE}) for way in ("by id", "by name")),
        *((_address, way, "ReleaseAddress", {}) for way in ("by id", "by address")),
        *((_address, way, "AssociateAddress", {}) for way in ("by id, for", "by address, for")),
        (_volume, "by id", "CreateSnapshot", {}),
        (_volume, "by instance", "CreateSnapshots", {}),
        (_snapshot, "by id", "DeleteSnapshot", {}),
        (_snapshot, "by launch", "RunInstances", {}),
        (_snapshot, "by template", "RunInstances", {}),
        (_root, "by image", "RegisterImage", {}),
        *((_template, way, "DeleteLaunchTemplate", {}) for way in ("by id", "by name")),
    ],
)  # fmt: skip
def test_what_is_denied_of_a_thing_is_denied_however_it_is_named(
    owner: As, ann: As, make: Callable[[As], Made], way: str, action: str, more: dict[str, Any]
) -> None:
    arn, ways = make(owner)
    asked = {**ways[way], **more}
    give(owner, {})
    usual = code_of(ann, action, **asked)
    assert usual == (
        "InvalidParameterValue" if (action, way) == ("ReleaseAddress", "by address") else "DryRunOperation"
    )
    denied = "UnauthorizedOperation"
    for statement, code in (
        ({"Resource": arn}, denied),
        ({"Condition": {"StringEquals": {"ec2:ResourceTag/stage": "live"}}}, denied),
        ({"Condition": {"StringEquals": {"aws:ResourceTag/stage": "live"}}}, denied),
        ({"Condition": {"StringEquals": {"ec2:ResourceTag/stage": "test"}}}, usual),
    ):
        give(owner, {}, {"Effect": "Deny", **statement})
        assert code_of(ann, action, **asked) == code, statement


def test_what_could_not_be_told_is_nothing_new(service: Service, owner: As, ann: As) -> None:
    """Where an action makes nothing of the type, nobody here knows the tags of what it found by itself."""
    vpc_id = make_vpc(owner)
    row = service.actions["ec2"]["DeleteVpc"]
    service.include({"ec2": {"DeleteVpc": replace(row, resources=lambda ctx, request: [f"{HERE}:vpc/*"])}})
    live = {"StringEquals": {"ec2:ResourceTag/stage": "live"}}
    give(owner, {}, {"Effect": "Deny", "Condition": live})
    assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "UnauthorizedOperation"
    assert code_of(ann, "DeleteVpc", VpcId="vpc-0123456789abcdef0") == "InvalidVpcID.NotFound"
    assert code_of(ann, "CreateVpc", CidrBlock="10.9.0.0/16") == "DryRunOperation"
    give(owner, {"Condition": live})
    assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "UnauthorizedOperation"


def test_who_stays_within_his_account_is_told_what_is_not_there(owner: As, ann: As) -> None:
    """IAM guide, "aws:ResourceAccount": of data perimeters."""
    give(
        owner,
        {},
        {"Effect": "Deny", "Condition": {"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}},
    )
    asked = {"VpcId": "vpc-0123456789abcdef0", "CidrBlock": "10.9.0.0/24"}
    assert code_of(ann, "CreateSubnet", **asked) == "InvalidVpcID.NotFound"
    assert code_of(ann, "CreateSubnet", VpcId=make_vpc(owner), CidrBlock="10.20.0.0/24") == "DryRunOperation"
