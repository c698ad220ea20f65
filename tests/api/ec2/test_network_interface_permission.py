"""Another account attaches a network interface that it was given the permission for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realvpc.api.ec2 import network_interface_permission

from ..build import make_subnet, make_vpc, named
from ..conftest import MAIN, OTHER, Client
from .test_network_interface import make, one
from .test_run_instances import described, run


@pytest.fixture
def other(as_account: Callable[..., Client]) -> Client:
    return as_account(OTHER)


@pytest.fixture
def interface_id(client: Client) -> str:
    found: str = make(client, make_subnet(client, make_vpc(client)))["NetworkInterfaceId"]
    return found


def permit(client: Client, interface_id: str, **changes: Any) -> dict[str, Any]:
    request: dict[str, Any] = {"AwsAccountId": OTHER, "Permission": "INSTANCE-ATTACH"}
    made: dict[str, Any] = client(
        "CreateNetworkInterfacePermission", NetworkInterfaceId=interface_id, **(request | changes)
    )["InterfacePermission"]
    return made


def instance_in_the_same_zone(client: Client, other: Client, interface_id: str) -> str:
    """Zones' names mean other zones to other accounts; their ids do not."""
    zone_id = one(client, interface_id)["AvailabilityZoneId"]
    subnet_id = make_subnet(other, make_vpc(other, "10.30.0.0/16"), "10.30.0.0/24", AvailabilityZoneId=zone_id)
    instance_id: str = run(other, subnet_id)[0]["InstanceId"]
    return instance_id


def test_a_permission_is_listed_until_it_is_taken_back(client: Client, other: Client, interface_id: str) -> None:
    made = permit(client, interface_id)
    assert made["PermissionState"] == {"State": "GRANTED"}
    assert permit(client, interface_id) == made
    assert client("DescribeNetworkInterfacePermissions")["NetworkInterfacePermissions"] == [made]
    assert other("DescribeNetworkInterfacePermissions")["NetworkInterfacePermissions"] == []
    for name, value in (("network-interface-id", interface_id), ("aws-account-id", OTHER)):
        filters = named(f"network-interface-permission.{name}", value)
        assert client("DescribeNetworkInterfacePermissions", Filters=filters)["NetworkInterfacePermissions"] == [made]
    this = {"NetworkInterfacePermissionId": made["NetworkInterfacePermissionId"]}
    assert client("DeleteNetworkInterfacePermission", **this) == {"Return": True}
    error = client.refused("DeleteNetworkInterfacePermission", **this)
    assert error.code == "InvalidPermissionID.NotFound"
    permit(client, interface_id)
    client("DeleteNetworkInterface", NetworkInterfaceId=interface_id)
    assert client("DescribeNetworkInterfacePermissions")["NetworkInterfacePermissions"] == []


def test_who_has_it_attaches_the_interface_to_an_instance_of_its_own(
    client: Client, other: Client, interface_id: str
) -> None:
    instance_id = instance_in_the_same_zone(client, other, interface_id)
    request: dict[str, Any] = {"NetworkInterfaceId": interface_id, "InstanceId": instance_id, "DeviceIndex": 1}
    assert other.refused("AttachNetworkInterface", **request).code == "InvalidNetworkInterfaceID.NotFound"
    permit(client, interface_id, Permission="EIP-ASSOCIATE")
    assert other.refused("AttachNetworkInterface", **request).code == "InvalidNetworkInterfaceID.NotFound"
    permission = permit(client, interface_id)
    attachment_id = other("AttachNetworkInterface", **request)["AttachmentId"]
    attachment = one(client, interface_id)["Attachment"]
    assert (attachment["InstanceId"], attachment["InstanceOwnerId"]) == (instance_id, OTHER)
    (shown,) = described(other, instance_id)
    assert [row["OwnerId"] for row in shown["NetworkInterfaces"]] == [OTHER, MAIN]
    this = {"NetworkInterfacePermissionId": permission["NetworkInterfacePermissionId"]}
    assert client.refused("DeleteNetworkInterfacePermission", **this).code == "OperationNotPermitted"
    client("DeleteNetworkInterfacePermission", **this, Force=True)
    other("DetachNetworkInterface", AttachmentId=attachment_id)
    assert one(client, interface_id)["Attachment"]["Status"] == "detached"
    assert other.refused("AttachNetworkInterface", **request).code == "InvalidNetworkInterfaceID.NotFound"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"AwsAccountId": None}, "MissingParameter"),
        ({"AwsAccountId": "x"}, "InvalidParameterValue"),
        ({"AwsAccountId": None, "AwsService": "ecs.amazonaws.com"}, "UnsupportedOperation"),
        ({"AwsService": "ecs.amazonaws.com"}, "InvalidParameterCombination"),
    ],
)
def test_a_permission_is_for_an_account(client: Client, interface_id: str, changes: dict[str, Any], code: str) -> None:
    request = {"AwsAccountId": OTHER, "Permission": "INSTANCE-ATTACH"} | changes
    request = {name: value for name, value in request.items() if value is not None}
    error = client.refused("CreateNetworkInterfacePermission", NetworkInterfaceId=interface_id, **request)
    assert error.code == code


def test_nobody_elses_interface_is_shared(other: Client, interface_id: str) -> None:
    request = {"NetworkInterfaceId": interface_id, "AwsAccountId": OTHER, "Permission": "INSTANCE-ATTACH"}
    assert other.refused("CreateNetworkInterfacePermission", **request).code == "InvalidNetworkInterfaceID.NotFound"


def test_an_interface_has_so_many_permissions(
    client: Client, interface_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_interface_permission, "PERMISSIONS_MAXIMUM", 2)
    for account in ("333333333333", "444444444444"):
        permit(client, interface_id, AwsAccountId=account)
    request = {"NetworkInterfaceId": interface_id, "AwsAccountId": OTHER, "Permission": "INSTANCE-ATTACH"}
    assert client.refused("CreateNetworkInterfacePermission", **request).code == "ResourceLimitExceeded"
    permit(client, interface_id, AwsAccountId="333333333333")
