"""Images of an account's own: announced by the operator, registered, copied, run, deregistered."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.sweep import sweep
from realvpc.api.ec2.image_intake import announced, contents_in_use, unpacked, withdrawn
from realvpc.api.machines import machine_specs
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.net.deregistered_image import REMEMBERED_FOR
from realvpc.net.images import AL2023, PUBLISHERS
from realvpc.net.instance import InstanceState

from ..build import make_subnet, make_vpc, named, specification, tags
from ..conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client, caller
from .test_run_instances import described, run

CONTENT = "image-0123456789abcdef0"
GIB = 1 << 30


def announce(service: Service, name: str = "mine", content: str = CONTENT) -> None:
    service.report(lambda _: announced(service.context(caller()), name, "of mine", content), "test")


def add(service: Service, name: str = "mine", content: str = CONTENT, size: int = 3 * GIB - 1) -> None:
    announce(service, name, content)
    service.report(lambda ctx: unpacked(ctx.state.inventory, content, size), "test")


def own(client: Client, **request: Any) -> list[dict[str, Any]]:
    images: list[dict[str, Any]] = client("DescribeImages", Owners=["self"], **request)["Images"]
    return images


@pytest.fixture
def image(client: Client) -> dict[str, Any]:
    """An image that is available, as DescribeImages shows it."""
    add(client.service)
    return own(client)[0]


def registration(snapshot_id: str, **more: Any) -> dict[str, Any]:
    mapping = {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot_id}}
    return {"Name": "again", "RootDeviceName": "/dev/sda1", "BlockDeviceMappings": [mapping], **more}


def snapshot_of(image: dict[str, Any]) -> str:
    snapshot_id: str = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    return snapshot_id


def test_an_image_is_pending_until_its_content_is_there_and_its_size_is_that_of_the_content(client: Client) -> None:
    announce(client.service)
    (image,) = own(client)
    assert image["State"] == "pending"
    subnet_id = make_subnet(client, make_vpc(client))
    launch = {"ImageId": image["ImageId"], "SubnetId": subnet_id, "MinCount": 1, "MaxCount": 1}
    assert client.refused("RunInstances", **launch).code == "InvalidAMIID.Unavailable"
    assert client.refused("RegisterImage", **registration(snapshot_of(image))).code == "IncorrectState"
    client.service.report(lambda ctx: unpacked(ctx.state.inventory, CONTENT, 3 * GIB - 1), "test")
    (image,) = own(client)
    assert (image["State"], image["Name"], image["Description"]) == ("available", "mine", "of mine")
    assert image["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 3
    assert (image["OwnerId"], image["Public"], image["ImageLocation"]) == (MAIN, False, f"{MAIN}/mine")
    assert client.refused("RunInstances", **launch, BlockDeviceMappings=[
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 2}}
    ]).code == "InvalidBlockDeviceMapping"  # fmt: skip


def test_a_failed_image_leaves_nothing(client: Client) -> None:
    announce(client.service)
    client.service.report(lambda ctx: withdrawn(ctx.state.inventory, CONTENT), "test")
    assert own(client) == []
    assert client("DescribeSnapshots", OwnerIds=["self"])["Snapshots"] == []
    assert contents_in_use(client.service.state) == frozenset()


def test_an_instance_runs_its_image_even_after_that_was_deregistered(client: Client, image: dict[str, Any]) -> None:
    (instance,) = run(client, make_subnet(client, make_vpc(client)), ImageId=image["ImageId"])
    client("DeregisterImage", ImageId=image["ImageId"], DeleteAssociatedSnapshots=True)
    (instance,) = described(client, instance["InstanceId"])
    assert instance["ImageId"] == image["ImageId"]
    (spec,) = machine_specs(client.service.state)
    assert spec.image == CONTENT
    assert contents_in_use(client.service.state) == {CONTENT}
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    assert described(client, instance["InstanceId"])[0]["State"]["Name"] == InstanceState.TERMINATED
    assert contents_in_use(client.service.state) == frozenset()


def test_an_image_that_was_deregistered_is_unknown_when_no_instance_names_it(
    client: Client, image: dict[str, Any], clock: Clock
) -> None:
    (instance,) = run(client, make_subnet(client, make_vpc(client)), ImageId=image["ImageId"])
    client("DeregisterImage", ImageId=image["ImageId"])
    clock.offset += REMEMBERED_FOR
    assert client("DescribeImages", ImageIds=[image["ImageId"]])["Images"] == []
    both = client("DescribeImages", ImageIds=[image["ImageId"], AL2023.id_in(TOKYO)])["Images"]
    assert [row["ImageId"] for row in both] == [AL2023.id_in(TOKYO)]
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    assert client.refused("DescribeImages", ImageIds=[image["ImageId"]]).code == "InvalidAMIID.NotFound"


def test_an_image_that_was_deregistered_is_passed_over_for_a_while(
    client: Client, image: dict[str, Any], clock: Clock
) -> None:
    """EC2 API Reference, DescribeImages; boto/botocore, issue 2194; ansible/ansible, issue 24945."""
    this = {"ImageId": image["ImageId"]}
    client("DeregisterImage", **this)
    assert client("DescribeImages", ImageIds=[image["ImageId"]])["Images"] == []
    error = client.refused("DeregisterImage", **this)
    assert (error.code, error.message) == (
        "InvalidAMIID.Unavailable", f"The image ID '{image['ImageId']}' is no longer available"
    )  # fmt: skip
    there = Client(client.service, OTHER, TOKYO)
    for action, params in (("DescribeImages", {"ImageIds": [image["ImageId"]]}), ("DeregisterImage", this)):
        assert there.refused(action, **params).code == "InvalidAMIID.NotFound"
    clock.offset += REMEMBERED_FOR
    for action, params in (("DescribeImages", {"ImageIds": [image["ImageId"]]}), ("DeregisterImage", this)):
        assert client.refused(action, **params).code == "InvalidAMIID.NotFound"
    client.service.report(sweep, "sweep")
    assert not client.service.state.inventory.deregistered_images


def test_amazons_image_is_made_by_the_host(client: Client) -> None:
    run(client, make_subnet(client, make_vpc(client)))
    (spec,) = machine_specs(client.service.state)
    assert spec.image is None


def test_an_account_sees_its_own_images_and_the_publishers(client: Client, image: dict[str, Any]) -> None:
    for account, region in ((OTHER, TOKYO), (MAIN, VIRGINIA)):
        stranger = Client(client.service, account, region)
        assert own(stranger) == []
        assert stranger.refused("DescribeImages", ImageIds=[image["ImageId"]]).code == "InvalidAMIID.NotFound"
    everything = {row["OwnerId"] for row in client("DescribeImages")["Images"]}
    assert everything == {MAIN, *PUBLISHERS}
    assert client("DescribeImages", Owners=[MAIN])["Images"] == [image]
    assert client("DescribeImages", Owners=[OTHER])["Images"] == []
    assert client("DescribeImages", ExecutableUsers=["self"])["Images"] == []


def test_images_and_snapshots_have_tags_and_are_found_by_them(client: Client, image: dict[str, Any]) -> None:
    client("CreateTags", Resources=[image["ImageId"], snapshot_of(image)], Tags=tags(of="mine"))
    assert [row["ImageId"] for row in own(client, Filters=named("tag:of", "mine"))] == [image["ImageId"]]
    assert own(client, Filters=named("name", "yours*")) == []
    (snapshot,) = client("DescribeSnapshots", Filters=named("tag:of", "mine"))["Snapshots"]
    assert (snapshot["SnapshotId"], snapshot["State"]) == (snapshot_of(image), "completed")


def test_an_image_is_registered_from_a_snapshot_that_an_earlier_one_left(client: Client, image: dict[str, Any]) -> None:
    client("DeregisterImage", ImageId=image["ImageId"])
    assert own(client) == []
    wanted = registration(snapshot_of(image), TagSpecifications=specification("image", of="mine"))
    image_id = client("RegisterImage", **wanted)["ImageId"]
    (again,) = own(client)
    assert (again["ImageId"], again["Name"], again["RootDeviceName"]) == (image_id, "again", "/dev/sda1")
    assert again["Tags"] == tags(of="mine")
    (instance,) = run(client, make_subnet(client, make_vpc(client)), ImageId=image_id)
    assert instance["RootDeviceName"] == instance["BlockDeviceMappings"][0]["DeviceName"] == "/dev/sda1"
    assert client.service.state.network.instances[instance["InstanceId"]].image_content == CONTENT


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Name": "mine"}, "InvalidAMIName.Duplicate"),
        ({"Name": "ab"}, "InvalidAMIName.Malformed"),
        ({"Name": "with#"}, "InvalidAMIName.Malformed"),
        ({"BlockDeviceMappings": None}, "InvalidBlockDeviceMapping"),
        ({"RootDeviceName": "/dev/xvda"}, "UnsupportedOperation"),
        ({"ImageLocation": "bucket/manifest.xml"}, "UnsupportedOperation"),
        ({"Architecture": "arm64"}, "UnsupportedOperation"),
        ({"VirtualizationType": "paravirtual"}, "UnsupportedOperation"),
        ({"KernelId": "aki-1"}, "UnsupportedOperation"),
        ({"TagSpecifications": specification("vpc", a="b")}, "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_registered_is_refused(
    client: Client, image: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    assert client.refused("RegisterImage", **(registration(snapshot_of(image)) | change)).code == code


def test_a_snapshot_that_is_not_the_accounts_is_not_found(client: Client, image: dict[str, Any]) -> None:
    stranger = Client(client.service, OTHER, TOKYO)
    for snapshot_id in (snapshot_of(image), "snap-00000000000000000"):
        assert stranger.refused("RegisterImage", **registration(snapshot_id)).code == "InvalidSnapshot.NotFound"


def test_a_copy_in_another_region_is_of_the_same_content(client: Client, image: dict[str, Any]) -> None:
    there = Client(client.service, MAIN, VIRGINIA)
    request = {"Name": "copy", "SourceImageId": image["ImageId"], "SourceRegion": TOKYO, "ClientToken": "once"}
    copy_id = there("CopyImage", **request)["ImageId"]
    assert there("CopyImage", **request)["ImageId"] == copy_id
    client("DeregisterImage", ImageId=image["ImageId"], DeleteAssociatedSnapshots=True)
    (copy,) = own(there)
    assert "Description" not in copy or copy["Description"] is None, "a copy has the description that it was given"
    assert snapshot_of(copy) != snapshot_of(image)
    run(there, make_subnet(there, make_vpc(there)), ImageId=copy_id)
    (spec,) = machine_specs(client.service.state)
    assert spec.image == CONTENT
    missing = request | {"ClientToken": None, "Name": "other"}
    assert there.refused("CopyImage", **missing).code == "InvalidAMIID.NotFound"
    public = missing | {"SourceImageId": AL2023.id_in(TOKYO)}
    assert there("CopyImage", **public)["ImageId"]


def test_deregistering_leaves_the_snapshot_which_cannot_go_before(client: Client, image: dict[str, Any]) -> None:
    snapshot_id = snapshot_of(image)
    assert client.refused("DeleteSnapshot", SnapshotId=snapshot_id).code == "InvalidSnapshot.InUse"
    client("DeregisterImage", ImageId=image["ImageId"])
    assert client("DescribeSnapshots", SnapshotIds=[snapshot_id])["Snapshots"][0]["VolumeSize"] == 3
    client("DeleteSnapshot", SnapshotId=snapshot_id)
    assert client.refused("DescribeSnapshots", SnapshotIds=[snapshot_id]).code == "InvalidSnapshot.NotFound"
    assert client.refused("DeregisterImage", ImageId=image["ImageId"]).code == "InvalidAMIID.Unavailable"


def test_a_snapshot_that_another_image_needs_is_not_deleted_with_one(client: Client, image: dict[str, Any]) -> None:
    client("RegisterImage", **registration(snapshot_of(image)))
    answer = client("DeregisterImage", ImageId=image["ImageId"], DeleteAssociatedSnapshots=True)
    assert answer["DeleteSnapshotResults"] == [{"SnapshotId": snapshot_of(image), "ReturnCode": "skipped"}]
    assert client("DescribeSnapshots", SnapshotIds=[snapshot_of(image)])["Snapshots"]


def test_amazons_images_are_not_deregistered(client: Client) -> None:
    assert client.refused("DeregisterImage", ImageId=AL2023.id_in(TOKYO)).code == "AuthFailure"


@pytest.mark.parametrize(
    ("owner", "name"), [("amazon", "amzn2-ami-hvm-*"), ("amazon", "al2023-ami-2*"), ("amazon", "debian-12-*")]
)
def test_the_most_recent_image_of_a_name_runs_on_most_instance_types(client: Client, owner: str, name: str) -> None:
    found = client("DescribeImages", Owners=[owner], Filters=[{"Name": "name", "Values": [name]}])["Images"]
    assert {image["Architecture"] for image in found} == {"x86_64", "arm64"}
    assert max(found, key=lambda image: image["CreationDate"])["Architecture"] == "x86_64"
