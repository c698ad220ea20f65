"""Condition keys of the other services, and the global ones that come with a request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.call import Call, Sender, Through
from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock

from ..build import make_subnet, make_vpc, put_instance
from ..conftest import MAIN, performed
from ..ec2.test_vpc_endpoint import House
from ..policies import KEY_ID, give, policy, service_with_policies
from ..users import As

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    }
)
BOUND = f"arn:aws:iam::{MAIN}:policy/bound"


@pytest.fixture
def service(clock: Clock) -> Service:
    return service_with_policies(clock)


@pytest.fixture
def owner(service: Service) -> As:
    return As(service, "AKIAOWNER")


@pytest.fixture
def ann(service: Service) -> As:
    return As(service, KEY_ID)


def may(client: As, action: str, of: str, **params: Any) -> bool:
    try:
        client(action, of=of, **params)
    except AwsError as error:
        return error.code not in DENIED
    return True


def test_who_may_make_users_with_a_boundary_makes_none_without(owner: As, ann: As) -> None:
    """IAM guide, "Permissions boundaries for IAM entities": delegating responsibility to others."""
    owner("CreatePolicy", of="iam", PolicyName="bound", PolicyDocument=policy({"Action": "ec2:*"}))
    bound = {"StringEquals": {"iam:PermissionsBoundary": BOUND}}
    actions = ["iam:CreateUser", "iam:AttachUserPolicy", "iam:PutUserPolicy", "iam:DeleteUserPolicy"]
    give(owner, {"Action": actions, "Condition": bound})
    assert not may(ann, "CreateUser", "iam", UserName="bob")
    assert may(ann, "CreateUser", "iam", UserName="bob", PermissionsBoundary=BOUND)
    owner("CreateUser", of="iam", UserName="cyd")
    document = policy({"Action": "s3:*"})
    for name, expected in (("bob", True), ("cyd", False), ("nobody", False)):
        assert may(ann, "PutUserPolicy", "iam", UserName=name, PolicyName="p", PolicyDocument=document) is expected
        assert may(ann, "AttachUserPolicy", "iam", UserName=name, PolicyArn=BOUND) is expected


def test_which_policy_is_attached_is_a_condition(owner: As, ann: As) -> None:
    read = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    give(owner, {"Action": "iam:Attach*", "Condition": {"ArnEquals": {"iam:PolicyARN": read}}})
    owner("CreateGroup", of="iam", GroupName="ops")
    owner("CreateRole", of="iam", RoleName="web", AssumeRolePolicyDocument=TRUST)
    for action, params in (("AttachUserPolicy", {"UserName": "ann"}), ("AttachGroupPolicy", {"GroupName": "ops"}),
                           ("AttachRolePolicy", {"RoleName": "web"})):  # fmt: skip
        assert may(ann, action, "iam", **params, PolicyArn=read)
        assert not may(ann, action, "iam", **params, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def test_for_which_service_a_role_is_made_is_a_condition(owner: As, ann: As) -> None:
    only = {"StringLike": {"iam:AWSServiceName": "autoscaling.amazonaws.com"}}
    give(owner, {"Action": "iam:CreateServiceLinkedRole", "Condition": only})
    assert may(ann, "CreateServiceLinkedRole", "iam", AWSServiceName="autoscaling.amazonaws.com")
    assert not may(ann, "CreateServiceLinkedRole", "iam", AWSServiceName="elasticloadbalancing.amazonaws.com")


@pytest.mark.parametrize("key", ["iam:ResourceTag/team", "aws:ResourceTag/team"])
def test_tags_of_users_and_roles_are_conditions(owner: As, ann: As, key: str) -> None:
    team = [{"Key": "team", "Value": "net"}]
    owner("CreateUser", of="iam", UserName="bob", Tags=team)
    owner("CreateUser", of="iam", UserName="cyd")
    owner("CreateRole", of="iam", RoleName="web", AssumeRolePolicyDocument=TRUST, Tags=team)
    give(owner, {"Action": "iam:*", "Condition": {"StringEquals": {key: "net"}}})
    assert may(ann, "GetUser", "iam", UserName="bob")
    assert may(ann, "GetRole", "iam", RoleName="web")
    assert not may(ann, "GetUser", "iam", UserName="cyd")
    give(owner, {}, {"Effect": "Deny", "Condition": {"StringEquals": {key: "net"}}})
    assert not may(ann, "GetUser", "iam", UserName="bob")
    assert may(ann, "GetUser", "iam", UserName="cyd")


@pytest.mark.parametrize("key", ["elasticloadbalancing:ResourceTag/team", "aws:ResourceTag/team"])
def test_tags_of_load_balancers_and_target_groups_are_conditions(owner: As, ann: As, key: str) -> None:
    elb = "elasticloadbalancing"
    vpc_id = owner("CreateVpc", CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet_id = owner("CreateSubnet", VpcId=vpc_id, CidrBlock="10.20.0.0/24")["Subnet"]["SubnetId"]
    wanted = {"Type": "network", "Scheme": "internal", "Subnets": [subnet_id]}
    [tagged], [plain] = (
        owner("CreateLoadBalancer", of=elb, Name=name, Tags=tags, **wanted)["LoadBalancers"]
        for name, tags in (("a", [{"Key": "team", "Value": "net"}]), ("b", []))
    )
    give(owner, {"Action": f"{elb}:*", "Condition": {"StringEquals": {key: "net"}}})
    assert may(ann, "SetIpAddressType", elb, LoadBalancerArn=tagged["LoadBalancerArn"], IpAddressType="ipv4")
    assert not may(ann, "SetIpAddressType", elb, LoadBalancerArn=plain["LoadBalancerArn"], IpAddressType="ipv4")


def test_who_puts_a_role_into_a_profile_passes_it(owner: As, ann: As) -> None:
    role = owner("CreateRole", of="iam", RoleName="web", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    owner("CreateInstanceProfile", of="iam", InstanceProfileName="web")
    ask = {"InstanceProfileName": "web", "RoleName": "web"}
    give(owner, {"Action": "iam:AddRoleToInstanceProfile"})
    assert f"iam:PassRole on resource: {role}" in ann.refused("AddRoleToInstanceProfile", of="iam", **ask).message
    give(owner, {"Action": ["iam:AddRoleToInstanceProfile", "iam:PassRole"]})
    ann("AddRoleToInstanceProfile", of="iam", **ask)


def test_records_that_are_changed_are_conditions(owner: As, ann: As) -> None:
    """Route 53 guide, "Using IAM policy conditions for fine-grained access control"."""
    made = owner("CreateHostedZone", of="route53", Name="corp.example", CallerReference="r")
    zone = made["HostedZone"]["Id"].rpartition("/")[2]
    key = "ForAllValues:StringLike", "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    give(owner, {"Action": "route53:*", "Condition": {key[0]: {key[1]: "*.dev.corp.example"}}})

    def change(*names: str) -> dict[str, Any]:
        changes = [
            {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, "Type": "A", "TTL": 60,
                                                       "ResourceRecords": [{"Value": "10.0.0.1"}]}}
            for name in names
        ]  # fmt: skip
        return {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}

    assert may(ann, "ChangeResourceRecordSets", "route53", **change("A.Dev.corp.example.", "b.dev.corp.example"))
    assert not may(ann, "ChangeResourceRecordSets", "route53", **change("a.dev.corp.example", "www.corp.example"))
    denied = {"ForAnyValue:StringEquals": {key[1]: "www.corp.example"}}
    give(owner, {}, {"Effect": "Deny", "Condition": denied})
    for name in ("WWW.corp.example", "\\167ww.corp.example.", "www.corp.example."):
        assert not may(ann, "ChangeResourceRecordSets", "route53", **change(name)), name
    give(owner, {}, {"Effect": "Deny", "Condition": {
        "ForAnyValue:StringEquals": {"route53:ChangeResourceRecordSetsActions": "DELETE"}}})  # fmt: skip
    assert may(ann, "ChangeResourceRecordSets", "route53", **change("www.corp.example"))


def test_the_service_of_a_quota_is_a_condition(owner: As, ann: As) -> None:
    give(owner, {"Action": "servicequotas:*", "Condition": {"StringEquals": {"servicequotas:service": "vpc"}}})
    assert may(ann, "GetServiceQuota", "servicequotas", ServiceCode="vpc", QuotaCode="L-F678F1CE")
    assert not may(ann, "GetServiceQuota", "servicequotas", ServiceCode="ec2", QuotaCode="L-1216C47A")


def test_tags_of_parameters_and_log_groups_are_conditions(owner: As, ann: As) -> None:
    for name, stage in (("/a", "test"), ("b", "live")):
        owner("PutParameter", of="ssm", Name=name, Value="x", Type="String", Tags=[{"Key": "stage", "Value": stage}])
    owner("CreateLogGroup", of="logs", logGroupName="test", tags={"stage": "test"})
    owner("CreateLogGroup", of="logs", logGroupName="live", tags={"stage": "live"})
    give(owner, {"Condition": {"StringEquals": {"aws:ResourceTag/stage": "test"}}})
    assert may(ann, "GetParameter", "ssm", Name="/a")
    assert not may(ann, "GetParameter", "ssm", Name="b")
    assert not may(ann, "GetParameters", "ssm", Names=["/a", "b"])
    assert may(ann, "CreateLogStream", "logs", logGroupName="test", logStreamName="s")
    assert may(ann, "GetLogEvents", "logs", logGroupName="test", logStreamName="s")
    assert not may(ann, "CreateLogStream", "logs", logGroupName="live", logStreamName="s")
    give(owner, {}, {"Effect": "Deny", "Condition": {"Bool": {"ssm:Overwrite": "true"}}})
    assert not may(ann, "PutParameter", "ssm", Name="b", Value="y", Overwrite=True)
    assert may(ann, "PutParameter", "ssm", Name="c", Value="y", Type="String")


def test_tags_of_instances_are_conditions_of_who_comes_in(owner: As, ann: As) -> None:
    subnet_id = make_subnet(owner, make_vpc(owner))
    instance_id, _ = put_instance(owner, subnet_id, "10.20.0.9")
    owner("CreateTags", Resources=[instance_id], Tags=[{"Key": "team", "Value": "net"}])
    send = {"InstanceId": instance_id, "SSHPublicKey": "x", "InstanceOSUser": "ec2-user"}
    for key in ("ec2:ResourceTag/team", "aws:ResourceTag/team"):
        as_root = {key: "net", "ec2:osuser": "root"}
        for condition, expected in (({key: "net"}, True), ({key: "db"}, False), (as_root, False)):
            give(owner, {"Action": "ec2-instance-connect:*", "Condition": {"StringEquals": condition}})
            assert may(ann, "SendSSHPublicKey", "ec2-instance-connect", **send) is expected


def test_whose_a_resource_is_is_a_condition(owner: As, ann: As) -> None:
    vpc_id = make_vpc(owner)
    image_id = owner("DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    give(owner, {}, {"Effect": "Deny", "Condition": {"StringNotEquals": {"aws:ResourceAccount": MAIN}}})
    assert may(ann, "DescribeVpcs", "ec2")
    assert may(ann, "DeleteVpc", "ec2", VpcId=vpc_id)
    assert may(ann, "GetUser", "iam", UserName="ann")
    assert may(ann, "ListHostedZones", "route53")
    assert not may(ann, "DescribeImageAttribute", "ec2", ImageId=image_id, Attribute="description")
    give(owner, {"Condition": {"StringEquals": {"aws:ResourceAccount": MAIN}}})
    assert may(ann, "DescribeVpcs", "ec2")
    assert not may(ann, "DescribeImageAttribute", "ec2", ImageId=image_id, Attribute="description")


def test_where_a_request_comes_from_is_a_condition(owner: As, ann: As, service: Service) -> None:
    office = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}

    def code(call: Call) -> str:
        try:
            performed(service, call)
        except AwsError as error:
            return error.code
        return ""

    here = Call("ec2", "DescribeVpcs", {}, ann.who, "r", sender=Sender("203.0.113.7", "aws-cli/2"))
    there = replace(here, sender=Sender("198.51.100.7", "curl"))
    endpoint_id = House(owner).make("ec2")["VpcEndpointId"]
    private = replace(here, through=Through(endpoint_id, "10.20.0.7"))
    give(owner, {"Condition": office})
    assert [code(each) for each in (here, there, private)] == ["", *2 * ["UnauthorizedOperation"]]
    give(owner, {}, {"Effect": "Deny", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}})
    assert [code(each) for each in (here, there, private)] == ["", *2 * ["UnauthorizedOperation"]]
    give(owner, {}, {"Effect": "Deny", "Condition": {"StringLike": {"aws:UserAgent": "curl*"}}})
    assert [code(each) for each in (here, there)] == ["", "UnauthorizedOperation"]
    give(owner, {"Condition": office}, {"Condition": {"StringEquals": {"aws:SourceVpce": endpoint_id}}})
    assert [code(each) for each in (here, there, private)] == ["", "UnauthorizedOperation", ""]


def test_what_has_no_tags_is_known_to_have_none(owner: As, ann: As) -> None:
    """Lists, and kinds of which the reference has no tags: who may nothing with what has a tag may do these."""
    owner("CreateGroup", of="iam", GroupName="all")
    owner("CreateLogGroup", of="logs", logGroupName="app", tags={"stage": "live"})
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("AddUserToGroup", "iam", {"GroupName": "all", "UserName": "ann"}),
        ("GetGroup", "iam", {"GroupName": "all"}),
        ("ListUsers", "iam", {}),
        ("ListHostedZones", "route53", {}),
        ("DescribeLogGroups", "logs", {}),
        ("DescribeParameters", "ssm", {}),
        ("GetCallerIdentity", "sts", {}),
        ("DescribeInstanceInformation", "ssm", {}),
    )
    live = {"StringEquals": {"aws:ResourceTag/stage": "live"}}
    give(owner, {}, {"Effect": "Deny", "Condition": live})
    assert [action for action, of, params in calls if not may(ann, action, of, **params)] == []
    assert not may(ann, "DescribeLogStreams", "logs", logGroupName="app")
    give(owner, {"Condition": live})
    assert not any(may(ann, action, of, **params) for action, of, params in calls if action != "GetCallerIdentity")
