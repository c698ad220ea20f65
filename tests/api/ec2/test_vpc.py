"""VPCs, their attributes and their CIDR blocks, as the VPC guide and real clients know them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from realvpc.clock import Clock
from realvpc.net.quotas import VPCS_PER_REGION
from realvpc.wire.model import service_model

from ..build import (
    make_internet_gateway,
    make_peering,
    make_route_table,
    make_subnet,
    make_vpc,
    named,
    specification,
    where,
)
from ..conftest import MAIN, OTHER, VIRGINIA, Client, give_quota

As = Callable[..., Client]


def test_a_new_vpc_is_pending_in_the_answer_and_available_at_the_first_look(client: Client) -> None:
    made = client("CreateVpc", CidrBlock="10.20.0.0/16", TagSpecifications=specification("vpc", Name="VPC-A"))["Vpc"]
    assert made["State"] == "pending"
    [vpc] = client("DescribeVpcs", VpcIds=[made["VpcId"]])["Vpcs"]
    assert vpc == {name: value for name, value in made.items() if name != "Ipv6CidrBlockAssociationSet"} | {
        "State": "available"
    }
    assert vpc["OwnerId"] == MAIN
    assert vpc["CidrBlock"] == "10.20.0.0/16"
    assert vpc["InstanceTenancy"] == "default"
    assert vpc["IsDefault"] is False
    assert vpc["Tags"] == [{"Key": "Name", "Value": "VPC-A"}]
    [block] = vpc["CidrBlockAssociationSet"]
    assert block["CidrBlock"] == "10.20.0.0/16"
    assert block["CidrBlockState"] == {"State": "associated"}


def test_a_new_vpc_comes_with_a_main_route_table_that_knows_only_the_vpc(client: Client) -> None:
    vpc_id = make_vpc(client)
    [table] = client("DescribeRouteTables", Filters=where(vpc_id=vpc_id))["RouteTables"]
    [association] = table["Associations"]
    assert association["Main"] is True
    assert association["SubnetId"] is None
    assert table["Routes"] == [
        {
            "DestinationCidrBlock": "10.20.0.0/16",
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        }
    ]


def test_a_new_vpc_comes_with_a_default_security_group(client: Client) -> None:
    vpc_id = make_vpc(client)
    [group] = client("DescribeSecurityGroups", Filters=where(vpc_id=vpc_id))["SecurityGroups"]
    assert (group["GroupName"], group["Description"]) == ("default", "default VPC security group")
    [ingress] = group["IpPermissions"]
    assert ingress["IpProtocol"] == "-1"
    assert [pair["GroupId"] for pair in ingress["UserIdGroupPairs"]] == [group["GroupId"]]
    [egress] = group["IpPermissionsEgress"]
    assert [block["CidrIp"] for block in egress["IpRanges"]] == ["0.0.0.0/0"]


def test_every_vpc_shows_its_default_network_acl_with_all_its_subnets(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnets = {make_subnet(client, vpc_id, "10.20.0.0/24"), make_subnet(client, vpc_id, "10.20.1.0/24")}
    other = make_subnet(client, make_vpc(client, "10.30.0.0/16"), "10.30.0.0/24")
    [acl] = client("DescribeNetworkAcls", Filters=where(vpc_id=vpc_id, default="true"))["NetworkAcls"]
    assert {association["SubnetId"] for association in acl["Associations"]} == subnets
    assert [(entry["Egress"], entry["RuleNumber"], entry["RuleAction"]) for entry in acl["Entries"]] == [
        (True, 100, "allow"),
        (True, 32767, "deny"),
        (False, 100, "allow"),
        (False, 32767, "deny"),
    ]
    by_id = client("DescribeNetworkAcls", NetworkAclIds=[acl["NetworkAclId"]])["NetworkAcls"]
    assert by_id == [acl]
    [of_other] = client("DescribeNetworkAcls", Filters=named("association.subnet-id", other))["NetworkAcls"]
    assert of_other["VpcId"] != vpc_id


def test_an_unknown_network_acl_is_not_found(client: Client) -> None:
    error = client.refused("DescribeNetworkAcls", NetworkAclIds=["acl-00000000000000001"])
    assert error.code == "InvalidNetworkAclID.NotFound"


@pytest.mark.parametrize(
    ("region", "domain"), [("ap-northeast-1", "ap-northeast-1.compute.internal"), ("us-east-1", "ec2.internal")]
)
def test_the_default_dhcp_options_tell_the_regions_domain_and_dns_server(
    as_account: As, region: str, domain: str
) -> None:
    client = as_account(MAIN, region)
    options_id = client("CreateVpc", CidrBlock="10.20.0.0/16")["Vpc"]["DhcpOptionsId"]
    [options] = client("DescribeDhcpOptions", DhcpOptionsIds=[options_id])["DhcpOptions"]
    assert options["DhcpConfigurations"] == [
        {"Key": "domain-name", "Values": [{"Value": domain}]},
        {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]},
    ]
    elsewhere = as_account(OTHER, region)("DescribeDhcpOptions")["DhcpOptions"]
    assert [row["DhcpOptionsId"] for row in elsewhere] != [options_id]


def test_the_cidr_block_is_stored_in_its_canonical_form(client: Client) -> None:
    assert client("CreateVpc", CidrBlock="100.68.0.18/18")["Vpc"]["CidrBlock"] == "100.68.0.0/18"


@pytest.mark.parametrize(
    "cidr", ["10.0.0.0/15", "10.0.0.0/29", "127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16", "0.0.0.0/16"]
)
def test_a_cidr_block_that_no_vpc_can_have_is_refused(client: Client, cidr: str) -> None:
    error = client.refused("CreateVpc", CidrBlock=cidr)
    assert (error.code, error.message, error.status) == ("InvalidVpc.Range", f"The CIDR '{cidr}' is invalid.", 400)


@pytest.mark.parametrize("cidr", ["10.0.0.0", "10.0.0/16", "10.0.0.0/33", "2001:db8::/56", "ten", "10.0.0.0/-1"])
def test_what_is_no_ipv4_block_is_refused(client: Client, cidr: str) -> None:
    error = client.refused("CreateVpc", CidrBlock=cidr)
    assert error.code == "InvalidParameterValue"
    assert error.message == f"Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block."


def test_a_vpc_needs_a_cidr_block(client: Client) -> None:
    assert client.refused("CreateVpc").code == "MissingParameter"


def test_what_vpcs_here_do_not_have_is_refused_and_not_ignored(client: Client) -> None:
    done = {"CidrBlock", "InstanceTenancy", "TagSpecifications", "DryRun"}
    done |= {"AmazonProvidedIpv6CidrBlock", "Ipv6CidrBlockNetworkBorderGroup"}
    for member in service_model("ec2").operation_model("CreateVpc").input_shape.members.keys() - done:
        parameters: dict[str, Any] = {"CidrBlock": "10.20.0.0/16", member: 1}
        error = client.refused("CreateVpc", **parameters)
        assert error.code == "UnsupportedOperation", member
    assert client.refused("CreateVpc", CidrBlock="10.20.0.0/16", InstanceTenancy="host").code == "UnsupportedTenancy"
    client("CreateVpc", CidrBlock="10.20.0.0/16", InstanceTenancy="dedicated", AmazonProvidedIpv6CidrBlock=False)


def test_a_region_holds_a_limited_number_of_vpcs_of_one_account(client: Client, as_account: As) -> None:
    give_quota(client.service, VPCS_PER_REGION, 2)
    for _ in range(2):
        make_vpc(client)
    error = client.refused("CreateVpc", CidrBlock="10.20.0.0/16")
    assert (error.code, error.message) == ("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    make_vpc(as_account(OTHER))
    make_vpc(as_account(MAIN, VIRGINIA))
    give_quota(client.service, VPCS_PER_REGION, 3)
    make_vpc(client)


def test_the_same_block_in_two_accounts_makes_two_vpcs_that_do_not_see_each_other(as_account: As) -> None:
    mine, theirs = as_account(MAIN), as_account(OTHER)
    vpc_ids = {client.account: make_vpc(client) for client in (mine, theirs)}
    for client in (mine, theirs):
        assert [vpc["VpcId"] for vpc in client("DescribeVpcs")["Vpcs"]] == [vpc_ids[client.account]]
    error = mine.refused("DescribeVpcs", VpcIds=[vpc_ids[OTHER]])
    assert (error.code, error.message) == (
        "InvalidVpcID.NotFound",
        f"The vpc ID '{vpc_ids[OTHER]}' does not exist",
    )
    assert as_account(MAIN, VIRGINIA)("DescribeVpcs")["Vpcs"] == []


# -- deletion ------------------------------------------------------------------------------------------------------


def test_deleting_a_vpc_leaves_nothing_of_it(client: Client) -> None:
    vpc_id = make_vpc(client)
    client("DeleteVpc", VpcId=vpc_id)
    network = client.service.state.network
    assert not network.vpcs
    assert not network.route_tables
    assert not network.security_groups
    assert client.refused("DescribeVpcs", VpcIds=[vpc_id]).code == "InvalidVpcID.NotFound"
    assert client.refused("DeleteVpc", VpcId=vpc_id).code == "InvalidVpcID.NotFound"


def subnet_of(client: Client, vpc_id: str) -> None:
    make_subnet(client, vpc_id)


def gateway_of(client: Client, vpc_id: str) -> None:
    make_internet_gateway(client, vpc_id)


def group_of(client: Client, vpc_id: str) -> None:
    client("CreateSecurityGroup", GroupName="web", Description="web servers", VpcId=vpc_id)


def table_of(client: Client, vpc_id: str) -> None:
    make_route_table(client, vpc_id)


def active_peering_of(client: Client, vpc_id: str) -> None:
    make_peering(client, vpc_id, client, make_vpc(client, "10.30.0.0/16"))


@pytest.mark.parametrize("dependency", [subnet_of, gateway_of, group_of, table_of, active_peering_of])
def test_a_vpc_in_use_cannot_be_deleted(client: Client, dependency: Callable[[Client, str], None]) -> None:
    vpc_id = make_vpc(client)
    dependency(client, vpc_id)
    error = client.refused("DeleteVpc", VpcId=vpc_id)
    assert (error.code, error.status) == ("DependencyViolation", 400)
    assert error.message == f"The vpc '{vpc_id}' has dependencies and cannot be deleted."


def test_deleting_the_requesters_vpc_takes_a_pending_request_back(as_account: As) -> None:
    mine, theirs = as_account(MAIN), as_account(OTHER)
    vpc_id = make_vpc(mine)
    peering_id = make_peering(mine, vpc_id, theirs, make_vpc(theirs, "10.30.0.0/16"), accept=False)
    mine("DeleteVpc", VpcId=vpc_id)
    [seen] = theirs("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert (seen["VpcPeeringConnectionId"], seen["Status"]["Code"]) == (peering_id, "deleted")


def test_the_accepters_vpc_stays_until_a_request_of_another_account_is_rejected(as_account: As) -> None:
    mine, theirs = as_account(MAIN), as_account(OTHER)
    vpc_id = make_vpc(theirs, "10.30.0.0/16")
    peering_id = make_peering(mine, make_vpc(mine), theirs, vpc_id, accept=False)
    assert theirs.refused("DeleteVpc", VpcId=vpc_id).code == "DependencyViolation"
    theirs("RejectVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    theirs("DeleteVpc", VpcId=vpc_id)


def test_a_request_that_has_expired_does_not_keep_a_vpc(as_account: As, clock: Clock) -> None:
    mine, theirs = as_account(MAIN), as_account(OTHER)
    vpc_id = make_vpc(theirs, "10.30.0.0/16")
    make_peering(mine, make_vpc(mine), theirs, vpc_id, accept=False)
    clock.offset = timedelta(days=7)
    theirs("DeleteVpc", VpcId=vpc_id)


# -- attributes ----------------------------------------------------------------------------------------------------


def attribute(client: Client, vpc_id: str, name: str) -> bool:
    response = client("DescribeVpcAttribute", VpcId=vpc_id, Attribute=name)
    [value] = [value for member, value in response.items() if member != "VpcId"]
    result: bool = value["Value"]
    return result


def test_a_vpc_resolves_names_but_gives_out_no_public_ones_until_asked(client: Client) -> None:
    vpc_id = make_vpc(client)
    names = ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")
    assert [attribute(client, vpc_id, name) for name in names] == [True, False, False]
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableNetworkAddressUsageMetrics={"Value": True})
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": False})
    assert [attribute(client, vpc_id, name) for name in names] == [False, True, True]


def test_attributes_are_set_one_at_a_time(client: Client) -> None:
    vpc_id = make_vpc(client)
    error = client.refused(
        "ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": True}, EnableDnsHostnames={"Value": True}
    )
    assert error.code == "InvalidParameterCombination"
    assert error.message == "Fields for multiple attribute types specified: enableDnsHostnames, enableDnsSupport"
    assert client.refused("ModifyVpcAttribute", VpcId=vpc_id).code == "MissingParameter"
    assert client.refused("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={}).code == "MissingParameter"


def test_public_hostnames_need_dns_support(client: Client) -> None:
    vpc_id = make_vpc(client)
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": False})
    error = client.refused("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    assert error.code == "InvalidParameterCombination"
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": False})


def test_an_unknown_attribute_is_refused(client: Client) -> None:
    error = client.refused("DescribeVpcAttribute", VpcId=make_vpc(client), Attribute="EnableDnsSupport")
    assert error.code == "InvalidParameterValue"


def test_the_tenancy_of_a_dedicated_vpc_becomes_the_default_one_and_no_other(client: Client) -> None:
    made = client("CreateVpc", CidrBlock="10.20.0.0/16", InstanceTenancy="dedicated")["Vpc"]
    change = {"VpcId": made["VpcId"], "InstanceTenancy": "default"}
    error = client.refused("ModifyVpcTenancy", **change | {"InstanceTenancy": "unknown"})
    assert (error.code, error.message) == ("UnsupportedTenancy", "The tenancy value unknown is not supported.")
    assert client("ModifyVpcTenancy", **change)["ReturnValue"] is True
    [vpc] = client("DescribeVpcs", VpcIds=[made["VpcId"]])["Vpcs"]
    assert vpc["InstanceTenancy"] == "default"
    assert client.refused("ModifyVpcTenancy", **change).code == "UnsupportedTenancy"
