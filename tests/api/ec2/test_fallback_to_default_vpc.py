"""What names no VPC, subnet or group by its id means those of the default VPC."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock

from ..build import make_vpc, named, where
from ..conftest import Client, new_service
from .test_default_vpc import IMAGE, default_vpc, delete_default_subnets, delete_default_vpc, run


@pytest.fixture
def service(clock: Clock) -> Service:
    return new_service(clock, default_vpc=True)


def test_the_account_says_which_it_is(client: Client) -> None:
    def attribute() -> str:
        (shown,) = client("DescribeAccountAttributes", AttributeNames=["default-vpc"])["AccountAttributes"]
        value: str = shown["AttributeValues"][0]["AttributeValue"]
        return value

    assert attribute() == default_vpc(client)
    delete_default_vpc(client)
    assert attribute() == "none"


def test_an_instance_that_names_no_subnet_is_in_the_first_default_one_with_a_public_name(client: Client) -> None:
    instance_id = run(client)["InstanceId"]
    (shown,) = client("DescribeInstances", InstanceIds=[instance_id])["Reservations"][0]["Instances"]
    assert shown["VpcId"] == default_vpc(client)
    assert shown["Placement"]["AvailabilityZone"] == "ap-northeast-1a"
    assert shown["PublicDnsName"].startswith(f"ec2-{shown['PublicIpAddress'].replace('.', '-')}.")
    assert [group["GroupName"] for group in shown["SecurityGroups"]] == ["default"]


def test_an_instance_goes_where_it_is_placed(client: Client) -> None:
    placed = run(client, Placement={"AvailabilityZone": "ap-northeast-1d"})
    assert placed["Placement"]["AvailabilityZone"] == "ap-northeast-1d"
    by_id = run(client, Placement={"AvailabilityZoneId": "apne1-az1"})
    assert by_id["Placement"]["AvailabilityZone"] == "ap-northeast-1c"
    anywhere = run(client, Placement={"AvailabilityZone": ""})  # Terraform
    assert anywhere["Placement"]["AvailabilityZone"] == "ap-northeast-1a"
    interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": False}
    private = run(client, NetworkInterfaces=[interface], Placement={"AvailabilityZone": "ap-northeast-1c"})
    assert private["Placement"]["AvailabilityZone"] == "ap-northeast-1c"
    assert private.get("PublicIpAddress") is None


def test_a_token_is_one_of_the_zone_whichever_way_it_is_named(client: Client) -> None:
    by_name = run(client, ClientToken="once", Placement={"AvailabilityZone": "ap-northeast-1a"})
    elsewhere = run(client, ClientToken="once", Placement={"AvailabilityZoneId": "apne1-az1"})
    assert by_name["InstanceId"] != elsewhere["InstanceId"]
    with pytest.raises(AwsError, match="IdempotentParameterMismatch"):
        run(client, ClientToken="once", Placement={"AvailabilityZoneId": "apne1-az4"})


def test_a_launch_without_a_subnet_takes_no_group_of_another_vpc(client: Client) -> None:
    group_id = client("CreateSecurityGroup", GroupName="web", Description="web", VpcId=make_vpc(client))["GroupId"]
    code, message = refusal_of_launch(client, SecurityGroupIds=[group_id])
    assert (code, "belong to different networks" in message) == ("InvalidParameter", True)


def test_a_launch_names_groups_of_the_default_vpc(client: Client) -> None:
    group_id = client("CreateSecurityGroup", GroupName="web", Description="web")["GroupId"]
    other = client("CreateSecurityGroup", GroupName="db", Description="db")["GroupId"]
    instance = run(client, SecurityGroups=["web"], SecurityGroupIds=[other])
    assert {group["GroupId"] for group in instance["SecurityGroups"]} == {group_id, other}
    error = client.refused(
        "RunInstances", ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, SecurityGroups=["nope"]
    )
    assert (error.code, error.message) == (
        "InvalidGroup.NotFound",
        f"The security group 'nope' does not exist in default VPC '{default_vpc(client)}'",
    )


def refusal_of_launch(client: Client, **more: Any) -> tuple[str, str]:
    error = client.refused("RunInstances", ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
    return error.code, error.message


def test_a_launch_without_a_default_subnet(client: Client) -> None:
    vpc_id = default_vpc(client)
    mars = refusal_of_launch(client, Placement={"AvailabilityZone": "mars-1a"})
    assert mars == ("InvalidParameterValue", "Invalid availability zone: [mars-1a]")
    (subnet,) = client("DescribeSubnets", Filters=where(availability_zone="ap-northeast-1a"))["Subnets"]
    client("DeleteSubnet", SubnetId=subnet["SubnetId"])
    assert run(client)["Placement"]["AvailabilityZone"] == "ap-northeast-1c"
    client("TerminateInstances", InstanceIds=list(client.service.state.network.instances))
    there = refusal_of_launch(client, Placement={"AvailabilityZone": "ap-northeast-1a"})
    assert there == ("InvalidInput", "No default subnet for availability zone: 'ap-northeast-1a'.")
    delete_default_subnets(client)
    nowhere = refusal_of_launch(client)
    assert nowhere == ("MissingInput", f"No subnets found for the default VPC '{vpc_id}'. Please specify a subnet.")
    delete_default_vpc(client)
    assert refusal_of_launch(client) == ("VPCIdNotSpecified", "No default VPC for this user")


def test_groups_of_the_default_vpc_are_called_by_name(client: Client) -> None:
    made = client("CreateSecurityGroup", GroupName="web", Description="web")["GroupId"]
    rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    client("AuthorizeSecurityGroupIngress", GroupName="web", CidrIp="0.0.0.0/0", **rule)
    pair = {"UserIdGroupPairs": [{"GroupName": "default"}]}
    client("AuthorizeSecurityGroupIngress", GroupName="web", IpPermissions=[rule | pair])
    (shown,) = client("DescribeSecurityGroups", GroupNames=["web"])["SecurityGroups"]
    assert (shown["GroupId"], shown["VpcId"]) == (made, default_vpc(client))
    (permission,) = shown["IpPermissions"]
    assert [row["CidrIp"] for row in permission["IpRanges"]] == ["0.0.0.0/0"]
    (default,) = client("DescribeSecurityGroups", GroupNames=["default"])["SecurityGroups"]
    assert [row["GroupId"] for row in permission["UserIdGroupPairs"]] == [default["GroupId"]]
    described = {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
    client("UpdateSecurityGroupRuleDescriptionsIngress", GroupName="web", IpPermissions=[rule | described])
    client("RevokeSecurityGroupIngress", GroupName="web", IpPermissions=[rule | pair])
    client("DeleteSecurityGroup", GroupName="web")
    assert client.refused("DescribeSecurityGroups", GroupNames=["web"]).code == "InvalidGroup.NotFound"


def test_a_source_group_by_name_alone_has_full_access(client: Client) -> None:
    client("CreateSecurityGroup", GroupName="web", Description="web")
    client("AuthorizeSecurityGroupIngress", GroupName="web", SourceSecurityGroupName="default")
    (shown,) = client("DescribeSecurityGroups", GroupNames=["web"])["SecurityGroups"]
    allowed = {(row["IpProtocol"], row["FromPort"], row["ToPort"]) for row in shown["IpPermissions"]}
    assert allowed == {("icmp", -1, -1), ("tcp", 0, 65535), ("udp", 0, 65535)}
    error = client.refused(
        "AuthorizeSecurityGroupIngress", GroupName="web", SourceSecurityGroupName="default", CidrIp="10.0.0.0/8"
    )
    assert error.code == "InvalidParameterCombination"
    client("RevokeSecurityGroupIngress", GroupName="web", SourceSecurityGroupName="default")
    (shown,) = client("DescribeSecurityGroups", GroupNames=["web"])["SecurityGroups"]
    assert shown["IpPermissions"] == []


def test_names_are_those_of_the_default_vpc_only(client: Client) -> None:
    vpc_id = make_vpc(client)
    group_id = client("CreateSecurityGroup", GroupName="web", Description="web", VpcId=vpc_id)["GroupId"]
    assert client.refused("DeleteSecurityGroup", GroupName="web").code == "InvalidGroup.NotFound"
    pairs = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupName": "default"}]}
    error = client.refused("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[pairs])
    assert error.code == "InvalidParameterValue"
    found = client("DescribeSecurityGroups", Filters=named("group-name", "web"))["SecurityGroups"]
    assert [row["GroupId"] for row in found] == [group_id]


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("CreateSecurityGroup", {"GroupName": "web", "Description": "web"}),
        ("DeleteSecurityGroup", {"GroupName": "web"}),
        ("DescribeSecurityGroups", {"GroupNames": ["web"]}),
        ("AuthorizeSecurityGroupIngress", {"GroupName": "web", "IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}),
        ("RevokeSecurityGroupIngress", {"GroupName": "web", "IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}),
    ],
)
def test_without_a_default_vpc_a_vpc_has_to_be_named(client: Client, action: str, request_: dict[str, Any]) -> None:
    delete_default_vpc(client)
    error = client.refused(action, **request_)
    assert (error.code, error.message) == ("VPCIdNotSpecified", "No default VPC for this user")
