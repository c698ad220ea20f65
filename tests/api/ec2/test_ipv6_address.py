"""IPv6 addresses of interfaces and instances: at launch, from the subnet, given and taken away."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.addresses import Address, Cidr

from ..build import make_dual_stack, make_subnet, make_vpc, named
from ..conftest import Client
from .test_network_interface import make, one
from .test_run_instances import run


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_dual_stack(client)[1]


def block_of(client: Client, subnet_id: str) -> Cidr:
    [subnet] = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    return Cidr.parse(subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])


def of(shown: dict[str, Any]) -> list[str]:
    """The addresses of an interface, or of an instance's first one."""
    rows = shown["Ipv6Addresses"] if "Ipv6Addresses" in shown else shown["NetworkInterfaces"][0]["Ipv6Addresses"]
    return [row["Ipv6Address"] for row in rows]


def test_an_instance_gets_as_many_as_it_asks_for(client: Client, subnet_id: str) -> None:
    block = block_of(client, subnet_id)
    instances = run(client, subnet_id, 3, Ipv6AddressCount=2)
    addresses = [address for instance in instances for address in of(instance)]
    assert len(set(addresses)) == 6
    assert all(Address.parse(address) in block for address in addresses)
    [plain] = run(client, subnet_id)
    assert (of(plain), plain["Ipv6Address"]) == ([], None)
    for name in (
        "ipv6-address",
        "network-interface.ipv6-address",
        "network-interface.ipv6-addresses.ipv6-address",
    ):
        [reservation] = client("DescribeInstances", Filters=named(name, addresses[0]))["Reservations"]
        [found] = reservation["Instances"]
        assert found == instances[0] and found["Ipv6Address"] == addresses[0]
    [row] = client("DescribeNetworkInterfaces", Filters=named("ipv6-addresses.ipv6-address", addresses[1]))[
        "NetworkInterfaces"
    ]
    assert (of(row), row["Ipv6Address"]) == (addresses[:2], addresses[0])


def test_an_instance_gets_the_address_that_it_names(client: Client, subnet_id: str) -> None:
    address = str(block_of(client, subnet_id).at(0xABCD))
    [instance] = run(client, subnet_id, Ipv6Addresses=[{"Ipv6Address": address}])
    assert of(instance) == [address]
    error = client.refused("CreateNetworkInterface", SubnetId=subnet_id, Ipv6Addresses=[{"Ipv6Address": address}])
    assert (error.code, error.message) == ("InvalidIPAddress.InUse", f"Address {address} is in use.")


def test_an_interface_of_a_launch_says_for_itself(client: Client, subnet_id: str) -> None:
    specification: dict[str, Any] = {"DeviceIndex": 0, "SubnetId": subnet_id, "Ipv6AddressCount": 1}
    [instance] = run(client, None, NetworkInterfaces=[specification | {"PrimaryIpv6": True}])  # type: ignore[arg-type]
    [shown] = instance["NetworkInterfaces"]
    assert [row["IsPrimaryIpv6"] for row in shown["Ipv6Addresses"]] == [True]
    request = {"ImageId": instance["ImageId"], "MinCount": 1, "MaxCount": 1, "NetworkInterfaces": [specification]}
    error = client.refused("RunInstances", **request, Ipv6AddressCount=1)
    assert error.code == "InvalidParameterCombination"


def test_a_subnet_can_give_an_address_to_whatever_comes_into_it(client: Client, subnet_id: str) -> None:
    client("ModifySubnetAttribute", SubnetId=subnet_id, AssignIpv6AddressOnCreation={"Value": True})
    assert [len(of(row)) for row in run(client, subnet_id, 2)] == [1, 1]
    assert len(of(make(client, subnet_id))) == 1
    assert of(make(client, subnet_id, Ipv6AddressCount=0)) == []
    [asked] = run(client, subnet_id, Ipv6AddressCount=0)
    assert of(asked) == []


def test_addresses_are_given_and_taken_away(client: Client, subnet_id: str) -> None:
    interface_id, block = make(client, subnet_id)["NetworkInterfaceId"], block_of(client, subnet_id)
    wanted = [str(block.at(7)), str(block.at(8))]
    answer = client("AssignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6Addresses=wanted)
    assert answer == {"NetworkInterfaceId": interface_id, "AssignedIpv6Addresses": wanted}
    [more] = client("AssignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    assert of(one(client, interface_id)) == [*wanted, more]
    answer = client("UnassignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6Addresses=[wanted[0], more])
    assert answer == {"NetworkInterfaceId": interface_id, "UnassignedIpv6Addresses": [wanted[0], more]}
    assert of(one(client, interface_id)) == wanted[1:]
    error = client.refused("UnassignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6Addresses=[wanted[0]])
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        f"Some of the specified addresses are not assigned to interface {interface_id}",
    )


def test_the_block_of_a_subnet_stays_while_an_interface_has_an_address_of_it(client: Client, subnet_id: str) -> None:
    interface = make(client, subnet_id, Ipv6AddressCount=1)
    [subnet] = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    association_id = subnet["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
    assert client.refused("DisassociateSubnetCidrBlock", AssociationId=association_id).code == "InvalidCidrBlock.InUse"
    client("DeleteNetworkInterface", NetworkInterfaceId=interface["NetworkInterfaceId"])
    client("DisassociateSubnetCidrBlock", AssociationId=association_id)


def test_the_primary_address_stays_primary(client: Client, subnet_id: str) -> None:
    interface = make(client, subnet_id, Ipv6AddressCount=2)
    interface_id, (first, second) = interface["NetworkInterfaceId"], of(interface)
    assert [row["IsPrimaryIpv6"] for row in interface["Ipv6Addresses"]] == [False, False]
    client("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, EnablePrimaryIpv6=True)
    assert [row["IsPrimaryIpv6"] for row in one(client, interface_id)["Ipv6Addresses"]] == [True, False]
    for action, changes in (
        ("UnassignIpv6Addresses", {"Ipv6Addresses": [first]}),
        ("ModifyNetworkInterfaceAttribute", {"EnablePrimaryIpv6": False}),
    ):
        assert client.refused(action, NetworkInterfaceId=interface_id, **changes).code == "InvalidParameterValue"
    client("UnassignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6Addresses=[second])
    without = make(client, subnet_id)["NetworkInterfaceId"]
    error = client.refused("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=without, EnablePrimaryIpv6=True)
    assert error.code == "InvalidParameterCombination"


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        ({"Ipv6AddressCount": 1, "Ipv6Addresses": ["{0}"]}, "InvalidParameterCombination"),
        ({"Ipv6AddressCount": -1}, "InvalidParameterValue"),
        ({"Ipv6AddressCount": 51}, "PrivateIpAddressLimitExceeded"),
        ({"Ipv6Addresses": ["10.20.0.7"]}, "InvalidParameterValue"),
        ({"Ipv6Addresses": ["x"]}, "InvalidParameterValue"),
        ({"Ipv6Addresses": ["fd00::7"]}, "InvalidParameterValue"),
        ({"Ipv6Addresses": ["{1}"]}, "InvalidParameterValue"),
        ({"Ipv6Addresses": ["{0}", "{0}"]}, "InvalidIPAddress.InUse"),
        ({"Ipv6Addresses": []}, "MissingParameter"),
    ],
    ids=str,
)
def test_what_no_interface_can_have_is_refused(
    client: Client, subnet_id: str, addresses: dict[str, Any], code: str
) -> None:
    block = block_of(client, subnet_id)
    interface_id = make(client, subnet_id)["NetworkInterfaceId"]
    texts = [text.format(block.at(9), block.at(3)) for text in addresses.get("Ipv6Addresses") or ()]
    request = addresses | ({"Ipv6Addresses": texts} if texts else {})
    assert client.refused("AssignIpv6Addresses", NetworkInterfaceId=interface_id, **request).code == code
    if texts:
        request = request | {"Ipv6Addresses": [{"Ipv6Address": text} for text in texts]}
    if code != "MissingParameter":
        assert client.refused("CreateNetworkInterface", SubnetId=subnet_id, **request).code == code


def test_a_subnet_without_a_block_has_no_address_to_give(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    error = client.refused("CreateNetworkInterface", SubnetId=subnet_id, Ipv6AddressCount=1)
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        "Subnet does not contain any IPv6 CIDR block ranges",
    )


def test_an_instance_type_bounds_the_addresses_of_an_interface(client: Client, subnet_id: str) -> None:
    for kind, count in (("t2.micro", 3), ("m1.small", 1), ("t1.micro", 1)):
        request: dict[str, Any] = {
            "ImageId": "ami-1",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": subnet_id,
            "InstanceType": kind,
        }
        error = client.refused("RunInstances", **request, Ipv6AddressCount=count)
        assert error.code == "PrivateIpAddressLimitExceeded"
    [instance] = run(client, subnet_id, Ipv6AddressCount=2)
    interface_id = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    error = client.refused("AssignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6AddressCount=1)
    assert error.code == "PrivateIpAddressLimitExceeded"
