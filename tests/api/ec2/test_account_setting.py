"""What accounts can set and nothing here sets."""

from __future__ import annotations

from realvpc.net.instance_types import INSTANCE_TYPES

from ..conftest import Client


def test_settings_are_those_of_a_new_account(client: Client) -> None:
    assert client("GetEbsEncryptionByDefault") == {"EbsEncryptionByDefault": False}
    assert client("GetEbsDefaultKmsKeyId") == {"KmsKeyId": "alias/aws/ebs"}
    assert client("GetSerialConsoleAccessStatus")["SerialConsoleAccessEnabled"] is False
    assert client("GetSnapshotBlockPublicAccessState")["State"] == "unblocked"
    assert client("GetImageBlockPublicAccessState")["ImageBlockPublicAccessState"] == "block-new-sharing"
    assert client("GetAllowedImagesSettings")["State"] == "disabled"


def test_there_is_no_data_feed(client: Client) -> None:
    error = client.refused("DescribeSpotDatafeedSubscription")
    assert (error.code, error.message) == (
        "InvalidSpotDatafeed.NotFound",
        "Spot datafeed subscription does not exist.",
    )


def test_credits_of_a_family_are_those_that_a_launch_gives(client: Client) -> None:
    for family in sorted({kind.family for kind in INSTANCE_TYPES.values() if kind.is_burstable}):
        shown = client("GetDefaultCreditSpecification", InstanceFamily=family)["InstanceFamilyCreditSpecification"]
        assert shown == {"InstanceFamily": family, "CpuCredits": INSTANCE_TYPES[f"{family}.micro"].default_cpu_credits}
    assert client.refused("GetDefaultCreditSpecification", InstanceFamily="m6i").code == "InvalidInstanceFamily"
