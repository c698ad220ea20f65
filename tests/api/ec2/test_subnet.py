"""Subnets: where they fit, where they are, and what can be set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realvpc.net.quotas import SUBNETS_PER_VPC

from ..build import make_route_table, make_subnet, make_vpc, put_instance, specification, where
from ..conftest import MAIN, OTHER, TOKYO, Client

As = Callable[..., Client]


def test_a_new_subnet_shows_all_that_clients_read(client: Client) -> None:
    vpc_id = make_vpc(client)
    made = client(
        "CreateSubnet",
        VpcId=vpc_id,
        CidrBlock="10.20.0.0/20",
        TagSpecifications=specification("subnet", Name="public1"),
    )["Subnet"]
    [subnet] = client("DescribeSubnets", SubnetIds=[made["SubnetId"]])["Subnets"]
    assert subnet == made
    assert subnet["AvailabilityZone"] == "ap-northeast-1a"
    assert subnet["AvailableIpAddressCount"] == 4091
    assert subnet["MapPublicIpOnLaunch"] is False
    assert subnet["SubnetArn"] == f"arn:aws:ec2:{TOKYO}:{MAIN}:subnet/{subnet['SubnetId']}"
    assert subnet["State"] == "available"
    assert subnet["Tags"] == [{"Key": "Name", "Value": "public1"}]
    assert subnet["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "ip-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": False,
    }


def test_the_same_zone_name_is_another_place_in_another_account(as_account: As) -> None:
    ids = []
    for client in (as_account(MAIN), as_account(OTHER)):
        made = client(
            "CreateSubnet", VpcId=make_vpc(client), CidrBlock="10.20.0.0/20", AvailabilityZone="ap-northeast-1c"
        )["Subnet"]
        ids.append(made["AvailabilityZoneId"])
    assert ids[0] != ids[1]


def test_a_zone_can_be_given_by_its_id(client: Client) -> None:
    made = client("CreateSubnet", VpcId=make_vpc(client), CidrBlock="10.20.0.0/20", AvailabilityZoneId="apne1-az1")
    assert made["Subnet"]["AvailabilityZone"] == "ap-northeast-1c"


@pytest.mark.parametrize(
    ("zone", "possible"),
    [
        ({"AvailabilityZone": "us-east-1a"}, "ap-northeast-1a, ap-northeast-1c, ap-northeast-1d"),
        ({"AvailabilityZone": "apne1-az4"}, "ap-northeast-1a, ap-northeast-1c, ap-northeast-1d"),
        ({"AvailabilityZoneId": "apne1-az9"}, "apne1-az4, apne1-az1, apne1-az2"),
    ],
)
def test_a_zone_of_elsewhere_is_refused_with_those_that_exist(
    client: Client, zone: dict[str, str], possible: str
) -> None:
    error = client.refused("CreateSubnet", VpcId=make_vpc(client), CidrBlock="10.20.0.0/20", **zone)
    assert error.code == "InvalidParameterValue"
    assert error.message.endswith(f"created in the following availability zones: {possible}.")


def test_a_zone_is_given_by_name_or_by_id_but_not_both(client: Client) -> None:
    error = client.refused(
        "CreateSubnet",
        VpcId=make_vpc(client),
        CidrBlock="10.20.0.0/20",
        AvailabilityZone="ap-northeast-1a",
        AvailabilityZoneId="apne1-az4",
    )
    assert error.code == "InvalidParameterCombination"


@pytest.mark.parametrize("cidr", ["10.21.0.0/24", "10.20.0.0/15", "10.20.0.0/29", "10.0.0.0/8"])
def test_a_block_that_does_not_fit_is_refused(client: Client, cidr: str) -> None:
    error = client.refused("CreateSubnet", VpcId=make_vpc(client), CidrBlock=cidr)
    assert (error.code, error.message) == ("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")


@pytest.mark.parametrize("cidr", ["10.20.0.0/20", "10.20.8.0/24", "10.20.0.0/16"])
def test_subnets_of_a_vpc_do_not_overlap(client: Client, cidr: str) -> None:
    vpc_id = make_vpc(client)
    make_subnet(client, vpc_id, "10.20.0.0/20")
    error = client.refused("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr)
    assert (error.code, error.message) == (
        "InvalidSubnet.Conflict",
        f"The CIDR '{cidr}' conflicts with another subnet",
    )
    make_subnet(client, make_vpc(client), "10.20.0.0/20")


def test_a_vpc_has_a_limited_number_of_subnets(client: Client) -> None:
    vpc_id = make_vpc(client)
    for number in range(SUBNETS_PER_VPC.default):
        make_subnet(client, vpc_id, f"10.20.{number}.0/24")
    error = client.refused("CreateSubnet", VpcId=vpc_id, CidrBlock="10.20.255.0/24")
    assert (error.code, error.message) == ("SubnetLimitExceeded", "The maximum number of subnets has been reached.")


def test_another_accounts_vpc_is_not_found(as_account: As) -> None:
    vpc_id = make_vpc(as_account(MAIN))
    error = as_account(OTHER).refused("CreateSubnet", VpcId=vpc_id, CidrBlock="10.20.0.0/20")
    assert error.code == "InvalidVpcID.NotFound"


@pytest.mark.parametrize(
    "parameters",
    [
        {"OutpostArn": "arn:aws:x"},
        {"Ipv4NetmaskLength": 24},
        {"Ipv6NetmaskLength": 64},
    ],
    ids=str,
)
def test_what_subnets_here_do_not_have_is_refused_and_not_ignored(client: Client, parameters: dict[str, Any]) -> None:
    vpc_id = make_vpc(client)
    error = client.refused("CreateSubnet", VpcId=vpc_id, CidrBlock="10.20.0.0/20", **parameters)
    assert error.code == "UnsupportedOperation"


def test_a_subnet_needs_a_block(client: Client) -> None:
    vpc_id = make_vpc(client)
    assert client.refused("CreateSubnet", VpcId=vpc_id).code == "MissingParameter"


def test_the_available_addresses_shrink_with_every_interface(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client), "10.20.0.0/24")
    put_instance(client, subnet_id, "10.20.0.10", interfaces=2)
    [subnet] = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    assert subnet["AvailableIpAddressCount"] == 251 - 2


def test_a_subnet_with_an_interface_cannot_be_deleted(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    put_instance(client, subnet_id, "10.20.0.10")
    error = client.refused("DeleteSubnet", SubnetId=subnet_id)
    assert error.code == "DependencyViolation"
    assert error.message == f"The subnet '{subnet_id}' has dependencies and cannot be deleted."


def test_a_deleted_subnet_leaves_its_route_table(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id, table_id = make_subnet(client, vpc_id), make_route_table(client, vpc_id)
    client("AssociateRouteTable", RouteTableId=table_id, SubnetId=subnet_id)
    client("DeleteSubnet", SubnetId=subnet_id)
    assert client("DescribeSubnets")["Subnets"] == []
    assert client.refused("DeleteSubnet", SubnetId=subnet_id).code == "InvalidSubnetID.NotFound"
    client("DeleteRouteTable", RouteTableId=table_id)


# -- attributes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "shown"),
    [
        ({"MapPublicIpOnLaunch": {"Value": True}}, {"MapPublicIpOnLaunch": True}),
        ({"AssignIpv6AddressOnCreation": {"Value": False}}, {"AssignIpv6AddressOnCreation": False}),
        ({"EnableDns64": {"Value": False}}, {"EnableDns64": False}),
        ({"MapCustomerOwnedIpOnLaunch": {"Value": False}}, {"MapCustomerOwnedIpOnLaunch": False}),
    ],
)
def test_an_attribute_that_was_set_shows(client: Client, attribute: dict[str, Any], shown: dict[str, Any]) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    client("ModifySubnetAttribute", SubnetId=subnet_id, **attribute)
    [subnet] = client("DescribeSubnets")["Subnets"]
    assert shown.items() <= subnet.items()


def test_hostnames_can_follow_the_instance_id(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    client("ModifySubnetAttribute", SubnetId=subnet_id, PrivateDnsHostnameTypeOnLaunch="resource-name")
    client("ModifySubnetAttribute", SubnetId=subnet_id, EnableResourceNameDnsARecordOnLaunch={"Value": True})
    name = "private-dns-name-options-on-launch.hostname-type"
    [subnet] = client("DescribeSubnets", Filters=[{"Name": name, "Values": ["resource-name"]}])["Subnets"]
    assert subnet["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": False,
    }


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({}, "MissingParameter"),
        ({"MapPublicIpOnLaunch": {}}, "MissingParameter"),
        ({"MapPublicIpOnLaunch": {"Value": True}, "EnableDns64": {"Value": False}}, "InvalidParameterCombination"),
        ({"AssignIpv6AddressOnCreation": {"Value": True}}, "InvalidParameterValue"),
        ({"EnableDns64": {"Value": True}}, "InvalidParameterValue"),
        ({"EnableLniAtDeviceIndex": 1}, "UnsupportedOperation"),
    ],
)
def test_an_attribute_that_cannot_be_set_is_refused(client: Client, attributes: dict[str, Any], code: str) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    assert client.refused("ModifySubnetAttribute", SubnetId=subnet_id, **attributes).code == code


def test_filters_find_subnets_by_vpc_and_by_zone(client: Client) -> None:
    vpc_id = make_vpc(client)
    first = make_subnet(client, vpc_id, "10.20.0.0/24")
    second = make_subnet(client, vpc_id, "10.20.1.0/24", AvailabilityZone="ap-northeast-1c")
    make_subnet(client, make_vpc(client), "10.20.0.0/24")

    def found(**filters: str) -> list[str]:
        return [row["SubnetId"] for row in client("DescribeSubnets", Filters=where(**filters))["Subnets"]]

    assert set(found(vpc_id=vpc_id)) == {first, second}
    assert found(vpc_id=vpc_id, availability_zone="ap-northeast-1c") == [second]
    assert found(vpc_id=vpc_id, cidr_block="10.20.0.0/24") == [first]
    assert found(vpc_id=vpc_id, outpost_arn="*") == []


def test_a_hostname_type_that_does_not_exist_is_refused(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    error = client.refused("ModifySubnetAttribute", SubnetId=subnet_id, PrivateDnsHostnameTypeOnLaunch="name")
    assert error.code == "InvalidParameterValue"
