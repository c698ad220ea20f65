"""What policies are asked about launches: each resource of them, by what it is or will be."""

from __future__ import annotations

from typing import Any

import pytest

from ...build import make_subnet, make_vpc
from ...conftest import MAIN, TOKYO
from ...policies import code_of, give, told_conditions
from ...users import As
from .launching import HERE, image_id, launch, make_profile


@pytest.mark.parametrize(
    ("kind", "condition", "wrong"),
    [
        ("instance", {"StringEquals": {"ec2:InstanceType": "t3.micro"}}, {"InstanceType": "t3.small"}),
        ("instance", {"StringEquals": {"ec2:MetadataHttpTokens": "required"}},
         {"MetadataOptions": {"HttpTokens": "optional"}}),
        ("instance", {"NumericLessThanEquals": {"ec2:MetadataHttpPutResponseHopLimit": "2"}},
         {"MetadataOptions": {"HttpPutResponseHopLimit": 3}}),
        ("instance", {"StringEquals": {"ec2:InstanceID": "*"}, "Null": {"ec2:InstanceProfile": "true"}},
         {"IamInstanceProfile": {"Name": "web"}}),
        ("volume", {"NumericLessThan": {"ec2:VolumeSize": "20"}},
         {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 30}}]}),
        ("volume", {"StringEquals": {"ec2:VolumeType": "gp3"}},
         {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 9, "VolumeType": "gp2"}}]}),
        ("network-interface", {"Bool": {"ec2:AssociatePublicIpAddress": "true"}},
         {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False}]}),
    ],
)  # fmt: skip
def test_what_is_launched_is_judged_by_what_it_will_be(
    owner: As, ann: As, kind: str, condition: dict[str, Any], wrong: dict[str, Any]
) -> None:
    """EC2 guide, "Examples to launch instances": each resource of the launch by itself."""
    make_profile(owner)
    give(
        owner,
        {"Action": "ec2:RunInstances", "NotResource": f"arn:aws:ec2:*:*:{kind}/*"},
        {"Action": "ec2:RunInstances", "Resource": f"arn:aws:ec2:*:*:{kind}/*", "Condition": condition},
        {"Action": "iam:PassRole"},
    )
    assert code_of(ann, "RunInstances", **launch(owner)) == "DryRunOperation"
    error = ann.refused("RunInstances", **launch(owner, **wrong))
    assert f"ec2:RunInstances on resource: {HERE}:{kind}/* because" in error.message


def test_what_a_launch_takes_is_judged_by_what_it_is(owner: As, ann: As) -> None:
    for kind, condition, may in (
        ("image", {"StringEquals": {"ec2:Owner": "amazon"}, "Bool": {"ec2:Public": "true"}}, True),
        ("image", {"StringEquals": {"ec2:Owner": MAIN}}, False),
        ("image", {"StringEquals": {"ec2:ImageType": "machine", "ec2:RootDeviceType": "ebs"}}, True),
        (
            "subnet",
            {"StringLike": {"ec2:AvailabilityZone": f"{TOKYO}?"}, "ArnLike": {"ec2:Vpc": f"{HERE}:vpc/*"}},
            True,
        ),
        ("subnet", {"StringLike": {"ec2:AvailabilityZone": "eu-*"}}, False),
    ):
        give(
            owner,
            {"Action": "ec2:RunInstances", "NotResource": f"arn:aws:ec2:*:*:{kind}/*"},
            {"Action": "ec2:RunInstances", "Resource": f"arn:aws:ec2:*:*:{kind}/*", "Condition": condition},
        )
        expected = "DryRunOperation" if may else "UnauthorizedOperation"
        assert code_of(ann, "RunInstances", **launch(owner)) == expected, condition


def test_a_launch_is_asked_for_the_subnet_and_the_group_that_it_finds_by_itself(owner: As, ann: As) -> None:
    """Who may not use the default ones does not get them by naming none."""
    give(owner, {})
    subnet_id = ann("DescribeSubnets")["Subnets"][0]["SubnetId"]
    zone = ann("DescribeSubnets")["Subnets"][0]["AvailabilityZone"]
    [group] = [each["GroupId"] for each in ann("DescribeSecurityGroups")["SecurityGroups"]]
    asked = launch(owner, Placement={"AvailabilityZone": zone})
    for arn in (f"{HERE}:subnet/{subnet_id}", f"{HERE}:security-group/{group}"):
        give(owner, {}, {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": arn})
        assert f"on resource: {arn} with an explicit deny" in ann.refused("RunInstances", **asked).message


def test_a_new_interface_is_asked_for_beside_one_that_was_there(owner: As, ann: As) -> None:
    subnet_id = make_subnet(owner, make_vpc(owner))
    there = owner("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    both = launch(owner, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": there},
                                            {"DeviceIndex": 1, "SubnetId": subnet_id}])  # fmt: skip
    give(owner, {})
    assert code_of(ann, "RunInstances", **both) == "DryRunOperation"
    for name in ("*", there):
        arn = f"{HERE}:network-interface/{name}"
        exactly = {"StringEquals": {"ec2:NetworkInterfaceID": name}}
        give(owner, {}, {"Effect": "Deny", "Resource": f"{HERE}:network-interface/*", "Condition": exactly})
        assert f"on resource: {arn} with an explicit deny" in ann.refused("RunInstances", **both).message


def test_a_launch_that_cannot_be_says_so_to_whom_may_launch_something(owner: As, ann: As) -> None:
    wrong = launch(owner) | {"ImageId": "ami-0123456789abcdef0"}
    give(owner, {"Action": "ec2:RunInstances", "Condition": {"StringLikeIfExists": {"ec2:InstanceType": "t3.*"}}})
    assert code_of(ann, "RunInstances", **wrong) == "InvalidAMIID.NotFound"
    give(owner, {"Action": "ec2:RunInstances", "Resource": "*"}, {"Effect": "Deny", "Resource": f"{HERE}:instance/*"})
    assert code_of(ann, "RunInstances", **wrong) == "UnauthorizedOperation"
    give(owner, {"Action": "ec2:DescribeVpcs"})
    assert code_of(ann, "RunInstances", **wrong) == "UnauthorizedOperation"


def test_what_was_asked_with_a_token_is_answered_again(owner: As, ann: As) -> None:
    give(owner, {"Action": "ec2:RunInstances", "Condition": {"StringLikeIfExists": {"ec2:InstanceType": "t3.*"}}})
    subnet_id = make_subnet(owner, make_vpc(owner))
    asked = launch(owner, SubnetId=subnet_id, PrivateIpAddress="10.20.0.9", ClientToken="once")
    made = ann("RunInstances", **asked)["Instances"][0]["InstanceId"]
    assert ann("RunInstances", **asked)["Instances"][0]["InstanceId"] == made
    assert ann.refused("RunInstances", **asked | {"ClientToken": "twice"}).code == "InvalidIPAddress.InUse"


def test_a_refusal_tells_the_keys_of_the_resource(owner: As, ann: As) -> None:
    """The keys and their values as in a decoded message of AWS's about a launch with a template."""
    made = owner("CreateLaunchTemplate", LaunchTemplateName="web",
                 LaunchTemplateData={"ImageId": image_id(owner), "InstanceType": "t3.micro"})  # fmt: skip
    template_id = made["LaunchTemplate"]["LaunchTemplateId"]
    asked: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateId": template_id}, "MinCount": 1, "MaxCount": 1}
    give(owner, {}, {"Effect": "Deny", "Resource": f"{HERE}:instance/*", "Action": "ec2:RunInstances"})
    told = told_conditions(owner, ann.refused("RunInstances", **asked))
    expected = {
        "ec2:InstanceID": "*", "ec2:InstanceMarketType": "on-demand", "ec2:InstanceType": "t3.micro",
        "ec2:EbsOptimized": "false", "ec2:InstanceBandwidthWeighting": "default", "ec2:RootDeviceType": "ebs",
        "ec2:IsLaunchTemplateResource": "true", "ec2:LaunchTemplate": f"{HERE}:launch-template/{template_id}",
        "ec2:MetadataHttpEndpoint": "enabled", "ec2:MetadataHttpPutResponseHopLimit": "2",
        "ec2:MetadataHttpTokens": "required", "ec2:InstanceMetadataTags": "disabled", "ec2:Tenancy": "default",
        "ec2:Region": TOKYO,
    }  # fmt: skip
    assert {key: told[key] for key in expected} == {key: [value] for key, value in expected.items()}
    assert told["ec2:AvailabilityZone"][0].startswith(TOKYO)


class TestLaunchTemplates:
    """EC2 guide, "Use launch templates": what a policy may bind to a template."""

    @pytest.fixture
    def template_id(self, owner: As) -> str:
        data = {"ImageId": image_id(owner), "InstanceType": "t3.micro"}
        made = owner("CreateLaunchTemplate", LaunchTemplateName="web", LaunchTemplateData=data)
        template: str = made["LaunchTemplate"]["LaunchTemplateId"]
        return template

    def test_only_with_the_template(self, owner: As, ann: As, template_id: str) -> None:
        by_template = {"ArnLike": {"ec2:LaunchTemplate": f"{HERE}:launch-template/{template_id}"}}
        give(owner, {"Action": "ec2:RunInstances", "Condition": by_template})
        asked: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateName": "web"}, "MinCount": 1, "MaxCount": 1}
        assert code_of(ann, "RunInstances", **asked) == "DryRunOperation"
        assert code_of(ann, "RunInstances", **launch(owner)) == "UnauthorizedOperation"
        assert code_of(ann, "RunInstances", **asked | {"ImageId": image_id(owner)}) == "DryRunOperation"

    def test_and_with_the_resources_that_it_names(self, owner: As, ann: As, template_id: str) -> None:
        give(owner, {"Action": "ec2:RunInstances", "Condition": {"Bool": {"ec2:IsLaunchTemplateResource": "true"}}})
        asked: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateId": template_id}, "MinCount": 1, "MaxCount": 1}
        assert code_of(ann, "RunInstances", **asked) == "DryRunOperation"
        assert code_of(ann, "RunInstances", **asked | {"InstanceType": "t3.small"}) == "DryRunOperation"
        assert code_of(ann, "RunInstances", **asked | {"ImageId": image_id(owner)}) == "UnauthorizedOperation"
        assert code_of(ann, "RunInstances", **launch(owner)) == "UnauthorizedOperation"
