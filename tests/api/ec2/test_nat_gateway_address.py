"""Secondary addresses of NAT gateways."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest

from realvpc.net.quotas import ELASTIC_IPS_PER_NAT_GATEWAY

from ..conftest import Client, give_quota
from .test_nat_gateway import House


@pytest.fixture
def house(client: Client) -> House:
    return House(client)


def addresses(house: House, gateway_id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = house.shown(gateway_id)["NatGatewayAddresses"]
    return rows


def test_a_public_gateway_begins_with_several(house: House) -> None:
    second = house.client("AllocateAddress")["AllocationId"]
    made = house.make(SecondaryAllocationIds=[second], SecondaryPrivateIpAddresses=["10.20.0.9"])
    rows = addresses(house, made["NatGatewayId"])
    assert [(row["AllocationId"], row["IsPrimary"]) for row in rows] == [(house.allocation_id, True), (second, False)]
    assert rows[1]["PrivateIp"] == "10.20.0.9"


def test_an_elastic_ip_address_comes_and_goes(house: House) -> None:
    give_quota(house.client.service, ELASTIC_IPS_PER_NAT_GATEWAY, 2)
    gateway_id = house.make()["NatGatewayId"]
    second = house.client("AllocateAddress")
    answer = house.client("AssociateNatGatewayAddress", NatGatewayId=gateway_id, AllocationIds=[second["AllocationId"]])
    [shown] = answer["NatGatewayAddresses"]
    assert (shown["PublicIp"], shown["Status"], shown["IsPrimary"]) == (second["PublicIp"], "associating", False)
    primary, secondary = addresses(house, gateway_id)
    assert secondary["Status"] == "succeeded"
    third = house.client("AllocateAddress")["AllocationId"]
    refused = house.client.refused
    more: dict[str, Any] = {"NatGatewayId": gateway_id, "AllocationIds": [third]}
    assert refused("AssociateNatGatewayAddress", **more).code == "AddressLimitExceeded"
    gone: dict[str, Any] = {"NatGatewayId": gateway_id, "AssociationIds": [primary["AssociationId"]]}
    assert refused("DisassociateNatGatewayAddress", **gone).code == "InvalidParameterValue"
    answer = house.client(
        "DisassociateNatGatewayAddress",
        NatGatewayId=gateway_id,
        AssociationIds=[secondary["AssociationId"]],
        MaxDrainDurationSeconds=60,
    )
    assert [row["Status"] for row in answer["NatGatewayAddresses"]] == ["disassociating"]
    assert addresses(house, gateway_id) == [primary]
    house.client("ReleaseAddress", AllocationId=second["AllocationId"])


def test_what_is_associated_elsewhere_is_refused(house: House) -> None:
    gateway_id = house.make()["NatGatewayId"]
    error = house.client.refused(
        "AssociateNatGatewayAddress", NatGatewayId=gateway_id, AllocationIds=[house.allocation_id]
    )
    assert error.code == "Resource.AlreadyAssociated"
    unknown: dict[str, Any] = {"NatGatewayId": gateway_id, "AssociationIds": ["eipassoc-0123456789abcdef0"]}
    assert house.client.refused("DisassociateNatGatewayAddress", **unknown).code == "InvalidAssociationID.NotFound"


def test_a_private_gateway_has_up_to_eight(house: House) -> None:
    gateway_id = house.private(SecondaryPrivateIpAddressCount=1)
    answer = house.client(
        "AssignPrivateNatGatewayAddress", NatGatewayId=gateway_id, PrivateIpAddresses=["10.20.0.9", "10.20.0.10"]
    )
    assert [(row["PrivateIp"], row["Status"]) for row in answer["NatGatewayAddresses"]] == [
        ("10.20.0.9", "assigning"),
        ("10.20.0.10", "assigning"),
    ]
    assert len(addresses(house, gateway_id)) == 4
    refused = house.client.refused
    many: dict[str, Any] = {"NatGatewayId": gateway_id, "PrivateIpAddressCount": 5}
    assert refused("AssignPrivateNatGatewayAddress", **many).code == "PrivateIpAddressLimitExceeded"
    gone: dict[str, Any] = {"NatGatewayId": gateway_id, "PrivateIpAddresses": ["10.20.0.9"]}
    answer = house.client("UnassignPrivateNatGatewayAddress", **gone)
    assert [row["Status"] for row in answer["NatGatewayAddresses"]] == ["unassigning"]
    assert refused("UnassignPrivateNatGatewayAddress", **gone).code == "InvalidParameterValue"
    primary = addresses(house, gateway_id)[0]["PrivateIp"]
    first: dict[str, Any] = {"NatGatewayId": gateway_id, "PrivateIpAddresses": [primary]}
    assert refused("UnassignPrivateNatGatewayAddress", **first).code == "InvalidParameterValue"


@pytest.mark.parametrize("action", ["AssignPrivateNatGatewayAddress", "CreateNatGateway"])
def test_there_are_no_fewer_addresses_than_none(house: House, action: str) -> None:
    asked: dict[str, dict[str, Any]] = {
        "AssignPrivateNatGatewayAddress": {"NatGatewayId": house.private(), "PrivateIpAddressCount": -1},
        "CreateNatGateway": {
            "SubnetId": house.subnet_id, "ConnectivityType": "private", "SecondaryPrivateIpAddressCount": -1,
        },
    }  # fmt: skip
    assert house.client.refused(action, **asked[action]).code == "InvalidParameterValue"


def test_a_number_of_addresses_that_no_gateway_has_takes_no_memory(house: House) -> None:
    """Two thousand million, which is a number that a request may have, would take all that there is."""
    many: dict[str, Any] = {"NatGatewayId": house.private(), "PrivateIpAddressCount": 1_000_000}
    tracemalloc.start()
    try:
        error = house.client.refused("AssignPrivateNatGatewayAddress", **many)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (error.code, most < 1_000_000) == ("PrivateIpAddressLimitExceeded", True)


def test_each_kind_has_its_own_actions(house: House) -> None:
    public, private = house.make()["NatGatewayId"], house.private()
    for action, gateway_id, more in (
        ("AssociateNatGatewayAddress", private, {"AllocationIds": [house.allocation_id]}),
        ("DisassociateNatGatewayAddress", private, {"AssociationIds": ["eipassoc-0123456789abcdef0"]}),
        ("AssignPrivateNatGatewayAddress", public, {"PrivateIpAddressCount": 1}),
        ("UnassignPrivateNatGatewayAddress", public, {"PrivateIpAddresses": ["10.20.0.9"]}),
    ):
        assert house.client.refused(action, NatGatewayId=gateway_id, **more).code == "UnsupportedOperation"
    house.client("DeleteNatGateway", NatGatewayId=private)
    gone: dict[str, Any] = {"NatGatewayId": private, "PrivateIpAddressCount": 1}
    assert house.client.refused("AssignPrivateNatGatewayAddress", **gone).code == "NatGatewayNotFound"


def test_very_many_addresses_are_refused_at_once(house: House) -> None:
    """Fifteen thousand, which take half a megabyte: seconds, if each were looked for among all."""
    begun = time.thread_time()
    asked = [f"eipalloc-{number}" for number in range(15_000)]
    request: dict[str, Any] = {"SubnetId": house.subnet_id, "AllocationId": house.allocation_id}
    for given, code in ((asked, "AddressLimitExceeded"), ([*asked, asked[0]], "InvalidParameterValue")):
        error = house.client.refused("CreateNatGateway", **request, SecondaryAllocationIds=given)
        assert error.code == code
    assert time.thread_time() - begun < 1
