"""Routes: what a table may hold, and what its routes are worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from realvpc.clock import Clock
from realvpc.net.quotas import ROUTES_PER_TABLE

from ..build import (
    make_internet_gateway,
    make_peering,
    make_route_table,
    make_subnet,
    make_vpc,
    named,
    put_instance,
)
from ..conftest import MAIN, OTHER, Client, give_quota

As = Callable[..., Client]


class Lab(Struct):
    """A VPC 10.20.0.0/16 with a subnet, an attached gateway, a table, and an active peering with 10.30.0.0/16."""

    client: Client
    vpc_id: str
    peer_vpc_id: str
    subnet_id: str
    table_id: str
    gateway_id: str
    peering_id: str

    def create(self, destination: str, **target: Any) -> dict[str, Any]:
        return self.client("CreateRoute", RouteTableId=self.table_id, DestinationCidrBlock=destination, **target)

    def refused(self, action: str, **parameters: Any) -> tuple[str, str]:
        error = self.client.refused(action, RouteTableId=self.table_id, **parameters)
        return error.code, error.message

    def routes(self) -> dict[str, dict[str, Any]]:
        """The table's routes by destination."""
        [table] = self.client("DescribeRouteTables", RouteTableIds=[self.table_id])["RouteTables"]
        return {
            route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"]: route for route in table["Routes"]
        }

    def state(self, destination: str) -> str:
        state: str = self.routes()[destination]["State"]
        return state


@pytest.fixture
def lab(client: Client) -> Lab:
    vpc_id, peer_vpc_id = make_vpc(client), make_vpc(client, "10.30.0.0/16")
    return Lab(
        client=client,
        vpc_id=vpc_id,
        peer_vpc_id=peer_vpc_id,
        subnet_id=make_subnet(client, vpc_id),
        table_id=make_route_table(client, vpc_id),
        gateway_id=make_internet_gateway(client, vpc_id),
        peering_id=make_peering(client, vpc_id, client, peer_vpc_id),
    )


def test_a_route_shows_its_target_and_that_a_user_made_it(lab: Lab) -> None:
    assert lab.create("0.0.0.0/0", GatewayId=lab.gateway_id) == {"Return": True}
    lab.create("10.30.0.0/16", VpcPeeringConnectionId=lab.peering_id)
    assert lab.routes()["0.0.0.0/0"] == {
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": lab.gateway_id,
        "Origin": "CreateRoute",
        "State": "active",
    }
    assert lab.routes()["10.30.0.0/16"]["VpcPeeringConnectionId"] == lab.peering_id


def test_host_bits_of_a_destination_are_cleared(lab: Lab) -> None:
    lab.create("100.68.0.18/18", VpcPeeringConnectionId=lab.peering_id)
    assert "100.68.0.0/18" in lab.routes()
    lab.client("DeleteRoute", RouteTableId=lab.table_id, DestinationCidrBlock="100.68.1.1/18")
    assert "100.68.0.0/18" not in lab.routes()


def test_a_route_to_somewhere_behind_the_peer_is_made_and_active(lab: Lab) -> None:
    """That nothing arrives there is not the table's business: peering is not transitive, and the route says nothing."""
    lab.create("10.120.0.0/16", VpcPeeringConnectionId=lab.peering_id)
    assert lab.state("10.120.0.0/16") == "active"


def test_the_same_route_again_is_no_error(lab: Lab) -> None:
    lab.create("10.30.0.0/16", VpcPeeringConnectionId=lab.peering_id)
    assert lab.create("10.30.0.0/16", VpcPeeringConnectionId=lab.peering_id) == {"Return": True}
    assert len(lab.routes()) == 2


def test_another_target_for_the_same_destination_is_refused(lab: Lab) -> None:
    lab.create("10.30.0.0/16", VpcPeeringConnectionId=lab.peering_id)
    assert lab.refused("CreateRoute", DestinationCidrBlock="10.30.0.0/16", GatewayId=lab.gateway_id) == (
        "RouteAlreadyExists",
        "The route identified by 10.30.0.0/16 already exists.",
    )


def test_replacing_a_route_gives_it_another_target(lab: Lab) -> None:
    lab.create("10.40.0.0/16", VpcPeeringConnectionId=lab.peering_id)
    lab.client("ReplaceRoute", RouteTableId=lab.table_id, DestinationCidrBlock="10.40.0.0/16", GatewayId=lab.gateway_id)
    route = lab.routes()["10.40.0.0/16"]
    assert route["GatewayId"] == lab.gateway_id
    assert "VpcPeeringConnectionId" not in route


def test_only_a_route_that_exists_can_be_replaced_or_deleted(lab: Lab) -> None:
    assert lab.refused("ReplaceRoute", DestinationCidrBlock="10.40.0.0/16", GatewayId=lab.gateway_id) == (
        "InvalidParameterValue",
        "There is no route defined for '10.40.0.0/16' in the route table. Use CreateRoute instead.",
    )
    assert lab.refused("DeleteRoute", DestinationCidrBlock="10.40.0.0/16") == (
        "InvalidRoute.NotFound",
        f"no route with destination-cidr-block 10.40.0.0/16 in route table {lab.table_id}",
    )
    assert lab.refused("DeleteRoute", DestinationIpv6CidrBlock="2001:db8::/32") == (
        "InvalidRoute.NotFound",
        f"no route with destination-ipv6-cidr-block 2001:db8::/32 in route table {lab.table_id}",
    )


def test_the_local_route_stays_and_may_lead_to_an_interface(lab: Lab) -> None:
    assert lab.refused("DeleteRoute", DestinationCidrBlock="10.20.0.0/16") == (
        "InvalidParameterValue",
        f"cannot remove local route 10.20.0.0/16 in route table {lab.table_id}",
    )
    lab.client("ReplaceRoute", RouteTableId=lab.table_id, DestinationCidrBlock="10.20.0.0/16", LocalTarget=True)
    _, interface_id = put_instance(lab.client, lab.subnet_id, "10.20.0.10")
    code, _ = lab.refused("CreateRoute", DestinationCidrBlock="10.20.0.0/16", NetworkInterfaceId=interface_id)
    assert code == "RouteAlreadyExists"
    whole = {"RouteTableId": lab.table_id, "DestinationCidrBlock": "10.20.0.0/16"}
    lab.client("ReplaceRoute", **whole, NetworkInterfaceId=interface_id)
    route = lab.routes()["10.20.0.0/16"]
    assert (route["NetworkInterfaceId"], route["Origin"], "GatewayId" in route) == (
        interface_id, "CreateRouteTable", False,
    )  # fmt: skip
    lab.create("0.0.0.0/0", GatewayId=lab.gateway_id)
    assert next(iter(lab.routes())) == "10.20.0.0/16"  # it keeps its place, as Ansible's target for route tables has it
    code, _ = lab.refused("DeleteRoute", DestinationCidrBlock="10.20.0.0/16")
    assert code == "InvalidParameterValue"
    lab.client("ReplaceRoute", **whole, LocalTarget=True)
    assert lab.routes()["10.20.0.0/16"]["GatewayId"] == "local"
    code, _ = lab.refused("ReplaceRoute", DestinationCidrBlock="10.20.0.0/16", GatewayId=lab.gateway_id)
    assert code == "InvalidParameterValue"
    lab.create("10.40.0.0/16", GatewayId=lab.gateway_id)
    code, _ = lab.refused("ReplaceRoute", DestinationCidrBlock="10.40.0.0/16", LocalTarget=True)
    assert code == "InvalidParameterValue"


# -- peerings ------------------------------------------------------------------------------------------------------


def test_a_route_over_a_pending_peering_is_a_blackhole_until_it_is_accepted(as_account: As) -> None:
    mine, theirs = as_account(MAIN), as_account(OTHER)
    vpc_id, peer_id = make_vpc(mine), make_vpc(theirs, "10.120.0.0/16")
    peering_id = make_peering(mine, vpc_id, theirs, peer_id, accept=False)
    table_id = make_route_table(mine, vpc_id)
    mine("CreateRoute", RouteTableId=table_id, DestinationCidrBlock="10.120.0.0/16", VpcPeeringConnectionId=peering_id)

    def tables_with(state: str) -> list[str]:
        filters = named("route.state", state) + named("route.vpc-peering-connection-id", peering_id)
        return [table["RouteTableId"] for table in mine("DescribeRouteTables", Filters=filters)["RouteTables"]]

    assert tables_with("blackhole") == [table_id]
    theirs("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert tables_with("blackhole") == []
    theirs("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert tables_with("blackhole") == [table_id]


def test_a_peering_that_is_no_longer_visible_is_not_found(lab: Lab, clock: Clock) -> None:
    lab.client("DeleteVpcPeeringConnection", VpcPeeringConnectionId=lab.peering_id)
    clock.offset = timedelta(hours=2)
    assert lab.refused("CreateRoute", DestinationCidrBlock="10.30.0.0/16", VpcPeeringConnectionId=lab.peering_id) == (
        "InvalidVpcPeeringConnectionID.NotFound",
        f"The vpcPeeringConnection ID '{lab.peering_id}' does not exist",
    )


def test_targets_of_another_vpc_are_refused(lab: Lab) -> None:
    client, other_vpc_id = lab.client, make_vpc(lab.client, "10.50.0.0/16")
    foreign_gateway = make_internet_gateway(client, lab.peer_vpc_id)
    foreign_peering = make_peering(client, lab.peer_vpc_id, client, other_vpc_id)
    _, foreign_interface = put_instance(client, make_subnet(client, other_vpc_id, "10.50.0.0/24"), "10.50.0.10")
    for parameter, target, words in (
        ("GatewayId", foreign_gateway, f"network gateway {foreign_gateway}"),
        ("GatewayId", detached := make_internet_gateway(client), f"network gateway {detached}"),
        ("VpcPeeringConnectionId", foreign_peering, f"network gateway {foreign_peering}"),
        ("NetworkInterfaceId", foreign_interface, f"interface {foreign_interface}"),
    ):
        assert lab.refused("CreateRoute", DestinationCidrBlock="10.60.0.0/16", **{parameter: target}) == (
            "InvalidParameterValue",
            f"route table {lab.table_id} and {words} belong to different networks",
        )


# -- targets -------------------------------------------------------------------------------------------------------


def test_an_instance_stands_for_its_interface(lab: Lab) -> None:
    instance_id, interface_id = put_instance(lab.client, lab.subnet_id, "10.20.0.10")
    lab.create("10.60.0.0/16", InstanceId=instance_id)
    route = lab.routes()["10.60.0.0/16"]
    assert route["NetworkInterfaceId"] == interface_id
    assert (route["InstanceId"], route["InstanceOwnerId"]) == (instance_id, MAIN)
    assert route["State"] == "active"


def test_an_instance_with_several_interfaces_is_ambiguous(lab: Lab) -> None:
    instance_id, interface_id = put_instance(lab.client, lab.subnet_id, "10.20.0.10", interfaces=2)
    assert lab.refused("CreateRoute", DestinationCidrBlock="10.60.0.0/16", InstanceId=instance_id) == (
        "InvalidInstanceID",
        f"There are multiple interfaces attached to instance '{instance_id}'. "
        "Please specify an interface ID for the operation instead.",
    )
    lab.create("10.60.0.0/16", NetworkInterfaceId=interface_id)


@pytest.mark.parametrize(
    ("parameter", "target", "code"),
    [
        ("GatewayId", "igw-00000000000000001", "InvalidGatewayID.NotFound"),
        ("GatewayId", "vgw-00000000000000001", "InvalidGatewayID.NotFound"),
        ("GatewayId", "local", "InvalidParameterValue"),
        ("NatGatewayId", "nat-00000000000000001", "InvalidNatGatewayID.NotFound"),
        ("TransitGatewayId", "tgw-00000000000000001", "InvalidTransitGatewayID.NotFound"),
        ("EgressOnlyInternetGatewayId", "eigw-00000000000000001", "InvalidGatewayID.NotFound"),
        ("VpcEndpointId", "vpce-00000000000000001", "InvalidVpcEndpointId.NotFound"),
        ("InstanceId", "i-00000000000000001", "InvalidInstanceID.NotFound"),
        ("NetworkInterfaceId", "eni-00000000000000001", "InvalidNetworkInterfaceID.NotFound"),
        ("VpcPeeringConnectionId", "pcx-00000000000000001", "InvalidVpcPeeringConnectionID.NotFound"),
        ("VpcPeeringConnectionId", "pcx-1", "InvalidVpcPeeringConnectionId.Malformed"),
    ],
)
def test_a_target_that_does_not_exist_is_refused_by_its_kind(lab: Lab, parameter: str, target: str, code: str) -> None:
    for action in ("CreateRoute", "ReplaceRoute"):
        destination = "10.60.0.0/16" if action == "CreateRoute" else "10.20.0.0/16"
        assert lab.refused(action, DestinationCidrBlock=destination, **{parameter: target})[0] == code


def test_a_route_has_one_target_and_one_destination(lab: Lab) -> None:
    two = {"GatewayId": lab.gateway_id, "VpcPeeringConnectionId": lab.peering_id}
    for parameters, code in (
        ({"DestinationCidrBlock": "10.60.0.0/16"}, "MissingParameter"),
        ({"DestinationCidrBlock": "10.60.0.0/16", **two}, "InvalidParameterCombination"),
        ({"GatewayId": lab.gateway_id}, "MissingParameter"),
        (
            {
                "DestinationCidrBlock": "10.60.0.0/16",
                "DestinationIpv6CidrBlock": "::/0",
                "GatewayId": lab.gateway_id,
            },
            "InvalidParameterCombination",
        ),
        ({"DestinationPrefixListId": "pl-00000001", "GatewayId": lab.gateway_id}, "InvalidPrefixListID.NotFound"),
        ({"DestinationCidrBlock": "::/0", "GatewayId": lab.gateway_id}, "InvalidParameterValue"),
        ({"DestinationIpv6CidrBlock": "0.0.0.0/0", "GatewayId": lab.gateway_id}, "InvalidParameterValue"),
        ({"DestinationCidrBlock": "10.60.0.0", "GatewayId": lab.gateway_id}, "InvalidParameterValue"),
    ):
        assert lab.refused("CreateRoute", **parameters)[0] == code


# -- destinations --------------------------------------------------------------------------------------------------


def test_the_vpcs_own_range_does_not_lead_out_of_the_vpc(lab: Lab) -> None:
    for parameter, target in (("VpcPeeringConnectionId", lab.peering_id), ("GatewayId", lab.gateway_id)):
        assert lab.refused("CreateRoute", DestinationCidrBlock="10.20.0.0/20", **{parameter: target}) == (
            "InvalidParameterValue",
            "The destination CIDR block 10.20.0.0/20 is equal to or more specific than one of this VPC's CIDR blocks. "
            "This route can target only an interface or an instance.",
        )
        assert lab.refused("CreateRoute", DestinationCidrBlock="10.20.0.0/16", **{parameter: target}) == (
            "InvalidParameterValue",
            "Route target is not supported. This route only supports interface and instance targets.",
        )
    lab.create("10.0.0.0/8", VpcPeeringConnectionId=lab.peering_id)


def test_a_whole_subnet_can_be_led_through_an_interface(lab: Lab) -> None:
    _, interface_id = put_instance(lab.client, lab.subnet_id, "10.20.0.10")
    code, _ = lab.refused("CreateRoute", DestinationCidrBlock="10.20.0.0/21", NetworkInterfaceId=interface_id)
    assert code == "InvalidParameterValue"
    code, _ = lab.refused("CreateRoute", DestinationCidrBlock="10.20.0.0/16", NetworkInterfaceId=interface_id)
    assert code == "RouteAlreadyExists"
    lab.create("10.20.0.0/20", NetworkInterfaceId=interface_id)
    assert lab.state("10.20.0.0/20") == "active"


@pytest.mark.parametrize(
    "destination",
    [
        {"DestinationCidrBlock": "169.254.168.0/22"},
        {"DestinationCidrBlock": "169.254.170.2/32"},
        {"DestinationIpv6CidrBlock": "fd00:ec2::254/128"},
    ],
)
def test_ranges_of_aws_services_have_no_routes(lab: Lab, destination: dict[str, str]) -> None:
    assert lab.refused("CreateRoute", GatewayId=lab.gateway_id, **destination)[0] == "InvalidParameterValue"


def test_a_larger_range_may_cover_those_of_aws_services(lab: Lab) -> None:
    lab.create("169.254.0.0/16", VpcPeeringConnectionId=lab.peering_id)


def test_ipv6_destinations_are_kept_beside_ipv4(lab: Lab) -> None:
    lab.client(
        "CreateRoute", RouteTableId=lab.table_id, DestinationIpv6CidrBlock="2001:db8::1/32", GatewayId=lab.gateway_id
    )
    assert lab.routes()["2001:db8::/32"]["GatewayId"] == lab.gateway_id


def test_a_table_holds_so_many_routes_of_each_family(lab: Lab) -> None:
    give_quota(lab.client.service, ROUTES_PER_TABLE, 5)
    for number in range(5):
        lab.create(f"100.64.{number}.0/24", VpcPeeringConnectionId=lab.peering_id)
    code, _ = lab.refused("CreateRoute", DestinationCidrBlock="100.64.99.0/24", VpcPeeringConnectionId=lab.peering_id)
    assert code == "RouteLimitExceeded"
    lab.client(
        "CreateRoute", RouteTableId=lab.table_id, DestinationIpv6CidrBlock="2001:db8::/32", GatewayId=lab.gateway_id
    )
    lab.create("100.64.1.0/24", VpcPeeringConnectionId=lab.peering_id)


def test_filters_find_a_table_by_its_routes(lab: Lab) -> None:
    lab.create("0.0.0.0/0", GatewayId=lab.gateway_id)

    def found(name: str, value: str) -> bool:
        tables = lab.client("DescribeRouteTables", Filters=named(name, value))["RouteTables"]
        return [table["RouteTableId"] for table in tables] == [lab.table_id]

    assert found("route.gateway-id", lab.gateway_id)
    assert found("route.destination-cidr-block", "0.0.0.0/0")
    assert found("route.origin", "CreateRoute")
    assert not found("route.nat-gateway-id", "*")
