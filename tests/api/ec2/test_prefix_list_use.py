"""Prefix lists where they are named: in routes and in security group rules."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import ROUTES_PER_TABLE, RULES_PER_SECURITY_GROUP

from ..build import make_internet_gateway, make_peering, make_route_table, make_vpc, named
from ..conftest import Client, give_quota
from .test_prefix_list import changes, entries, make, modify, shown

FAR = "10.30.0.0/16"


@pytest.fixture
def vpc_id(client: Client) -> str:
    return make_vpc(client, "10.20.0.0/16")


@pytest.fixture
def gateway_id(client: Client, vpc_id: str) -> str:
    return make_internet_gateway(client, vpc_id)


@pytest.fixture
def table_id(client: Client, vpc_id: str) -> str:
    return make_route_table(client, vpc_id)


@pytest.fixture
def group_id(client: Client, vpc_id: str) -> str:
    made: str = client("CreateSecurityGroup", VpcId=vpc_id, GroupName="web", Description="-")["GroupId"]
    return made


def routes(client: Client, table_id: str) -> list[dict[str, Any]]:
    [table] = client("DescribeRouteTables", RouteTableIds=[table_id])["RouteTables"]
    return [route for route in table["Routes"] if route.get("GatewayId") != "local"]


def ssh_from(list_id: str, **more: Any) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": list_id, **more}]}]


def test_a_route_to_a_list_is_one_route_whatever_is_in_the_list(
    client: Client, vpc_id: str, gateway_id: str, table_id: str
) -> None:
    list_id = make(client, FAR, "198.51.100.0/24")
    to_list = {"RouteTableId": table_id, "DestinationPrefixListId": list_id}
    assert client.refused("DeleteRoute", **to_list).message == (
        f"no route with destination-prefix-list-id {list_id} in route table {table_id}"
    )
    for _ in range(2):
        client("CreateRoute", **to_list, GatewayId=gateway_id)
    assert routes(client, table_id) == [
        {
            "DestinationPrefixListId": list_id,
            "GatewayId": gateway_id,
            "Origin": "CreateRoute",
            "State": "active",
        }
    ]
    found = client("DescribeRouteTables", Filters=named("route.destination-prefix-list-id", list_id))["RouteTables"]
    assert [table["RouteTableId"] for table in found] == [table_id]
    peering_id = make_peering(client, vpc_id, client, make_vpc(client, FAR))
    error = client.refused("CreateRoute", **to_list, VpcPeeringConnectionId=peering_id)
    assert (error.code, error.message) == (
        "RouteAlreadyExists", f"The route identified by {list_id} already exists.",
    )  # fmt: skip
    client("ReplaceRoute", **to_list, VpcPeeringConnectionId=peering_id)
    assert routes(client, table_id)[0]["VpcPeeringConnectionId"] == peering_id
    client("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert routes(client, table_id)[0]["State"] == "blackhole"
    client("DeleteRoute", **to_list)
    assert routes(client, table_id) == []
    assert client.refused("ReplaceRoute", **to_list, GatewayId=gateway_id).code == "InvalidParameterValue"


def test_a_route_to_a_list_counts_as_much_as_the_list_may_have(client: Client, gateway_id: str, table_id: str) -> None:
    give_quota(client.service, ROUTES_PER_TABLE, 10)
    small, large = make(client, size=4), make(client, size=7)
    client("CreateRoute", RouteTableId=table_id, DestinationPrefixListId=small, GatewayId=gateway_id)
    error = client.refused("CreateRoute", RouteTableId=table_id, DestinationPrefixListId=large, GatewayId=gateway_id)
    assert error.code == "RouteLimitExceeded"
    other_family = make(client, size=7, family="IPv6")
    client("CreateRoute", RouteTableId=table_id, DestinationPrefixListId=other_family, GatewayId=gateway_id)
    assert modify(client, small, MaxEntries=11)["State"] == "modify-in-progress"
    row = shown(client, small)
    assert (row["State"], row["MaxEntries"]) == ("modify-failed", 4)
    assert table_id in row["StateMessage"]
    modify(client, small, MaxEntries=10)
    row = shown(client, small)
    assert (row["State"], row["StateMessage"], row["MaxEntries"]) == ("modify-complete", None, 10)


def test_a_list_does_not_lead_away_what_is_the_vpcs_own(
    client: Client, vpc_id: str, gateway_id: str, table_id: str
) -> None:
    inside, outside = make(client, FAR, "10.20.1.0/24"), make(client, FAR)
    error = client.refused("CreateRoute", RouteTableId=table_id, DestinationPrefixListId=inside, GatewayId=gateway_id)
    assert error.code == "InvalidParameterValue"
    client("CreateRoute", RouteTableId=table_id, DestinationPrefixListId=outside, GatewayId=gateway_id)
    error = client.refused("ModifyManagedPrefixList", **changes(outside, add=("10.20.1.0/24",)))
    assert error.code == "InvalidParameterValue"
    assert entries(client, outside) == [FAR]
    error = client.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock=FAR)
    assert error.code == "InvalidVpc.Range"


def test_a_rule_names_a_list_in_every_call(client: Client, group_id: str) -> None:
    list_id = make(client, "203.0.113.0/24")
    made = client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=ssh_from(list_id, Description="us"))
    [rule] = made["SecurityGroupRules"]
    assert rule["PrefixListId"] == list_id
    [group] = client("DescribeSecurityGroups", Filters=named("ip-permission.prefix-list-id", list_id))["SecurityGroups"]
    assert group["IpPermissions"][0]["PrefixListIds"] == [{"PrefixListId": list_id, "Description": "us"}]
    duplicate = client.refused("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=ssh_from(list_id))
    assert (duplicate.code, duplicate.message) == (
        "InvalidPermission.Duplicate",
        f'the specified rule "peer: {list_id}, TCP, from port: 22, to port: 22, ALLOW" already exists',
    )
    client(
        "UpdateSecurityGroupRuleDescriptionsIngress",
        GroupId=group_id,
        IpPermissions=ssh_from(list_id, Description="all of us"),
    )
    wanted = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListId": list_id}
    update = {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wanted}
    client("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=[update])
    update["SecurityGroupRule"] = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.0.0.0/8"}
    error = client.refused("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=[update])
    assert error.code == "InvalidParameterValue"
    shown_rules = client("DescribeSecurityGroupRules", Filters=named("group-id", group_id))["SecurityGroupRules"]
    [described] = [each for each in shown_rules if not each["IsEgress"]]
    assert (described["PrefixListId"], described["FromPort"]) == (list_id, 443)
    permission = ssh_from(list_id)[0] | {"FromPort": 443, "ToPort": 443}
    client("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission])
    [after] = client("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
    assert after["IpPermissions"] == []


def test_a_rule_counts_as_much_as_the_list_may_have(client: Client, group_id: str) -> None:
    give_quota(client.service, RULES_PER_SECURITY_GROUP, 10)
    small, large = make(client, size=10), make(client, size=11)
    for list_id, code in (
        (large, "RulesPerSecurityGroupLimitExceeded"),
        ("pl-0123456789abcdef0", "InvalidPrefixListID.NotFound"),
    ):
        error = client.refused("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=ssh_from(list_id))
        assert error.code == code
    client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=ssh_from(small))
    permission = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    error = client.refused("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=permission)
    assert error.code == "RulesPerSecurityGroupLimitExceeded"
    modify(client, small, MaxEntries=11)
    assert group_id in shown(client, small)["StateMessage"]


def test_no_more_references_than_a_list_may_have(
    client: Client, gateway_id: str, vpc_id: str, table_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realvpc.api.ec2.prefix_list_use.REFERENCES_MAXIMUM", 1)
    list_id, request = make(client), {"GatewayId": gateway_id}
    client("CreateRoute", RouteTableId=table_id, DestinationPrefixListId=list_id, **request)
    second = make_route_table(client, vpc_id)
    error = client.refused("CreateRoute", RouteTableId=second, DestinationPrefixListId=list_id, **request)
    assert error.code == "PrefixListReferenceLimitExceeded"
