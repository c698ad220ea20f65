"""How volumes are, and their attributes."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_subnet, make_vpc, named
from ..conftest import Client
from .test_run_instances import run

_GONE = "0123456789abcdef0"


@pytest.fixture
def house(client: Client) -> Client:
    """Has an instance with its volume."""
    run(client, make_subnet(client, make_vpc(client)))
    return client


def test_volumes_are_well(house: Client) -> None:
    (volume,) = house("DescribeVolumes")["Volumes"]
    (status,) = house("DescribeVolumeStatus", VolumeIds=[volume["VolumeId"]])["VolumeStatuses"]
    assert (status["VolumeId"], status["VolumeStatus"]["Status"]) == (volume["VolumeId"], "ok")
    assert status["AvailabilityZone"] == volume["AvailabilityZone"]
    for name, value, count in (
        ("volume-status.status", "ok", 1),
        ("volume-status.status", "impaired", 0),
        ("volume-status.details-name", "io-enabled", 1),
        ("event.event-type", "*", 0),
        ("availability-zone", volume["AvailabilityZone"], 1),
    ):
        assert len(house("DescribeVolumeStatus", Filters=named(name, value))["VolumeStatuses"]) == count


def test_a_volume_has_its_attributes_one_at_a_time(house: Client) -> None:
    volume_id = house("DescribeVolumes")["Volumes"][0]["VolumeId"]
    expected: dict[str, Any] = {
        "autoEnableIO": {"AutoEnableIO": {"Value": False}},
        "productCodes": {"ProductCodes": []},
    }
    for attribute, shown in expected.items():
        answer = house("DescribeVolumeAttribute", VolumeId=volume_id, Attribute=attribute)
        assert answer == {"VolumeId": volume_id, **shown}
    error = house.refused("DescribeVolumeAttribute", VolumeId=volume_id, Attribute="colour")
    assert error.message == "Value (colour) for parameter attribute is invalid. Unknown attribute."
    error = house.refused("DescribeVolumeAttribute", VolumeId=f"vol-{_GONE}", Attribute="autoEnableIO")
    assert error.code == "InvalidVolume.NotFound"
