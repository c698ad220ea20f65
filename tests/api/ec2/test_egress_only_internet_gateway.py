"""Egress-only internet gateways: made for a VPC, led to by IPv6 routes, gone without asking."""

from __future__ import annotations

from collections.abc import Callable

from realvpc.net.quotas import (
    EGRESS_ONLY_INTERNET_GATEWAYS_PER_REGION,
    INTERNET_GATEWAYS_PER_REGION,
    VPCS_PER_REGION,
)

from ..build import make_route_table, make_vpc, named, specification
from ..conftest import OTHER, Client, give_quota

As = Callable[..., Client]
NOBODYS = "eigw-00000000000000001"


def make(client: Client, vpc_id: str) -> str:
    made = client("CreateEgressOnlyInternetGateway", VpcId=vpc_id)
    gateway_id: str = made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    return gateway_id


def test_a_gateway_is_attached_to_its_vpc_from_the_beginning(client: Client, as_account: As) -> None:
    vpc_id = make_vpc(client, AmazonProvidedIpv6CidrBlock=True)
    made = client(
        "CreateEgressOnlyInternetGateway",
        VpcId=vpc_id,
        ClientToken="once",
        TagSpecifications=specification("egress-only-internet-gateway", Name="out"),
    )
    gateway = made["EgressOnlyInternetGateway"]
    assert made["ClientToken"] == "once"
    assert gateway["EgressOnlyInternetGatewayId"].startswith("eigw-")
    assert gateway["Attachments"] == [{"State": "attached", "VpcId": vpc_id}]
    make(client, make_vpc(client, "10.30.0.0/16"))
    found = client("DescribeEgressOnlyInternetGateways", Filters=named("tag:Name", "out"))
    assert found["EgressOnlyInternetGateways"] == [gateway]
    assert as_account(OTHER)("DescribeEgressOnlyInternetGateways")["EgressOnlyInternetGateways"] == []


def test_a_vpc_has_one(client: Client) -> None:
    vpc_id = make_vpc(client)
    make(client, vpc_id)
    error = client.refused("CreateEgressOnlyInternetGateway", VpcId=vpc_id)
    assert error.code == "InvalidParameterValue"
    assert client.refused("DeleteVpc", VpcId=vpc_id).code == "DependencyViolation"


def test_a_region_has_a_limited_number_of_them(client: Client) -> None:
    give_quota(client.service, EGRESS_ONLY_INTERNET_GATEWAYS_PER_REGION, 1)
    make(client, make_vpc(client))
    error = client.refused("CreateEgressOnlyInternetGateway", VpcId=make_vpc(client))
    assert error.code == "EgressOnlyInternetGatewayLimitExceeded"


def test_gateways_come_with_the_quota_of_vpcs(client: Client) -> None:
    give_quota(client.service, VPCS_PER_REGION, 20)
    for _ in range(7):
        vpc_id = make_vpc(client)
        make(client, vpc_id)
        client("CreateInternetGateway")
    give_quota(client.service, INTERNET_GATEWAYS_PER_REGION, 1)
    assert client.refused("CreateInternetGateway").code == "InternetGatewayLimitExceeded"


def test_a_route_over_it_is_a_blackhole_when_it_is_gone(client: Client) -> None:
    vpc_id = make_vpc(client, AmazonProvidedIpv6CidrBlock=True)
    table_id, gateway_id = make_route_table(client, vpc_id), make(client, vpc_id)
    route = {"RouteTableId": table_id, "DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": gateway_id}
    client("CreateRoute", **route)
    client("CreateRoute", **route)
    by_gateway = named("route.egress-only-internet-gateway-id", gateway_id)
    [table] = client("DescribeRouteTables", Filters=by_gateway)["RouteTables"]
    expected = {
        "DestinationIpv6CidrBlock": "::/0",
        "EgressOnlyInternetGatewayId": gateway_id,
        "Origin": "CreateRoute",
        "State": "active",
    }
    assert table["Routes"][-1] == expected
    assert client("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=gateway_id) == {"ReturnCode": True}
    [table] = client("DescribeRouteTables", Filters=by_gateway)["RouteTables"]
    assert table["Routes"][-1] == expected | {"State": "blackhole"}
    client("DeleteRoute", RouteTableId=table_id, DestinationIpv6CidrBlock="::/0")
    client("DeleteRouteTable", RouteTableId=table_id)
    client("DeleteVpc", VpcId=vpc_id)


def test_a_route_over_it_is_of_ipv6_and_of_its_vpc(client: Client) -> None:
    vpc_id = make_vpc(client)
    table_id, gateway_id = make_route_table(client, vpc_id), make(client, vpc_id)
    elsewhere = make(client, make_vpc(client, "10.30.0.0/16"))
    for destination, target, code in (
        ({"DestinationCidrBlock": "0.0.0.0/0"}, gateway_id, "InvalidParameterValue"),
        ({"DestinationIpv6CidrBlock": "::/0"}, elsewhere, "InvalidParameterValue"),
        ({"DestinationIpv6CidrBlock": "::/0"}, NOBODYS, "InvalidGatewayID.NotFound"),
        ({"DestinationIpv6CidrBlock": "::/0"}, "igw-1", "InvalidEgressOnlyInternetGatewayId.Malformed"),
    ):
        error = client.refused("CreateRoute", RouteTableId=table_id, EgressOnlyInternetGatewayId=target, **destination)
        assert error.code == code


def test_a_gateway_that_is_not_there_is_missed(client: Client) -> None:
    error = client.refused("DescribeEgressOnlyInternetGateways", EgressOnlyInternetGatewayIds=[NOBODYS])
    assert error.code == "InvalidEgressOnlyInternetGatewayId.NotFound"
    error = client.refused("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=NOBODYS)
    assert (error.code, error.message) == ("InvalidGatewayID.NotFound", f"The eigw ID '{NOBODYS}' does not exist")
