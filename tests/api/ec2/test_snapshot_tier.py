"""Snapshots in the archive: moved there, restored for a while or for good, and not read meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from realvpc.clock import Clock

from ..build import named
from ..conftest import OTHER, START, VIRGINIA, Client
from .test_image import add, own
from .test_volume import ZONE, make
from .test_volume_snapshot import snapshot, take


def archive(client: Client) -> str:
    snapshot_id = take(client, make(client))
    client("ModifySnapshotTier", SnapshotId=snapshot_id, StorageTier="archive")
    return snapshot_id


def status(client: Client, snapshot_id: str) -> dict[str, Any]:
    (row,) = client("DescribeSnapshotTierStatus", Filters=named("snapshot-id", snapshot_id))["SnapshotTierStatuses"]
    return dict(row)


def test_a_snapshot_goes_to_the_archive(client: Client) -> None:
    snapshot_id = take(client, make(client))
    assert status(client, snapshot_id)["StorageTier"] == snapshot(client, snapshot_id)["StorageTier"] == "standard"
    client(
        "ModifySnapshotAttribute",
        SnapshotId=snapshot_id,
        CreateVolumePermission={"Add": [{"UserId": OTHER}]},
    )
    begun = client("ModifySnapshotTier", SnapshotId=snapshot_id, StorageTier="archive")
    assert begun == {"SnapshotId": snapshot_id, "TieringStartTime": START}
    row = status(client, snapshot_id)
    assert (row["StorageTier"], row["LastTieringOperationStatus"]) == ("archive", "archival-completed")
    assert (row["LastTieringProgress"], row["ArchivalCompleteTime"]) == (100, START)
    found = client("DescribeSnapshots", Filters=named("storage-tier", "archive"))["Snapshots"]
    assert [each["SnapshotId"] for each in found] == [snapshot_id]
    shared = client("DescribeSnapshotAttribute", SnapshotId=snapshot_id, Attribute="createVolumePermission")
    assert shared["CreateVolumePermissions"] == []


def test_what_is_archived_is_not_read(client: Client, as_account: Any) -> None:
    snapshot_id = archive(client)
    refusals = (
        client.refused("CreateVolume", AvailabilityZone=ZONE, SnapshotId=snapshot_id),
        as_account(region=VIRGINIA).refused("CopySnapshot", SourceRegion=client.region, SourceSnapshotId=snapshot_id),
        client.refused("ModifySnapshotTier", SnapshotId=snapshot_id, StorageTier="archive"),
    )
    assert {error.code for error in refusals} == {"IncorrectState"}
    client("DeleteSnapshot", SnapshotId=snapshot_id)


def test_what_is_archived_is_shared_with_nobody_else(client: Client) -> None:
    """EBS guide, "Archive Amazon EBS snapshots": sharing is disabled once a snapshot is archived."""
    snapshot_id = archive(client)
    add, remove = ({each: [{"UserId": OTHER}]} for each in ("Add", "Remove"))
    assert (
        client.refused("ModifySnapshotAttribute", SnapshotId=snapshot_id, CreateVolumePermission=add).code
        == "IncorrectState"
    )
    client("ModifySnapshotAttribute", SnapshotId=snapshot_id, CreateVolumePermission=remove)
    client("RestoreSnapshotTier", SnapshotId=snapshot_id, TemporaryRestoreDays=2)
    client("ModifySnapshotAttribute", SnapshotId=snapshot_id, CreateVolumePermission=add)


def test_a_temporary_restore_ends_by_itself(client: Client, clock: Clock) -> None:
    snapshot_id = archive(client)
    begun = client("RestoreSnapshotTier", SnapshotId=snapshot_id, TemporaryRestoreDays=2)
    assert (begun["RestoreDuration"], begun["IsPermanentRestore"]) == (2, False)
    until = START + timedelta(days=2)
    assert status(client, snapshot_id)["RestoreExpiryTime"] == until
    assert snapshot(client, snapshot_id)["RestoreExpiryTime"] == until
    assert status(client, snapshot_id)["StorageTier"] == "archive"
    client("CreateVolume", AvailabilityZone=ZONE, SnapshotId=snapshot_id)
    clock.offset = timedelta(days=2)
    assert "RestoreExpiryTime" not in snapshot(client, snapshot_id)
    error = client.refused("CreateVolume", AvailabilityZone=ZONE, SnapshotId=snapshot_id)
    assert error.code == "IncorrectState"


def test_a_snapshot_is_restored_for_good_and_archived_again(client: Client) -> None:
    snapshot_id = archive(client)
    client("RestoreSnapshotTier", SnapshotId=snapshot_id, TemporaryRestoreDays=1)
    begun = client("RestoreSnapshotTier", SnapshotId=snapshot_id, PermanentRestore=True)
    assert begun["IsPermanentRestore"]
    assert "RestoreDuration" not in begun
    row = status(client, snapshot_id)
    assert (row["StorageTier"], row["LastTieringOperationStatus"]) == ("standard", "permanent-restore-completed")
    found = client("DescribeSnapshotTierStatus", Filters=named("last-tiering-operation", "permanent-*"))
    assert [each["SnapshotId"] for each in found["SnapshotTierStatuses"]] == [snapshot_id]
    client("CreateVolume", AvailabilityZone=ZONE, SnapshotId=snapshot_id)
    client("ModifySnapshotTier", SnapshotId=snapshot_id, StorageTier="archive")


def test_what_a_restore_has_to_say(client: Client) -> None:
    snapshot_id = archive(client)
    wanted: tuple[dict[str, Any], ...] = (
        {},
        {"TemporaryRestoreDays": 5, "PermanentRestore": True},
        {"TemporaryRestoreDays": 0},
        {"TemporaryRestoreDays": 181},
    )
    codes = [client.refused("RestoreSnapshotTier", SnapshotId=snapshot_id, **more).code for more in wanted]
    assert codes == [
        "MissingParameter",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "InvalidParameterValue",
    ]
    assert client.refused("ModifySnapshotTier", SnapshotId=snapshot_id).code == "MissingParameter"
    other = take(client, make(client))
    error = client.refused("RestoreSnapshotTier", SnapshotId=other, PermanentRestore=True)
    assert error.code == "IncorrectState"


def test_the_snapshot_of_an_image_goes_there_when_the_image_is_disabled(client: Client) -> None:
    add(client.service)
    (image,) = own(client)
    snapshot_id = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    error = client.refused("ModifySnapshotTier", SnapshotId=snapshot_id, StorageTier="archive")
    assert error.code == "InvalidSnapshot.InUse"
    client("DisableImage", ImageId=image["ImageId"])
    client("ModifySnapshotTier", SnapshotId=snapshot_id, StorageTier="archive")
    assert client.refused("EnableImage", ImageId=image["ImageId"]).code == "IncorrectState"
    client("RestoreSnapshotTier", SnapshotId=snapshot_id, PermanentRestore=True)
    client("EnableImage", ImageId=image["ImageId"])
