"""IPv6 blocks of VPCs: from Amazon's pool, and what comes and goes with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from realvpc.clock import Clock
from realvpc.net.addresses import Cidr
from realvpc.net.quotas import IPV6_CIDRS_PER_VPC
from realvpc.net.vpc import IPV6_POOL

from ..build import ipv6_of, make_peering, make_route_table, make_subnet, make_vpc, named, where
from ..conftest import MAIN, OTHER, Client, give_quota

As = Callable[..., Client]


def associate(client: Client, vpc_id: str) -> dict[str, Any]:
    answer = client("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    association: dict[str, Any] = answer["Ipv6CidrBlockAssociation"]
    return association


def disassociate(client: Client, vpc_id: str) -> dict[str, Any]:
    [vpc] = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    association_id = vpc["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
    return client("DisassociateVpcCidrBlock", AssociationId=association_id)


def test_a_new_vpc_gets_a_block_that_is_known_at_the_first_look(client: Client) -> None:
    made = client("CreateVpc", CidrBlock="10.20.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    [association] = made["Ipv6CidrBlockAssociationSet"]
    assert association["AssociationId"].startswith("vpc-cidr-assoc-")
    assert (association["Ipv6CidrBlock"], association["Ipv6CidrBlockState"]) == ("", {"State": "associating"})
    [vpc] = client("DescribeVpcs", VpcIds=[made["VpcId"]])["Vpcs"]
    [shown] = vpc["Ipv6CidrBlockAssociationSet"]
    block = Cidr.parse(shown["Ipv6CidrBlock"])
    assert block.prefix_length == 56 and IPV6_POOL.covers(block)
    assert shown == association | {"Ipv6CidrBlock": str(block), "Ipv6CidrBlockState": {"State": "associated"}}
    assert (shown["Ipv6Pool"], shown["NetworkBorderGroup"]) == ("Amazon", client.region)
    for name, value in (
        ("association-id", shown["AssociationId"]),
        ("ipv6-cidr-block", str(block)),
        ("ipv6-pool", "Amazon"),
        ("state", "associated"),
    ):
        make_vpc(client)
        [found] = client("DescribeVpcs", Filters=named(f"ipv6-cidr-block-association.{name}", value))["Vpcs"]
        assert found["VpcId"] == made["VpcId"], name


def test_no_two_vpcs_share_a_block_whosever_they_are(as_account: As) -> None:
    clients = (as_account(MAIN), as_account(OTHER))
    blocks = [
        ipv6_of(client, make_vpc(client, AmazonProvidedIpv6CidrBlock=True)) for client in clients for _ in range(20)
    ]
    assert len(set(blocks)) == 40


def test_a_block_is_local_in_every_table(client: Client) -> None:
    vpc_id = make_vpc(client)
    make_route_table(client, vpc_id)
    association = associate(client, vpc_id)
    assert association["Ipv6CidrBlockState"] == {"State": "associating"}
    block = str(ipv6_of(client, vpc_id))
    tables = client("DescribeRouteTables", Filters=where(vpc_id=vpc_id))["RouteTables"]
    for table in tables:
        assert table["Routes"][-1] == {
            "DestinationIpv6CidrBlock": block,
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        }
    found = client("DescribeRouteTables", Filters=named("route.destination-ipv6-cidr-block", block))["RouteTables"]
    assert len(found) == len(tables) == 2


def test_a_block_goes_when_no_subnet_lies_in_it(client: Client, clock: Clock) -> None:
    vpc_id = make_vpc(client, AmazonProvidedIpv6CidrBlock=True)
    block = ipv6_of(client, vpc_id)
    subnet_id = make_subnet(client, vpc_id, Ipv6CidrBlock=str(block.subnet(0, 64)))
    [vpc] = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    [association] = vpc["Ipv6CidrBlockAssociationSet"]
    error = client.refused("DisassociateVpcCidrBlock", AssociationId=association["AssociationId"])
    assert (error.code, error.message) == (
        "InvalidCidrBlock.InUse",
        f"The vpc {vpc_id} currently has a subnet within CIDR block {block}",
    )
    client("DeleteSubnet", SubnetId=subnet_id)
    answer = disassociate(client, vpc_id)
    assert answer["Ipv6CidrBlockAssociation"] == association | {"Ipv6CidrBlockState": {"State": "disassociating"}}
    assert "CidrBlockAssociation" not in answer
    [vpc] = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    ended = association | {"Ipv6CidrBlockState": {"State": "disassociated"}}
    assert vpc["Ipv6CidrBlockAssociationSet"] == [ended]
    again = associate(client, vpc_id)
    [vpc] = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    ids = [row["AssociationId"] for row in vpc["Ipv6CidrBlockAssociationSet"]]
    assert ids == [ended["AssociationId"], again["AssociationId"]], "as Ansible's target ec2_vpc_net has them"
    client("DisassociateVpcCidrBlock", AssociationId=again["AssociationId"])
    clock.offset += timedelta(minutes=5)
    [vpc] = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    assert "Ipv6CidrBlockAssociationSet" not in vpc
    error = client.refused("DisassociateVpcCidrBlock", AssociationId=association["AssociationId"])
    assert error.code == "InvalidVpcCidrBlockAssociationID.NotFound"


def test_a_vpc_has_a_limited_number_of_them(client: Client) -> None:
    give_quota(client.service, IPV6_CIDRS_PER_VPC, 2)
    vpc_id = make_vpc(client, AmazonProvidedIpv6CidrBlock=True)
    associate(client, vpc_id)
    error = client.refused("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    assert (error.code, error.message) == (
        "CidrLimitExceeded",
        f"This network {vpc_id} has met its maximum number of allowed CIDRs: 2",
    )


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"CidrBlock": "10.21.0.0/16"}, "InvalidParameterCombination"),
        ({"Ipv6CidrBlockNetworkBorderGroup": "us-west-2-lax-1"}, "InvalidParameterValue"),
        ({"Ipv6Pool": "ipv6pool-ec2-0123456789abcdef0"}, "UnsupportedOperation"),
        ({"Ipv6IpamPoolId": "ipam-pool-0123456789abcdef0"}, "UnsupportedOperation"),
    ],
    ids=str,
)
def test_what_no_vpc_can_have_is_refused(client: Client, parameters: dict[str, Any], code: str) -> None:
    vpc_id = make_vpc(client)
    error = client.refused("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True, **parameters)
    assert error.code == code


def test_a_border_group_is_that_of_a_block_of_amazons(client: Client) -> None:
    group = {"Ipv6CidrBlockNetworkBorderGroup": client.region}
    error = client.refused("CreateVpc", CidrBlock="10.20.0.0/16", **group)
    assert error.code == "InvalidParameterCombination"
    made = client("CreateVpc", CidrBlock="10.20.0.0/16", AmazonProvidedIpv6CidrBlock=True, **group)["Vpc"]
    assert made["Ipv6CidrBlockAssociationSet"][0]["NetworkBorderGroup"] == client.region


def egress(client: Client, vpc_id: str, name: str = "default") -> list[str]:
    found = client("DescribeSecurityGroups", Filters=where(vpc_id=vpc_id, group_name=name))["SecurityGroups"]
    permissions = found[0]["IpPermissionsEgress"]
    return [
        *(row["CidrIp"] for permission in permissions for row in permission["IpRanges"]),
        *(row["CidrIpv6"] for permission in permissions for row in permission["Ipv6Ranges"]),
    ]


def test_what_the_default_group_lets_out_it_lets_out_in_ipv6(client: Client) -> None:
    assert egress(client, make_vpc(client, AmazonProvidedIpv6CidrBlock=True)) == ["0.0.0.0/0", "::/0"]
    vpc_id = make_vpc(client)
    client("CreateSecurityGroup", GroupName="before", Description="before", VpcId=vpc_id)
    assert egress(client, vpc_id) == ["0.0.0.0/0"]
    associate(client, vpc_id)
    associate(client, vpc_id)
    client("CreateSecurityGroup", GroupName="after", Description="after", VpcId=vpc_id)
    assert egress(client, vpc_id) == ["0.0.0.0/0", "::/0"]
    assert (egress(client, vpc_id, "before"), egress(client, vpc_id, "after")) == (
        ["0.0.0.0/0"],
        ["0.0.0.0/0", "::/0"],
    )


def test_a_default_group_that_was_changed_stays_as_it_is(client: Client) -> None:
    vpc_id = make_vpc(client)
    [group] = client("DescribeSecurityGroups", Filters=where(vpc_id=vpc_id))["SecurityGroups"]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    client("RevokeSecurityGroupEgress", GroupId=group["GroupId"], IpPermissions=everything)
    associate(client, vpc_id)
    assert egress(client, vpc_id) == []


def entries(client: Client, vpc_id: str) -> list[tuple[bool, int, str]]:
    [acl] = client("DescribeNetworkAcls", Filters=where(vpc_id=vpc_id, default="true"))["NetworkAcls"]
    return [
        (entry["Egress"], entry["RuleNumber"], entry.get("CidrBlock") or entry["Ipv6CidrBlock"])
        for entry in acl["Entries"]
    ]


BOTH = [(100, "0.0.0.0/0"), (101, "::/0"), (32767, "0.0.0.0/0"), (32768, "::/0")]


def test_the_default_acl_lets_ipv6_pass(client: Client) -> None:
    vpc_id = make_vpc(client)
    assert [number for _, number, _ in entries(client, vpc_id)] == [100, 32767] * 2
    associate(client, vpc_id)
    assert entries(client, vpc_id) == [(is_egress, *rule) for is_egress in (True, False) for rule in BOTH]
    disassociate(client, vpc_id)
    assert [number for _, number, _ in entries(client, vpc_id)] == [100, 32767] * 2


def test_a_direction_of_the_default_acl_that_was_changed_stays_as_it_is(client: Client) -> None:
    vpc_id = make_vpc(client)
    [acl] = client("DescribeNetworkAcls", Filters=where(vpc_id=vpc_id))["NetworkAcls"]
    client("DeleteNetworkAclEntry", NetworkAclId=acl["NetworkAclId"], RuleNumber=100, Egress=True)
    associate(client, vpc_id)
    assert entries(client, vpc_id) == [
        *((True, *rule) for rule in BOTH[2:]),
        *((False, *rule) for rule in BOTH),
    ]


def test_a_peering_shows_the_blocks_of_both_sides(client: Client) -> None:
    first, second = make_vpc(client, AmazonProvidedIpv6CidrBlock=True), make_vpc(client, "10.30.0.0/16")
    make_peering(client, first, client, second)
    [peering] = client("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert peering["RequesterVpcInfo"]["Ipv6CidrBlockSet"] == [{"Ipv6CidrBlock": str(ipv6_of(client, first))}]
    assert peering["RequesterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.20.0.0/16"}]
    assert "Ipv6CidrBlockSet" not in peering["AccepterVpcInfo"]


def test_the_requester_of_a_pending_peering_gets_no_block(client: Client) -> None:
    first, second = make_vpc(client), make_vpc(client, "10.30.0.0/16")
    make_peering(client, first, client, second, accept=False)
    error = client.refused("AssociateVpcCidrBlock", VpcId=first, AmazonProvidedIpv6CidrBlock=True)
    assert error.code == "OperationNotPermitted"
    associate(client, second)
