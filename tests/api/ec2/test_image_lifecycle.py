"""Images that are deprecated, disabled, or protected from being deregistered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realvpc.clock import Clock
from realvpc.net.images import AL2023

from ..build import make_subnet, make_vpc
from ..conftest import OTHER, START, TOKYO, Client
from .test_image import add, own
from .test_run_instances import run
from .test_sharing import permissions, seen, share


@pytest.fixture
def other(client: Client) -> Client:
    return Client(client.service, OTHER, TOKYO)


@pytest.fixture
def image_id(client: Client) -> str:
    """Of an image that is shared with the other account."""
    add(client.service)
    (image,) = own(client)
    image_id: str = image["ImageId"]
    share(client, image_id, OTHER)
    return image_id


def test_a_deprecated_image_is_found_by_its_owner_and_by_who_asks_for_such(
    client: Client, other: Client, image_id: str, clock: Clock
) -> None:
    at = START + timedelta(hours=1, seconds=29)
    client("EnableImageDeprecation", ImageId=image_id, DeprecateAt=at)
    assert own(client)[0]["DeprecationTime"] == "2026-11-22T10:30:00.000Z"
    assert seen(other) == [image_id], "not yet"
    clock.offset = timedelta(hours=1)
    assert seen(other) == []
    assert seen(other, IncludeDeprecated=True) == seen(client) == [image_id]
    run(other, make_subnet(other, make_vpc(other)), ImageId=image_id)
    client("DisableImageDeprecation", ImageId=image_id)
    assert seen(other) == [image_id]
    assert own(client)[0].get("DeprecationTime") is None


def test_a_disabled_image_is_launched_by_nobody_and_shared_with_nobody(
    client: Client, other: Client, image_id: str
) -> None:
    launch: dict[str, Any] = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1}
    launch["SubnetId"] = make_subnet(client, make_vpc(client))
    assert client("DisableImage", ImageId=image_id)["Return"] is True
    assert own(client) == []
    assert [row["State"] for row in own(client, IncludeDisabled=True)] == ["disabled"]
    assert client.refused("RunInstances", **launch).code == "InvalidAMIID.Unavailable"
    assert (seen(other, IncludeDisabled=True), permissions(client, image_id)) == ([], [])
    add_other = {"Add": [{"UserId": OTHER}]}
    refused = client.refused("ModifyImageAttribute", ImageId=image_id, LaunchPermission=add_other)
    assert refused.code == "InvalidAMIID.Unavailable"
    for _ in range(2):
        client("EnableImage", ImageId=image_id)
    client("RunInstances", **launch)
    assert seen(other) == []


def test_a_protected_image_is_not_deregistered(client: Client, image_id: str, clock: Clock) -> None:
    enabled = client("EnableImageDeregistrationProtection", ImageId=image_id)
    assert enabled["Return"] == own(client)[0]["DeregistrationProtection"] == "enabled-without-cooldown"
    assert client.refused("DeregisterImage", ImageId=image_id).code == "OperationNotPermitted"
    enabled = client("EnableImageDeregistrationProtection", ImageId=image_id, WithCooldown=True)
    assert enabled["Return"] == "enabled-with-cooldown"
    client("DisableImageDeregistrationProtection", ImageId=image_id)
    client("DisableImageDeregistrationProtection", ImageId=image_id)
    clock.offset = timedelta(hours=23, minutes=59)
    assert client.refused("DeregisterImage", ImageId=image_id).code == "OperationNotPermitted"
    clock.offset = timedelta(hours=24)
    client("DeregisterImage", ImageId=image_id)
    assert own(client) == []


def test_a_protection_without_a_cooldown_ends_at_once(client: Client, image_id: str) -> None:
    client("EnableImageDeregistrationProtection", ImageId=image_id, WithCooldown=True)
    client("EnableImageDeregistrationProtection", ImageId=image_id)
    assert client("DisableImageDeregistrationProtection", ImageId=image_id)["Return"] == "disabled"
    client("DeregisterImage", ImageId=image_id)


@pytest.mark.parametrize(
    "action",
    [
        "DisableImage",
        "DisableImageDeprecation",
        "DisableImageDeregistrationProtection",
        "EnableImage",
        "EnableImageDeprecation",
        "EnableImageDeregistrationProtection",
    ],
)
def test_what_is_not_the_callers(client: Client, other: Client, image_id: str, action: str) -> None:
    more: dict[str, Any] = {"DeprecateAt": START + timedelta(days=1)} if action == "EnableImageDeprecation" else {}
    assert other.refused(action, ImageId=image_id, **more).code == "AuthFailure"
    assert client.refused(action, ImageId=AL2023.id_in(TOKYO), **more).code == "AuthFailure"
    assert client.refused(action, ImageId="ami-00000000000000000", **more).code == "InvalidAMIID.NotFound"


@pytest.mark.parametrize("after", [timedelta(minutes=-1), timedelta(days=3651)])
def test_when_an_image_cannot_be_deprecated(client: Client, image_id: str, after: timedelta) -> None:
    error = client.refused("EnableImageDeprecation", ImageId=image_id, DeprecateAt=START + after)
    assert error.code == "InvalidParameterValue"
