"""Internet gateways: one per VPC, one VPC per gateway."""

from __future__ import annotations

from ..build import make_internet_gateway, make_route_table, make_subnet, make_vpc, named, put_instance, specification
from ..conftest import Client


def test_a_new_gateway_is_attached_to_nothing(client: Client) -> None:
    made = client("CreateInternetGateway", TagSpecifications=specification("internet-gateway", Name="VPC-A-igw"))
    gateway = made["InternetGateway"]
    assert gateway["Attachments"] == []
    assert gateway["Tags"] == [{"Key": "Name", "Value": "VPC-A-igw"}]
    found = client("DescribeInternetGateways", InternetGatewayIds=[gateway["InternetGatewayId"]])
    assert found["InternetGateways"] == [gateway]
    assert found.get("NextToken") is None


def test_an_attached_gateway_shows_its_vpc(client: Client) -> None:
    vpc_id = make_vpc(client)
    gateway_id = make_internet_gateway(client, vpc_id)
    make_internet_gateway(client)
    [gateway] = client("DescribeInternetGateways", Filters=named("attachment.vpc-id", vpc_id))["InternetGateways"]
    assert gateway["InternetGatewayId"] == gateway_id
    assert gateway["Attachments"] == [{"VpcId": vpc_id, "State": "available"}]


def test_a_gateway_has_one_vpc_and_a_vpc_one_gateway(client: Client) -> None:
    first, second = make_vpc(client), make_vpc(client, "10.30.0.0/16")
    gateway_id = make_internet_gateway(client, first)
    for vpc_id in (first, second):
        error = client.refused("AttachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
        assert error.code == "Resource.AlreadyAssociated"
        assert error.message == f"resource {gateway_id} is already attached to network {first}"
    other = make_internet_gateway(client)
    error = client.refused("AttachInternetGateway", InternetGatewayId=other, VpcId=first)
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        f"Network {first} already has an internet gateway attached",
    )


def test_a_detached_gateway_leaves_its_routes_as_blackholes(client: Client) -> None:
    vpc_id = make_vpc(client)
    gateway_id, table_id = make_internet_gateway(client, vpc_id), make_route_table(client, vpc_id)
    client("CreateRoute", RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)

    def state() -> str:
        [table] = client("DescribeRouteTables", RouteTableIds=[table_id])["RouteTables"]
        result: str = table["Routes"][-1]["State"]
        return result

    assert state() == "active"
    client("DetachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    assert state() == "blackhole"
    client("DeleteInternetGateway", InternetGatewayId=gateway_id)
    assert state() == "blackhole"


def test_only_a_detached_gateway_can_be_deleted(client: Client) -> None:
    vpc_id = make_vpc(client)
    gateway_id = make_internet_gateway(client, vpc_id)
    error = client.refused("DeleteInternetGateway", InternetGatewayId=gateway_id)
    assert error.code == "DependencyViolation"
    assert error.message == f"The internetGateway '{gateway_id}' has dependencies and cannot be deleted."
    client("DetachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    client("DeleteInternetGateway", InternetGatewayId=gateway_id)
    error = client.refused("DescribeInternetGateways", InternetGatewayIds=[gateway_id])
    assert error.code == "InvalidInternetGatewayID.NotFound"


def test_what_is_not_attached_cannot_be_detached(client: Client) -> None:
    vpc_id, gateway_id = make_vpc(client), make_internet_gateway(client)
    error = client.refused("DetachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    assert error.code == "Gateway.NotAttached"
    assert error.message == f"resource {gateway_id} is not attached to network {vpc_id}"


def test_a_gateway_stays_while_public_addresses_are_in_use(client: Client) -> None:
    vpc_id = make_vpc(client)
    gateway_id = make_internet_gateway(client, vpc_id)
    put_instance(client, make_subnet(client, vpc_id), "10.20.0.10", public="198.18.0.10")
    error = client.refused("DetachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    assert error.code == "DependencyViolation"
    assert error.message == (
        f"Network {vpc_id} has some mapped public address(es). "
        "Please unmap those public address(es) before detaching the gateway."
    )


def test_unknown_ids_are_not_found(client: Client) -> None:
    vpc_id, gateway_id = make_vpc(client), make_internet_gateway(client)
    error = client.refused("AttachInternetGateway", InternetGatewayId="igw-00000000000000001", VpcId=vpc_id)
    assert error.code == "InvalidInternetGatewayID.NotFound"
    error = client.refused("AttachInternetGateway", InternetGatewayId=gateway_id, VpcId="vpc-00000000000000001")
    assert error.code == "InvalidVpcID.NotFound"
    error = client.refused("DeleteInternetGateway", InternetGatewayId="igw-1")
    assert error.code == "InvalidInternetGatewayId.Malformed"
