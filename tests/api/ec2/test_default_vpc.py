"""The default VPC: there from the first call in a Region, gone when its owner deletes it, and switched on and off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.context import Context, Options
from realvpc.api.core.errors import AwsError
from realvpc.api.core.sweep import everything
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.net.quotas import INTERNET_GATEWAYS_PER_REGION, VPCS_PER_REGION, Quota
from realvpc.net.table import Change, put
from realvpc.store.database import Database

from ..build import make_subnet, make_vpc, where
from ..conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client, give_quota, new_service

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@pytest.fixture
def service(clock: Clock) -> Service:
    return new_service(clock, default_vpc=True)


def default_vpc(client: Client) -> str:
    (vpc,) = client("DescribeVpcs", Filters=where(is_default="true"))["Vpcs"]
    vpc_id: str = vpc["VpcId"]
    return vpc_id


def delete_default_subnets(client: Client) -> None:
    for subnet in client("DescribeSubnets", Filters=where(default_for_az="true"))["Subnets"]:
        client("DeleteSubnet", SubnetId=subnet["SubnetId"])


def delete_default_vpc(client: Client) -> None:
    """As its owner has to."""
    vpc_id = default_vpc(client)
    delete_default_subnets(client)
    (gateway,) = client("DescribeInternetGateways")["InternetGateways"]
    client("DetachInternetGateway", InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc_id)
    client("DeleteInternetGateway", InternetGatewayId=gateway["InternetGatewayId"])
    client("DeleteVpc", VpcId=vpc_id)


def run(client: Client, **more: Any) -> dict[str, Any]:
    asked = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, **more}
    instance: dict[str, Any] = client("RunInstances", **asked)["Instances"][0]
    return instance


def switch(service: Service, wanted: bool | None, account: str = MAIN) -> None:
    """As the operator does."""

    def change(ctx: Context) -> Change:
        return put(replace(ctx.directory.accounts[account], default_vpc=wanted))

    service.report(change, "test")


def test_it_is_there_from_the_first_call_with_all_that_belongs_to_it(client: Client) -> None:
    (vpc,) = client("DescribeVpcs")["Vpcs"]
    assert (vpc["CidrBlock"], vpc["IsDefault"], vpc["State"], vpc["Tags"]) == (
        "172.31.0.0/16",
        True,
        "available",
        None,
    )
    (options,) = client("DescribeDhcpOptions")["DhcpOptions"]
    assert vpc["DhcpOptionsId"] == options["DhcpOptionsId"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        shown = client("DescribeVpcAttribute", VpcId=vpc["VpcId"], Attribute=attribute)
        assert shown[attribute[0].upper() + attribute[1:]]["Value"] is True
    (gateway,) = client("DescribeInternetGateways")["InternetGateways"]
    assert gateway["Attachments"] == [{"VpcId": vpc["VpcId"], "State": "available"}]
    (table,) = client("DescribeRouteTables")["RouteTables"]
    assert [row["Main"] for row in table["Associations"]] == [True]
    out = {route["DestinationCidrBlock"]: (route["GatewayId"], route["State"]) for route in table["Routes"]}
    assert out == {"172.31.0.0/16": ("local", "active"), "0.0.0.0/0": (gateway["InternetGatewayId"], "active")}
    (group,) = client("DescribeSecurityGroups")["SecurityGroups"]
    assert (group["GroupName"], group["VpcId"]) == ("default", vpc["VpcId"])
    (acl,) = client("DescribeNetworkAcls")["NetworkAcls"]
    assert (acl["IsDefault"], acl["VpcId"], len(acl["Associations"])) == (True, vpc["VpcId"], 3)


def test_there_is_a_subnet_of_4096_addresses_for_each_zone_in_the_order_of_the_zones_ids(
    as_account: Callable[..., Client],
) -> None:
    """As on AWS, where ap-northeast-1a of most accounts is apne1-az4, with 172.31.32.0/20."""

    def blocks(client: Client, *shown: str) -> set[tuple[str, ...]]:
        rows = client("DescribeSubnets", Filters=where(default_for_az="true"))["Subnets"]
        assert all(row["DefaultForAz"] and row["MapPublicIpOnLaunch"] for row in rows)
        assert {row["AvailableIpAddressCount"] for row in rows} == {4091}
        return {tuple(row[name] for name in shown) for row in rows}

    by_name = "AvailabilityZone", "CidrBlock"
    assert blocks(as_account(), *by_name) == {
        ("ap-northeast-1a", "172.31.32.0/20"),
        ("ap-northeast-1c", "172.31.0.0/20"),
        ("ap-northeast-1d", "172.31.16.0/20"),
    }
    by_id = "AvailabilityZoneId", "CidrBlock"
    assert blocks(as_account(OTHER), *by_id) == blocks(as_account(), *by_id)  # and other names: zones differ
    assert blocks(as_account(OTHER), *by_name) != blocks(as_account(), *by_name)
    assert len(blocks(as_account(MAIN, VIRGINIA), *by_id)) == 6


def test_every_account_has_one_in_every_region_and_sees_no_other(as_account: Callable[..., Client]) -> None:
    clients = [as_account(account, region) for account in (MAIN, OTHER) for region in (TOKYO, VIRGINIA)]
    assert len({default_vpc(each) for each in clients}) == 4
    assert [len(each("DescribeVpcs")["Vpcs"]) for each in clients] == [1] * 4


def test_it_is_made_once_whatever_becomes_of_the_first_call(client: Client) -> None:
    for _ in range(2):
        with pytest.raises(AwsError, match="InvalidVpcID"):
            client("DeleteVpc", VpcId="vpc-0123456789abcdef0")
    revision = client.service.revision
    vpc_id = default_vpc(client)
    assert default_vpc(client) == vpc_id
    assert client.service.revision == revision


def test_other_services_need_none(client: Client) -> None:
    client("GetCallerIdentity", of="sts")
    client("ListRoles", of="iam")
    assert not client.service.state.network.vpcs


def test_it_stays_after_a_restart_and_stays_deleted(clock: Clock, tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db")

    def life() -> Client:
        service = Service(database, clock.now, Random(1), Options(has_fabric=False))
        return Client(service, MAIN, TOKYO)

    switched = life()
    switched.service.report(lambda ctx: put(*new_service(clock).state.directory.accounts.values()), "test")
    vpc_id = default_vpc(switched)
    assert default_vpc(life()) == vpc_id
    delete_default_vpc(life())
    assert life()("DescribeVpcs")["Vpcs"] == []
    again = life()("CreateDefaultVpc")["Vpc"]["VpcId"]
    assert default_vpc(life()) == again != vpc_id
    database.close()


def test_a_reset_service_begins_anew(client: Client) -> None:
    vpc_id = default_vpc(client)
    client.service.report(everything, "reset")
    assert default_vpc(client) != vpc_id


def test_who_has_vpcs_already_is_given_none(clock: Clock, as_account: Callable[..., Client]) -> None:
    """What was made while it was off, or before there were default VPCs, is left alone; other Regions get theirs."""
    client = as_account()
    switch(client.service, False)
    vpc_id = make_vpc(client)
    switch(client.service, None)
    assert [row["VpcId"] for row in client("DescribeVpcs")["Vpcs"]] == [vpc_id]
    client("DeleteVpc", VpcId=vpc_id)
    assert client("DescribeVpcs")["Vpcs"] == []
    assert default_vpc(as_account(MAIN, VIRGINIA))
    assert client("CreateDefaultVpc")["Vpc"]["IsDefault"]


def test_an_account_is_switched_off_and_on(as_account: Callable[..., Client]) -> None:
    client, other = as_account(), as_account(OTHER)
    switch(client.service, False)
    before = client.service.revision
    assert client("DescribeVpcs")["Vpcs"] == []
    assert client.service.revision == before  # a description writes nothing
    assert default_vpc(other)
    switch(client.service, True)
    vpc_id = default_vpc(client)
    switch(client.service, False)
    assert default_vpc(client) == vpc_id  # what is there stays


def test_an_account_is_switched_on_where_the_service_has_it_off(clock: Clock) -> None:
    service = new_service(clock, default_vpc=False)
    switch(service, True)
    assert default_vpc(Client(service, MAIN, TOKYO))
    assert Client(service, OTHER, TOKYO)("DescribeVpcs")["Vpcs"] == []


def test_create_default_vpc(client: Client) -> None:
    default_vpc(client)
    error = client.refused("CreateDefaultVpc")
    assert (error.code, error.message) == (
        "DefaultVpcAlreadyExists",
        "A Default VPC already exists for this account in this region.",
    )
    delete_default_vpc(client)
    made = client("CreateDefaultVpc")["Vpc"]
    assert (made["State"], made["CidrBlock"], made["IsDefault"]) == ("pending", "172.31.0.0/16", True)
    assert len(client("DescribeSubnets", Filters=where(vpc_id=made["VpcId"]))["Subnets"]) == 3


@pytest.mark.parametrize(
    ("quota", "action", "request_", "code"),
    [
        (VPCS_PER_REGION, "CreateVpc", {"CidrBlock": "10.0.0.0/16"}, "VpcLimitExceeded"),
        (INTERNET_GATEWAYS_PER_REGION, "CreateInternetGateway", {}, "InternetGatewayLimitExceeded"),
    ],
)
def test_quotas_count_it(client: Client, quota: Quota, action: str, request_: dict[str, Any], code: str) -> None:
    give_quota(client.service, quota, 1)
    default_vpc(client)
    assert client.refused(action, **request_).code == code
    delete_default_vpc(client)
    client(action, **request_)
    assert client.refused("CreateDefaultVpc").code == code


def test_it_is_deleted_when_it_is_empty(client: Client) -> None:
    vpc_id = default_vpc(client)
    assert client.refused("DeleteVpc", VpcId=vpc_id).code == "DependencyViolation"
    delete_default_vpc(client)
    assert not client.service.state.network.table_routes
    assert client("DescribeVpcs")["Vpcs"] == []


# -- default subnets ---------------------------------------------------------------------------------------------------


def test_create_default_subnet_takes_the_first_free_block(client: Client) -> None:
    vpc_id = default_vpc(client)
    (subnet,) = client("DescribeSubnets", Filters=where(availability_zone="ap-northeast-1a"))["Subnets"]
    error = client.refused("CreateDefaultSubnet", AvailabilityZone="ap-northeast-1a")
    assert error.code == "DefaultSubnetAlreadyExistsInAvailabilityZone"
    assert subnet["SubnetId"] in error.message
    client("DeleteSubnet", SubnetId=subnet["SubnetId"])
    make_subnet(client, vpc_id, "172.31.40.0/24")  # of the block that it had
    made = client("CreateDefaultSubnet", AvailabilityZoneId=subnet["AvailabilityZoneId"])["Subnet"]
    assert (made["CidrBlock"], made["AvailabilityZone"]) == ("172.31.48.0/20", "ap-northeast-1a")
    assert made["DefaultForAz"]
    assert made["MapPublicIpOnLaunch"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, "MissingParameter"),
        ({"AvailabilityZone": "us-east-1a"}, "InvalidParameterValue"),
        ({"AvailabilityZone": "ap-northeast-1a", "AvailabilityZoneId": "apne1-az4"}, "InvalidParameterCombination"),
    ],
)
def test_a_default_subnet_needs_a_zone(client: Client, request_: dict[str, Any], code: str) -> None:
    default_vpc(client)
    assert client.refused("CreateDefaultSubnet", **request_).code == code


def test_a_default_subnet_needs_a_default_vpc_and_room(client: Client) -> None:
    vpc_id = default_vpc(client)
    delete_default_subnets(client)
    for number in range(16):
        make_subnet(client, vpc_id, f"172.31.{16 * number}.0/28")
    assert client.refused("CreateDefaultSubnet", AvailabilityZone="ap-northeast-1a").code == "InvalidSubnet.Conflict"
    for subnet in client("DescribeSubnets")["Subnets"]:
        client("DeleteSubnet", SubnetId=subnet["SubnetId"])
    delete_default_vpc(client)
    error = client.refused("CreateDefaultSubnet", AvailabilityZone="ap-northeast-1a")
    assert (error.code, error.message) == (
        "DefaultVpcDoesNotExist",
        "No default VPC exists for this account in this region.",
    )


def test_a_subnet_that_a_user_makes_in_it_is_no_default(client: Client) -> None:
    subnet_id = make_subnet(client, default_vpc(client), "172.31.48.0/20")
    (shown,) = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    assert (shown["DefaultForAz"], shown["MapPublicIpOnLaunch"]) == (False, False)
