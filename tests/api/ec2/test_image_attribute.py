"""The attributes of images and snapshots, which nobody is shared with to begin with."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Client

_GONE = "0123456789abcdef0"


@pytest.fixture
def house(client: Client) -> Client:
    """Has an image of its own with its snapshot."""
    amazons = client("DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    client("CopyImage", Name="copy", Description="d", SourceRegion=client.region, SourceImageId=amazons)
    return client


def test_nothing_is_shared_with_anybody(house: Client) -> None:
    (image,) = house("DescribeImages", Owners=["self"])["Images"]
    (snapshot,) = house("DescribeSnapshots")["Snapshots"]
    asked: dict[str, Any] = {"SnapshotId": snapshot["SnapshotId"], "Attribute": "createVolumePermission"}
    assert house("DescribeSnapshotAttribute", **asked)["CreateVolumePermissions"] == []
    asked = {"ImageId": image["ImageId"], "Attribute": "launchPermission"}
    assert house("DescribeImageAttribute", **asked)["LaunchPermissions"] == []


@pytest.mark.parametrize(
    ("attribute", "member", "value"),
    [
        ("bootMode", "BootMode", {"Value": "uefi-preferred"}),
        ("deregistrationProtection", "DeregistrationProtection", {"Value": "disabled"}),
        ("imdsSupport", "ImdsSupport", {"Value": "v2.0"}),
        ("kernel", "KernelId", {}),
        ("lastLaunchedTime", "LastLaunchedTime", {}),
        ("productCodes", "ProductCodes", []),
        ("ramdisk", "RamdiskId", {}),
        ("sriovNetSupport", "SriovNetSupport", {"Value": "simple"}),
        ("tpmSupport", "TpmSupport", {}),
        ("uefiData", "UefiData", {}),
    ],
)
def test_an_image_has_its_attributes_one_at_a_time(house: Client, attribute: str, member: str, value: Any) -> None:
    (image,) = house("DescribeImages", Owners=["self"])["Images"]
    shown = house("DescribeImageAttribute", ImageId=image["ImageId"], Attribute=attribute)
    assert shown == {"ImageId": image["ImageId"], member: value}


def test_attributes_say_what_the_image_says(house: Client) -> None:
    (image,) = house("DescribeImages", Owners=["self"])["Images"]
    shown = house("DescribeImageAttribute", ImageId=image["ImageId"], Attribute="blockDeviceMapping")
    assert shown["BlockDeviceMappings"] == image["BlockDeviceMappings"]
    shown = house("DescribeImageAttribute", ImageId=image["ImageId"], Attribute="description")
    assert shown["Description"] == {"Value": image["Description"]}


def test_attributes_of_what_is_not_there_or_another_s(house: Client) -> None:
    amazons = house("DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    for action, request, code in (
        ("DescribeImageAttribute", {"ImageId": amazons, "Attribute": "launchPermission"}, "AuthFailure"),
        ("DescribeImageAttribute", {"ImageId": f"ami-{_GONE}", "Attribute": "kernel"}, "InvalidAMIID.NotFound"),
        ("DescribeSnapshotAttribute", {"SnapshotId": f"snap-{_GONE}", "Attribute": "x"}, "InvalidSnapshot.NotFound"),
    ):
        assert house.refused(action, **request).code == code
    (snapshot,) = house("DescribeSnapshots")["Snapshots"]
    (image,) = house("DescribeImages", Owners=["self"])["Images"]
    for action, request in (
        ("DescribeImageAttribute", {"ImageId": image["ImageId"]}),
        ("DescribeSnapshotAttribute", {"SnapshotId": snapshot["SnapshotId"]}),
    ):
        error = house.refused(action, **request, Attribute="colour")
        assert (error.code, error.message) == (
            "InvalidParameterValue",
            "Value (colour) for parameter attribute is invalid. Unknown attribute.",
        )
