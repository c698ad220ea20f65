"""Volumes at launch: which devices a launch may map, and what becomes of their volumes."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

import pytest

from realvpc.api.machines import machine_specs

from ..build import make_subnet, make_vpc, named
from ..conftest import Client
from .test_run_instances import IMAGE, described, run


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client))


def volumes(client: Client, **request: Any) -> dict[str, dict[str, Any]]:
    """What DescribeVolumes shows, by device; a volume that nobody has is under its id."""
    rows = client("DescribeVolumes", **request)["Volumes"]
    return {row["Attachments"][0]["Device"] if row["Attachments"] else row["VolumeId"]: row for row in rows}


def test_another_device_is_a_volume_of_its_own(client: Client, subnet_id: str) -> None:
    (instance,) = run(
        client,
        subnet_id,
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20, "VolumeType": "gp2", "DeleteOnTermination": True}},
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9}},
            {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            {"DeviceName": "/dev/sdc", "NoDevice": ""},
        ],
    )
    shown = volumes(client)
    assert shown.keys() == {"/dev/xvda", "/dev/sda1"}
    assert (shown["/dev/xvda"]["Size"], shown["/dev/xvda"]["VolumeType"]) == (9, "gp3")
    assert (shown["/dev/sda1"]["Size"], shown["/dev/sda1"]["VolumeType"], shown["/dev/sda1"]["Iops"]) == (
        20,
        "gp2",
        100,
    )
    mapped = [(row["DeviceName"], row["Ebs"]["DeleteOnTermination"]) for row in instance["BlockDeviceMappings"]]
    assert mapped == [("/dev/xvda", True), ("/dev/sda1", True)]
    (machine,) = machine_specs(client.service.state)
    assert machine.volume_bytes == 9 << 30, "the machine's disk is the root volume's"
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    assert volumes(client) == {}


def test_a_volume_that_is_to_be_kept_outlives_its_instance_until_it_is_deleted(client: Client, subnet_id: str) -> None:
    mapping = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}
    (instance,) = run(client, subnet_id, BlockDeviceMappings=[mapping])
    volume_id = volumes(client)["/dev/sdf"]["VolumeId"]
    error = client.refused("DeleteVolume", VolumeId=volume_id)
    assert (error.code, error.message) == (
        "VolumeInUse",
        f"Volume {volume_id} is currently attached to {instance['InstanceId']}",
    )
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    (left,) = volumes(client, Filters=named("status", "available")).values()
    assert (left["VolumeId"], left["State"], left["Attachments"]) == (volume_id, "available", [])
    assert described(client, instance["InstanceId"])[0]["BlockDeviceMappings"] == []
    client("DeleteVolume", VolumeId=volume_id)
    assert client.refused("DeleteVolume", VolumeId=volume_id).code == "InvalidVolume.NotFound"


def test_an_instance_keeps_the_time_of_its_first_launch(client: Client, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id)
    assert instance["UsageOperationUpdateTime"] == instance["LaunchTime"]


def ebs(**figures: Any) -> list[dict[str, Any]]:
    return [{"DeviceName": "/dev/sdf", "Ebs": figures}]


@pytest.mark.parametrize(
    ("mappings", "code"),
    [
        (ebs(VolumeType="gp3"), "MissingParameter"),
        (ebs(VolumeSize=5, VolumeType="io1"), "MissingParameter"),
        (ebs(VolumeSize=5) * 2, "InvalidBlockDeviceMapping"),
        (ebs(VolumeSize=5, VolumeType="gp9"), "InvalidParameterValue"),
        (ebs(VolumeSize=100, VolumeType="st1"), "InvalidParameterValue"),
        (ebs(VolumeSize=2000, VolumeType="standard"), "InvalidParameterValue"),
        (ebs(VolumeSize=5, Iops=100), "InvalidParameterValue"),
        (ebs(VolumeSize=5, Throughput=5000), "InvalidParameterValue"),
        (ebs(VolumeSize=5, VolumeType="gp2", Iops=3000), "InvalidParameterCombination"),
        (ebs(VolumeSize=5, VolumeType="gp2", Throughput=125), "InvalidParameterCombination"),
        (ebs(SnapshotId="snap-00000000000000001"), "InvalidSnapshot.NotFound"),
        (
            [{"DeviceName": f"/dev/xvd{a}{b}", "Ebs": {"VolumeSize": 1}} for a in "bc" for b in ascii_lowercase[:14]],
            "AttachmentLimitExceeded",
        ),
        ([{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-00000000000000001"}}], "InvalidSnapshot.NotFound"),
        ([{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}], "InvalidBlockDeviceMapping"),
        ([{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}], "UnsupportedOperation"),
    ],
)
def test_what_ebs_does_not_make_is_refused(
    client: Client, subnet_id: str, mappings: list[dict[str, Any]], code: str
) -> None:
    error = client.refused(
        "RunInstances", ImageId=IMAGE, SubnetId=subnet_id, MinCount=1, MaxCount=1, BlockDeviceMappings=mappings
    )
    assert error.code == code


@pytest.mark.parametrize(
    ("mapping", "code", "message"),
    [
        ({"DeviceName": "/dev/sdf"}, "MissingParameter", "The request must contain the parameter ebs"),
        ({"DeviceName": "/dev/xvda"}, "MissingParameter", "The request must contain the parameter ebs"),
        ({"Ebs": {"VolumeSize": 5}}, "InvalidBlockDeviceMapping", "Missing device name"),
        *(
            ({"DeviceName": name, "Ebs": {"VolumeSize": 5}}, "InvalidBlockDeviceMapping", f"Invalid device name {name}")
            for name in ("/dev/sde1", "/dev/xvda1", "C:/Program Files/Git/dev/sda1", "/dev/")
        ),
    ],
)
def test_a_mapping_names_a_device_and_what_it_is(
    client: Client, subnet_id: str, mapping: dict[str, Any], code: str, message: str
) -> None:
    error = client.refused(
        "RunInstances", ImageId=IMAGE, SubnetId=subnet_id, MinCount=1, MaxCount=1, BlockDeviceMappings=[mapping]
    )
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize("name", ["/dev/sda1", "/dev/sdz", "/dev/xvdb", "/dev/xvdcz", "xvdf"])
def test_devices_are_called_as_ec2_calls_them(client: Client, subnet_id: str, name: str) -> None:
    run(client, subnet_id, BlockDeviceMappings=[{"DeviceName": name, "Ebs": {"VolumeSize": 5}}])
    assert name in volumes(client)
