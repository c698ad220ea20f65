"""Gateway endpoints: routes that they make and nobody else changes."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import GATEWAY_ENDPOINTS_PER_REGION, ROUTES_PER_TABLE
from realvpc.net.vpc_endpoint import DEFAULT_GATEWAY_POLICY

from ..build import make_internet_gateway, make_route_table, make_vpc
from ..conftest import TOKYO, Client, give_quota

S3, DYNAMODB = f"com.amazonaws.{TOKYO}.s3", f"com.amazonaws.{TOKYO}.dynamodb"
LIST_OF_S3 = "pl-61a54008"


class House:
    """A VPC with two route tables besides its main one."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.vpc_id = make_vpc(client)
        self.tables = [make_route_table(client, self.vpc_id) for _ in range(2)]

    def make(self, *tables: str, service: str = S3, **more: Any) -> dict[str, Any]:
        asked = {"VpcId": self.vpc_id, "ServiceName": service, "RouteTableIds": list(tables), **more}
        made: dict[str, Any] = self.client("CreateVpcEndpoint", **asked)["VpcEndpoint"]
        return made

    def refused(self, *tables: str, service: str = S3, **more: Any) -> tuple[str, str]:
        asked = {"VpcId": self.vpc_id, "ServiceName": service, "RouteTableIds": list(tables), **more}
        error = self.client.refused("CreateVpcEndpoint", **asked)
        return error.code, error.message

    def routes(self, table_id: str) -> list[dict[str, Any]]:
        """Those by prefix lists."""
        [table] = self.client("DescribeRouteTables", RouteTableIds=[table_id])["RouteTables"]
        return [route for route in table["Routes"] if route.get("DestinationPrefixListId")]


@pytest.fixture
def house(client: Client) -> House:
    return House(client)


def test_a_gateway_endpoint_is_available_at_once_and_has_a_route_in_each_of_its_tables(house: House) -> None:
    made = house.make(*house.tables)
    assert (made["State"], made["VpcEndpointType"], made["ServiceName"]) == ("available", "Gateway", S3)
    assert made["RouteTableIds"] == sorted(house.tables)
    assert made["PolicyDocument"] == DEFAULT_GATEWAY_POLICY
    assert (made["PrivateDnsEnabled"], made["DnsEntries"], made["NetworkInterfaceIds"]) == (False, [], [])
    assert (made["IpAddressType"], made["DnsOptions"]) == ("ipv4", {"DnsRecordIpType": "service-defined"})
    for table_id in house.tables:
        [route] = house.routes(table_id)
        assert route == {
            "DestinationPrefixListId": LIST_OF_S3,
            "GatewayId": made["VpcEndpointId"],
            "Origin": "CreateRoute",
            "State": "active",
        }
    [shown] = house.client("DescribeVpcEndpoints")["VpcEndpoints"]
    assert shown == made


def test_an_endpoint_may_have_no_tables_and_its_services_have_one_each(house: House) -> None:
    assert house.make()["RouteTableIds"] == []
    house.make(house.tables[0], service=DYNAMODB)
    house.make(house.tables[0])
    assert len(house.routes(house.tables[0])) == 2


def test_a_table_has_one_route_to_a_service(house: House) -> None:
    house.make(house.tables[0])
    assert house.refused(*house.tables) == (
        "RouteAlreadyExists",
        f"route table {house.tables[0]} already has a route with destination-prefix-list-id {LIST_OF_S3}",
    )


@pytest.mark.parametrize("action", ["CreateRoute", "ReplaceRoute"])
@pytest.mark.parametrize("member", ["VpcEndpointId", "GatewayId"])
def test_nobody_makes_such_a_route_by_hand(house: House, action: str, member: str) -> None:
    made = house.make(house.tables[0])
    place = {"RouteTableId": house.tables[0], "DestinationPrefixListId": LIST_OF_S3}
    error = house.client.refused(action, **place, **{member: made["VpcEndpointId"]})
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        "Cannot create or replace a prefix list route targeting a VPC Endpoint.",
    )
    by_block = {"RouteTableId": house.tables[1], "DestinationCidrBlock": "198.19.128.0/26"}
    error = house.client.refused("CreateRoute", **by_block, **{member: made["VpcEndpointId"]})
    assert error.code == "InvalidParameterValue"


def test_nobody_replaces_or_deletes_its_route(house: House) -> None:
    house.make(house.tables[0])
    gateway_id = make_internet_gateway(house.client, house.vpc_id)
    place = {"RouteTableId": house.tables[0], "DestinationPrefixListId": LIST_OF_S3}
    assert house.client.refused("ReplaceRoute", **place, GatewayId=gateway_id).code == "InvalidParameterValue"
    assert house.client.refused("DeleteRoute", **place).code == "InvalidParameterValue"
    assert house.client.refused("CreateRoute", **place, GatewayId=gateway_id).code == "RouteAlreadyExists"


def test_deleting_it_takes_its_routes(house: House) -> None:
    made = house.make(*house.tables)
    answer = house.client("DeleteVpcEndpoints", VpcEndpointIds=[made["VpcEndpointId"]])
    assert answer["Unsuccessful"] == []
    assert [house.routes(table_id) for table_id in house.tables] == [[], []]


def test_a_route_table_goes_with_its_route(house: House) -> None:
    made = house.make(*house.tables)
    house.client("DeleteRouteTable", RouteTableId=house.tables[0])
    [shown] = house.client("DescribeVpcEndpoints", VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"]
    assert shown["RouteTableIds"] == [house.tables[1]]


def test_a_vpc_with_one_is_not_deleted(client: Client) -> None:
    vpc_id = make_vpc(client)
    made = client("CreateVpcEndpoint", VpcId=vpc_id, ServiceName=S3)["VpcEndpoint"]
    assert client.refused("DeleteVpc", VpcId=vpc_id).code == "DependencyViolation"
    client("DeleteVpcEndpoints", VpcEndpointIds=[made["VpcEndpointId"]])
    client("DeleteVpc", VpcId=vpc_id)


def test_a_gateways_table_leads_to_no_endpoint(house: House) -> None:
    gateway_id = make_internet_gateway(house.client, house.vpc_id)
    house.client("AssociateRouteTable", RouteTableId=house.tables[0], GatewayId=gateway_id)
    assert house.refused(house.tables[0])[0] == "InvalidParameter"


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidParameter", {"SubnetIds": ["subnet-00000000000000001"]}),
        ("InvalidParameter", {"SecurityGroupIds": ["sg-00000000000000001"]}),
        ("InvalidParameter", {"PrivateDnsEnabled": True}),
        ("InvalidParameter", {"IpAddressType": "ipv6"}),
        ("InvalidRouteTableId.NotFound", {"RouteTableIds": ["rtb-00000000000000001"]}),
        ("InvalidParameter", {"ServiceName": f"com.amazonaws.{TOKYO}.ssm"}),
    ],
)
def test_what_a_gateway_endpoint_does_not_have_is_refused(house: House, code: str, more: dict[str, Any]) -> None:
    asked = {"VpcId": house.vpc_id, "ServiceName": S3, **more}
    assert house.client.refused("CreateVpcEndpoint", **asked).code == code


def test_a_service_says_which_types_it_has(house: House) -> None:
    assert house.refused(service=f"com.amazonaws.{TOKYO}.ssm") == (
        "InvalidParameter",
        "Endpoint type (Gateway) does not match available service types ([Interface]).",
    )


def test_a_table_of_another_vpc_is_refused(house: House) -> None:
    other = make_route_table(house.client, make_vpc(house.client, "10.30.0.0/16"))
    assert house.refused(other)[0] == "InvalidParameter"


def test_they_are_counted_in_the_region_and_their_routes_in_the_tables(house: House) -> None:
    give_quota(house.client.service, ROUTES_PER_TABLE, 1)
    house.make(house.tables[0])
    assert house.refused(house.tables[0], service=DYNAMODB)[0] == "RouteLimitExceeded"
    give_quota(house.client.service, GATEWAY_ENDPOINTS_PER_REGION, 1)
    assert house.refused(service=DYNAMODB)[0] == "VpcEndpointLimitExceeded"


def test_private_dns_of_s3_for_inbound_resolvers_needs_one(house: House) -> None:
    house.client("ModifyVpcAttribute", VpcId=house.vpc_id, EnableDnsHostnames={"Value": True})
    options = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
    asked: dict[str, Any] = {
        "VpcId": house.vpc_id,
        "ServiceName": S3,
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
    }
    assert house.client.refused("CreateVpcEndpoint", **asked).code == "InvalidParameter"
    gateway = house.make()["VpcEndpointId"]
    made = house.client("CreateVpcEndpoint", DnsOptions=options, **asked)["VpcEndpoint"]
    assert made["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True
    [told] = house.client("DeleteVpcEndpoints", VpcEndpointIds=[gateway])["Unsuccessful"]
    assert (told["ResourceId"], told["Error"]["Code"]) == (gateway, "InvalidParameter")
    assert told["Error"]["Message"] == (
        f"Gateway endpoint cannot be deleted while Interface endpoint {made['VpcEndpointId']} for the service has "
        "PrivateDnsOnlyForInboundResolverEndpoint set to true."
    )
    both = [gateway, made["VpcEndpointId"]]
    assert house.client("DeleteVpcEndpoints", VpcEndpointIds=both)["Unsuccessful"] == []


def test_private_dns_of_s3_is_for_inbound_resolvers_unless_it_is_said(house: House) -> None:
    house.client("ModifyVpcAttribute", VpcId=house.vpc_id, EnableDnsHostnames={"Value": True})
    house.make()
    asked = {"VpcId": house.vpc_id, "ServiceName": S3, "VpcEndpointType": "Interface"}
    made = house.client("CreateVpcEndpoint", PrivateDnsEnabled=True, **asked)["VpcEndpoint"]
    assert made["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True
