"""CreateImage: an image of what an instance's disk holds, where that is what its image holds."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.machine_report import machine_up
from realvpc.clock import Clock

from ..build import make_subnet, make_vpc, named, specification, tags
from ..conftest import MAIN, TOKYO, Client, new_service
from .test_image import CONTENT, add, own
from .test_run_instances import described, run


@pytest.fixture
def instance(client: Client) -> dict[str, Any]:
    """One of an image of the account's own."""
    add(client.service)
    [image] = own(client)
    return run(client, make_subnet(client, make_vpc(client)), ImageId=image["ImageId"])[0]


def test_an_image_of_an_instance_has_its_content_and_says_whose_it_is(client: Client, instance: dict[str, Any]) -> None:
    specifications = [*specification("image", of="web"), *specification("snapshot", of="disk")]
    image_id = client(
        "CreateImage",
        InstanceId=instance["InstanceId"],
        Name="golden",
        Description="d",
        TagSpecifications=specifications,
    )["ImageId"]
    [image] = own(client, Filters=named("source-instance-id", instance["InstanceId"]))
    assert (image["ImageId"], image["Name"], image["Description"], image["State"]) == (
        image_id,
        "golden",
        "d",
        "available",
    )
    assert (image["Architecture"], image["RootDeviceName"], image["Tags"]) == ("x86_64", "/dev/xvda", tags(of="web"))
    ebs = image["BlockDeviceMappings"][0]["Ebs"]
    [snapshot] = client("DescribeSnapshots", SnapshotIds=[ebs["SnapshotId"]])["Snapshots"]
    assert snapshot["Description"] == f"Created by CreateImage({instance['InstanceId']}) for {image_id}"
    assert snapshot["VolumeId"] == instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert (snapshot["Tags"], ebs["VolumeSize"]) == (tags(of="disk"), snapshot["VolumeSize"])
    [second] = run(client, make_subnet(client, make_vpc(client, "10.40.0.0/16"), "10.40.0.0/24"), ImageId=image_id)
    assert client.service.state.network.instances[second["InstanceId"]].image_content == CONTENT


def test_another_image_can_be_registered_from_its_snapshot_and_from_a_copy(
    client: Client, instance: dict[str, Any]
) -> None:
    client("CreateImage", InstanceId=instance["InstanceId"], Name="golden")
    [image] = own(client, Filters=named("name", "golden"))
    first = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    copy = client("CopySnapshot", SourceRegion=client.region, SourceSnapshotId=first)["SnapshotId"]
    for number, snapshot_id in enumerate((first, copy)):
        mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}
        client("RegisterImage", Name=f"again-{number}", RootDeviceName="/dev/xvda", BlockDeviceMappings=[mapping])


def test_an_image_can_be_registered_from_a_snapshot_of_a_root_volume(client: Client, instance: dict[str, Any]) -> None:
    """As Ansible's targets ec2_ami and ec2_ami_snapshot do."""
    volume_id = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    both = client("CreateSnapshots", InstanceSpecification={"InstanceId": instance["InstanceId"]})["Snapshots"]
    for number, snapshot in enumerate((client("CreateSnapshot", VolumeId=volume_id), *both)):
        mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot["SnapshotId"]}}
        request: dict[str, Any] = {
            "Name": f"from-{number}",
            "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": [mapping],
        }
        image_id = client("RegisterImage", **request)["ImageId"]
        assert client.service.state.inventory.machine_images[image_id].content == CONTENT
        error = client.refused("DeleteSnapshot", SnapshotId=snapshot["SnapshotId"])
        assert error.code == "InvalidSnapshot.InUse"


def test_a_data_volume_is_left_out_or_the_image_refused(client: Client, instance: dict[str, Any]) -> None:
    volume = client("CreateVolume", AvailabilityZone=instance["Placement"]["AvailabilityZone"], Size=1)
    client("AttachVolume", InstanceId=instance["InstanceId"], VolumeId=volume["VolumeId"], Device="/dev/sdf")
    request = {"InstanceId": instance["InstanceId"], "Name": "golden"}
    assert client.refused("CreateImage", **request).code == "UnsupportedOperation"
    client("CreateImage", **request, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}])


def test_what_is_no_image_is_refused(client: Client, instance: dict[str, Any]) -> None:
    instance_id = instance["InstanceId"]
    for request, code in (
        ({"InstanceId": "i-00000000000000001", "Name": "golden"}, "InvalidInstanceID.NotFound"),
        ({"InstanceId": instance_id, "Name": "x"}, "InvalidAMIName.Malformed"),
        ({"InstanceId": instance_id, "Name": "mine"}, "InvalidAMIName.Duplicate"),
    ):
        assert client.refused("CreateImage", **request).code == code
    client("TerminateInstances", InstanceIds=[instance_id])
    assert client.refused("CreateImage", InstanceId=instance_id, Name="golden").code == "IncorrectState"


def test_where_machines_write_no_image_is_made_of_one(clock: Clock) -> None:
    client = Client(new_service(clock, has_fabric=True), MAIN, TOKYO)
    [instance] = run(client, make_subnet(client, make_vpc(client)))
    instance_id = instance["InstanceId"]
    client.service.report(machine_up(instance_id, 1), "test")
    error = client.refused("CreateImage", InstanceId=instance_id, Name="golden")
    assert (error.code, "realvpc image add" in error.message) == ("UnsupportedOperation", True)
    volume_id = described(client, instance_id)[0]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    snapshot_id = client("CreateSnapshot", VolumeId=volume_id)["SnapshotId"]
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}
    request: dict[str, Any] = {"Name": "golden", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": [mapping]}
    assert client.refused("RegisterImage", **request).code == "UnsupportedOperation"
