"""Images and snapshots that are shared: launched, copied and made volumes of by others."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.images import AL2023

from ..build import make_subnet, make_vpc, named, specification, tags
from ..conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client
from .test_image import CONTENT, add, own, registration, snapshot_of
from .test_run_instances import run
from .test_volume import ZONE, make, shown
from .test_volume_snapshot import take

THIRD = "333333333333"


@pytest.fixture
def other(client: Client) -> Client:
    return Client(client.service, OTHER, TOKYO)


@pytest.fixture
def image_id(client: Client) -> str:
    add(client.service)
    (image,) = own(client)
    image_id: str = image["ImageId"]
    client("CreateTags", Resources=[image_id], Tags=tags(secret="1"))
    return image_id


def share(client: Client, image_id: str, *accounts: str) -> None:
    client("ModifyImageAttribute", ImageId=image_id, LaunchPermission={"Add": [{"UserId": each} for each in accounts]})


def permissions(client: Client, image_id: str) -> list[dict[str, str]]:
    answer = client("DescribeImageAttribute", ImageId=image_id, Attribute="launchPermission")
    found: list[dict[str, str]] = answer["LaunchPermissions"]
    return found


def seen(client: Client, **request: Any) -> list[str]:
    return [row["ImageId"] for row in client("DescribeImages", **request)["Images"] if row["OwnerId"] == MAIN]


def test_a_private_image_is_launched_by_whom_it_is_shared_with(client: Client, other: Client, image_id: str) -> None:
    subnet_id = make_subnet(other, make_vpc(other))
    launch: dict[str, Any] = {"ImageId": image_id, "SubnetId": subnet_id, "MinCount": 1, "MaxCount": 1}
    assert other.refused("RunInstances", **launch).code == "InvalidAMIID.NotFound"
    share(client, image_id, OTHER)
    assert permissions(client, image_id) == [{"UserId": OTHER}]
    (instance,) = run(other, subnet_id, ImageId=image_id)
    assert client.service.state.network.instances[instance["InstanceId"]].image_content == CONTENT
    client("ResetImageAttribute", ImageId=image_id, Attribute="launchPermission")
    assert permissions(client, image_id) == []
    assert other.refused("RunInstances", **launch).code == "InvalidAMIID.NotFound"


def test_who_sees_a_shared_image_and_what_of_it(client: Client, other: Client, image_id: str) -> None:
    elsewhere, third = Client(client.service, OTHER, VIRGINIA), Client(client.service, THIRD, TOKYO)
    share(client, image_id, OTHER)
    assert seen(other) == seen(other, ImageIds=[image_id]) == seen(other, Owners=[MAIN]) == [image_id]
    assert seen(elsewhere) == seen(third) == seen(other, Owners=["self"]) == []
    assert seen(other, ExecutableUsers=["self"]) == seen(other, ExecutableUsers=[OTHER]) == [image_id]
    assert seen(other, ExecutableUsers=["all"]) == seen(other, ExecutableUsers=[THIRD]) == []
    assert seen(client, ExecutableUsers=[OTHER]) == [image_id]
    assert seen(client, ExecutableUsers=["self"]) == [], "its owner has it without a permission"
    share(client, image_id, MAIN)
    assert seen(client, ExecutableUsers=["self"]) == seen(client, ExecutableUsers=[MAIN]) == [image_id]
    (row,) = other("DescribeImages", ImageIds=[image_id])["Images"]
    assert (row["Public"], row.get("Tags"), row["OwnerId"]) == (False, None, MAIN)
    assert seen(client, Filters=named("tag:secret", "1")) == [image_id]
    assert seen(other, Filters=named("tag:secret", "1")) == []
    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("DeregisterImage", {}),
        ("DescribeImageAttribute", {"Attribute": "launchPermission"}),
        ("ModifyImageAttribute", {"Description": {"Value": "mine"}}),
        ("ResetImageAttribute", {"Attribute": "launchPermission"}),
    )
    for action, request in asked:
        assert other.refused(action, ImageId=image_id, **request).code == "AuthFailure", action
    assert other.refused("CreateTags", Resources=[image_id], Tags=tags(a="b")).code == "AuthFailure"


def test_a_name_is_free_although_a_shared_image_has_it(client: Client, other: Client, image_id: str) -> None:
    share(client, image_id, OTHER)
    other("CopyImage", Name="mine", SourceRegion=TOKYO, SourceImageId=AL2023.id_in(TOKYO))


def test_permissions_are_given_and_taken_in_two_ways(client: Client, image_id: str) -> None:
    share(client, image_id, OTHER, THIRD, OTHER)
    client("ModifyImageAttribute", ImageId=image_id, LaunchPermission={"Remove": [{"UserId": OTHER}]})
    assert permissions(client, image_id) == [{"UserId": THIRD}]
    old: dict[str, Any] = {"ImageId": image_id, "Attribute": "launchPermission", "UserIds": [OTHER]}
    client("ModifyImageAttribute", **old, OperationType="add")
    assert permissions(client, image_id) == [{"UserId": THIRD}, {"UserId": OTHER}]
    client("ModifyImageAttribute", **old, OperationType="remove")
    assert permissions(client, image_id) == [{"UserId": THIRD}]


def test_an_image_is_made_public_where_that_is_not_blocked(client: Client, other: Client, image_id: str) -> None:
    everybody: dict[str, Any] = {"ImageId": image_id, "LaunchPermission": {"Add": [{"Group": "all"}]}}
    assert client("GetImageBlockPublicAccessState")["ImageBlockPublicAccessState"] == "block-new-sharing"
    error = client.refused("ModifyImageAttribute", **everybody)
    assert (error.code, error.message[:32]) == ("OperationNotPermitted", "You can\u2019t publicly share this im")
    assert client("DisableImageBlockPublicAccess")["ImageBlockPublicAccessState"] == "unblocked"
    client("ModifyImageAttribute", **everybody)
    assert permissions(client, image_id) == [{"Group": "all"}]
    third = Client(client.service, THIRD, TOKYO)
    for stranger in (other, third):
        (row,) = stranger("DescribeImages", ExecutableUsers=["all"], Owners=[MAIN])["Images"]
        assert (row["ImageId"], row["Public"]) == (image_id, True)
    assert seen(client, ExecutableUsers=["all"]) == [image_id]
    enabled = client("EnableImageBlockPublicAccess", ImageBlockPublicAccessState="block-new-sharing")
    assert enabled["ImageBlockPublicAccessState"] == "block-new-sharing"
    assert seen(other, Filters=named("is-public", "true")) == [image_id]
    share(client, image_id, OTHER)  # what is public stays so
    assert permissions(client, image_id) == [{"Group": "all"}, {"UserId": OTHER}]


def test_whom_an_image_is_shared_with_may_decline(client: Client, other: Client, image_id: str) -> None:
    share(client, image_id, OTHER)
    other("CancelImageLaunchPermission", ImageId=image_id)
    assert (seen(other), permissions(client, image_id)) == ([], [])
    assert client.refused("CancelImageLaunchPermission", ImageId=image_id).code == "InvalidParameterValue"


def test_the_description_is_an_attribute(client: Client, image_id: str) -> None:
    client("ModifyImageAttribute", ImageId=image_id, Description={"Value": "new"})
    client("ModifyImageAttribute", ImageId=image_id, ImdsSupport={"Value": "v2.0"})
    assert own(client)[0]["Description"] == "new"
    client("ModifyImageAttribute", ImageId=image_id, Attribute="Description", Description={"Value": "newest"})
    assert own(client)[0]["Description"] == "newest", "as Ansible's module for images names it"
    client("ModifyImageAttribute", ImageId=image_id, Attribute="description", Value="newer")
    assert own(client)[0]["Description"] == "newer"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, "InvalidParameterCombination"),
        ({"Description": {"Value": "x"}, "Attribute": "launchPermission"}, "InvalidParameterCombination"),
        ({"Attribute": "launchPermission"}, "MissingParameter"),
        ({"Attribute": "launchPermission", "UserIds": [OTHER]}, "MissingParameter"),
        ({"Attribute": "kernel"}, "InvalidParameterValue"),
        ({"ImdsSupport": {"Value": "v1.0"}}, "InvalidParameterValue"),
        ({"LaunchPermission": {"Add": [{"UserId": "12"}]}}, "InvalidAMIAttributeItemValue"),
        ({"LaunchPermission": {"Add": [{"Group": "some"}]}}, "InvalidAMIAttributeItemValue"),
        ({"LaunchPermission": {"Add": [{"UserId": "all"}]}}, "InvalidAMIAttributeItemValue"),
        ({"LaunchPermission": {"Add": [{"OrganizationArn": "arn:aws:organizations::1:organization/o-1"}]}},
         "UnsupportedOperation"),
        ({"OrganizationArns": ["arn:aws:organizations::1:organization/o-1"]}, "UnsupportedOperation"),
        ({"LaunchPermission": {"Add": [{"UserId": OTHER}], "Remove": [{"UserId": OTHER}]}},
         "InvalidParameterCombination"),
        ({"LaunchPermission": {"Add": [{"UserId": f"{number:012}"} for number in range(1001)]}},
         "ResourceLimitExceeded"),
    ],
)  # fmt: skip
def test_what_cannot_be_modified(client: Client, image_id: str, request_: dict[str, Any], code: str) -> None:
    assert client.refused("ModifyImageAttribute", ImageId=image_id, **request_).code == code


def test_a_shared_image_is_copied_where_its_disk_is_shared_too(client: Client, other: Client, image_id: str) -> None:
    share(client, image_id, OTHER)
    there = Client(client.service, OTHER, VIRGINIA)
    copy: dict[str, Any] = {"Name": "copy", "SourceImageId": image_id, "SourceRegion": TOKYO}
    error = there.refused("CopyImage", **copy)
    assert (error.code, error.message) == (
        "InvalidRequest",
        "You do not have permission to access the storage of this ami",
    )
    snapshot_id = own(client)[0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    allow_volumes(client, snapshot_id, {"UserId": OTHER})
    copy_id = there("CopyImage", **copy)["ImageId"]
    client("DeregisterImage", ImageId=image_id, DeleteAssociatedSnapshots=True)
    run(there, make_subnet(there, make_vpc(there)), ImageId=copy_id)


def allow_volumes(client: Client, snapshot_id: str, *permissions: dict[str, str]) -> None:
    client("ModifySnapshotAttribute", SnapshotId=snapshot_id, CreateVolumePermission={"Add": list(permissions)})


def snapshots(client: Client, **request: Any) -> list[str]:
    return [row["SnapshotId"] for row in client("DescribeSnapshots", **request)["Snapshots"]]


def test_a_snapshot_is_used_by_whom_it_is_shared_with(client: Client, other: Client) -> None:
    snapshot_id = take(client, make(client, Size=7), TagSpecifications=specification("snapshot", secret="1"))
    volume: dict[str, Any] = {"AvailabilityZone": ZONE, "SnapshotId": snapshot_id}
    assert other.refused("CreateVolume", **volume).code == "InvalidSnapshot.NotFound"
    allow_volumes(client, snapshot_id, {"UserId": OTHER})
    which: dict[str, Any] = {"SnapshotId": snapshot_id, "Attribute": "createVolumePermission"}
    assert client("DescribeSnapshotAttribute", **which)["CreateVolumePermissions"] == [{"UserId": OTHER}]
    assert shown(other, other("CreateVolume", **volume)["VolumeId"])["Size"] == 7
    copy = other("CopySnapshot", SourceRegion=TOKYO, SourceSnapshotId=snapshot_id)["SnapshotId"]
    assert set(snapshots(other)) == {snapshot_id, copy}
    assert snapshots(other, OwnerIds=["self"]) == [copy]
    assert snapshots(other, OwnerIds=[MAIN]) == [snapshot_id]
    assert set(snapshots(other, RestorableByUserIds=["self"])) == {snapshot_id, copy}
    assert snapshots(other, Filters=named("tag:secret", "1")) == []
    (row,) = other("DescribeSnapshots", SnapshotIds=[snapshot_id])["Snapshots"]
    assert row.get("Tags") is None
    for action in ("DeleteSnapshot", "DescribeSnapshotAttribute", "ModifySnapshotAttribute", "ResetSnapshotAttribute"):
        request: dict[str, Any] = {"SnapshotId": snapshot_id} | (
            {} if action == "DeleteSnapshot" else {"Attribute": which["Attribute"]}
        )
        assert other.refused(action, **request).code == "AuthFailure", action
    client("ResetSnapshotAttribute", **which)
    assert snapshots(other) == [copy]
    client("ModifySnapshotAttribute", **which, OperationType="add", UserIds=[OTHER], GroupNames=["all"])
    client("ModifySnapshotAttribute", **which, OperationType="remove", GroupNames=["all"])
    assert client("DescribeSnapshotAttribute", **which)["CreateVolumePermissions"] == [{"UserId": OTHER}]


def test_public_snapshots_and_what_blocks_them(client: Client, other: Client) -> None:
    first, second = (take(client, make(client)) for _ in range(2))
    encrypted = take(client, make(client, Encrypted=True, KmsKeyId="alias/shared"))
    allow_volumes(client, first, {"Group": "all"})
    assert snapshots(other) == snapshots(other, RestorableByUserIds=["all"]) == [first]
    everybody: dict[str, Any] = {"CreateVolumePermission": {"Add": [{"Group": "all"}]}}
    assert client.refused("ModifySnapshotAttribute", SnapshotId=encrypted, **everybody).code == "OperationNotPermitted"
    client("EnableSnapshotBlockPublicAccess", State="block-new-sharing")
    assert client.refused("ModifySnapshotAttribute", SnapshotId=second, **everybody).code == "OperationNotPermitted"
    assert snapshots(other) == [first]
    client("EnableSnapshotBlockPublicAccess", State="block-all-sharing")
    assert snapshots(other) == []
    client("DisableSnapshotBlockPublicAccess")
    assert snapshots(other) == [first]


def test_a_snapshot_is_shared_under_a_key_that_others_can_use(client: Client, other: Client) -> None:
    of_awss_key = take(client, make(client, Encrypted=True))
    somebody: dict[str, Any] = {"CreateVolumePermission": {"Add": [{"UserId": OTHER}]}}
    error = client.refused("ModifySnapshotAttribute", SnapshotId=of_awss_key, **somebody)
    assert (error.code, error.message) == (
        "OperationNotPermitted",
        "Encrypted snapshots with EBS default key cannot be shared",
    )
    of_own_key = take(client, make(client, Encrypted=True, KmsKeyId="alias/shared"))
    client("ModifySnapshotAttribute", SnapshotId=of_own_key, **somebody)
    assert snapshots(other) == [of_own_key]


def test_nor_is_an_image_of_such_a_snapshot(client: Client, other: Client, image_id: str) -> None:
    (image,) = own(client)

    def encrypted(key: str, name: str) -> dict[str, Any]:
        copy = client(
            "CopySnapshot", SourceRegion=TOKYO, SourceSnapshotId=snapshot_of(image), Encrypted=True, KmsKeyId=key
        )
        made = client("RegisterImage", **registration(copy["SnapshotId"], Name=name))["ImageId"]
        return {"ImageId": made, "LaunchPermission": {"Add": [{"UserId": OTHER}]}}

    of_awss_key = encrypted(f"arn:aws:kms:{TOKYO}:{MAIN}:alias/aws/ebs", "one")
    assert client.refused("ModifyImageAttribute", **of_awss_key).code == "InvalidParameter"
    of_own_key = encrypted("alias/shared", "two")
    client("ModifyImageAttribute", **of_own_key)
    assert seen(other) == [of_own_key["ImageId"]]
