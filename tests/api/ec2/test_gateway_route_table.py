"""Route tables of internet gateways: what they may hold, and how they are associated."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct

from ..build import make_internet_gateway, make_route_table, make_subnet, make_vpc, named, put_instance
from ..conftest import Client
from .test_prefix_list import make


class House(Struct):
    """A VPC 10.20.0.0/16 with two subnets, an appliance in the first, an attached gateway and a table."""

    client: Client
    vpc_id: str
    gateway_id: str
    table_id: str
    appliance_id: str

    def associate(self, table_id: str | None = None) -> str:
        request = {"RouteTableId": table_id or self.table_id, "GatewayId": self.gateway_id}
        association_id: str = self.client("AssociateRouteTable", **request)["AssociationId"]
        return association_id

    def code(self, action: str, **request: Any) -> str:
        return self.client.refused(action, RouteTableId=self.table_id, **request).code

    def associations(self) -> list[dict[str, Any]]:
        filters = named("association.gateway-id", self.gateway_id)
        tables = self.client("DescribeRouteTables", Filters=filters)["RouteTables"]
        return [association for table in tables for association in table["Associations"]]


@pytest.fixture
def house(client: Client) -> House:
    vpc_id = make_vpc(client)
    inside = make_subnet(client, vpc_id, "10.20.0.0/24")
    make_subnet(client, vpc_id, "10.20.1.0/24")
    _, appliance_id = put_instance(client, inside, "10.20.0.10")
    return House(client, vpc_id, make_internet_gateway(client, vpc_id), make_route_table(client, vpc_id), appliance_id)


def test_a_gateway_has_a_table_until_it_is_taken_away(house: House) -> None:
    association_id = house.associate()
    assert house.associate() == association_id
    [association] = house.associations()
    assert association == {
        "RouteTableAssociationId": association_id,
        "RouteTableId": house.table_id,
        "SubnetId": None,
        "GatewayId": house.gateway_id,
        "Main": False,
        "AssociationState": {"State": "associated"},
    }
    other = make_route_table(house.client, house.vpc_id)
    error = house.client.refused("AssociateRouteTable", RouteTableId=other, GatewayId=house.gateway_id)
    assert error.code == "Resource.AlreadyAssociated"
    moved = house.client("ReplaceRouteTableAssociation", AssociationId=association_id, RouteTableId=other)
    [association] = house.associations()
    assert (association["RouteTableAssociationId"], association["RouteTableId"]) == (moved["NewAssociationId"], other)
    assert house.client.refused("DeleteRouteTable", RouteTableId=other).code == "DependencyViolation"
    gateway = {"InternetGatewayId": house.gateway_id, "VpcId": house.vpc_id}
    assert house.client.refused("DetachInternetGateway", **gateway).code == "DependencyViolation"
    house.client("DisassociateRouteTable", AssociationId=moved["NewAssociationId"])
    assert house.associations() == []
    house.client("DetachInternetGateway", **gateway)


def test_it_leads_to_appliances_and_only_what_lies_in_the_vpc(house: House) -> None:
    house.associate()
    to_appliance = {"NetworkInterfaceId": house.appliance_id}
    house.client("CreateRoute", RouteTableId=house.table_id, DestinationCidrBlock="10.20.1.0/24", **to_appliance)
    house.client("ReplaceRoute", RouteTableId=house.table_id, DestinationCidrBlock="10.20.0.0/16", **to_appliance)
    for block in ("10.20.1.128/25", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.0/24"):
        assert house.code("CreateRoute", DestinationCidrBlock=block, **to_appliance) == "InvalidParameterValue"
    to_gateway = {"DestinationCidrBlock": "10.20.0.0/24", "GatewayId": house.gateway_id}
    assert house.code("CreateRoute", **to_gateway) == "InvalidParameterValue"
    named_list = {"DestinationPrefixListId": make(house.client), **to_appliance}
    assert house.code("CreateRoute", **named_list) == "InvalidParameterValue"


@pytest.mark.parametrize("kind", ["outside", "prefix list"])
def test_a_table_with_other_routes_is_no_gateways(house: House, kind: str) -> None:
    to_appliance = {"RouteTableId": house.table_id, "NetworkInterfaceId": house.appliance_id}
    if kind == "outside":
        house.client("CreateRoute", **to_appliance, DestinationCidrBlock="192.0.2.0/24")
    else:
        house.client("CreateRoute", **to_appliance, DestinationPrefixListId=make(house.client))
    assert house.code("AssociateRouteTable", GatewayId=house.gateway_id) == "InvalidParameterValue"
    association_id = house.associate(make_route_table(house.client, house.vpc_id))
    moved = {"AssociationId": association_id}
    assert house.code("ReplaceRouteTableAssociation", **moved) == "InvalidParameterValue"


def test_a_gateway_of_another_vpc_and_one_that_is_detached_have_no_table_here(house: House) -> None:
    for vpc_id in (make_vpc(house.client, "10.30.0.0/16"), None):
        elsewhere = make_internet_gateway(house.client, vpc_id)
        assert house.code("AssociateRouteTable", GatewayId=elsewhere) == "InvalidParameterValue"
    assert house.code("AssociateRouteTable", GatewayId="nat-1") == "InvalidParameterValue"


def test_a_block_that_goes_takes_its_route_along(house: House) -> None:
    made = house.client("AssociateVpcCidrBlock", VpcId=house.vpc_id, CidrBlock="10.21.0.0/16")
    whole = {"RouteTableId": house.table_id, "DestinationCidrBlock": "10.21.0.0/16"}
    house.client("ReplaceRoute", **whole, NetworkInterfaceId=house.appliance_id)
    house.client("DisassociateVpcCidrBlock", AssociationId=made["CidrBlockAssociation"]["AssociationId"])
    assert not house.client.service.state.network.table_routes
