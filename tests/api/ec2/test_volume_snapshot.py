"""Snapshots of volumes, and what an account sets for both."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_subnet, make_vpc, named, specification
from ..conftest import VIRGINIA, Client
from .test_run_instances import run
from .test_volume import ZONE, make, shown

KEY = "arn:aws:kms:ap-northeast-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def take(client: Client, volume_id: str, **request: Any) -> str:
    snapshot_id: str = client("CreateSnapshot", VolumeId=volume_id, **request)["SnapshotId"]
    return snapshot_id


def snapshot(client: Client, snapshot_id: str) -> dict[str, Any]:
    (row,) = client("DescribeSnapshots", SnapshotIds=[snapshot_id])["Snapshots"]
    return dict(row)


def test_a_snapshot_is_pending_in_the_answer_and_then_completed(client: Client) -> None:
    volume_id = make(client, Size=20)
    made = client(
        "CreateSnapshot", VolumeId=volume_id, Description="d", TagSpecifications=specification("snapshot", a="b")
    )
    assert (made["State"], made["VolumeId"], made["VolumeSize"]) == ("pending", volume_id, 20)
    row = snapshot(client, made["SnapshotId"])
    assert (row["State"], row["Progress"], row["Description"]) == ("completed", "100%", "d")
    found = client("DescribeSnapshots", Filters=named("volume-id", volume_id))["Snapshots"]
    assert [each["SnapshotId"] for each in found] == [made["SnapshotId"]]
    client("DeleteVolume", VolumeId=volume_id)
    again = make(client, Size=None, SnapshotId=made["SnapshotId"])
    assert (shown(client, again)["Size"], shown(client, again)["SnapshotId"]) == (20, made["SnapshotId"])
    error = client.refused("CreateVolume", AvailabilityZone=ZONE, Size=5, SnapshotId=made["SnapshotId"])
    assert error.code == "InvalidParameterValue"
    client("DeleteSnapshot", SnapshotId=made["SnapshotId"])
    assert client.refused("DeleteSnapshot", SnapshotId=made["SnapshotId"]).code == "InvalidSnapshot.NotFound"


def test_no_image_is_made_of_what_is_a_record_alone(client: Client, as_account: Any) -> None:
    first = take(client, make(client))
    copy = as_account(region=VIRGINIA)("CopySnapshot", SourceRegion=client.region, SourceSnapshotId=first)["SnapshotId"]
    for of, snapshot_id in ((client, first), (as_account(region=VIRGINIA), copy)):
        mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}
        error = of.refused("RegisterImage", Name="image", RootDeviceName="/dev/xvda", BlockDeviceMappings=[mapping])
        assert error.code == "UnsupportedOperation"


def test_all_volumes_of_an_instance_at_once(client: Client) -> None:
    (instance,) = run(
        client,
        make_subnet(client, make_vpc(client)),
        BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}],
        TagSpecifications=specification("volume", Name="v"),
    )
    wanted = {"InstanceId": instance["InstanceId"]}
    rows = client("CreateSnapshots", InstanceSpecification=wanted, CopyTagsFromSource="volume")["Snapshots"]
    assert sorted(row["VolumeSize"] for row in rows) == [5, 8]
    assert all(row["Tags"] == [{"Key": "Name", "Value": "v"}] for row in rows)
    alone = client("CreateSnapshots", InstanceSpecification=wanted | {"ExcludeBootVolume": True})["Snapshots"]
    assert [row["VolumeSize"] for row in alone] == [5]
    other = make(client)
    error = client.refused("CreateSnapshots", InstanceSpecification=wanted | {"ExcludeDataVolumeIds": [other]})
    assert error.code == "InvalidParameterValue"


def test_snapshots_are_limited(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    volume_id = make(client)
    take(client, volume_id)
    monkeypatch.setattr("realvpc.api.core.context.Context.quota", lambda self, quota, owner=None: 1)
    assert client.refused("CreateSnapshot", VolumeId=volume_id).code == "SnapshotLimitExceeded"


def test_an_account_may_have_all_its_new_volumes_encrypted(client: Client) -> None:
    assert client("GetEbsEncryptionByDefault")["EbsEncryptionByDefault"] is False
    plain = make(client)
    assert client("EnableEbsEncryptionByDefault")["EbsEncryptionByDefault"] is True
    assert client("GetEbsEncryptionByDefault")["EbsEncryptionByDefault"] is True
    managed = shown(client, make(client))["KmsKeyId"]
    assert managed.startswith(f"arn:aws:kms:{client.region}:{client.account}:key/")
    assert client("GetEbsDefaultKmsKeyId")["KmsKeyId"] == "alias/aws/ebs"
    client("ModifyEbsDefaultKmsKeyId", KmsKeyId=KEY)
    encrypted = make(client)
    assert shown(client, encrypted)["KmsKeyId"] == KEY
    assert snapshot(client, take(client, encrypted))["KmsKeyId"] == KEY
    (instance,) = run(client, make_subnet(client, make_vpc(client)))
    root = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert shown(client, root)["Encrypted"] is True
    client("ResetEbsDefaultKmsKeyId")
    client("DisableEbsEncryptionByDefault")
    assert shown(client, make(client))["Encrypted"] is shown(client, plain)["Encrypted"] is False
    of_encrypted = make(client, SnapshotId=take(client, encrypted))
    assert shown(client, of_encrypted)["KmsKeyId"] == KEY
    by_alias = make(client, Encrypted=True, KmsKeyId="alias/aws/ebs")
    assert shown(client, by_alias)["KmsKeyId"] == managed


def test_public_access_to_snapshots_is_blocked_and_unblocked(client: Client) -> None:
    assert client("GetSnapshotBlockPublicAccessState")["State"] == "unblocked"
    assert client("EnableSnapshotBlockPublicAccess", State="block-all-sharing")["State"] == "block-all-sharing"
    assert client("GetSnapshotBlockPublicAccessState")["State"] == "block-all-sharing"
    assert client.refused("EnableSnapshotBlockPublicAccess", State="unblocked").code == "InvalidParameterValue"
    assert client("DisableSnapshotBlockPublicAccess")["State"] == "unblocked"
