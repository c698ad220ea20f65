"""Network interfaces that are attached to instances and detached, while these run or are stopped."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.machine_report import interfaces_settled, machine_up
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.net.network_interface import DETACHED_VISIBLE_FOR

from ..build import make_subnet, make_vpc, named
from ..conftest import MAIN, TOKYO, Client, new_service
from .test_network_interface import make, one
from .test_run_instances import described, run


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client))


def attach(client: Client, interface: dict[str, Any], instance: dict[str, Any], index: int = 1) -> str:
    attachment_id: str = client(
        "AttachNetworkInterface",
        NetworkInterfaceId=interface["NetworkInterfaceId"],
        InstanceId=instance["InstanceId"],
        DeviceIndex=index,
    )["AttachmentId"]
    return attachment_id


def test_an_instance_shows_what_is_attached_to_it(client: Client, subnet_id: str) -> None:
    interface, (instance,) = make(client, subnet_id), run(client, subnet_id)
    attachment_id = attach(client, interface, instance)
    shown = one(client, interface["NetworkInterfaceId"])
    assert shown["Status"] == "in-use"
    assert (shown["Attachment"]["AttachmentId"], shown["Attachment"]["Status"]) == (attachment_id, "attached")
    assert (shown["Attachment"]["DeviceIndex"], shown["Attachment"]["DeleteOnTermination"]) == (1, False)
    (after,) = described(client, instance["InstanceId"])
    assert [row["Attachment"]["DeviceIndex"] for row in after["NetworkInterfaces"]] == [0, 1]
    found = client("DescribeNetworkInterfaces", Filters=named("attachment.attachment-id", attachment_id))
    assert [row["NetworkInterfaceId"] for row in found["NetworkInterfaces"]] == [interface["NetworkInterfaceId"]]


def test_detached_it_is_free_again(client: Client, clock: Clock, subnet_id: str) -> None:
    interface, (instance,) = make(client, subnet_id), run(client, subnet_id)
    for force in (False, True):
        attachment_id = attach(client, interface, instance)
        client("DetachNetworkInterface", AttachmentId=attachment_id, Force=force)
        shown = one(client, interface["NetworkInterfaceId"])
        assert (shown["Status"], shown["Attachment"]["Status"]) == ("in-use", "detached"), "Terraform waits for it"
        found = client("DescribeNetworkInterfaces", Filters=named("attachment.attachment-id", attachment_id))
        assert found["NetworkInterfaces"] == [shown]
        error = client.refused("DetachNetworkInterface", AttachmentId=attachment_id)
        assert error.code == "InvalidAttachmentID.NotFound"
        clock.offset += DETACHED_VISIBLE_FOR
        shown = one(client, interface["NetworkInterfaceId"])
        assert (shown["Status"], shown["Attachment"]) == ("available", None), "what Ansible's target waits for"
    assert len(described(client, instance["InstanceId"])[0]["NetworkInterfaces"]) == 1
    client("DeleteNetworkInterface", NetworkInterfaceId=interface["NetworkInterfaceId"])


def test_an_attached_interface_outlives_its_instance_unless_it_shall_not(client: Client, subnet_id: str) -> None:
    kept, doomed, (instance,) = (
        make(client, subnet_id),
        make(client, subnet_id),
        run(client, subnet_id, InstanceType="t3.small"),
    )
    attach(client, kept, instance, 1)
    attachment_id = attach(client, doomed, instance, 2)
    client(
        "ModifyNetworkInterfaceAttribute",
        NetworkInterfaceId=doomed["NetworkInterfaceId"],
        Attachment={"AttachmentId": attachment_id, "DeleteOnTermination": True},
    )
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    assert one(client, kept["NetworkInterfaceId"])["Status"] == "available"
    error = client.refused("DescribeNetworkInterfaces", NetworkInterfaceIds=[doomed["NetworkInterfaceId"]])
    assert error.code == "InvalidNetworkInterfaceID.NotFound"


def test_stop_and_start_keep_interfaces_and_addresses(client: Client, subnet_id: str) -> None:
    interface, (instance,) = make(client, subnet_id), run(client, subnet_id)
    client("StopInstances", InstanceIds=[instance["InstanceId"]])
    attach(client, interface, instance)
    client("StartInstances", InstanceIds=[instance["InstanceId"]])
    (after,) = described(client, instance["InstanceId"])
    addresses = [row["PrivateIpAddress"] for row in after["NetworkInterfaces"]]
    assert addresses == [instance["PrivateIpAddress"], interface["PrivateIpAddress"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DeviceIndex": 0}, "InvalidParameterValue"),
        ({"DeviceIndex": 64}, "InvalidParameterValue"),
        ({"DeviceIndex": -1}, "InvalidParameterValue"),
        ({"NetworkCardIndex": 1}, "InvalidParameterValue"),
        ({"InstanceId": "i-00000000000000001"}, "InvalidInstanceID.NotFound"),
        ({"NetworkInterfaceId": "eni-00000000000000001"}, "InvalidNetworkInterfaceID.NotFound"),
        ({"EnaQueueCount": 2}, "UnsupportedOperation"),
    ],
)
def test_what_cannot_be_attached(client: Client, subnet_id: str, changes: dict[str, Any], code: str) -> None:
    interface, (instance,) = make(client, subnet_id), run(client, subnet_id)
    request: dict[str, Any] = {
        "NetworkInterfaceId": interface["NetworkInterfaceId"],
        "InstanceId": instance["InstanceId"],
        "DeviceIndex": 1,
    }
    assert client.refused("AttachNetworkInterface", **request | changes).code == code


def test_an_instance_has_as_many_interfaces_as_its_type(client: Client, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id)
    more = [make(client, subnet_id) for _ in range(2)]
    attach(client, more[0], instance)
    for interface, index, code in (
        (more[1], 1, "InvalidParameterValue"),
        (more[1], 2, "AttachmentLimitExceeded"),
        (more[0], 2, "InvalidNetworkInterface.InUse"),
    ):
        error = client.refused(
            "AttachNetworkInterface",
            NetworkInterfaceId=interface["NetworkInterfaceId"],
            InstanceId=instance["InstanceId"],
            DeviceIndex=index,
        )
        assert error.code == code
    wide = make(client, subnet_id, SecondaryPrivateIpAddressCount=2)
    (other,) = run(client, subnet_id)
    error = client.refused(
        "AttachNetworkInterface",
        NetworkInterfaceId=wide["NetworkInterfaceId"],
        InstanceId=other["InstanceId"],
        DeviceIndex=1,
    )
    assert (error.code, error.message) == (
        "PrivateIpAddressLimitExceeded",
        "Number of private addresses will exceed limit.",
    )


def test_an_interface_stays_in_its_zone(client: Client, subnet_id: str) -> None:
    vpc_id = one(client, make(client, subnet_id)["NetworkInterfaceId"])["VpcId"]
    there = make_subnet(client, vpc_id, "10.20.16.0/20", AvailabilityZone=f"{TOKYO}c")
    interface, (instance,) = make(client, there), run(client, subnet_id)
    error = client.refused(
        "AttachNetworkInterface",
        NetworkInterfaceId=interface["NetworkInterfaceId"],
        InstanceId=instance["InstanceId"],
        DeviceIndex=1,
    )
    assert error.code == "InvalidParameterCombination"


def test_a_primary_interface_stays(client: Client, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id)
    attachment = instance["NetworkInterfaces"][0]["Attachment"]
    error = client.refused("DetachNetworkInterface", AttachmentId=attachment["AttachmentId"], Force=True)
    assert error.code == "OperationNotPermitted"
    error = client.refused("DetachNetworkInterface", AttachmentId="eni-attach-00000000000000001")
    assert error.code == "InvalidAttachmentID.NotFound"


def test_a_launch_has_no_device_that_no_machine_can_have(client: Client, subnet_id: str) -> None:
    interfaces = [{"DeviceIndex": 0, "SubnetId": subnet_id}, {"DeviceIndex": 64, "SubnetId": subnet_id}]
    launch: dict[str, Any] = {"ImageId": "ami-00000000000000001", "MinCount": 1, "MaxCount": 1}
    assert client.refused("RunInstances", **launch, NetworkInterfaces=interfaces).code == "InvalidParameterValue"


class TestWithAHost:
    """Who runs gets and loses a device when the host says so."""

    @pytest.fixture
    def service(self, clock: Clock) -> Service:
        return new_service(clock, has_fabric=True)

    @pytest.fixture
    def client(self, service: Service) -> Client:
        return Client(service, MAIN, TOKYO)

    def test_what_comes_and_goes_is_said_by_the_host(self, client: Client, service: Service, subnet_id: str) -> None:
        interface, (instance,) = make(client, subnet_id), run(client, subnet_id)
        interface_id = interface["NetworkInterfaceId"]
        request: dict[str, Any] = {"NetworkInterfaceId": interface_id, "InstanceId": instance["InstanceId"]}
        assert client.refused("AttachNetworkInterface", **request, DeviceIndex=1).code == "IncorrectState"
        service.report(machine_up(instance["InstanceId"]), "test")

        attachment_id = attach(client, interface, instance)
        assert one(client, interface_id)["Attachment"]["Status"] == "attaching"
        service.report(interfaces_settled(frozenset({interface_id})), "test")
        assert one(client, interface_id)["Attachment"]["Status"] == "attached"
        assert not service.report(interfaces_settled(frozenset({interface_id, "eni-gone"})), "again")

        client("DetachNetworkInterface", AttachmentId=attachment_id)
        shown = one(client, interface_id)
        assert (shown["Status"], shown["Attachment"]["Status"]) == ("in-use", "detaching")
        assert client.refused("DeleteNetworkInterface", NetworkInterfaceId=interface_id).code == "InvalidParameterValue"
        assert client.refused("DetachNetworkInterface", AttachmentId=attachment_id).code == "IncorrectState"
        service.report(interfaces_settled(frozenset({interface_id})), "test")
        assert one(client, interface_id)["Attachment"]["Status"] == "detached"

    def test_by_force_nobody_waits_for_the_host(self, client: Client, service: Service, subnet_id: str) -> None:
        interface, (instance,) = make(client, subnet_id), run(client, subnet_id)
        service.report(machine_up(instance["InstanceId"]), "test")
        attachment_id = attach(client, interface, instance)
        client("DetachNetworkInterface", AttachmentId=attachment_id)
        client("DetachNetworkInterface", AttachmentId=attachment_id, Force=True)
        assert one(client, interface["NetworkInterfaceId"])["Attachment"]["Status"] == "detached"
