"""Volumes that are made, attached, detached, modified and deleted by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realvpc.api.machines import machine_specs
from realvpc.clock import Clock
from realvpc.net.volume import TRANSITIONS, VolumeEvent, VolumeState

from ..build import make_subnet, make_vpc, named, specification
from ..conftest import Client
from ..told_node import ToldNode
from .test_run_instances import described, run

ZONE = "ap-northeast-1a"


@pytest.fixture
def instance_id(client: Client) -> str:
    instance_id: str = run(client, make_subnet(client, make_vpc(client)))[0]["InstanceId"]
    return instance_id


def make(client: Client, **request: Any) -> str:
    wanted: dict[str, Any] = {"AvailabilityZone": ZONE, "Size": 10} | request
    volume_id: str = client("CreateVolume", **wanted)["VolumeId"]
    return volume_id


def shown(client: Client, volume_id: str) -> dict[str, Any]:
    (volume,) = client("DescribeVolumes", VolumeIds=[volume_id])["Volumes"]
    return dict(volume)


def test_a_volume_is_creating_in_the_answer_and_then_available(client: Client) -> None:
    request: dict[str, Any] = {
        "AvailabilityZone": ZONE,
        "Size": 10,
        "TagSpecifications": specification("volume", Name="data"),
    }
    made = client("CreateVolume", **request)
    assert (made["State"], made["VolumeType"], made["Iops"]) == ("creating", "gp2", 100)
    volume = shown(client, made["VolumeId"])
    assert (volume["State"], volume["Size"], volume["AvailabilityZone"]) == ("available", 10, ZONE)
    assert volume["Tags"] == [{"Key": "Name", "Value": "data"}]
    by_id = make(client, AvailabilityZone=None, AvailabilityZoneId=volume["AvailabilityZoneId"], VolumeType="gp3")
    assert (shown(client, by_id)["AvailabilityZone"], shown(client, by_id)["Throughput"]) == (ZONE, 125)


def test_a_volume_comes_to_an_instance_and_goes_again(client: Client, instance_id: str) -> None:
    volume_id = make(client)
    attachment = client("AttachVolume", VolumeId=volume_id, InstanceId=instance_id, Device="/dev/sdf")
    assert (attachment["State"], attachment["DeleteOnTermination"]) == ("attaching", False)
    volume = shown(client, volume_id)
    assert (volume["State"], volume["Attachments"][0]["State"]) == ("in-use", "attached")
    devices = {
        row["DeviceName"]: row["Ebs"]["VolumeId"] for row in described(client, instance_id)[0]["BlockDeviceMappings"]
    }
    assert devices["/dev/sdf"] == volume_id
    assert client.refused("DeleteVolume", VolumeId=volume_id).code == "VolumeInUse"
    assert client("DetachVolume", VolumeId=volume_id)["State"] == "detaching"
    assert (shown(client, volume_id)["State"], shown(client, volume_id)["Attachments"]) == ("available", [])
    client("DeleteVolume", VolumeId=volume_id)
    assert client.refused("DescribeVolumes", VolumeIds=[volume_id]).code == "InvalidVolume.NotFound"


def test_an_attached_volume_outlives_its_instance(client: Client, instance_id: str) -> None:
    volume_id = make(client)
    client("AttachVolume", VolumeId=volume_id, InstanceId=instance_id, Device="/dev/sdf")
    client("TerminateInstances", InstanceIds=[instance_id])
    assert shown(client, volume_id)["State"] == "available"


def test_whether_a_volume_goes_with_its_instance_can_be_changed(client: Client, instance_id: str) -> None:
    volume_id = make(client)
    client("AttachVolume", VolumeId=volume_id, InstanceId=instance_id, Device="/dev/sdf")
    mapping = {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}
    client("ModifyInstanceAttribute", InstanceId=instance_id, BlockDeviceMappings=[mapping])
    assert shown(client, volume_id)["Attachments"][0]["DeleteOnTermination"] is True
    for wrong, code in (
        ({"DeviceName": "/dev/sdg", "Ebs": {"DeleteOnTermination": True}}, "InvalidInstanceAttributeValue"),
        ({"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}, "UnsupportedOperation"),
    ):
        error = client.refused("ModifyInstanceAttribute", InstanceId=instance_id, BlockDeviceMappings=[wrong])
        assert error.code == code
    text = {"Attribute": "blockDeviceMapping", "Value": "/dev/sdf"}
    assert client.refused("ModifyInstanceAttribute", InstanceId=instance_id, **text).code == "InvalidParameterValue"
    client("TerminateInstances", InstanceIds=[instance_id])
    assert not client("DescribeVolumes")["Volumes"]


def test_what_cannot_be_attached(client: Client, instance_id: str) -> None:
    volume_id, elsewhere, taken = make(client), make(client, AvailabilityZone="ap-northeast-1c"), make(client)
    client("AttachVolume", VolumeId=taken, InstanceId=instance_id, Device="/dev/sdf")

    def refused(**request: str) -> str:
        usual = {"VolumeId": volume_id, "InstanceId": instance_id, "Device": "/dev/sdg"}
        return client.refused("AttachVolume", **(usual | request)).code

    assert refused(VolumeId=elsewhere) == "InvalidVolume.ZoneMismatch"
    assert refused(VolumeId=taken) == "VolumeInUse"
    assert refused(VolumeId="vol-00000000000000001") == "InvalidVolume.NotFound"
    assert refused(InstanceId="i-00000000000000001") == "InvalidInstanceID.NotFound"
    assert (
        refused(Device="/dev/sdf")
        == refused(Device="/dev/xvda")
        == refused(Device="nonsense")
        == "InvalidParameterValue"
    )
    client("TerminateInstances", InstanceIds=[instance_id])
    assert refused() == "IncorrectState"


def test_what_cannot_be_detached(client: Client, instance_id: str) -> None:
    volume_id = make(client)
    assert client.refused("DetachVolume", VolumeId=volume_id).code == "IncorrectState"
    client("AttachVolume", VolumeId=volume_id, InstanceId=instance_id, Device="/dev/sdf")
    error = client.refused("DetachVolume", VolumeId=volume_id, Device="/dev/sdg")
    assert error.code == "InvalidAttachment.NotFound"
    root = described(client, instance_id)[0]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert client.refused("DetachVolume", VolumeId=root).code == "OperationNotPermitted"
    client("StopInstances", InstanceIds=[instance_id])
    assert client.refused("DetachVolume", VolumeId=root).code == "UnsupportedOperation"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Size": None}, "MissingParameter"),
        ({"AvailabilityZone": None}, "MissingParameter"),
        ({"AvailabilityZone": "eu-west-1a"}, "InvalidZone.NotFound"),
        ({"AvailabilityZoneId": "apne1-az1"}, "InvalidParameterCombination"),
        ({"VolumeType": "io1"}, "MissingParameter"),
        ({"VolumeType": "st1"}, "InvalidParameterValue"),
        ({"Iops": 3000}, "InvalidParameterCombination"),
        ({"KmsKeyId": "alias/mine"}, "InvalidParameterDependency"),
        ({"KmsKeyId": "no key!", "Encrypted": True}, "InvalidParameterValue"),
        ({"SnapshotId": "snap-00000000000000001"}, "InvalidSnapshot.NotFound"),
        ({"MultiAttachEnabled": True}, "UnsupportedOperation"),
    ],
)
def test_what_is_not_made(client: Client, request_: dict[str, Any], code: str) -> None:
    request: dict[str, Any] = {"AvailabilityZone": ZONE, "Size": 10} | request_
    assert client.refused("CreateVolume", **request).code == code


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({}, "The request must contain the parameter size/snapshot"),
        ({"Size": 10, "KmsKeyId": "alias/a"}, "The parameter [KmsKeyId] requires the parameter Encrypted to be set."),
    ],
)
def test_the_sentences_of_ec2_for_what_is_missing(client: Client, request_: dict[str, Any], sentence: str) -> None:
    """As clients met them; a launch says "size or snapshotId"."""
    assert client.refused("CreateVolume", AvailabilityZone=ZONE, **request_).message == sentence


def test_storage_of_a_type_is_limited(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realvpc.api.core.context.Context.quota", lambda self, quota, owner=None: 50)  # TiB
    for _ in range(3):
        make(client, Size=16_384)
    error = client.refused("CreateVolume", AvailabilityZone=ZONE, Size=16_384)
    assert error.code == "VolumeLimitExceeded"
    make(client, Size=2048)
    volume_id = make(client, Size=1024, VolumeType="standard")
    assert client.refused("ModifyVolume", VolumeId=volume_id, VolumeType="gp2").code == "VolumeLimitExceeded"


def test_a_modification_is_modifying_in_the_answer_and_then_completed(client: Client) -> None:
    volume_id = make(client, VolumeType="gp3", Iops=4000)
    modification = client("ModifyVolume", VolumeId=volume_id, Size=20)["VolumeModification"]
    assert (modification["ModificationState"], modification["Progress"]) == ("modifying", 0)
    (row,) = client("DescribeVolumesModifications", VolumeIds=[volume_id])["VolumesModifications"]
    assert (row["ModificationState"], row["OriginalSize"], row["TargetSize"]) == ("completed", 10, 20)
    assert (row["OriginalIops"], row["TargetIops"]) == (4000, 4000), "what it was given stays"
    assert shown(client, volume_id)["Size"] == 20
    client("ModifyVolume", VolumeId=volume_id, VolumeType="gp2")
    assert (shown(client, volume_id)["VolumeType"], shown(client, volume_id)["Iops"]) == ("gp2", 100)
    found = client("DescribeVolumesModifications", Filters=named("target-volume-type", "gp2"))
    assert [each["VolumeId"] for each in found["VolumesModifications"]] == [volume_id]


def test_what_cannot_be_modified(client: Client, clock: Clock) -> None:
    volume_id = make(client)
    assert client.refused("ModifyVolume", VolumeId=volume_id, Size=9).code == "InvalidParameterValue"
    assert client.refused("ModifyVolume", VolumeId=volume_id, VolumeType="gp9").code == "InvalidParameterValue"
    assert client.refused("ModifyVolume", VolumeId=volume_id).code == "InvalidParameterValue"
    assert client.refused("DescribeVolumesModifications", VolumeIds=[volume_id]).code == (
        "InvalidVolumeModification.NotFound"
    )
    for size in (11, 12, 13, 14):
        client("ModifyVolume", VolumeId=volume_id, Size=size)
    error = client.refused("ModifyVolume", VolumeId=volume_id, Size=15)
    assert error.code == "VolumeModificationRateExceeded"
    clock.offset += timedelta(hours=24)
    client("ModifyVolume", VolumeId=volume_id, Size=15)


def test_a_machine_learns_the_new_size_of_its_root_volume(client: Client, instance_id: str) -> None:
    root = described(client, instance_id)[0]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    node = ToldNode(client.service)
    client("ModifyVolume", VolumeId=root, Size=30)
    (machine,) = machine_specs(client.service.state)
    assert machine.volume_bytes == 30 << 30
    node.check(client.service.state)


def test_whether_input_and_output_go_on_by_themselves_is_kept(client: Client) -> None:
    volume_id = make(client)
    client("ModifyVolumeAttribute", VolumeId=volume_id, AutoEnableIO={"Value": True})
    attribute = client("DescribeVolumeAttribute", VolumeId=volume_id, Attribute="autoEnableIO")
    assert attribute["AutoEnableIO"] == {"Value": True}
    assert client.refused("ModifyVolumeAttribute", VolumeId=volume_id).code == "MissingParameter"
    client("EnableVolumeIO", VolumeId=volume_id)


def test_each_state_of_a_volume_allows_what_leads_out_of_it() -> None:
    asked = {state: {event for of, event in TRANSITIONS if of is state} for state in (None, *VolumeState)}
    assert asked[VolumeState.AVAILABLE] == {VolumeEvent.ATTACH, VolumeEvent.DELETE}
    assert asked[VolumeState.IN_USE] == {VolumeEvent.DETACH}
    assert asked[VolumeState.CREATING] == asked[VolumeState.DELETING] == set()
