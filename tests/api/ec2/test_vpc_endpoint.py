"""Interface endpoints: made, shown and deleted with their network interfaces, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import INTERFACE_ENDPOINTS_PER_VPC
from realvpc.net.vpc_endpoint import DEFAULT_POLICY

from ..build import make_subnet, make_vpc, named, specification
from ..conftest import OTHER, TOKYO, Client, give_quota

POLICY = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"ssm:*","Resource":"*"}}'


class House:
    """A VPC that names its hosts, with subnets in two zones."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.vpc_id = make_vpc(client)
        client("ModifyVpcAttribute", VpcId=self.vpc_id, EnableDnsHostnames={"Value": True})
        self.subnets = [
            make_subnet(client, self.vpc_id, f"10.20.{number}.0/24", AvailabilityZone=f"{TOKYO}{letter}")
            for number, letter in enumerate("aac")
        ]

    def asked(self, service: str = "ssm", **more: Any) -> dict[str, Any]:
        name = f"com.amazonaws.{TOKYO}.{service}"
        return {"VpcEndpointType": "Interface", "VpcId": self.vpc_id, "ServiceName": name, **more}

    def make(self, service: str = "ssm", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.client("CreateVpcEndpoint", **self.asked(service, **more))["VpcEndpoint"]
        return made

    def shown(self, endpoint_id: str) -> dict[str, Any]:
        [row] = self.client("DescribeVpcEndpoints", VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
        found: dict[str, Any] = row
        return found

    def refused(self, code: str, **more: Any) -> str:
        error = self.client.refused("CreateVpcEndpoint", **self.asked(**more))
        assert error.code == code
        return error.message

    def interfaces(self) -> list[dict[str, Any]]:
        filters = named("interface-type", "vpc_endpoint")
        rows: list[dict[str, Any]] = self.client("DescribeNetworkInterfaces", Filters=filters)["NetworkInterfaces"]
        return rows


@pytest.fixture
def house(client: Client) -> House:
    return House(client)


def test_an_interface_endpoint_has_an_interface_in_each_subnet(house: House) -> None:
    subnets = [house.subnets[0], house.subnets[2]]
    made = house.make(SubnetIds=subnets, TagSpecifications=specification("vpc-endpoint", Name="ssm"))
    assert (made["State"], made["VpcEndpointType"]) == ("pending", "Interface")
    row = house.shown(made["VpcEndpointId"])
    assert row == made | {"State": "available"}
    assert row["Tags"] == [{"Key": "Name", "Value": "ssm"}]
    assert sorted(row["SubnetIds"]) == sorted(subnets)
    assert row["PrivateDnsEnabled"] is True
    assert row["PolicyDocument"] == DEFAULT_POLICY
    assert [group["GroupName"] for group in row["Groups"]] == ["default"]
    interfaces = house.interfaces()
    assert sorted(each["NetworkInterfaceId"] for each in interfaces) == sorted(row["NetworkInterfaceIds"])
    for interface in interfaces:
        assert interface["Description"] == f"VPC Endpoint Interface {row['VpcEndpointId']}"
        assert (interface["RequesterManaged"], interface["Status"]) == (True, "in-use")
        assert [group["GroupName"] for group in interface["Groups"]] == ["default"]
        changed = {"NetworkInterfaceId": interface["NetworkInterfaceId"], "SourceDestCheck": {"Value": False}}
        assert house.client.refused("ModifyNetworkInterfaceAttribute", **changed).code == "AuthFailure"


def test_its_names_come_regional_zonal_and_private(house: House) -> None:
    row = house.make(SubnetIds=[house.subnets[0]])
    names = [entry["DnsName"] for entry in row["DnsEntries"]]
    assert names[0].endswith(f".ssm.{TOKYO}.vpce.amazonaws.com")
    assert f"-{TOKYO}a.ssm." in names[1]
    assert names[2:] == [f"ssm.{TOKYO}.amazonaws.com"]
    assert all(entry["HostedZoneId"].startswith("Z") for entry in row["DnsEntries"])


def test_an_address_can_be_chosen_for_a_subnet(house: House) -> None:
    chosen = [{"SubnetId": house.subnets[0], "Ipv4": "10.20.0.77"}]
    house.make(SubnetIds=[house.subnets[0]], SubnetConfigurations=chosen)
    assert [each["PrivateIpAddress"] for each in house.interfaces()] == ["10.20.0.77"]
    assert house.refused("InvalidIPAddress.InUse", service="sts", SubnetConfigurations=chosen)


def test_its_groups_are_those_of_its_interfaces_and_cannot_be_deleted(house: House) -> None:
    group_id = house.client("CreateSecurityGroup", GroupName="g", Description="d", VpcId=house.vpc_id)["GroupId"]
    empty = house.make(SecurityGroupIds=[group_id])
    assert house.client.refused("DeleteSecurityGroup", GroupId=group_id).code == "DependencyViolation"
    row = house.make("sts", SecurityGroupIds=[group_id], SubnetIds=house.subnets[:1])
    assert [each["Groups"][0]["GroupId"] for each in house.interfaces()] == [group_id]
    house.client("DeleteVpcEndpoints", VpcEndpointIds=[row["VpcEndpointId"], empty["VpcEndpointId"]])
    house.client("DeleteSecurityGroup", GroupId=group_id)


def test_deletion_releases_the_interfaces_and_tells_of_each_that_is_not_there(house: House) -> None:
    row = house.make(SubnetIds=house.subnets[:1])
    assert house.client.refused("DeleteSubnet", SubnetId=house.subnets[0]).code == "DependencyViolation"
    unknown = "vpce-00000000000000001"
    answer = house.client("DeleteVpcEndpoints", VpcEndpointIds=[row["VpcEndpointId"], unknown])
    [failure] = answer["Unsuccessful"]
    assert failure["ResourceId"] == unknown
    assert failure["Error"] == {
        "Code": "InvalidVpcEndpoint.NotFound",  # as Ansible's target for endpoints, which ran on AWS, passes over it
        "Message": f"The Vpc Endpoint Id '{unknown}' does not exist",
    }
    assert house.interfaces() == []
    house.client("DeleteSubnet", SubnetId=house.subnets[0])
    error = house.client.refused("DescribeVpcEndpoints", VpcEndpointIds=[row["VpcEndpointId"]])
    assert error.code == "InvalidVpcEndpointId.NotFound"


def test_a_vpc_with_endpoints_is_not_deleted(client: Client) -> None:
    vpc_id = make_vpc(client)
    asked = {"VpcId": vpc_id, "VpcEndpointType": "Interface", "ServiceName": f"com.amazonaws.{TOKYO}.sts"}
    made = client("CreateVpcEndpoint", PrivateDnsEnabled=False, **asked)["VpcEndpoint"]
    assert client.refused("DeleteVpc", VpcId=vpc_id).code == "DependencyViolation"
    client("DeleteVpcEndpoints", VpcEndpointIds=[made["VpcEndpointId"]])
    client("DeleteVpc", VpcId=vpc_id)


def test_private_dns_needs_a_vpc_that_names_hosts(client: Client) -> None:
    asked = {"VpcId": make_vpc(client), "VpcEndpointType": "Interface", "ServiceName": f"com.amazonaws.{TOKYO}.ssm"}
    error = client.refused("CreateVpcEndpoint", **asked)
    assert (error.code, error.message) == (
        "InvalidParameter",
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
        + asked["VpcId"],
    )


def test_a_private_name_is_one_endpoints_in_a_vpc(house: House) -> None:
    house.make()
    assert house.refused("InvalidParameter") == (
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
        f"ssm.{TOKYO}.amazonaws.com in the VPC {house.vpc_id}"
    )
    house.make(PrivateDnsEnabled=False)


def test_private_names_of_s3_are_asked_for(house: House) -> None:
    assert house.make("s3")["PrivateDnsEnabled"] is False
    options = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
    assert house.refused("InvalidParameter", service="s3", PrivateDnsEnabled=True, DnsOptions=options) == (
        f"To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {house.vpc_id} must have a Gateway endpoint "
        "for the service."
    )
    assert house.refused("InvalidParameter", PrivateDnsEnabled=True, DnsOptions=options)


def test_one_subnet_of_a_zone_is_enough(house: House) -> None:
    message = house.refused("DuplicateSubnetsInSameZone", SubnetIds=house.subnets[:2])
    assert message == (
        f"Found another VPC endpoint subnet in the availability zone of {house.subnets[1]}. VPC endpoint subnets "
        "should be in different availability zones supported by the VPC endpoint service."
    )


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidServiceName", {"ServiceName": "com.amazonaws.us-east-1.ssm"}),
        ("InvalidServiceName", {"ServiceName": "com.amazonaws.vpce.ap-northeast-1.vpce-svc-00000000000000001"}),
        ("InvalidVpcEndpointType", {"VpcEndpointType": "interface"}),
        ("InvalidParameter", {"VpcEndpointType": "GatewayLoadBalancer"}),
        ("InvalidParameter", {"RouteTableIds": ["rtb-00000000000000001"]}),
        ("InvalidParameter", {"IpAddressType": "ipv5"}),
        ("InvalidParameter", {"DnsOptions": {"DnsRecordIpType": "ipv6"}}),
        ("InvalidVpcId.NotFound", {"VpcId": "vpc-00000000000000001"}),
        ("InvalidSubnetId.NotFound", {"SubnetIds": ["subnet-00000000000000001"]}),
        ("InvalidSecurityGroupId.NotFound", {"SecurityGroupIds": ["sg-00000000000000001"]}),
        ("InvalidPolicyDocument", {"PolicyDocument": "{}"}),
        ("InvalidPolicyDocument", {"PolicyDocument": POLICY.replace("}", " " * 20_480 + "}", 1)}),
        ("UnsupportedOperation", {"ServiceRegion": "us-east-1"}),
    ],
)
def test_what_there_is_not_is_refused(house: House, code: str, more: dict[str, Any]) -> None:
    assert house.refused(code, **more)


def test_what_belongs_to_another_vpc_is_refused(house: House) -> None:
    vpc_id = make_vpc(house.client, "10.30.0.0/16")
    group_id = house.client("CreateSecurityGroup", GroupName="g", Description="d", VpcId=vpc_id)["GroupId"]
    assert house.refused("InvalidParameter", SecurityGroupIds=[group_id])
    assert house.refused("InvalidParameter", SubnetIds=[make_subnet(house.client, vpc_id, "10.30.0.0/24")])


def test_the_policy_is_shown_as_it_was_sent(house: House) -> None:
    assert house.make(PolicyDocument=POLICY)["PolicyDocument"] == POLICY


def test_interface_endpoints_are_counted_in_each_vpc(house: House) -> None:
    give_quota(house.client.service, INTERFACE_ENDPOINTS_PER_VPC, 1)
    house.make()
    assert house.refused("VpcEndpointLimitExceeded", service="sts")


def test_another_account_sees_nothing(house: House) -> None:
    house.make()
    other = Client(house.client.service, OTHER, TOKYO)
    assert other("DescribeVpcEndpoints")["VpcEndpoints"] == []
