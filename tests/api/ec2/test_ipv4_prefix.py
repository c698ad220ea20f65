"""IPv4 prefixes that are delegated to network interfaces."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_subnet, make_vpc
from ..conftest import Client
from .test_network_interface import make, one
from .test_run_instances import IMAGE, described, run


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client), "10.20.0.0/24")


def prefixes(client: Client, interface_id: str) -> list[str]:
    return [row["Ipv4Prefix"] for row in one(client, interface_id).get("Ipv4Prefixes") or ()]


def free(client: Client, subnet_id: str) -> int:
    (subnet,) = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    count: int = subnet["AvailableIpAddressCount"]
    return count


def test_an_interface_has_sixteen_addresses_of_the_subnet_with_each(client: Client, subnet_id: str) -> None:
    before = free(client, subnet_id)
    interface_id = make(client, subnet_id, Ipv4Prefixes=[{"Ipv4Prefix": "10.20.0.32/28"}])["NetworkInterfaceId"]
    assert prefixes(client, interface_id) == ["10.20.0.32/28"]
    assert free(client, subnet_id) == before - 17
    for wanted, code in (({"PrivateIpAddress": "10.20.0.40"}, "InvalidIPAddress.InUse"),):
        assert client.refused("CreateNetworkInterface", SubnetId=subnet_id, **wanted).code == code
    client("UnassignPrivateIpAddresses", NetworkInterfaceId=interface_id, Ipv4Prefixes=["10.20.0.32/28"])
    assert free(client, subnet_id) == before - 1
    assert one(client, interface_id).get("Ipv4Prefixes") is None


def test_they_are_counted_or_named_and_come_later_too(client: Client, subnet_id: str) -> None:
    this = {"NetworkInterfaceId": make(client, subnet_id, Ipv4PrefixCount=1)["NetworkInterfaceId"]}
    given = client("AssignPrivateIpAddresses", **this, Ipv4PrefixCount=2)
    assert len(given["AssignedIpv4Prefixes"]) == 2
    assert given["AssignedPrivateIpAddresses"] == []
    assert len(set(prefixes(client, this["NetworkInterfaceId"]))) == 3
    (instance,) = run(client, subnet_id, InstanceType="t3.small")
    own = {"NetworkInterfaceId": instance["NetworkInterfaces"][0]["NetworkInterfaceId"]}
    client("AssignPrivateIpAddresses", **own, Ipv4PrefixCount=3)
    assert client.refused("AssignPrivateIpAddresses", **own, Ipv4PrefixCount=1).code == "PrivateIpAddressLimitExceeded"
    (shown,) = described(client, instance["InstanceId"])
    assert len(shown["NetworkInterfaces"][0]["Ipv4Prefixes"]) == 3


def test_a_launch_delegates_them(client: Client, subnet_id: str) -> None:
    launch: dict[str, Any] = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 2}
    interface = {"DeviceIndex": 0, "SubnetId": subnet_id}
    made = client("RunInstances", **launch, NetworkInterfaces=[interface | {"Ipv4PrefixCount": 1}])["Instances"]
    found = [row["NetworkInterfaces"][0]["Ipv4Prefixes"][0]["Ipv4Prefix"] for row in made]
    assert len(set(found)) == 2
    named = interface | {"Ipv4Prefixes": [{"Ipv4Prefix": "10.20.0.64/28"}]}
    error = client.refused("RunInstances", **launch, NetworkInterfaces=[named])
    assert error.code == "InvalidParameterCombination", "two instances cannot have the same"
    error = client.refused("RunInstances", **launch, NetworkInterfaces=[interface | {"Ipv4PrefixCount": 2}])
    assert error.code == "PrivateIpAddressLimitExceeded"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"Ipv4Prefixes": ["10.20.0.0/28"]}, "InvalidParameterValue"),
        ({"Ipv4Prefixes": ["10.20.0.240/28"]}, "InvalidParameterValue"),
        ({"Ipv4Prefixes": ["10.20.1.0/28"]}, "InvalidParameterValue"),
        ({"Ipv4Prefixes": ["10.20.0.16/27"]}, "InvalidParameterValue"),
        ({"Ipv4Prefixes": ["x"]}, "InvalidParameterValue"),
        ({"Ipv4Prefixes": ["10.20.0.16/28"]}, "InvalidIPAddress.InUse"),
        ({"Ipv4PrefixCount": -1}, "InvalidParameterValue"),
        ({"Ipv4PrefixCount": 49}, "InsufficientCidrBlocks"),
        ({"Ipv4PrefixCount": 2**31 - 1}, "PrivateIpAddressLimitExceeded"),
        ({"Ipv4PrefixCount": 1, "Ipv4Prefixes": ["10.20.0.32/28"]}, "InvalidParameterCombination"),
        ({"Ipv4PrefixCount": 1, "SecondaryPrivateIpAddressCount": 1}, "InvalidParameterCombination"),
    ],
)
def test_what_cannot_be_delegated(client: Client, subnet_id: str, wanted: dict[str, Any], code: str) -> None:
    make(client, subnet_id, PrivateIpAddress="10.20.0.20")
    interface_id = make(client, subnet_id, PrivateIpAddress="10.20.0.5")["NetworkInterfaceId"]
    assert client.refused("AssignPrivateIpAddresses", NetworkInterfaceId=interface_id, **wanted).code == code


def test_no_address_of_a_prefix_is_taken_away(client: Client, subnet_id: str) -> None:
    make(client, subnet_id, Ipv4Prefixes=[{"Ipv4Prefix": "10.20.0.32/28"}])
    this = {"NetworkInterfaceId": make(client, subnet_id)["NetworkInterfaceId"]}
    wanted: dict[str, Any] = {"PrivateIpAddresses": ["10.20.0.40"], "AllowReassignment": True}
    assert client.refused("AssignPrivateIpAddresses", **this, **wanted).code == "InvalidParameterValue"
    error = client.refused("UnassignPrivateIpAddresses", **this, Ipv4Prefixes=["10.20.0.32/28"])
    assert error.code == "InvalidParameterValue"


def test_what_is_set_aside_for_prefixes_comes_first(client: Client, subnet_id: str) -> None:
    for cidr, kind in (("10.20.0.64/28", "prefix"), ("10.20.0.128/25", "explicit")):
        client("CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr=cidr, ReservationType=kind)
    given = [prefixes(client, make(client, subnet_id, Ipv4PrefixCount=1)["NetworkInterfaceId"])[0] for _ in range(4)]
    assert given[0] == "10.20.0.64/28"
    assert all(int(each.split(".")[3].split("/")[0]) < 128 for each in given)
