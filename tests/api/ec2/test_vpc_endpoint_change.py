"""ModifyVpcEndpoint: what an endpoint consists of changes, and names and routes follow."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import ROUTES_PER_TABLE, SECURITY_GROUPS_PER_INTERFACE
from realvpc.net.services import ENDPOINT
from realvpc.net.vpc_endpoint import DEFAULT_POLICY

from ...dns.world import answer
from ..build import make_route_table, make_subnet, make_vpc
from ..conftest import OTHER, TOKYO, Client, give_quota
from .test_gateway_endpoint import LIST_OF_S3
from .test_vpc_endpoint import POLICY, House

SSM = f"ssm.{TOKYO}.amazonaws.com"


class Changed(House):
    """With an interface endpoint in the first subnet, and a group besides the default one."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.group_id = self.new_group("g")
        self.id = self.make(SubnetIds=self.subnets[:1])["VpcEndpointId"]

    def new_group(self, name: str) -> str:
        made = self.client("CreateSecurityGroup", GroupName=name, Description="d", VpcId=self.vpc_id)
        group_id: str = made["GroupId"]
        return group_id

    def change(self, endpoint_id: str = "", **more: Any) -> dict[str, Any]:
        """The endpoint afterwards."""
        assert self.client("ModifyVpcEndpoint", VpcEndpointId=endpoint_id or self.id, **more) == {"Return": True}
        return self.shown(endpoint_id or self.id)

    def refused_change(self, endpoint_id: str = "", **more: Any) -> tuple[str, str]:
        """Nothing is changed."""
        before = self.client.service.state
        error = self.client.refused("ModifyVpcEndpoint", VpcEndpointId=endpoint_id or self.id, **more)
        assert self.client.service.state.network is before.network
        return error.code, error.message

    def groups(self, endpoint_id: str = "") -> list[str]:
        return [group["GroupId"] for group in self.shown(endpoint_id or self.id)["Groups"]]

    def addresses_of(self, name: str) -> set[str]:
        """What an instance of the VPC finds."""
        return set(answer(self.client.service.state, self.vpc_id, name).split())

    def private_addresses(self, endpoint_id: str) -> set[str]:
        mine = self.shown(endpoint_id)["NetworkInterfaceIds"]
        return {each["PrivateIpAddress"] for each in self.interfaces() if each["NetworkInterfaceId"] in mine}

    def new_gateway(self, *tables: str) -> str:
        name = f"com.amazonaws.{TOKYO}.s3"
        made = self.client("CreateVpcEndpoint", VpcId=self.vpc_id, ServiceName=name, RouteTableIds=list(tables))
        endpoint_id: str = made["VpcEndpoint"]["VpcEndpointId"]
        return endpoint_id

    def routed(self, table_id: str) -> list[str]:
        """Where the table's routes by prefix lists lead."""
        [table] = self.client("DescribeRouteTables", RouteTableIds=[table_id])["RouteTables"]
        return [route["GatewayId"] for route in table["Routes"] if route.get("DestinationPrefixListId") == LIST_OF_S3]


@pytest.fixture
def house(client: Client) -> Changed:
    return Changed(client)


def test_a_subnet_that_is_added_gets_an_interface_and_its_names(house: Changed) -> None:
    [first] = house.interfaces()
    row = house.change(AddSubnetIds=[house.subnets[2]])
    assert sorted(row["SubnetIds"]) == sorted([house.subnets[0], house.subnets[2]])
    addresses = {each["PrivateIpAddress"] for each in house.interfaces()}
    assert len(addresses) == 2
    assert [each["Groups"][0]["GroupName"] for each in house.interfaces()] == ["default", "default"]
    regional, *zonal = [entry["DnsName"] for entry in row["DnsEntries"]][:3]
    assert house.addresses_of(SSM) == house.addresses_of(regional) == addresses
    assert house.addresses_of(zonal[0]) == {first["PrivateIpAddress"]}
    assert house.addresses_of(zonal[1]) == addresses - {first["PrivateIpAddress"]}


def test_a_subnet_that_is_removed_is_free_again(house: Changed) -> None:
    house.change(AddSubnetIds=[house.subnets[2]])
    row = house.change(RemoveSubnetIds=[house.subnets[0]])
    assert row["SubnetIds"] == [house.subnets[2]]
    [left] = house.interfaces()
    assert row["NetworkInterfaceIds"] == [left["NetworkInterfaceId"]]
    assert house.addresses_of(SSM) == {left["PrivateIpAddress"]}
    house.client("DeleteSubnet", SubnetId=house.subnets[0])
    assert house.change(RemoveSubnetIds=[house.subnets[2]])["SubnetIds"] == []
    assert house.interfaces() == []


def test_a_subnets_address_is_chosen_when_it_is_added_and_stays(house: Changed) -> None:
    chosen = [{"SubnetId": house.subnets[2], "Ipv4": "10.20.2.77"}]
    house.change(AddSubnetIds=[house.subnets[2]], SubnetConfigurations=chosen)
    before = house.interfaces()
    assert "10.20.2.77" in [each["PrivateIpAddress"] for each in before]
    house.change(AddSubnetIds=house.subnets[::2], SubnetConfigurations=chosen)
    assert house.interfaces() == before
    chosen[0]["Ipv4"] = "10.20.2.78"
    assert house.refused_change(SubnetConfigurations=chosen)[0] == "InvalidParameter"


def test_a_zone_has_one_subnet_even_while_another_is_removed(house: Changed) -> None:
    first, second = house.subnets[:2]
    code, message = house.refused_change(AddSubnetIds=[second], RemoveSubnetIds=[first])
    assert code == "DuplicateSubnetsInSameZone"
    assert second in message
    house.change(RemoveSubnetIds=[first])
    assert house.change(AddSubnetIds=[second])["SubnetIds"] == [second]


def test_groups_are_those_of_all_of_its_interfaces(house: Changed) -> None:
    [default] = house.groups()
    house.change(AddSecurityGroupIds=[house.group_id, default])
    assert house.groups() == [default, house.group_id]
    house.change(RemoveSecurityGroupIds=[default], AddSubnetIds=[house.subnets[2]])
    for interface in house.interfaces():
        assert [group["GroupId"] for group in interface["Groups"]] == [house.group_id]
    other = house.new_group("other")
    house.change(AddSecurityGroupIds=[other], RemoveSecurityGroupIds=[house.group_id])
    house.client("DeleteSecurityGroup", GroupId=house.group_id)


def test_it_has_always_a_group_and_never_too_many(house: Changed) -> None:
    [default] = house.groups()
    assert house.refused_change(RemoveSecurityGroupIds=[default])[0] == "InvalidParameter"
    assert house.refused_change(RemoveSecurityGroupIds=[house.group_id])[0] == "InvalidParameter"
    give_quota(house.client.service, SECURITY_GROUPS_PER_INTERFACE, 1)
    assert house.refused_change(AddSecurityGroupIds=[house.group_id])[0] == "SecurityGroupsPerInterfaceLimitExceeded"
    house.client("CreateVpcEndpoint", **house.asked("sts", SecurityGroupIds=[house.group_id]))
    more = house.asked("logs", SecurityGroupIds=[default, house.group_id])
    assert house.client.refused("CreateVpcEndpoint", **more).code == "SecurityGroupsPerInterfaceLimitExceeded"


def test_a_policy_is_set_and_reset(house: Changed) -> None:
    assert house.change(PolicyDocument=POLICY)["PolicyDocument"] == POLICY
    assert house.change(AddSecurityGroupIds=[house.group_id])["PolicyDocument"] == POLICY
    assert house.change(ResetPolicy=True)["PolicyDocument"] == DEFAULT_POLICY
    assert house.refused_change(PolicyDocument="{}")[0] == "InvalidPolicyDocument"
    assert house.refused_change(PolicyDocument=POLICY, ResetPolicy=True)[0] == "InvalidParameterCombination"


def test_private_names_come_and_go_and_are_one_endpoints(house: Changed) -> None:
    second = house.make(PrivateDnsEnabled=False, SubnetIds=house.subnets[2:])["VpcEndpointId"]
    code, message = house.refused_change(second, PrivateDnsEnabled=True)
    assert (code, SSM in message) == ("InvalidParameter", True)
    row = house.change(PrivateDnsEnabled=False)
    assert SSM not in [entry["DnsName"] for entry in row["DnsEntries"]]
    assert house.addresses_of(SSM) == {str(ENDPOINT)}
    house.change(second, PrivateDnsEnabled=True)
    assert house.addresses_of(SSM) == house.private_addresses(second)


def test_private_names_need_a_vpc_that_names_hosts_when_they_are_asked_for(house: Changed) -> None:
    house.client("ModifyVpcAttribute", VpcId=house.vpc_id, EnableDnsHostnames={"Value": False})
    house.change(PrivateDnsEnabled=True, AddSecurityGroupIds=[house.group_id])
    house.change(PrivateDnsEnabled=False)
    code, message = house.refused_change(PrivateDnsEnabled=True)
    assert (code, house.vpc_id in message) == ("InvalidParameter", True)


def test_private_names_of_s3_are_for_inbound_resolvers_unless_the_request_says_otherwise(house: Changed) -> None:
    made = house.make("s3")["VpcEndpointId"]
    code, message = house.refused_change(made, PrivateDnsEnabled=True)
    assert (code, "Gateway endpoint" in message) == ("InvalidParameter", True)
    house.new_gateway()
    options = house.change(made, PrivateDnsEnabled=True)["DnsOptions"]
    assert options["PrivateDnsOnlyForInboundResolverEndpoint"] is True
    everywhere = {"PrivateDnsOnlyForInboundResolverEndpoint": False}
    assert house.change(made, DnsOptions=everywhere)["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False
    assert house.change(made, ResetPolicy=True)["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False


def test_tables_get_and_lose_the_routes_of_a_gateway_endpoint(house: Changed) -> None:
    tables = [make_route_table(house.client, house.vpc_id) for _ in range(2)]
    endpoint_id = house.new_gateway(tables[0])
    row = house.change(endpoint_id, AddRouteTableIds=[tables[1]], RemoveRouteTableIds=[tables[0]])
    assert row["RouteTableIds"] == [tables[1]]
    assert [house.routed(table_id) for table_id in tables] == [[], [endpoint_id]]
    code, message = house.refused_change(endpoint_id, AddRouteTableIds=tables)
    assert (code, LIST_OF_S3 in message) == ("RouteAlreadyExists", True)
    assert house.refused_change(endpoint_id, RemoveRouteTableIds=tables)[0] == "InvalidParameter"
    give_quota(house.client.service, ROUTES_PER_TABLE, 1)
    house.change(endpoint_id, AddRouteTableIds=tables[:1])
    assert house.routed(tables[0]) == [endpoint_id]


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidParameter", {"AddRouteTableIds": ["rtb-00000000000000001"]}),
        ("InvalidParameter", {"RemoveRouteTableIds": ["rtb-00000000000000001"]}),
        ("InvalidSubnetId.NotFound", {"AddSubnetIds": ["subnet-00000000000000001"]}),
        ("InvalidSubnetId.NotFound", {"RemoveSubnetIds": ["subnet-00000000000000001"]}),
        ("InvalidSecurityGroupId.NotFound", {"AddSecurityGroupIds": ["sg-00000000000000001"]}),
        ("InvalidSecurityGroupId.NotFound", {"RemoveSecurityGroupIds": ["sg-00000000000000001"]}),
        ("InvalidParameter", {"IpAddressType": "dualstack"}),  # the subnet has no IPv6 block
        ("InvalidParameter", {"DnsOptions": {"DnsRecordIpType": "dualstack"}}),
        ("InvalidParameter", {"SubnetConfigurations": [{"Ipv4": "10.20.0.9"}]}),
    ],
)
def test_what_an_interface_endpoint_cannot_have_is_refused(house: Changed, code: str, more: dict[str, Any]) -> None:
    assert house.refused_change(**more)[0] == code


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidParameter", {"AddSubnetIds": ["subnet-00000000000000001"]}),
        ("InvalidParameter", {"RemoveSubnetIds": ["subnet-00000000000000001"]}),
        ("InvalidParameter", {"AddSecurityGroupIds": ["sg-00000000000000001"]}),
        ("InvalidParameter", {"RemoveSecurityGroupIds": ["sg-00000000000000001"]}),
        ("InvalidParameter", {"PrivateDnsEnabled": True}),
        ("InvalidRouteTableId.NotFound", {"AddRouteTableIds": ["rtb-00000000000000001"]}),
    ],
)
def test_what_a_gateway_endpoint_cannot_have_is_refused(house: Changed, code: str, more: dict[str, Any]) -> None:
    assert house.refused_change(house.new_gateway(), **more)[0] == code


def test_of_much_that_a_gateway_endpoint_cannot_have_the_first_is_told(house: Changed) -> None:
    """In the order of the API Reference, subnets before groups."""
    endpoint_id, subnets, groups = house.new_gateway(), ["subnet-1"], ["sg-1"]
    of_interfaces = "are only supported for Interface type VPC Endpoint."
    for more, words in (
        ({"SubnetConfigurations": [{}], "AddSecurityGroupIds": groups, "RemoveSubnetIds": subnets}, "Subnet IDs"),
        ({"SubnetConfigurations": [{}], "RemoveSecurityGroupIds": groups}, "Security group IDs"),
        ({"SubnetConfigurations": [{}]}, "Subnet configurations"),
    ):
        assert house.refused_change(endpoint_id, **more) == ("InvalidParameter", f"{words} {of_interfaces}")


def test_what_belongs_to_another_vpc_is_not_added(house: Changed) -> None:
    vpc_id = make_vpc(house.client, "10.30.0.0/16")
    subnet_id = make_subnet(house.client, vpc_id, "10.30.0.0/24")
    assert house.refused_change(AddSubnetIds=[subnet_id])[0] == "InvalidParameter"
    table_id = make_route_table(house.client, vpc_id)
    assert house.refused_change(house.new_gateway(), AddRouteTableIds=[table_id])[0] == "InvalidParameter"


def test_another_accounts_endpoint_is_not_found(house: Changed) -> None:
    other = Client(house.client.service, OTHER, TOKYO)
    error = other.refused("ModifyVpcEndpoint", VpcEndpointId=house.id, ResetPolicy=True)
    assert error.code == "InvalidVpcEndpointId.NotFound"


def test_a_dry_run_changes_nothing(house: Changed) -> None:
    assert house.refused_change(RemoveSubnetIds=house.subnets[:1], DryRun=True)[0] == "DryRunOperation"
