"""Secondary private addresses, given and taken away."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_internet_gateway, make_subnet, make_vpc
from ..conftest import Client
from .test_network_interface import make, one
from .test_run_instances import run


@pytest.fixture
def vpc_id(client: Client) -> str:
    return make_vpc(client)


@pytest.fixture
def subnet_id(client: Client, vpc_id: str) -> str:
    return make_subnet(client, vpc_id)


def addresses(client: Client, interface_id: str) -> list[str]:
    return [row["PrivateIpAddress"] for row in one(client, interface_id)["PrivateIpAddresses"]]


def test_addresses_come_after_those_that_there_are(client: Client, subnet_id: str) -> None:
    interface_id = make(client, subnet_id, PrivateIpAddress="10.20.0.9")["NetworkInterfaceId"]
    this = {"NetworkInterfaceId": interface_id}
    given = client("AssignPrivateIpAddresses", **this, PrivateIpAddresses=["10.20.0.7", "10.20.0.8"])
    assert given["AssignedPrivateIpAddresses"] == [
        {"PrivateIpAddress": "10.20.0.7"},
        {"PrivateIpAddress": "10.20.0.8"},
    ]
    (picked,) = client("AssignPrivateIpAddresses", **this, SecondaryPrivateIpAddressCount=1)[
        "AssignedPrivateIpAddresses"
    ]
    assert addresses(client, interface_id) == ["10.20.0.9", "10.20.0.7", "10.20.0.8", picked["PrivateIpAddress"]]
    client("UnassignPrivateIpAddresses", **this, PrivateIpAddresses=["10.20.0.7", picked["PrivateIpAddress"]])
    assert addresses(client, interface_id) == ["10.20.0.9", "10.20.0.8"]
    client("AssignPrivateIpAddresses", **this, PrivateIpAddresses=["10.20.0.8"])  # it has it: nothing changes
    assert addresses(client, interface_id) == ["10.20.0.9", "10.20.0.8"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({}, "MissingParameter"),
        ({"SecondaryPrivateIpAddressCount": 0}, "InvalidParameterValue"),
        ({"SecondaryPrivateIpAddressCount": 50}, "PrivateIpAddressLimitExceeded"),
        ({"SecondaryPrivateIpAddressCount": 2**31 - 1}, "PrivateIpAddressLimitExceeded"),
        ({"SecondaryPrivateIpAddressCount": 1, "PrivateIpAddresses": ["10.20.0.7"]}, "InvalidParameterCombination"),
        ({"PrivateIpAddresses": ["10.20.0.0"]}, "InvalidParameterValue"),
        ({"PrivateIpAddresses": ["10.21.0.7"]}, "InvalidParameterValue"),
        ({"PrivateIpAddresses": ["x"]}, "InvalidParameterValue"),
        ({"PrivateIpAddresses": ["10.20.0.8"]}, "InvalidParameterValue"),
        ({"PrivateIpAddresses": ["10.20.0.5"], "AllowReassignment": True}, "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_assigned(client: Client, subnet_id: str, wanted: dict[str, Any], code: str) -> None:
    entries = [{"PrivateIpAddress": "10.20.0.5", "Primary": True}, {"PrivateIpAddress": "10.20.0.8", "Primary": False}]
    make(client, subnet_id, PrivateIpAddresses=entries)
    interface_id = make(client, subnet_id)["NetworkInterfaceId"]
    assert client.refused("AssignPrivateIpAddresses", NetworkInterfaceId=interface_id, **wanted).code == code


def test_all_addresses_that_are_elsewhere_are_told(client: Client, subnet_id: str) -> None:
    """In AWS's words, as Ansible's module for interfaces quotes them and its target, which ran on AWS, has them."""
    entries = [{"PrivateIpAddress": "10.20.0.5", "Primary": True}, {"PrivateIpAddress": "10.20.0.8", "Primary": False}]
    make(client, subnet_id, PrivateIpAddresses=entries)
    this = {"NetworkInterfaceId": make(client, subnet_id)["NetworkInterfaceId"]}
    error = client.refused("AssignPrivateIpAddresses", **this, PrivateIpAddresses=["10.20.0.5", "10.20.0.8"])
    assert error.code == "InvalidParameterValue"
    assert error.message == "[10.20.0.5, 10.20.0.8] assigned, but move is not allowed."


def test_on_an_instance_its_type_says_how_many(client: Client, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id)
    this = {"NetworkInterfaceId": instance["NetworkInterfaces"][0]["NetworkInterfaceId"]}
    client("AssignPrivateIpAddresses", **this, SecondaryPrivateIpAddressCount=1)
    error = client.refused("AssignPrivateIpAddresses", **this, SecondaryPrivateIpAddressCount=1)
    assert error.code == "PrivateIpAddressLimitExceeded"


def test_a_reassigned_address_brings_its_elastic_ip(client: Client, vpc_id: str, subnet_id: str) -> None:
    make_internet_gateway(client, vpc_id)
    before, after = (make(client, subnet_id)["NetworkInterfaceId"] for _ in range(2))
    client("AssignPrivateIpAddresses", NetworkInterfaceId=before, PrivateIpAddresses=["10.20.0.8"])
    elastic = client("AllocateAddress")
    client(
        "AssociateAddress",
        AllocationId=elastic["AllocationId"],
        NetworkInterfaceId=before,
        PrivateIpAddress="10.20.0.8",
    )
    client(
        "AssignPrivateIpAddresses", NetworkInterfaceId=after, PrivateIpAddresses=["10.20.0.8"], AllowReassignment=True
    )
    assert "10.20.0.8" not in addresses(client, before)
    assert one(client, after)["PrivateIpAddresses"][1]["Association"]["PublicIp"] == elastic["PublicIp"]
    (shown,) = client("DescribeAddresses")["Addresses"]
    assert (shown["NetworkInterfaceId"], shown["PrivateIpAddress"]) == (after, "10.20.0.8")
    client("UnassignPrivateIpAddresses", NetworkInterfaceId=after, PrivateIpAddresses=["10.20.0.8"])
    (shown,) = client("DescribeAddresses")["Addresses"]
    assert shown.get("AssociationId") is None


def test_only_secondary_addresses_are_taken_away(client: Client, subnet_id: str) -> None:
    this = {"NetworkInterfaceId": make(client, subnet_id, PrivateIpAddress="10.20.0.9")["NetworkInterfaceId"]}
    for texts, code in (
        (["10.20.0.9"], "InvalidParameterValue"),
        (["10.20.0.10"], "InvalidParameterValue"),
        ([], "MissingParameter"),
    ):
        assert client.refused("UnassignPrivateIpAddresses", **this, PrivateIpAddresses=texts).code == code


def test_the_source_destination_check_is_reset(client: Client, subnet_id: str) -> None:
    this = {"NetworkInterfaceId": make(client, subnet_id)["NetworkInterfaceId"]}
    client("ModifyNetworkInterfaceAttribute", **this, SourceDestCheck={"Value": False})
    client("ResetNetworkInterfaceAttribute", **this, SourceDestCheck="true")
    assert one(client, this["NetworkInterfaceId"])["SourceDestCheck"] is True
    assert client.refused("ResetNetworkInterfaceAttribute", **this).code == "InvalidParameterCombination"
