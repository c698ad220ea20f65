"""NAT gateways: made, failed, shown, deleted, and what may not be done to what they own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from realvpc.clock import Clock
from realvpc.net.quotas import NAT_GATEWAYS_PER_ZONE

from ...counting import calls
from ..build import make_internet_gateway, make_route_table, make_subnet, make_vpc, named, specification
from ..conftest import OTHER, Client, give_quota


class House:
    """A VPC with an internet gateway, a subnet and an Elastic IP address."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.vpc_id = make_vpc(client)
        self.gateway_id = make_internet_gateway(client, self.vpc_id)
        self.subnet_id = make_subnet(client, self.vpc_id)
        self.address = client("AllocateAddress")

    @property
    def allocation_id(self) -> str:
        return str(self.address["AllocationId"])

    def make(self, **more: Any) -> dict[str, Any]:
        asked = {"SubnetId": self.subnet_id, "AllocationId": self.allocation_id, **more}
        made: dict[str, Any] = self.client("CreateNatGateway", **asked)["NatGateway"]
        return made

    def private(self, **more: Any) -> str:
        made = self.client("CreateNatGateway", SubnetId=self.subnet_id, ConnectivityType="private", **more)
        return str(made["NatGateway"]["NatGatewayId"])

    def shown(self, gateway_id: str) -> dict[str, Any]:
        [row] = self.client("DescribeNatGateways", NatGatewayIds=[gateway_id])["NatGateways"]
        found: dict[str, Any] = row
        return found


@pytest.fixture
def house(client: Client) -> House:
    return House(client)


def test_a_public_gateway_is_pending_and_then_available_with_its_addresses(house: House) -> None:
    tags = specification("natgateway", Name="way out")
    made = house.make(TagSpecifications=tags)
    assert (made["State"], made["NatGatewayAddresses"]) == (
        "pending",
        [{"AllocationId": house.allocation_id, "IsPrimary": True, "Status": "associating"}],
    )
    row = house.shown(made["NatGatewayId"])
    assert (row["State"], row["ConnectivityType"], row["VpcId"]) == ("available", "public", house.vpc_id)
    assert row["Tags"] == [{"Key": "Name", "Value": "way out"}]
    [address] = row["NatGatewayAddresses"]
    assert (address["PublicIp"], address["IsPrimary"], address["Status"]) == (
        house.address["PublicIp"],
        True,
        "succeeded",
    )
    [interface] = house.client("DescribeNetworkInterfaces", Filters=named("interface-type", "nat_gateway"))[
        "NetworkInterfaces"
    ]
    assert interface["NetworkInterfaceId"] == address["NetworkInterfaceId"]
    assert interface["Description"] == f"Interface for NAT Gateway {row['NatGatewayId']}"
    assert (interface["RequesterManaged"], interface["SourceDestCheck"], interface["Groups"]) == (True, False, [])
    assert interface["Attachment"]["InstanceOwnerId"] == "amazon-aws"
    assert "InstanceId" not in interface["Attachment"] or interface["Attachment"]["InstanceId"] is None
    assert interface["Association"]["AllocationId"] == house.allocation_id
    [elastic] = house.client("DescribeAddresses")["Addresses"]
    assert elastic["NetworkInterfaceId"] == interface["NetworkInterfaceId"]
    assert elastic["PrivateIpAddress"] == address["PrivateIp"]


def test_a_private_gateway_needs_no_way_out(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    made = client("CreateNatGateway", SubnetId=subnet_id, ConnectivityType="private", PrivateIpAddress="10.20.0.9")
    [row] = client("DescribeNatGateways", NatGatewayIds=[made["NatGateway"]["NatGatewayId"]])["NatGateways"]
    assert (row["State"], row["ConnectivityType"]) == ("available", "private")
    [address] = row["NatGatewayAddresses"]
    assert (address["PrivateIp"], address.get("PublicIp")) == ("10.20.0.9", None)


class TestFailure:
    """CreateNatGateway answers as ever, and the gateway says what it missed."""

    def failed(self, house: House, **more: Any) -> tuple[str, str]:
        row = house.shown(house.make(**more)["NatGatewayId"])
        assert row["State"] == "failed"
        assert row["DeleteTime"]
        assert not house.client("DescribeNetworkInterfaces")["NetworkInterfaces"]
        return row["FailureCode"], row["FailureMessage"]

    def test_without_an_internet_gateway(self, house: House) -> None:
        house.client("DetachInternetGateway", InternetGatewayId=house.gateway_id, VpcId=house.vpc_id)
        expected = "Gateway.NotAttached", f"Network {house.vpc_id} has no Internet gateway attached"
        assert self.failed(house) == expected

    def test_with_an_address_that_is_not_there(self, house: House) -> None:
        gone = "eipalloc-0123456789abcdef0"
        code, message = self.failed(house, AllocationId=gone)
        assert code == "InvalidAllocationID.NotFound"
        assert message == f"Elastic IP address {gone} could not be associated with this NAT gateway"

    def test_with_an_address_of_somebody_else(self, house: House, as_account: Callable[..., Client]) -> None:
        theirs = as_account(OTHER)("AllocateAddress")["AllocationId"]
        assert self.failed(house, AllocationId=theirs)[0] == "InvalidAllocationID.NotFound"

    def test_with_an_address_that_is_in_use(self, house: House) -> None:
        first = house.make()["NatGatewayId"]
        row = house.shown(house.make()["NatGatewayId"])
        assert (row["State"], row["FailureCode"]) == ("failed", "Resource.AlreadyAssociated")
        assert row["FailureMessage"] == f"Elastic IP address {house.allocation_id} is already associated"
        assert house.shown(first)["State"] == "available"

    def test_in_a_subnet_that_is_full(self, house: House) -> None:
        small = make_subnet(house.client, house.vpc_id, "10.20.16.0/28")
        for _ in range(11):
            house.client("CreateNetworkInterface", SubnetId=small)
        row = house.shown(house.make(SubnetId=small)["NatGatewayId"])
        assert row["FailureCode"] == "InsufficientFreeAddressesInSubnet"

    def test_in_a_subnet_of_which_all_is_set_aside(self, house: House) -> None:
        small = make_subnet(house.client, house.vpc_id, "10.20.16.0/28")
        house.client("CreateSubnetCidrReservation", SubnetId=small, Cidr="10.20.16.0/28", ReservationType="explicit")
        assert self.failed(house, SubnetId=small)[0] == "InsufficientFreeAddressesInSubnet"
        named_one = house.make(SubnetId=small, PrivateIpAddress="10.20.16.9")
        assert house.shown(named_one["NatGatewayId"])["State"] == "available"

    def test_a_failed_one_can_be_deleted_and_disappears_by_itself(self, house: House, clock: Clock) -> None:
        gateway_id = house.make(AllocationId="eipalloc-0123456789abcdef0")["NatGatewayId"]
        house.client("DeleteNatGateway", NatGatewayId=gateway_id)
        assert house.shown(gateway_id)["State"] == "deleted"
        clock.offset = timedelta(minutes=61)
        assert house.client.refused("DescribeNatGateways", NatGatewayIds=[gateway_id]).code == "NatGatewayNotFound"


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"SubnetId": None}, "MissingParameter"),
            ({"AllocationId": None}, "MissingParameter"),
            ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
            ({"ConnectivityType": "both"}, "InvalidParameterValue"),
            ({"ConnectivityType": "private"}, "InvalidParameterCombination"),
            ({"AvailabilityMode": "regional"}, "UnsupportedOperation"),
            ({"VpcId": "vpc-0123456789abcdef0"}, "UnsupportedOperation"),
            ({"PrivateIpAddress": "10.99.0.1"}, "InvalidParameterValue"),
            ({"PrivateIpAddress": "10.20.0.1"}, "InvalidParameterValue"),
            ({"SecondaryPrivateIpAddressCount": 1}, "InvalidParameterCombination"),
            ({"SecondaryPrivateIpAddresses": ["10.20.0.9"]}, "InvalidParameterCombination"),
            ({"SecondaryAllocationIds": [f"eipalloc-{number}" for number in range(8)]}, "AddressLimitExceeded"),
        ],
    )
    def test_at_once(self, house: House, asked: dict[str, Any], code: str) -> None:
        request = {"SubnetId": house.subnet_id, "AllocationId": house.allocation_id, **asked}
        request = {member: value for member, value in request.items() if value is not None}
        assert house.client.refused("CreateNatGateway", **request).code == code

    def test_the_sixth_in_a_zone(self, house: House) -> None:
        give_quota(house.client.service, NAT_GATEWAYS_PER_ZONE, 5)
        for _ in range(5):
            house.private()
        error = house.client.refused("CreateNatGateway", SubnetId=house.subnet_id, ConnectivityType="private")
        assert error.code == "NatGatewayLimitExceeded"
        assert error.message == "Performing this operation would exceed the limit of 5 NAT gateways"

    def test_those_that_ended_are_not_looked_at(self, house: House) -> None:
        def create() -> None:
            house.private()

        house.client("DeleteNatGateway", NatGatewayId=house.private())  # and the first use of everything
        before = calls(create)
        for _ in range(100):
            house.client("DeleteNatGateway", NatGatewayId=house.private())
        assert calls(create) < before + 200  # one that looks at each calls several times as many

    def test_what_is_not_there(self, house: House, as_account: Callable[..., Client]) -> None:
        gateway_id = house.private()
        for client in (house.client, as_account(OTHER)):
            wanted = "nat-0123456789abcdef0" if client is house.client else gateway_id
            error = client.refused("DeleteNatGateway", NatGatewayId=wanted)
            assert (error.code, error.message) == ("NatGatewayNotFound", f"NAT gateway {wanted} was not found")
        assert house.client.refused("DeleteNatGateway", NatGatewayId="nat-1").code == "NatGatewayMalformed"

    def test_a_deleted_one_may_be_deleted_again_while_it_is_shown(self, house: House) -> None:
        """As Ansible's target for NAT gateways, which ran on AWS, does it (and gruntwork-io/cloud-nuke, issue 248)."""
        gateway_id = house.private()
        house.client("DeleteNatGateway", NatGatewayId=gateway_id)
        before = house.client.service.state
        assert house.client("DeleteNatGateway", NatGatewayId=gateway_id) == {"NatGatewayId": gateway_id}
        assert house.client.service.state == before

    def test_nobody_touches_what_a_gateway_owns(self, house: House) -> None:
        [address] = house.shown(house.make()["NatGatewayId"])["NatGatewayAddresses"]
        interface_id, association_id = address["NetworkInterfaceId"], address["AssociationId"]
        [interface] = house.client("DescribeNetworkInterfaces")["NetworkInterfaces"]
        spare = house.client("AllocateAddress")["AllocationId"]
        refused = house.client.refused
        for action, request in (
            ("DisassociateAddress", {"AssociationId": association_id}),
            ("AssociateAddress", {"AllocationId": spare, "NetworkInterfaceId": interface_id}),
            ("ReleaseAddress", {"AllocationId": house.allocation_id}),
            (
                "ModifyNetworkInterfaceAttribute",
                {"NetworkInterfaceId": interface_id, "SourceDestCheck": {"Value": True}},
            ),
            ("AssignPrivateIpAddresses", {"NetworkInterfaceId": interface_id, "SecondaryPrivateIpAddressCount": 1}),
        ):
            error = refused(action, **request)
            assert (error.code, error.message) == (
                "AuthFailure",
                "You do not have permission to access the specified resource.",
            )
        assert refused("DeleteNetworkInterface", NetworkInterfaceId=interface_id).code == "InvalidParameterValue"
        detached = refused("DetachNetworkInterface", AttachmentId=interface["Attachment"]["AttachmentId"])
        assert detached.code == "OperationNotPermitted"
        assert refused("DeleteSubnet", SubnetId=house.subnet_id).code == "DependencyViolation"
        assert refused("DeleteVpc", VpcId=house.vpc_id).code == "DependencyViolation"
        gone = {"InternetGatewayId": house.gateway_id, "VpcId": house.vpc_id}
        assert refused("DetachInternetGateway", **gone).code == "DependencyViolation"


def test_deleting_frees_all_and_leaves_a_blackhole(house: House, clock: Clock) -> None:
    gateway_id = house.make()["NatGatewayId"]
    table_id = make_route_table(house.client, house.vpc_id)
    house.client("CreateRoute", RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway_id)
    filters = named("route.nat-gateway-id", gateway_id)

    def state() -> str:
        [table] = house.client("DescribeRouteTables", Filters=filters)["RouteTables"]
        return str(table["Routes"][1]["State"])

    assert state() == "active"
    [before] = house.shown(gateway_id)["NatGatewayAddresses"]
    assert house.client("DeleteNatGateway", NatGatewayId=gateway_id) == {"NatGatewayId": gateway_id}
    assert state() == "blackhole"
    row = house.shown(gateway_id)
    assert (row["State"], row["NatGatewayAddresses"][0]["PublicIp"]) == ("deleted", before["PublicIp"])
    clock.offset = timedelta(minutes=61)
    assert not house.client("DescribeNatGateways")["NatGateways"]
    house.client("ReleaseAddress", AllocationId=house.allocation_id)
    house.client("DetachInternetGateway", InternetGatewayId=house.gateway_id, VpcId=house.vpc_id)
    house.client("DeleteSubnet", SubnetId=house.subnet_id)


def test_routes_lead_only_to_available_gateways_of_the_vpc(house: House) -> None:
    gateway_id = house.private()
    elsewhere = make_route_table(house.client, make_vpc(house.client, "10.30.0.0/16"))
    asked = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": gateway_id}
    assert house.client.refused("CreateRoute", RouteTableId=elsewhere, **asked).code == "InvalidParameterValue"
    table_id = make_route_table(house.client, house.vpc_id)
    ipv6 = {"DestinationIpv6CidrBlock": "::/0", "NatGatewayId": gateway_id}
    assert house.client.refused("CreateRoute", RouteTableId=table_id, **ipv6).code == "InvalidParameterValue"
    house.client("CreateRoute", RouteTableId=table_id, **{**asked, "DestinationCidrBlock": "10.20.0.0/20"})
    house.client("DeleteNatGateway", NatGatewayId=gateway_id)
    error = house.client.refused("CreateRoute", RouteTableId=table_id, **asked)
    assert error.code == "InvalidNatGatewayID.NotFound"


def test_filters_have_another_name(house: House) -> None:
    gateway_id, other_id = house.private(), house.private()
    house.client("DeleteNatGateway", NatGatewayId=other_id)

    def found(name: str, value: str) -> set[str]:
        rows = house.client("DescribeNatGateways", Filter=named(name, value))["NatGateways"]
        return {row["NatGatewayId"] for row in rows}

    assert found("state", "available") == {gateway_id} == found("nat-gateway-id", gateway_id)
    assert found("subnet-id", house.subnet_id) == {gateway_id, other_id} == found("vpc-id", house.vpc_id)
    assert house.client.refused("DescribeNatGateways", Filter=named("color", "red")).code == "InvalidParameterValue"


def test_the_same_token_makes_one_gateway(house: House) -> None:
    first, again = (house.make(ClientToken="once")["NatGatewayId"] for _ in range(2))
    assert first == again
    assert len(house.client("DescribeNatGateways")["NatGateways"]) == 1


def test_a_gateway_is_the_way_of_ipv6_to_ipv4_and_to_nothing_else(house: House) -> None:
    gateway_id = house.private()
    table_id = house.client("CreateRouteTable", VpcId=house.vpc_id)["RouteTable"]["RouteTableId"]
    wanted = {"RouteTableId": table_id, "NatGatewayId": gateway_id}
    house.client("CreateRoute", DestinationIpv6CidrBlock="64:ff9b::/96", **wanted)
    routes = house.client("DescribeRouteTables", RouteTableIds=[table_id])["RouteTables"][0]["Routes"]
    [route] = [each for each in routes if each.get("DestinationIpv6CidrBlock") == "64:ff9b::/96"]
    assert (route["NatGatewayId"], route["State"]) == (gateway_id, "active")
    error = house.client.refused("CreateRoute", DestinationIpv6CidrBlock="::/0", **wanted)
    assert error.code == "InvalidParameterValue"
