"""Security groups as their users see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realvpc.api.core.effort import Effort, TooLongError
from realvpc.api.ec2.security_group import delete_security_group
from realvpc.api.ec2.security_group_references import describe_stale_security_groups

from ...counting import calls
from ..build import make_peering, make_subnet, make_vpc, named, specification, tags
from ..conftest import MAIN, OTHER, TOKYO, Client, caller


def make_group(client: Client, vpc_id: str, name: str = "web") -> str:
    group_id: str = client("CreateSecurityGroup", GroupName=name, Description="for tests", VpcId=vpc_id)["GroupId"]
    return group_id


def test_a_new_group_admits_nothing_and_lets_everything_out(client: Client) -> None:
    vpc_id = make_vpc(client)
    made = client(
        "CreateSecurityGroup",
        GroupName="web",
        Description="for tests",
        VpcId=vpc_id,
        TagSpecifications=specification("security-group", Name="w"),
    )
    (group,) = client("DescribeSecurityGroups", GroupIds=[made["GroupId"]])["SecurityGroups"]
    assert group == {
        "GroupId": made["GroupId"],
        "GroupName": "web",
        "Description": "for tests",
        "OwnerId": MAIN,
        "VpcId": vpc_id,
        "SecurityGroupArn": f"arn:aws:ec2:{TOKYO}:{MAIN}:security-group/{made['GroupId']}",
        "IpPermissions": [],
        "IpPermissionsEgress": [
            {
                "IpProtocol": "-1",
                "UserIdGroupPairs": [],
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
            }
        ],
        "Tags": tags(Name="w"),
    }


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"VpcId": None}, "VPCIdNotSpecified", "No default VPC"),
        ({"VpcId": "vpc-00000000000000001"}, "InvalidVpcID.NotFound", "does not exist"),
        ({"GroupName": "default"}, "InvalidParameterValue", "reserved security group name: default"),
        ({"GroupName": "sg-mine"}, "InvalidParameterValue", "may not be in the format sg-*"),
        ({"GroupName": "名前"}, "InvalidParameterValue", "beyond ASCII"),
        ({"GroupName": "x" * 256}, "InvalidParameterValue", "less than 256 characters"),
        ({"Description": "it's"}, "InvalidParameterValue", "Invalid security group description"),
        ({"GroupName": "taken"}, "InvalidGroup.Duplicate", "The security group 'taken' already exists for VPC"),
    ],
)
def test_a_group_that_cannot_be_made(client: Client, changes: dict[str, Any], code: str, words: str) -> None:
    vpc_id = make_vpc(client)
    make_group(client, vpc_id, "taken")
    request: dict[str, Any] = {"GroupName": "web", "Description": "d", "VpcId": vpc_id} | changes
    error = client.refused("CreateSecurityGroup", **request)
    assert (error.code, error.status) == (code, 400)
    assert words in error.message


def test_the_same_name_is_free_in_another_vpc(client: Client) -> None:
    make_group(client, make_vpc(client), "web")
    make_group(client, make_vpc(client, "10.30.0.0/16"), "web")


def test_the_default_group_stays(client: Client) -> None:
    vpc_id = make_vpc(client)
    (group,) = client("DescribeSecurityGroups", Filters=named("vpc-id", vpc_id))["SecurityGroups"]
    error = client.refused("DeleteSecurityGroup", GroupId=group["GroupId"])
    assert error.code == "CannotDelete"
    assert error.message == f'the specified group: "{group["GroupId"]}" name: "default" cannot be deleted by a user'


def test_a_group_in_use_stays_until_nothing_needs_it(client: Client) -> None:
    vpc_id = make_vpc(client)
    group_id, other_id = make_group(client, vpc_id), make_group(client, vpc_id, "other")
    pair = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}]
    client("AuthorizeSecurityGroupIngress", GroupId=other_id, IpPermissions=pair)
    error = client.refused("DeleteSecurityGroup", GroupId=group_id)
    assert (error.code, error.message) == ("DependencyViolation", f"resource {group_id} has a dependent object")

    client("RevokeSecurityGroupIngress", GroupId=other_id, IpPermissions=pair)
    made = client("CreateNetworkInterface", SubnetId=make_subnet(client, vpc_id), Groups=[group_id])
    assert client.refused("DeleteSecurityGroup", GroupId=group_id).code == "DependencyViolation"

    client("DeleteNetworkInterface", NetworkInterfaceId=made["NetworkInterface"]["NetworkInterfaceId"])
    client("DeleteSecurityGroup", GroupId=group_id)
    assert client.refused("DescribeSecurityGroups", GroupIds=[group_id]).code == "InvalidGroup.NotFound"


def test_a_rule_that_names_its_own_group_does_not_hold_it(client: Client) -> None:
    group_id = make_group(client, make_vpc(client))
    pair = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}]
    client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=pair)
    client("DeleteSecurityGroup", GroupId=group_id)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("group-name", "web"),
        ("description", "for*"),
        ("ip-permission.protocol", "tcp"),
        ("ip-permission.protocol", "6"),
        ("ip-permission.from-port", "443"),
        ("ip-permission.cidr", "10.0.0.0/8"),
        ("ip-permission.ipv6-cidr", "2001:db8::/32"),
        ("tag:Name", "w"),
    ],
)
def test_filters_find_the_group(client: Client, name: str, value: str) -> None:
    vpc_id = make_vpc(client)
    group_id = make_group(client, vpc_id)
    client(
        "AuthorizeSecurityGroupIngress",
        GroupId=group_id,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 444,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
                "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
            }
        ],
    )
    client("CreateTags", Resources=[group_id], Tags=tags(Name="w"))
    found = client("DescribeSecurityGroups", Filters=named(name, value))["SecurityGroups"]
    assert [group["GroupId"] for group in found] == [group_id]


def test_the_rules_of_other_groups_are_counted_or_not_gone_through_at_all(
    client: Client,
) -> None:
    vpc_id = make_vpc(client)
    group_id, other_id = make_group(client, vpc_id), make_group(client, vpc_id, "other")
    ports = [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port} for port in range(1, 41)]
    rules = [port | {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]} for port in ports]
    client("AuthorizeSecurityGroupIngress", GroupId=other_id, IpPermissions=rules[:1])

    def cost() -> int:
        ctx = client.service.context(caller())
        return calls(lambda: delete_security_group(ctx, {"GroupId": group_id}))

    cost()  # makes what is made once
    before = cost()
    client("AuthorizeSecurityGroupIngress", GroupId=other_id, IpPermissions=rules[1:])
    assert cost() == before
    with pytest.raises(TooLongError):
        describe_stale_security_groups(client.service.context(caller(), effort=Effort(40)), {"VpcId": vpc_id})


def test_groups_of_a_peer_vpc_are_named_with_their_owner_and_go_stale(
    client: Client, as_account: Callable[..., Client]
) -> None:
    other = as_account(OTHER)
    here, there = make_vpc(client), make_vpc(other, "10.120.0.0/16")
    mine, theirs = make_group(client, here), make_group(other, there)
    rule = [{"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "UserIdGroupPairs": [{"GroupId": theirs}]}]
    owned = [rule[0] | {"UserIdGroupPairs": [{"GroupId": theirs, "UserId": OTHER}]}]

    assert client.refused("AuthorizeSecurityGroupIngress", GroupId=mine, IpPermissions=owned).code == (
        "InvalidGroup.NotFound"
    )
    peering_id = make_peering(client, here, other, there)
    assert client.refused("AuthorizeSecurityGroupIngress", GroupId=mine, IpPermissions=rule).code == (
        "InvalidGroup.NotFound"
    )
    client("AuthorizeSecurityGroupIngress", GroupId=mine, IpPermissions=owned)
    pair = {
        "UserId": OTHER,
        "GroupId": theirs,
        "VpcId": there,
        "VpcPeeringConnectionId": peering_id,
        "PeeringStatus": "active",
    }
    (group,) = client("DescribeSecurityGroups", GroupIds=[mine])["SecurityGroups"]
    assert group["IpPermissions"][0]["UserIdGroupPairs"] == [pair]
    assert client("DescribeStaleSecurityGroups", VpcId=here)["StaleSecurityGroupSet"] == []
    assert other("DescribeSecurityGroupReferences", GroupId=[theirs])["SecurityGroupReferenceSet"] == [
        {"GroupId": theirs, "ReferencingVpcId": here, "VpcPeeringConnectionId": peering_id}
    ]

    client("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    (stale,) = client("DescribeStaleSecurityGroups", VpcId=here)["StaleSecurityGroupSet"]
    assert stale["GroupId"] == mine
    assert stale["StaleIpPermissions"][0]["UserIdGroupPairs"] == [
        pair | {"PeeringStatus": "deleted", "Description": None}
    ]
    assert other("DescribeSecurityGroupReferences", GroupId=[theirs])["SecurityGroupReferenceSet"] == []

    again = make_peering(client, here, other, there)
    assert client("DescribeStaleSecurityGroups", VpcId=here)["StaleSecurityGroupSet"] == []
    (group,) = client("DescribeSecurityGroups", GroupIds=[mine])["SecurityGroups"]
    assert group["IpPermissions"][0]["UserIdGroupPairs"] == [pair | {"VpcPeeringConnectionId": again}]
    client("RevokeSecurityGroupIngress", GroupId=mine, IpPermissions=owned)


def test_a_group_of_another_vpc_without_a_peering_is_of_another_network(client: Client) -> None:
    mine = make_group(client, make_vpc(client))
    far = make_group(client, make_vpc(client, "10.30.0.0/16"))
    pair = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": far}]}]
    error = client.refused("AuthorizeSecurityGroupIngress", GroupId=mine, IpPermissions=pair)
    assert (error.code, error.message) == (
        "InvalidGroup.NotFound",
        "You have specified two resources that belong to different networks.",
    )


def test_nobody_learns_whether_another_account_has_a_group(client: Client, as_account: Callable[..., Client]) -> None:
    mine = make_group(client, make_vpc(client))
    theirs = make_group(as_account(OTHER), make_vpc(as_account(OTHER), "10.120.0.0/16"))

    def message(group_id: str) -> str:
        pair = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id, "UserId": OTHER}]}]
        error = client.refused("AuthorizeSecurityGroupIngress", GroupId=mine, IpPermissions=pair)
        return f"{error.code}: {error.message}".replace(group_id, "sg")

    assert message(theirs) == message("sg-0123456789abcdef0")


def test_groups_of_what_is_no_vpc_are_not_looked_for(client: Client) -> None:
    make_vpc(client)
    error = client.refused("DescribeSecurityGroups", Filters=named("vpc-id", "foo"))
    assert (error.code, error.message) == ("InvalidParameterValue", "vpc-id")
    assert client("DescribeSecurityGroups", Filters=named("vpc-id", "vpc-00000000000000001"))["SecurityGroups"] == []
    assert len(client("DescribeSecurityGroups", Filters=named("vpc-id", "vpc-*"))["SecurityGroups"]) == 1


def test_a_rule_is_found_by_the_id_of_the_group_that_it_refers_to_and_not_by_its_name(client: Client) -> None:
    vpc_id = make_vpc(client)
    group_id, referenced = make_group(client, vpc_id), make_group(client, vpc_id, "other")
    pair = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": referenced}]}]
    for direction, prefix in (("Ingress", ""), ("Egress", "egress.")):
        client(f"AuthorizeSecurityGroup{direction}", GroupId=group_id, IpPermissions=pair)
        by_id = client("DescribeSecurityGroups", Filters=named(f"{prefix}ip-permission.group-id", referenced))
        assert [group["GroupId"] for group in by_id["SecurityGroups"]] == [group_id]
        by_name = client("DescribeSecurityGroups", Filters=named(f"{prefix}ip-permission.group-name", "other"))
        assert by_name["SecurityGroups"] == []
