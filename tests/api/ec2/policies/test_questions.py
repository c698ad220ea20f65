"""Identity policies with EC2's condition keys: what each action is asked for, on which resources, with which values."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from realvpc.api.actions import ACTIONS
from realvpc.api.core import asking
from realvpc.api.ec2.condition_keys import actions_with_keys, keys_of
from realvpc.api.ec2.condition_values import IDS, NOTHING_HAS, READS, UNKNOWN
from realvpc.api.ec2.nouns import NOUNS
from realvpc.api.ec2.request_values import GIVEN
from realvpc.api.service import Service
from realvpc.wire.model import service_model

from ...build import make_peering, make_subnet, make_vpc, specification
from ...conftest import OTHER, TOKYO, caller
from ...policies import code_of, give, policy, told_conditions
from ...test_random_requests import Generator
from ...users import As
from .launching import HERE, image_id, launch

NEVER = {"StringEquals": {"ec2:Region": "eu-west-1"}}


def test_where_a_call_is_for_is_known_of_every_action(owner: As, ann: As) -> None:
    give(owner, {"Action": "ec2:*", "Condition": {"StringEquals": {"ec2:Region": TOKYO}}})
    make_vpc(ann)
    assert ann("DescribeVpcs")["Vpcs"]
    give(owner, {"Action": "ec2:*"}, {"Effect": "Deny", "Action": "ec2:*", "Condition": NEVER})
    assert ann("DescribeVpcs")["Vpcs"]


def test_tags_of_resources_let_and_hold_back(owner: As, ann: As) -> None:
    """EC2 guide, "Control access to EC2 resources using resource tags"; either of the two keys."""
    mine = make_vpc(owner, TagSpecifications=specification("vpc", Owner="ann"))
    others = make_vpc(owner, TagSpecifications=specification("vpc", Owner="bob"))
    bare = make_vpc(owner)
    for key in ("ec2:ResourceTag/Owner", "aws:ResourceTag/owner"):
        give(owner, {"Action": "ec2:*", "Condition": {"StringEquals": {key: "${aws:username}"}}})
        codes = [code_of(ann, "DeleteVpc", VpcId=each) for each in (mine, others, bare, "vpc-0123456789abcdef0")]
        assert codes == ["DryRunOperation", *3 * ["UnauthorizedOperation"]]
        give(owner, {}, {"Effect": "Deny", "Condition": {"StringEquals": {key: "bob"}}})
        codes = [code_of(ann, "DeleteVpc", VpcId=each) for each in (mine, others, bare)]
        assert codes == ["DryRunOperation", "UnauthorizedOperation", "DryRunOperation"]


def test_each_resource_is_judged_by_its_own_keys(owner: As, ann: As) -> None:
    vpc_id = make_vpc(owner)
    first, second = (
        owner("CreateSecurityGroup", VpcId=vpc_id, GroupName=name, Description="x",
              TagSpecifications=specification("security-group", Stage=name))["GroupId"]
        for name in ("test", "live")
    )  # fmt: skip
    give(owner, {"Condition": {"StringEquals": {"ec2:ResourceTag/Stage": "test"}}})
    tags = [{"Key": "a", "Value": "b"}]
    assert code_of(ann, "CreateTags", Resources=[first], Tags=tags) == "DryRunOperation"
    error = ann.refused("CreateTags", Resources=[first, second], Tags=tags)
    assert f"on resource: {HERE}:security-group/{second} because no identity-based policy allows" in error.message


def test_the_vpc_of_a_resource_is_told_by_its_arn(owner: As, ann: As) -> None:
    """VPC guide, "Launch instances into a specific VPC": ec2:Vpc has the ARN."""
    here, there = make_vpc(owner), make_vpc(owner, "10.30.0.0/16")
    give(owner, {"Action": "ec2:*SecurityGroup*", "Condition": {"ArnEquals": {"ec2:Vpc": f"{HERE}:vpc/{here}"}}})
    groups = {each["VpcId"]: each["GroupId"] for each in owner("DescribeSecurityGroups")["SecurityGroups"]}
    rule = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    for vpc_id, code in ((here, "DryRunOperation"), (there, "UnauthorizedOperation")):
        assert code_of(ann, "AuthorizeSecurityGroupIngress", GroupId=groups[vpc_id], IpPermissions=rule) == code


def test_a_key_that_the_action_has_not_got_is_absent(owner: As, ann: As) -> None:
    vpc_id = make_vpc(owner)
    for key in ("ec2:InstanceType", "ec2:NoSuchKey", "s3:prefix"):
        give(owner, {"Action": "ec2:*", "Condition": {"StringEquals": {key: "x"}}})
        assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "UnauthorizedOperation"
        give(owner, {"Action": "ec2:*", "Condition": {"Null": {key: "true"}}})
        assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "DryRunOperation"
        give(owner, {}, {"Effect": "Deny", "Condition": {"StringEquals": {key: "x"}}})
        assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "DryRunOperation"


def test_a_variable_without_a_value_names_no_resource(owner: As, ann: As) -> None:
    """IAM guide, "Policy variables with no value": the element then matches nothing, also where it denies."""
    vpc_id = make_vpc(owner)
    of_team = f"{HERE}:vpc/${{aws:PrincipalTag/vpc}}"
    give(owner, {}, {"Effect": "Deny", "Resource": of_team})
    assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "DryRunOperation"
    give(owner, {"Resource": of_team})
    assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "UnauthorizedOperation"
    owner("TagUser", of="iam", UserName="ann", Tags=[{"Key": "vpc", "Value": vpc_id}])
    assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "DryRunOperation"
    give(owner, {}, {"Effect": "Deny", "Resource": of_team})
    assert code_of(ann, "DeleteVpc", VpcId=vpc_id) == "UnauthorizedOperation"


class TestTagsOnCreation:
    def test_who_may_not_tag_may_create_without_tags(self, owner: As, ann: As) -> None:
        give(owner, {"Action": "ec2:CreateVpc"})
        make_vpc(ann)
        tagged: dict[str, Any] = {"CidrBlock": "10.9.0.0/16", "TagSpecifications": specification("vpc", Name="x")}
        error = ann.refused("CreateVpc", **tagged)
        assert error.code == "UnauthorizedOperation"
        assert f"not authorized to perform: ec2:CreateTags on resource: {HERE}:vpc/* because" in error.message
        assert told_conditions(owner, error)["ec2:CreateAction"] == ["CreateVpc"]

    def test_the_action_that_creates_is_a_condition(self, owner: As, ann: As) -> None:
        """EC2 guide, "Grant permission to tag Amazon EC2 resources during creation"."""
        vpc_id = make_vpc(owner)
        on_creation = {"StringEquals": {"ec2:CreateAction": "CreateVpc"}}
        give(owner, {"Action": "ec2:CreateVpc"}, {"Action": "ec2:CreateTags", "Condition": on_creation})
        make_vpc(ann, "10.9.0.0/16", TagSpecifications=specification("vpc", Name="x"))
        assert code_of(ann, "CreateTags", Resources=[vpc_id], Tags=[{"Key": "a"}]) == "UnauthorizedOperation"

    def test_rules_are_tagged_too(self, owner: As, ann: As) -> None:
        vpc_id = make_vpc(owner)
        group_id = owner("CreateSecurityGroup", VpcId=vpc_id, GroupName="g", Description="x")["GroupId"]
        asked: dict[str, Any] = {
            "GroupId": group_id,
            "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
            "TagSpecifications": specification("security-group-rule", cost="1"),
        }
        named = {"StringEquals": {"aws:RequestTag/cost": "1", "ec2:CreateAction": "AuthorizeSecurityGroupIngress"}}
        give(owner, {"Action": "ec2:AuthorizeSecurityGroupIngress"}, {"Action": "ec2:CreateTags", "Condition": named})
        assert code_of(ann, "AuthorizeSecurityGroupIngress", **asked) == "DryRunOperation"
        asked["TagSpecifications"] = specification("security-group-rule", cost="2")
        assert code_of(ann, "AuthorizeSecurityGroupIngress", **asked) == "UnauthorizedOperation"

    def test_copied_tags_are_given_too(self, owner: As, ann: As) -> None:
        asked: dict[str, Any] = {"SourceImageId": image_id(owner), "SourceRegion": TOKYO, "Name": "copy"}
        give(owner, {"Action": "ec2:CopyImage"})
        assert code_of(ann, "CopyImage", **asked) == "DryRunOperation"
        error = ann.refused("CopyImage", **asked, CopyImageTags=True)
        assert f"ec2:CreateTags on resource: {HERE}:image/*" in error.message

    def test_tags_are_those_of_the_resource_that_they_are_for(self, owner: As, ann: As) -> None:
        subnet_id = make_subnet(owner, make_vpc(owner))
        costs = {"StringEquals": {"aws:RequestTag/cost": "1"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}}
        give(
            owner,
            {"Action": "ec2:RunInstances", "NotResource": "arn:aws:ec2:*:*:volume/*"},
            {"Action": ["ec2:RunInstances", "ec2:CreateTags"], "Resource": f"{HERE}:volume/*", "Condition": costs},
        )
        right = launch(owner, SubnetId=subnet_id, TagSpecifications=specification("volume", cost="1"))
        assert code_of(ann, "RunInstances", **right) == "DryRunOperation"
        for wrong in (specification("volume", cost="2"), specification("volume", cost="1", more="x"), []):
            asked = launch(owner, SubnetId=subnet_id, TagSpecifications=wrong)
            assert code_of(ann, "RunInstances", **asked) == "UnauthorizedOperation"
        both = [*specification("volume", cost="1"), *specification("instance", Name="x")]
        error = ann.refused("RunInstances", **launch(owner, SubnetId=subnet_id, TagSpecifications=both))
        assert f"ec2:CreateTags on resource: {HERE}:instance/*" in error.message


def test_peerings_are_told_by_both_vpcs(owner: As, ann: As, service: Service) -> None:
    """VPC peering guide, "Identity and access management for VPC peering"."""
    theirs = As(service, "AKIATHEIRS")
    here, there = make_vpc(owner), make_vpc(theirs, "10.30.0.0/16")
    ask = {"VpcId": here, "PeerVpcId": there, "PeerOwnerId": OTHER}
    accepter = f"arn:aws:ec2:{TOKYO}:{OTHER}:vpc/{there}"
    for wanted, code in ((accepter, "DryRunOperation"), (f"{HERE}:vpc/*", "UnauthorizedOperation")):
        give(
            owner,
            {"Action": "ec2:CreateVpcPeeringConnection", "Resource": f"{HERE}:vpc/{here}"},
            {"Action": "ec2:CreateVpcPeeringConnection", "Resource": f"{HERE}:vpc-peering-connection/*",
             "Condition": {"ArnLike": {"ec2:AccepterVpc": wanted}}},
        )  # fmt: skip
        assert code_of(ann, "CreateVpcPeeringConnection", **ask) == code
    pcx = make_peering(owner, here, theirs, there)
    for wanted, code in ((f"{HERE}:vpc/{here}", "DryRunOperation"), (accepter, "UnauthorizedOperation")):
        give(owner, {"Condition": {"ArnEquals": {"ec2:RequesterVpc": wanted}}})
        assert code_of(ann, "DeleteVpcPeeringConnection", VpcPeeringConnectionId=pcx) == code


def test_attributes_that_are_changed_are_conditions(owner: As, ann: As) -> None:
    """EC2 guide, "Example policies to control access to the API": ec2:Attribute, ec2:Attribute/Description."""
    vpc_id = make_vpc(owner)
    subnet_id = make_subnet(owner, vpc_id)
    interface_id = owner("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    calls: list[tuple[str, dict[str, Any], str, str]] = [
        ("ModifySubnetAttribute", {"SubnetId": subnet_id, "MapPublicIpOnLaunch": {"Value": True}},
         "MapPublicIpOnLaunch", "true"),
        ("ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": interface_id, "SourceDestCheck": {"Value": False}},
         "SourceDestCheck", "false"),
        ("ModifyVpcAttribute", {"VpcId": vpc_id, "EnableDnsHostnames": {"Value": True}}, "EnableDnsHostnames", "true"),
    ]  # fmt: skip
    for action, params, name, value in calls:
        for condition, holds in (
            ({"ec2:Attribute": name}, True),
            ({"ec2:Attribute": "Description"}, False),
            ({f"ec2:Attribute/{name}": value}, True),
            ({f"ec2:Attribute/{name}": "other"}, False),
        ):
            give(owner, {}, {"Effect": "Deny", "Action": f"ec2:{action}", "Condition": {"StringEquals": condition}})
            expected = "UnauthorizedOperation" if holds else "DryRunOperation"
            assert code_of(ann, action, **params) == expected, (action, condition)


@pytest.mark.parametrize(
    ("name", "value", "params"),
    [
        ("LaunchPermission", "", {"OperationType": "add", "UserIds": [OTHER]}),
        ("LaunchPermission", "", {"OperationType": "add", "UserGroups": ["all"]}),
        ("LaunchPermission", "", {"Attribute": "launchpermission", "OperationType": "add", "UserIds": [OTHER]}),
        ("LaunchPermission", "", {"LaunchPermission": {"Add": [{"UserId": OTHER}]}}),
        ("Description", "mine", {"Attribute": "dESCRIPTION", "Value": "mine"}),
        ("Description", "mine", {"Attribute": "description", "Description": {"Value": "mine"}}),
        ("Description", "mine", {"Description": {"Value": "mine"}}),
        ("ImdsSupport", "v2.0", {"Attribute": "imdssupport", "Value": "v2.0"}),
    ],
)
def test_an_attribute_of_an_image_is_told_however_it_is_named(
    owner: As, ann: As, name: str, value: str, params: dict[str, Any]
) -> None:
    copied = owner("CopyImage", SourceImageId=image_id(owner), SourceRegion=TOKYO, Name="copy")["ImageId"]
    owner("DisableImageBlockPublicAccess")
    for condition in (
        ({"ec2:Attribute": name}, {f"ec2:Attribute/{name}": value}) if value else ({"ec2:Attribute": name},)
    ):
        give(owner, {}, {"Effect": "Deny", "Condition": {"StringEquals": condition}})
        assert code_of(ann, "ModifyImageAttribute", ImageId=copied, **params) == "UnauthorizedOperation", condition
        give(owner, {}, {"Effect": "Deny", "Condition": {"StringEquals": dict.fromkeys(condition, "x")}})
        assert code_of(ann, "ModifyImageAttribute", ImageId=copied, **params) == "DryRunOperation", condition


def test_the_attribute_of_an_image_that_is_reset_is_the_one_that_is_named(owner: As, ann: As) -> None:
    copied = owner("CopyImage", SourceImageId=image_id(owner), SourceRegion=TOKYO, Name="copy")["ImageId"]
    give(owner, {}, {"Effect": "Deny", "Condition": {"StringEquals": {"ec2:Attribute": "LaunchPermission"}}})
    for attribute, code in (("launchPermission", "UnauthorizedOperation"), ("description", "InvalidParameterValue")):
        assert code_of(ann, "ResetImageAttribute", ImageId=copied, Attribute=attribute) == code


@pytest.mark.parametrize(
    ("denied", "code"),
    [
        ({"Action": "ec2:DeleteSnapshot"}, "missing-permissions"),
        ({"Action": "ec2:DeleteSnapshot", "Condition": {"StringEquals": {"ec2:ResourceTag/stage": "live"}}},
         "missing-permissions"),
        ({"Action": "ec2:DeleteSnapshot", "Condition": {"StringEquals": {"ec2:ResourceTag/stage": "test"}}}, "success"),
        ({"Action": "ec2:DeleteVolume"}, "success"),
    ],
)  # fmt: skip
def test_the_snapshot_of_an_image_goes_with_it_only_where_that_is_allowed(
    owner: As, ann: As, denied: dict[str, Any], code: str
) -> None:
    """EC2 API Reference, DeleteSnapshotReturnCode."""
    copied = owner("CopyImage", SourceImageId=image_id(owner), SourceRegion=TOKYO, Name="copy")["ImageId"]
    (image,) = owner("DescribeImages", ImageIds=[copied])["Images"]
    snapshot_id = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    owner("CreateTags", Resources=[snapshot_id], Tags=[{"Key": "stage", "Value": "live"}])
    give(owner, {}, {"Effect": "Deny", **denied})
    answer = ann("DeregisterImage", ImageId=copied, DeleteAssociatedSnapshots=True)
    assert answer["DeleteSnapshotResults"] == [{"SnapshotId": snapshot_id, "ReturnCode": code}]
    left = owner("DescribeSnapshots", OwnerIds=["self"])["Snapshots"]
    assert [each["SnapshotId"] for each in left] == ([] if code == "success" else [snapshot_id])


def test_with_whom_a_snapshot_is_shared_is_a_condition(owner: As, ann: As) -> None:
    zone = owner("DescribeAvailabilityZones")["AvailabilityZones"][0]["ZoneName"]
    volume_id = owner("CreateVolume", AvailabilityZone=zone, Size=8)["VolumeId"]
    snapshot_id = owner("CreateSnapshot", VolumeId=volume_id)["SnapshotId"]
    give(owner, {"Condition": {"StringEquals": {"ec2:Add/userId": OTHER}}})
    for account, code in ((OTHER, "DryRunOperation"), ("333333333333", "UnauthorizedOperation")):
        for params in (
            {"CreateVolumePermission": {"Add": [{"UserId": account}]}},
            {"Attribute": "createVolumePermission", "OperationType": "add", "UserIds": [account]},
        ):
            assert code_of(ann, "ModifySnapshotAttribute", SnapshotId=snapshot_id, **params) == code


def test_every_key_of_what_there_is_here_has_a_value_or_is_known_to_have_none() -> None:
    types = {noun.tag_type for noun in NOUNS.values()}
    for action, rows in actions_with_keys().items():
        for kind in types & set(rows) if action in ACTIONS["ec2"] else ():
            for name in keys_of(action, kind).values():
                prefix = name.rpartition("/")[0]
                assert (
                    name in (*IDS, *READS, *GIVEN, *NOTHING_HAS, *UNKNOWN)
                    or name in ("aws:TagKeys", "ec2:CreateAction", "ec2:IsLaunchTemplateResource", "ec2:Attribute/")
                    or prefix in ("aws:RequestTag", "aws:ResourceTag", "ec2:ResourceTag")
                ), (action, name)


def test_an_action_that_the_reference_has_not_yet_has_the_keys_of_its_resources() -> None:
    assert keys_of("RepaintVpc", "vpc").keys() == {
        *("ec2:region", "ec2:vpcid", "ec2:tenancy", "ec2:resourcetag/", "aws:resourcetag/"),
    }
    assert keys_of("RepaintVpc", "").keys() == {"ec2:region"}


def test_actions_concern_resources_of_types_for_which_the_reference_has_keys(service: Service) -> None:
    generator = Generator(service, Random(1))
    ctx = service.context(caller())
    known, types = actions_with_keys(), {noun.tag_type for noun in NOUNS.values()}
    for action, row in ACTIONS["ec2"].items():
        params = generator.required(service_model("ec2").operation_model(action).input_shape)
        kinds = {each.split(":", 5)[-1].partition("/")[0] for each in row.resources(ctx, params)}
        assert action not in known or not (kinds & types) - set(known[action]), action


def test_an_endpoints_keys(owner: As, ann: As) -> None:
    vpc_id = make_vpc(owner)
    asked = {"VpcId": vpc_id, "ServiceName": f"com.amazonaws.{TOKYO}.s3"}
    for service, code in (("s3", "DryRunOperation"), ("ssm", "UnauthorizedOperation")):
        only = {"StringEquals": {"ec2:VpceServiceName": f"com.amazonaws.{TOKYO}.{service}"}}
        give(owner, {"Action": "ec2:CreateVpcEndpoint", "Resource": f"{HERE}:vpc/*"},
             {"Action": "ec2:CreateVpcEndpoint", "Resource": f"{HERE}:vpc-endpoint/*", "Condition": only})  # fmt: skip
        assert code_of(ann, "CreateVpcEndpoint", **asked) == code
    give(owner, {"Condition": {"StringEquals": {"ec2:VpceServiceOwner": "amazon"}}})
    assert code_of(ann, "CreateVpcEndpoint", **asked) == "UnauthorizedOperation"


def test_resources_that_differ_are_asked_for_together_where_policies_do_not_look_at_the_difference(
    owner: As, ann: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc_id = make_vpc(owner)
    groups = [
        owner("CreateSecurityGroup", VpcId=vpc_id, GroupName=f"g{number}", Description="x",
              TagSpecifications=specification("security-group", number=str(number)))["GroupId"]
        for number in range(20)
    ]  # fmt: skip
    asked: dict[str, Any] = {"Resources": groups, "Tags": [{"Key": "a", "Value": "b"}]}
    monkeypatch.setattr(asking, "_MOST", 50 * 20 - 1)
    on = {"StringNotEquals": {"ec2:ResourceTag/number": "7"}}
    elsewhere = [{"Effect": "Deny", "Condition": {"StringEquals": {f"ec2:ResourceTag/x{n}": "y"}}} for n in range(15)]
    give(owner, {"Condition": on}, *elsewhere)
    assert f"security-group/{groups[7]} because" in ann.refused("CreateTags", **asked).message
    give(owner, {"Condition": {"StringLike": {"ec2:ResourceTag/number": "*"}}}, *elsewhere)
    assert code_of(ann, "CreateTags", **asked) == "DryRunOperation"
    for number in range(4):
        many = [{"Effect": "Deny", "Condition": {"Null": {"ec2:ResourceTag/number": "true"}}} for _ in range(15)]
        name = f"p{number}"
        owner("CreateGroup", of="iam", GroupName=name)
        owner("AddUserToGroup", of="iam", GroupName=name, UserName="ann")
        owner("PutGroupPolicy", of="iam", GroupName=name, PolicyName="own", PolicyDocument=policy(*many))
    assert ann.refused("CreateTags", **asked).code == "RequestResourceCountExceeded"
    assert code_of(ann, "CreateTags", **asked | {"Resources": groups[:9]}) == "DryRunOperation"
