"""Subnet CIDR reservations: made, listed, deleted; and the addresses that are given to nobody meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.effort import Effort, TooLongError
from realvpc.api.core.errors import AwsError
from realvpc.api.ec2.address_picker import AddressPicker
from realvpc.api.ec2.subnet_cidr_reservation import get_subnet_cidr_reservations
from realvpc.net.addresses import Address, Cidr
from realvpc.net.subnet_cidr_reservation import MOST_STEPS, unreserved

from ..build import make_subnet, make_vpc, named, specification
from ..conftest import Client, caller
from ..test_effort import CALLS, LAUNCH, kept


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client), "10.20.0.0/28")


def reserve(client: Client, subnet_id: str, cidr: str, kind: str = "explicit", **more: Any) -> dict[str, Any]:
    made = client("CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr=cidr, ReservationType=kind, **more)
    return dict(made["SubnetCidrReservation"])


def interface(client: Client, subnet_id: str, **more: Any) -> str:
    made = client("CreateNetworkInterface", SubnetId=subnet_id, **more)
    address: str = made["NetworkInterface"]["PrivateIpAddress"]
    return address


def test_a_reservation_is_shown_until_it_is_deleted(client: Client, subnet_id: str) -> None:
    tags = specification("subnet-cidr-reservation", Name="fixed")
    made = reserve(client, subnet_id, "10.20.0.9/30", Description="fixed ones", TagSpecifications=tags)
    assert made == {
        "SubnetCidrReservationId": made["SubnetCidrReservationId"],
        "SubnetId": subnet_id,
        "Cidr": "10.20.0.8/30",
        "ReservationType": "explicit",
        "OwnerId": "111111111111",
        "Description": "fixed ones",
        "Tags": [{"Key": "Name", "Value": "fixed"}],
    }
    reserve(client, subnet_id, "10.20.0.12/30", "prefix")
    shown = client("GetSubnetCidrReservations", SubnetId=subnet_id, Filters=named("reservationType", "explicit"))
    assert (shown["SubnetIpv4CidrReservations"], shown["SubnetIpv6CidrReservations"]) == ([made], [])
    by_tag = client("GetSubnetCidrReservations", SubnetId=subnet_id, Filters=named("tag:Name", "fixed"))
    assert by_tag["SubnetIpv4CidrReservations"] == [made]
    named_id = {"SubnetCidrReservationId": made["SubnetCidrReservationId"]}
    assert client("DeleteSubnetCidrReservation", **named_id)["DeletedSubnetCidrReservation"] == made
    assert client.refused("DeleteSubnetCidrReservation", **named_id).code == "InvalidSubnetCidrReservationID.NotFound"


@pytest.mark.parametrize("cidr", ["10.20.1.0/28", "10.20.0.0/27", "10.20.0.0/33", "nonsense", "2001:db8::/64"])
def test_what_is_no_block_of_the_subnet_cannot_be_reserved(client: Client, subnet_id: str, cidr: str) -> None:
    request = {"SubnetId": subnet_id, "Cidr": cidr, "ReservationType": "explicit"}
    assert client.refused("CreateSubnetCidrReservation", **request).code == "InvalidParameterValue"


def test_a_reservation_outside_of_the_subnet_is_told_the_subnets_block(client: Client, subnet_id: str) -> None:
    """In the words of moto's tests: nobody else's that were found have them."""
    error = client.refused(
        "CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr="10.20.1.0/28", ReservationType="prefix"
    )
    assert error.message == "Reservation CIDR should be within subnet CIDR block (10.20.0.0/28)"


def test_reservations_do_not_overlap(client: Client, subnet_id: str) -> None:
    reserve(client, subnet_id, "10.20.0.8/29")
    request = {"SubnetId": subnet_id, "Cidr": "10.20.0.12/30", "ReservationType": "prefix"}
    error = client.refused("CreateSubnetCidrReservation", **request)
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        "Reservation CIDR 10.20.0.12/30 has overlap with existing reserved CIDR block",
    )


def test_reserved_addresses_are_given_to_who_asks_for_them_alone(client: Client, subnet_id: str) -> None:
    in_use = interface(client, subnet_id, PrivateIpAddress="10.20.0.9")
    made = reserve(client, subnet_id, "10.20.0.8/29")
    assert interface(client, subnet_id, PrivateIpAddress="10.20.0.10") != in_use
    assert {interface(client, subnet_id) for _ in range(4)} == {f"10.20.0.{last}" for last in range(4, 8)}
    error = client.refused("CreateNetworkInterface", SubnetId=subnet_id)
    assert error.code == "InsufficientFreeAddressesInSubnet"
    client("DeleteSubnetCidrReservation", SubnetCidrReservationId=made["SubnetCidrReservationId"])
    assert Address.parse(interface(client, subnet_id)) in Cidr.parse("10.20.0.8/29")


def test_a_subnet_takes_its_reservations_along(client: Client, subnet_id: str) -> None:
    reserve(client, subnet_id, "10.20.0.8/29")
    client("DeleteSubnet", SubnetId=subnet_id)
    assert not client.service.state.inventory.reservations_of(subnet_id)


def nobodys(address: Address) -> Cidr | None:
    return None


def test_a_large_reservation_is_stepped_over_at_once() -> None:
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    block = Cidr.parse("2001:db8::/64")
    reserved = [Cidr.parse(text) for text in ("2001:db8::/65", "2001:db8::8000:0:0:0/66", "2001:db8:0:0:c000::/67")]
    found = next(unreserved(block, 7, reserved, nobodys, count))
    assert (found, steps) == (Address.parse("2001:db8:0:0:e000::"), 4)
    everything = [*reserved, Cidr.parse("2001:db8:0:0:e000::/67")]
    assert list(unreserved(block, 7, everything, nobodys, count)) == []
    assert list(unreserved(Cidr.parse("10.0.0.0/30"), 2, [Cidr.parse("10.0.0.3/32")], nobodys, count)) == [
        Address.parse(f"10.0.0.{last}") for last in (2, 0, 1)
    ]


def test_what_somebody_has_as_a_whole_is_left_in_one_step_and_the_steps_are_counted_out() -> None:
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    block, taken = Cidr.parse("2001:db8::/64"), Cidr.parse("2001:db8::/80")
    found = unreserved(block, 5, [], lambda address: taken if address in taken else None, count)
    assert (next(found), steps) == (taken.last + 1, 2)
    steps = 0
    assert list(unreserved(block, 5, [], Cidr.host, count)) == []
    assert steps == MOST_STEPS
    whole = Cidr.parse("10.0.0.0/16")
    assert sum(1 for _ in unreserved(whole, 5, [], nobodys, count)) == whole.size


def test_what_is_set_aside_is_counted_when_it_is_listed(client: Client, subnet_id: str) -> None:
    for last in range(4, 14):
        reserve(client, subnet_id, f"10.20.0.{last}/32")
    with pytest.raises(TooLongError):
        get_subnet_cidr_reservations(client.service.context(caller(), effort=Effort(9)), {"SubnetId": subnet_id})


def test_a_launch_looks_at_what_is_set_aside_once(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client), "10.20.0.0/20")
    for number in range(500):
        reserve(client, subnet_id, f"10.20.{8 + (number >> 8)}.{number & 255}/32")
    launch = LAUNCH | {"SubnetId": subnet_id, "MinCount": 200, "MaxCount": 200}
    assert kept(client.service, "ec2", "RunInstances", launch) < CALLS


def test_a_launch_takes_what_is_not_set_aside(client: Client, subnet_id: str) -> None:
    reserve(client, subnet_id, "10.20.0.8/29")
    interface(client, subnet_id, PrivateIpAddress="10.20.0.9")
    launch = LAUNCH | {"SubnetId": subnet_id, "MaxCount": 10}
    assert client.refused("RunInstances", **launch, MinCount=5).code == "InsufficientFreeAddressesInSubnet"
    made = client("RunInstances", **launch, MinCount=1)["Instances"]
    assert {row["PrivateIpAddress"] for row in made} == {f"10.20.0.{last}" for last in range(4, 8)}
    named_one = LAUNCH | {"SubnetId": subnet_id, "MinCount": 1, "MaxCount": 1, "PrivateIpAddress": "10.20.0.10"}
    assert client("RunInstances", **named_one)["Instances"]


def test_a_launch_with_prefixes_takes_what_is_set_aside_for_them(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client), "10.20.0.0/26")
    reserve(client, subnet_id, "10.20.0.0/27", "prefix")
    reserve(client, subnet_id, "10.20.0.32/28", "explicit")
    interfaces = [{"DeviceIndex": 0, "SubnetId": subnet_id, "Ipv4PrefixCount": 1}]
    launch = LAUNCH | {"InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    assert client("RunInstances", **launch, NetworkInterfaces=interfaces)["Instances"]


@pytest.mark.parametrize("reserved", [[], ["0/29"], ["2/32", "4/30", "9/32"], ["0/30", "15/32"], ["8/29"], ["0/28"]])
def test_as_many_are_said_to_be_left_as_can_be_picked(client: Client, subnet_id: str, reserved: list[str]) -> None:
    for last in (4, 9, 11):
        interface(client, subnet_id, PrivateIpAddress=f"10.20.0.{last}")
    for text in reserved:
        reserve(client, subnet_id, f"10.20.0.{text}")
    ctx = client.service.context(caller())
    picker, subnet = AddressPicker(ctx), ctx.network.subnets[subnet_id]
    picker.claim(subnet, "10.20.0.5")
    for left in range(picker.unreserved(subnet), 0, -1):
        assert picker.unreserved(subnet) == left
        picker.pick(subnet)
    assert picker.unreserved(subnet) == 0
    with pytest.raises(AwsError, match="InsufficientFreeAddressesInSubnet"):
        picker.pick(subnet)


def test_addresses_in_use_are_counted_where_some_are_set_aside(client: Client, subnet_id: str) -> None:
    reserve(client, subnet_id, "10.20.0.8/29")
    for _ in range(4):
        interface(client, subnet_id)
    ctx = client.service.context(caller(), effort=Effort(8))
    with pytest.raises(TooLongError):
        AddressPicker(ctx).unreserved(ctx.network.subnets[subnet_id])
