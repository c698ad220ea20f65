"""The IPv6 block of a subnet, and the attributes that need it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realvpc.clock import Clock

from ..build import ipv6_of, make_dual_stack, make_subnet, make_vpc, named
from ..conftest import Client

NEED_THE_BLOCK = {
    "AssignIpv6AddressOnCreation": "assign-ipv6-address-on-creation",
    "EnableDns64": "enable-dns64",
    "EnableResourceNameDnsAAAARecordOnLaunch": "enable-resource-name-dns-aaaa-record-on-launch",
}


def shown(client: Client, subnet_id: str) -> dict[str, Any]:
    [subnet] = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    return dict(subnet)


def test_a_subnet_is_made_with_a_block_of_its_vpc(client: Client) -> None:
    vpc_id = make_vpc(client, AmazonProvidedIpv6CidrBlock=True)
    block = str(ipv6_of(client, vpc_id).subnet(7, 64))
    made = client("CreateSubnet", VpcId=vpc_id, CidrBlock="10.20.0.0/20", Ipv6CidrBlock=block)["Subnet"]
    [association] = made["Ipv6CidrBlockAssociationSet"]
    assert association["AssociationId"].startswith("subnet-cidr-assoc-")
    assert (association["Ipv6CidrBlock"], association["Ipv6CidrBlockState"]) == (block, {"State": "associating"})
    make_subnet(client, vpc_id, "10.20.16.0/20")
    for name, value in (
        ("association-id", association["AssociationId"]),
        ("ipv6-cidr-block", block),
        ("state", "associated"),
    ):
        [subnet] = client("DescribeSubnets", Filters=named(f"ipv6-cidr-block-association.{name}", value))["Subnets"]
        assert subnet["SubnetId"] == made["SubnetId"]
        assert subnet["Ipv6CidrBlockAssociationSet"] == [association | {"Ipv6CidrBlockState": {"State": "associated"}}]


def test_a_block_comes_and_goes(client: Client, clock: Clock) -> None:
    vpc_id = make_vpc(client, AmazonProvidedIpv6CidrBlock=True)
    subnet_id, block = make_subnet(client, vpc_id), str(ipv6_of(client, vpc_id))
    answer = client("AssociateSubnetCidrBlock", SubnetId=subnet_id, Ipv6CidrBlock=block)  # the whole /56
    association = answer["Ipv6CidrBlockAssociation"]
    assert (answer["SubnetId"], association["Ipv6CidrBlock"]) == (subnet_id, block)
    error = client.refused("AssociateSubnetCidrBlock", SubnetId=subnet_id, Ipv6CidrBlock=block)
    assert error.code == "InvalidSubnet.Conflict"
    answer = client("DisassociateSubnetCidrBlock", AssociationId=association["AssociationId"])
    assert answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlockState"] == {"State": "disassociating"}
    ended = association | {"Ipv6CidrBlockState": {"State": "disassociated"}}
    assert shown(client, subnet_id)["Ipv6CidrBlockAssociationSet"] == [ended]
    [subnet] = client("DescribeSubnets", Filters=named("ipv6-cidr-block-association.state", "disassociated"))["Subnets"]
    assert subnet["SubnetId"] == subnet_id
    again = client("AssociateSubnetCidrBlock", SubnetId=subnet_id, Ipv6CidrBlock=block)["Ipv6CidrBlockAssociation"]
    again |= {"Ipv6CidrBlockState": {"State": "associated"}}
    assert shown(client, subnet_id)["Ipv6CidrBlockAssociationSet"] == [ended, again]
    clock.offset += timedelta(minutes=5)
    assert shown(client, subnet_id)["Ipv6CidrBlockAssociationSet"] == [again]
    error = client.refused("DisassociateSubnetCidrBlock", AssociationId=association["AssociationId"])
    assert error.code == "InvalidSubnetCidrBlockAssociationID.NotFound"


def test_a_subnet_has_one_block(client: Client) -> None:
    vpc_id, subnet_id = make_dual_stack(client)
    more = str(ipv6_of(client, vpc_id).subnet(2, 64))
    error = client.refused("AssociateSubnetCidrBlock", SubnetId=subnet_id, Ipv6CidrBlock=more)
    assert error.code == "CidrLimitExceeded"


def test_an_id_that_is_none_is_malformed(client: Client) -> None:
    error = client.refused("DisassociateSubnetCidrBlock", AssociationId="rtbassoc-1")
    assert error.code == "InvalidSubnetCidrBlockAssociationId.Malformed"


@pytest.mark.parametrize(
    ("block", "code", "message"),
    [
        ("10.20.0.0/24", "InvalidParameterValue", None),
        ("2001:db8::", "InvalidParameterValue", None),
        ("{0}/57", "InvalidParameterValue", "invalid value for parameter ipv6-cidr-block: {0}/57"),
        ("{0}/68", "InvalidParameterValue", "invalid value for parameter ipv6-cidr-block: {0}/68"),
        ("{0}/52", "InvalidSubnet.Range", None),
        ("fd00::/64", "InvalidSubnet.Range", "The IPv6 CIDR 'fd00::/64' is invalid."),
        ("{1}/64", "InvalidSubnet.Conflict", "The IPv6 CIDR '{1}/64' conflicts with another subnet"),
        ("{0}/60", "InvalidSubnet.Conflict", None),
    ],
    ids=str,
)
def test_a_block_that_no_subnet_can_have_is_refused(client: Client, block: str, code: str, message: str | None) -> None:
    vpc_id, _ = make_dual_stack(client)
    of_vpc = ipv6_of(client, vpc_id)
    places = of_vpc.first, of_vpc.subnet(1, 64).first
    text = block.format(*places)
    other = make_subnet(client, vpc_id, "10.20.16.0/20")
    for error in (
        client.refused("CreateSubnet", VpcId=vpc_id, CidrBlock="10.20.32.0/20", Ipv6CidrBlock=text),
        client.refused("AssociateSubnetCidrBlock", SubnetId=other, Ipv6CidrBlock=text),
    ):
        assert error.code == code
        assert message is None or error.message == message.format(*places)


def test_what_does_not_go_with_an_ipv6_only_subnet_is_refused_in_awss_words(client: Client) -> None:
    vpc_id = make_vpc(client, AmazonProvidedIpv6CidrBlock=True)
    block = str(ipv6_of(client, vpc_id).subnet(0, 64))
    for parameters, code in (
        ({"CidrBlock": "10.20.0.0/20"}, "MissingParameter"),
        ({"CidrBlock": "10.20.0.0/20", "Ipv6CidrBlock": block}, "InvalidParameterCombination"),
    ):
        error = client.refused("CreateSubnet", VpcId=vpc_id, Ipv6Native=True, **parameters)
        assert error.code == code


@pytest.mark.parametrize("attribute", NEED_THE_BLOCK)
def test_what_needs_the_block_can_be_set_with_it_and_keeps_it(client: Client, attribute: str) -> None:
    vpc_id, subnet_id = make_dual_stack(client)
    without, name = make_subnet(client, vpc_id, "10.20.16.0/20"), NEED_THE_BLOCK[attribute]
    on: dict[str, Any] = {attribute: {"Value": True}}
    off: dict[str, Any] = {attribute: {"Value": False}}
    error = client.refused("ModifySubnetAttribute", SubnetId=without, **on)
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        f"Invalid value 'true' for {name}. Cannot set {name} to true unless the subnet ({without}) has an IPv6 CIDR "
        "block associated with it.",
    )
    client("ModifySubnetAttribute", SubnetId=subnet_id, **on)
    subnet = shown(client, subnet_id)
    assert True in (subnet.get(attribute), subnet["PrivateDnsNameOptionsOnLaunch"]["EnableResourceNameDnsAAAARecord"])
    [association] = subnet["Ipv6CidrBlockAssociationSet"]
    error = client.refused("DisassociateSubnetCidrBlock", AssociationId=association["AssociationId"])
    assert (error.code, error.message) == (
        "InvalidCidrBlock.InUse",
        f"The subnet IPv6 CIDR block with association ID {association['AssociationId']} may not be disassociated, "
        f"because its subnet has {name} set to true.",
    )
    client("ModifySubnetAttribute", SubnetId=subnet_id, **off)
    client("DisassociateSubnetCidrBlock", AssociationId=association["AssociationId"])
