"""IPv6 prefixes that are delegated to network interfaces."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.effort import Effort
from realvpc.api.core.errors import AwsError
from realvpc.api.ec2.address_picker import AddressPicker
from realvpc.net.addresses import Cidr

from ..build import SamePlace, make_dual_stack, make_subnet, make_vpc
from ..conftest import Client, caller
from .test_ipv6_address import block_of
from .test_network_interface import make, one
from .test_run_instances import IMAGE, described, run


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_dual_stack(client)[1]


def prefixes(shown: dict[str, Any]) -> list[str]:
    return [row["Ipv6Prefix"] for row in shown.get("Ipv6Prefixes") or ()]


def test_an_interface_gets_the_prefix_that_it_names_and_nobody_else_an_address_of_it(
    client: Client, subnet_id: str
) -> None:
    block = block_of(client, subnet_id)
    prefix = block.subnet(7, 80)
    interface_id = make(client, subnet_id, Ipv6Prefixes=[{"Ipv6Prefix": str(prefix)}])["NetworkInterfaceId"]
    assert prefixes(one(client, interface_id)) == [str(prefix)]
    by_address: dict[str, Any] = {"Ipv6Addresses": [{"Ipv6Address": str(prefix.at(99))}]}
    by_prefix: dict[str, Any] = {"Ipv6Prefixes": [{"Ipv6Prefix": str(prefix)}]}
    for wanted in (by_address, by_prefix):
        error = client.refused("CreateNetworkInterface", SubnetId=subnet_id, **wanted)
        assert error.code == "InvalidIPAddress.InUse"
    gone = client("UnassignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6Prefixes=[str(prefix)])
    assert gone["UnassignedIpv6Prefixes"] == [str(prefix)]
    assert one(client, interface_id).get("Ipv6Prefixes") is None
    make(client, subnet_id, Ipv6Addresses=[{"Ipv6Address": str(prefix.at(99))}])
    error = client.refused("CreateNetworkInterface", SubnetId=subnet_id, Ipv6Prefixes=[{"Ipv6Prefix": str(prefix)}])
    assert error.code == "InvalidIPAddress.InUse", "a part of it is somebody's"


def test_they_are_counted_and_come_later_too(client: Client, subnet_id: str) -> None:
    block = block_of(client, subnet_id)
    interface_id = make(client, subnet_id, Ipv6PrefixCount=2)["NetworkInterfaceId"]
    given = client("AssignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6PrefixCount=1)
    assert len(given["AssignedIpv6Prefixes"]) == 1
    assert given["AssignedIpv6Addresses"] == []
    found = [Cidr.parse(text) for text in prefixes(one(client, interface_id))]
    assert len(set(found)) == 3
    assert all(each.prefix_length == 80 and block.covers(each) for each in found)


def test_a_launch_delegates_them_and_each_counts_as_an_address(client: Client, subnet_id: str) -> None:
    launch: dict[str, Any] = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 2}
    interface = {"DeviceIndex": 0, "SubnetId": subnet_id, "Ipv6PrefixCount": 1}
    made = client("RunInstances", **launch, NetworkInterfaces=[interface])["Instances"]
    found = [each for row in made for each in prefixes(row["NetworkInterfaces"][0])]
    assert len(set(found)) == 2
    [instance] = run(client, subnet_id, InstanceType="t3.micro", Ipv6AddressCount=1)
    own = {"NetworkInterfaceId": instance["NetworkInterfaces"][0]["NetworkInterfaceId"]}
    client("AssignIpv6Addresses", **own, Ipv6PrefixCount=1)
    assert client.refused("AssignIpv6Addresses", **own, Ipv6PrefixCount=1).code == "PrivateIpAddressLimitExceeded"
    [shown] = described(client, instance["InstanceId"])
    assert len(prefixes(shown["NetworkInterfaces"][0])) == 1


@pytest.mark.parametrize("text", ["2001:db8::/64", "10.20.0.0/28", "prefix", "::/80"])
def test_what_is_no_prefix_of_the_subnet_is_refused(client: Client, subnet_id: str, text: str) -> None:
    error = client.refused("CreateNetworkInterface", SubnetId=subnet_id, Ipv6Prefixes=[{"Ipv6Prefix": text}])
    assert error.code == "InvalidParameterValue"


def test_reserved_addresses_are_delegated_to_nobody(client: Client, subnet_id: str) -> None:
    block = block_of(client, subnet_id)
    for place in (0, (1 << 16) - 1):
        wanted: dict[str, Any] = {"Ipv6Prefixes": [{"Ipv6Prefix": str(block.subnet(place, 80))}]}
        assert client.refused("CreateNetworkInterface", SubnetId=subnet_id, **wanted).code == "InvalidParameterValue"


def test_what_is_set_aside_for_prefixes_is_taken_first_and_what_is_for_addresses_not(
    client: Client, subnet_id: str
) -> None:
    block = block_of(client, subnet_id)
    aside = block.subnet(3, 72)
    client("CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr=str(aside), ReservationType="prefix")
    found = prefixes(one(client, make(client, subnet_id, Ipv6PrefixCount=3)["NetworkInterfaceId"]))
    assert len(found) == 3
    assert all(aside.covers(Cidr.parse(text)) for text in found)


def test_a_search_for_an_address_leaves_a_delegated_prefix_in_one_step(client: Client, subnet_id: str) -> None:
    block = block_of(client, subnet_id)
    there = [block.subnet(number, 80) for number in (7, 8)]
    make(client, subnet_id, Ipv6Prefixes=[{"Ipv6Prefix": str(prefix)} for prefix in there])
    ctx = client.service.context(caller(), effort=Effort(100))
    ctx.random = SamePlace(there[0].first + 99 - block.first)
    picker, subnet = AddressPicker(ctx), ctx.network.subnets[subnet_id]
    picker.claim_ipv6_prefix(subnet, block.subnet(9, 80))
    assert picker.pick_ipv6(subnet) == block.subnet(10, 80).first


def test_a_search_where_all_is_set_aside_or_delegated_ends(client: Client, subnet_id: str) -> None:
    block = block_of(client, subnet_id)
    prefix = block.subnet(7, 80)
    make(client, subnet_id, Ipv6Prefixes=[{"Ipv6Prefix": str(prefix)}])
    for length in range(65, 81):
        around = Cidr.around(prefix.first, length)
        beside = Cidr(around.network ^ around.size, length)
        client("CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr=str(beside), ReservationType="explicit")
    ctx = client.service.context(caller(), effort=Effort(1000))
    with pytest.raises(AwsError, match="InsufficientFreeAddressesInSubnet"):
        AddressPicker(ctx).pick_ipv6(ctx.network.subnets[subnet_id])


def test_without_a_block_there_is_none(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client), "10.20.0.0/24")
    assert client.refused("CreateNetworkInterface", SubnetId=subnet_id, Ipv6PrefixCount=1).code == (
        "InvalidParameterValue"
    )


def test_a_subnet_keeps_its_block_while_a_prefix_of_it_is_delegated(client: Client, subnet_id: str) -> None:
    make(client, subnet_id, Ipv6PrefixCount=1)
    [subnet] = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    association_id = subnet["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
    error = client.refused("DisassociateSubnetCidrBlock", AssociationId=association_id)
    assert error.code == "InvalidCidrBlock.InUse"
