"""Instances through their lives, with a data plane that reports and without one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realvpc.admin.instances import given_up
from realvpc.api.core.sweep import everything, sweep
from realvpc.api.machine_report import (
    machine_down,
    machine_failed,
    machine_removed,
    machine_up,
    machines_impaired,
)
from realvpc.api.machines import machine_specs
from realvpc.clock import Clock
from realvpc.net.machine import LinkSpec, Wanted
from realvpc.net.services import link_local_of

from ..build import ipv6_of, make_subnet, make_vpc, named
from ..conftest import MAIN, START, TOKYO, Client, new_service
from .test_run_instances import described, run


@pytest.fixture
def subnet_id(client: Client) -> str:
    subnet_id = make_subnet(client, make_vpc(client))
    client("ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    return subnet_id


@pytest.fixture
def hosted(clock: Clock) -> Client:
    """A client of a service whose machines run somewhere."""
    return Client(new_service(clock, has_fabric=True), MAIN, TOKYO)


def launch(client: Client, **more: Any) -> str:
    subnet_id = make_subnet(client, make_vpc(client))
    instance_id: str = run(client, subnet_id, **more)[0]["InstanceId"]
    return instance_id


def state(client: Client, instance_id: str) -> str:
    name: str = described(client, instance_id)[0]["State"]["Name"]
    return name


def test_stop_gives_the_public_address_back_and_start_brings_another(client: Client, subnet_id: str) -> None:
    (before,) = run(client, subnet_id)
    instance_id = before["InstanceId"]
    answer = client("StopInstances", InstanceIds=[instance_id])["StoppingInstances"]
    assert answer == [
        {
            "InstanceId": instance_id,
            "PreviousState": {"Code": 16, "Name": "running"},
            "CurrentState": {"Code": 64, "Name": "stopping"},
        }
    ]
    (stopped,) = described(client, instance_id)
    assert stopped["State"]["Name"] == "stopped"
    assert stopped["PublicIpAddress"] is None
    assert stopped["PrivateIpAddress"] == before["PrivateIpAddress"]
    assert stopped["StateTransitionReason"] == "User initiated (2026-11-22 09:30:00 GMT)"
    assert stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"

    client("StartInstances", InstanceIds=[instance_id])
    (after,) = described(client, instance_id)
    assert after["State"]["Name"] == "running"
    assert after["PublicIpAddress"] not in (None, before["PublicIpAddress"])
    assert after["StateTransitionReason"] == ""
    assert "StateReason" not in after


def test_terminate_frees_what_the_instance_had_and_is_seen_for_an_hour(
    client: Client, subnet_id: str, clock: Clock
) -> None:
    (instance,) = run(client, subnet_id)
    answer = client("TerminateInstances", InstanceIds=[instance["InstanceId"]])["TerminatingInstances"]
    assert answer[0]["CurrentState"] == {"Code": 32, "Name": "shutting-down"}
    (gone,) = described(client, instance["InstanceId"])
    assert gone["State"] == {"Code": 48, "Name": "terminated"}
    assert gone["NetworkInterfaces"] == gone["BlockDeviceMappings"] == gone["SecurityGroups"] == []
    assert "VpcId" not in gone
    volume_id = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert client.refused("DescribeVolumes", VolumeIds=[volume_id]).code == "InvalidVolume.NotFound"
    client("DeleteSubnet", SubnetId=subnet_id)
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])

    clock.offset = timedelta(hours=1)
    assert client.refused("DescribeInstances", InstanceIds=[instance["InstanceId"]]).code == (
        "InvalidInstanceID.NotFound"
    )
    client.service.report(sweep, "sweep")
    assert not client.service.state.network.instances


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("StartInstances", "The instance '{}' is not in a state from which it can be started."),
        ("StopInstances", "This instance '{}' is not in a state from which it can be stopped."),
    ],
)
def test_a_terminated_instance_is_not_asked_for_more(client: Client, action: str, message: str) -> None:
    instance_id = launch(client)
    client("TerminateInstances", InstanceIds=[instance_id])
    error = client.refused(action, InstanceIds=[instance_id])
    assert (error.code, error.message) == ("IncorrectInstanceState", message.format(instance_id))


@pytest.mark.parametrize("params", [{}, {"InstanceIds": []}])
def test_there_must_be_an_instance_to_end(client: Client, params: dict[str, Any]) -> None:
    error = client.refused("TerminateInstances", **params)
    assert (error.code, error.message) == ("InvalidParameterCombination", "No instances specified")


def test_one_bad_id_among_good_ones_changes_nothing(client: Client) -> None:
    instance_id = launch(client)
    error = client.refused("StopInstances", InstanceIds=[instance_id, "i-00000000000000001"])
    assert error.code == "InvalidInstanceID.NotFound"


def test_protected_instances_stay(client: Client) -> None:
    instance_id = launch(client, DisableApiTermination=True)
    error = client.refused("TerminateInstances", InstanceIds=[instance_id])
    assert error.code == "OperationNotPermitted"
    assert error.message == (
        f"The instance '{instance_id}' may not be terminated. "
        "Modify its 'disableApiTermination' instance attribute and try again."
    )
    client("ModifyInstanceAttribute", InstanceId=instance_id, DisableApiTermination={"Value": False})
    client("ModifyInstanceAttribute", InstanceId=instance_id, DisableApiStop={"Value": True})
    assert client.refused("StopInstances", InstanceIds=[instance_id]).code == "OperationNotPermitted"
    client("TerminateInstances", InstanceIds=[instance_id])


# -- with machines ---------------------------------------------------------------------------------------------------


def test_an_instance_is_pending_until_its_machine_is_up(hosted: Client) -> None:
    instance_id = launch(hosted)
    assert state(hosted, instance_id) == "pending"
    assert hosted.refused("StopInstances", InstanceIds=[instance_id]).code == "IncorrectInstanceState"
    assert hosted("DescribeInstanceStatus", InstanceIds=[instance_id])["InstanceStatuses"] == []
    hosted.service.report(machine_up(instance_id, 1), "test")
    assert state(hosted, instance_id) == "running"
    (status,) = hosted("DescribeInstanceStatus", InstanceIds=[instance_id])["InstanceStatuses"]
    assert status["InstanceStatus"]["Status"] == status["SystemStatus"]["Status"] == "ok"


def test_the_system_is_impaired_while_its_host_has_a_fault_of_the_instance(hosted: Client) -> None:
    sound, faulty = launch(hosted), launch(hosted)
    for instance_id in (sound, faulty):
        hosted.service.report(machine_up(instance_id, 1), "test")
    hosted.service.report(machines_impaired(frozenset({faulty, "tables"})), "test")
    (status,) = hosted("DescribeInstanceStatus", InstanceIds=[faulty])["InstanceStatuses"]
    assert status["InstanceStatus"]["Status"] == "ok"
    assert status["SystemStatus"]["Status"] == "impaired"
    (detail,) = status["SystemStatus"]["Details"]
    assert (detail["Name"], detail["Status"]) == ("reachability", "failed")
    assert "ImpairedSince" in detail
    impaired = [{"Name": "system-status.status", "Values": ["impaired"]}]
    found = hosted("DescribeInstanceStatus", Filters=impaired)["InstanceStatuses"]
    assert [each["InstanceId"] for each in found] == [faulty]
    before = hosted.service.revision
    hosted.service.report(machines_impaired(frozenset({faulty})), "test")
    assert hosted.service.revision == before, "nothing is new"
    hosted.service.report(machines_impaired(frozenset()), "test")
    assert not hosted("DescribeInstanceStatus", Filters=impaired)["InstanceStatuses"]


def test_stopping_and_shutting_down_last_until_the_machine_is_down(hosted: Client) -> None:
    instance_id = launch(hosted)
    hosted.service.report(machine_up(instance_id), "test")
    hosted("StopInstances", InstanceIds=[instance_id])
    assert state(hosted, instance_id) == "stopping"
    hosted.service.report(machine_down(instance_id, 1), "test")
    assert state(hosted, instance_id) == "stopped"
    hosted("StartInstances", InstanceIds=[instance_id])
    hosted.service.report(machine_up(instance_id, 2), "test")
    hosted("TerminateInstances", InstanceIds=[instance_id])
    assert state(hosted, instance_id) == "shutting-down"
    assert len(hosted("DescribeNetworkInterfaces")["NetworkInterfaces"]) == 1
    for news in (machine_down(instance_id, 2), machine_failed(instance_id, "x", 2)):
        hosted.service.report(news, "test")
        assert state(hosted, instance_id) == "shutting-down", "its disk is still there"
    hosted.service.report(machine_removed(instance_id), "test")
    assert state(hosted, instance_id) == "terminated"
    assert hosted("DescribeNetworkInterfaces")["NetworkInterfaces"] == []


def test_a_machine_that_cannot_start_is_seen_to_fail(hosted: Client) -> None:
    instance_id = launch(hosted)
    hosted.service.report(machine_failed(instance_id, "no space left on device", 1), "test")
    assert state(hosted, instance_id) == "shutting-down"
    assert [row.wanted for row in machine_specs(hosted.service.state)] == [Wanted.TERMINATED], "its disk goes, too"
    hosted.service.report(machine_removed(instance_id), "test")
    (gone,) = described(hosted, instance_id)
    assert gone["State"]["Name"] == "terminated"
    assert gone["StateReason"] == {
        "Code": "Server.InternalError",
        "Message": "Server.InternalError: no space left on device",
    }


def test_a_machine_that_cannot_start_again_keeps_its_disk(hosted: Client) -> None:
    instance_id = launch(hosted)
    hosted.service.report(machine_up(instance_id, 1), "test")
    hosted("StopInstances", InstanceIds=[instance_id])
    hosted.service.report(machine_down(instance_id, 1), "test")
    hosted("StartInstances", InstanceIds=[instance_id])
    hosted.service.report(machine_failed(instance_id, "no space left on device", 2), "test")
    (stopped,) = described(hosted, instance_id)
    assert stopped["State"]["Name"] == "stopped"
    assert stopped["StateReason"]["Message"] == "Server.InternalError: no space left on device"
    (told,) = given_up(hosted.service.state.network)
    assert (told["id"], "no space left on device" in told["reason"]) == (instance_id, True)
    hosted("StartInstances", InstanceIds=[instance_id])
    (spec,) = machine_specs(hosted.service.state)
    assert (spec.boot, spec.wanted) == (3, Wanted.RUNNING), "it is tried again when somebody asks"
    hosted.service.report(machine_up(instance_id, 3), "test")
    assert not given_up(hosted.service.state.network)
    assert "StateReason" not in described(hosted, instance_id)[0]


def test_one_that_ran_before_the_host_was_restarted_is_stopped_and_told_of(hosted: Client) -> None:
    """Its first boot, and its disk cannot be mounted: it is not terminated, for it has a disk to lose."""
    instance_id = launch(hosted)
    hosted.service.report(machine_up(instance_id, 1), "test")
    hosted.service.report(machine_failed(instance_id, "the host's disk is full", 1), "test")
    assert state(hosted, instance_id) == "stopped"
    assert [each["id"] for each in given_up(hosted.service.state.network)] == [instance_id]


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize(("behavior", "after"), [("stop", "stopped"), ("terminate", "terminated")])
def test_a_shutdown_from_inside(hosted: Client, behavior: str, after: str, *, heard: bool) -> None:
    """Also of a machine that was down again before anybody heard that it was up."""
    instance_id = launch(hosted, InstanceInitiatedShutdownBehavior=behavior)
    if heard:
        hosted.service.report(machine_up(instance_id), "test")
    hosted.service.report(machine_down(instance_id), "test")
    (instance,) = described(hosted, instance_id)
    assert instance["State"]["Name"] == after
    assert instance["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_news_of_an_earlier_boot_is_old(hosted: Client) -> None:
    instance_id = launch(hosted)
    hosted.service.report(machine_up(instance_id, 1), "test")
    hosted("RebootInstances", InstanceIds=[instance_id])
    hosted.service.report(machine_down(instance_id, 1), "test")
    assert state(hosted, instance_id) == "running"
    (spec,) = machine_specs(hosted.service.state)
    assert (spec.boot, spec.wanted) == (2, Wanted.RUNNING)


def test_news_of_an_instance_that_is_gone_changes_nothing(hosted: Client) -> None:
    before = hosted.service.revision
    for report in (machine_up("i-1"), machine_down("i-1"), machine_failed("i-1", "x"), machine_removed("i-1")):
        hosted.service.report(report, "test")
    assert hosted.service.revision == before


def test_a_host_is_told_what_to_run(hosted: Client) -> None:
    vpc_id = make_vpc(hosted)
    subnet_id = make_subnet(hosted, vpc_id)
    (instance,) = run(hosted, subnet_id, PrivateIpAddress="10.20.0.207", UserData="IyEvYmluL3NoCg==")
    (spec,) = machine_specs(hosted.service.state)
    interface = instance["NetworkInterfaces"][0]
    assert spec.id == instance["InstanceId"]
    assert spec.fqdn == "ip-10-20-0-207.ap-northeast-1.compute.internal"
    assert spec.links == (
        LinkSpec(
            interface_id=interface["NetworkInterfaceId"],
            mac_address=interface["MacAddress"],
            address="10.20.0.207",
            prefix_length=20,
            gateway="10.20.0.1",
            mtu=9001,
        ),
    )
    assert (spec.vcpus, spec.memory_bytes, spec.boot, spec.wanted) == (1, 1 << 30, 1, Wanted.RUNNING)
    assert spec.user_data == b"#!/bin/sh\n"
    hosted.service.report(machine_up(spec.id), "test")
    hosted("StopInstances", InstanceIds=[spec.id])
    assert [row.wanted for row in machine_specs(hosted.service.state)] == [Wanted.STOPPED]
    hosted("TerminateInstances", InstanceIds=[spec.id])
    assert [row.wanted for row in machine_specs(hosted.service.state)] == [Wanted.TERMINATED]
    hosted.service.report(machine_removed(spec.id), "test")
    assert machine_specs(hosted.service.state) == ()
    assert not hosted.service.state.tokens.remains


def test_a_host_is_told_of_secondary_addresses(hosted: Client) -> None:
    subnet_id = make_subnet(hosted, make_vpc(hosted))
    entries = [{"PrivateIpAddress": f"10.20.0.{last}", "Primary": last == 8} for last in (7, 8)]
    interface = {"DeviceIndex": 0, "SubnetId": subnet_id, "PrivateIpAddresses": entries}
    run(hosted, "", SubnetId=None, InstanceType="t3.micro", NetworkInterfaces=[interface])
    (spec,) = machine_specs(hosted.service.state)
    (link,) = spec.links
    assert (link.address, link.more_addresses) == ("10.20.0.8", ("10.20.0.7",))


@pytest.mark.parametrize("how", ["by a request", "from inside", "by a reset"])
def test_a_host_is_told_of_a_disk_that_is_left_until_it_has_removed_it(hosted: Client, how: str) -> None:
    """Even when the service is killed, or the clock goes on by days, before the host has heard of it."""
    instance_id = launch(hosted, InstanceInitiatedShutdownBehavior="terminate" if how == "from inside" else "stop")
    hosted.service.report(machine_up(instance_id), "test")
    if how != "from inside":
        hosted("StopInstances", InstanceIds=[instance_id])
    hosted.service.report(machine_down(instance_id), "test")
    if how == "by a request":
        hosted("TerminateInstances", InstanceIds=[instance_id])
    if how == "by a reset":
        hosted.service.report(everything, "reset")
    else:
        assert state(hosted, instance_id) == "terminated"
    for _ in range(2):
        assert list(hosted.service.state.tokens.remains) == [instance_id]
        hosted.service.report(everything, "reset")
    hosted.service.report(machine_removed(instance_id), "test")
    assert not hosted.service.state.tokens.remains


def test_without_a_host_nothing_is_left(client: Client, subnet_id: str) -> None:
    (row,) = run(client, subnet_id)
    client("StopInstances", InstanceIds=[row["InstanceId"]])
    client("TerminateInstances", InstanceIds=[row["InstanceId"]])
    client.service.report(everything, "reset")
    assert not client.service.state.tokens.remains


def test_what_is_listed_follows_the_states(client: Client, subnet_id: str) -> None:
    ids = [row["InstanceId"] for row in run(client, subnet_id, 3)]
    client("StopInstances", InstanceIds=ids[:1])
    stopped = client("DescribeInstances", Filters=named("instance-state-name", "stopped"))["Reservations"]
    assert [row["InstanceId"] for reservation in stopped for row in reservation["Instances"]] == ids[:1]
    assert len(client("DescribeInstanceStatus")["InstanceStatuses"]) == 2
    assert len(client("DescribeInstanceStatus", IncludeAllInstances=True)["InstanceStatuses"]) == 3
    assert described(client, ids[1])[0]["LaunchTime"] == START


def test_the_status_of_a_hundred_instances_at_most(client: Client) -> None:
    ids = [f"i-{number:017x}" for number in range(136)]
    error = client.refused("DescribeInstanceStatus", InstanceIds=ids)
    assert (error.code, error.message) == (
        "InvalidRequest",
        "136 exceeds the maximum number of instance IDs that can be specificied (100). "
        "Please specify fewer than 100 instance IDs.",
    )
    assert client.refused("DescribeInstanceStatus", InstanceIds=ids[:100]).code == "InvalidInstanceID.NotFound"


def test_a_host_is_told_of_an_ipv6_only_machine(hosted: Client) -> None:
    """Of IPv4 it is told a link-local address without a router."""
    vpc_id = make_vpc(hosted, AmazonProvidedIpv6CidrBlock=True)
    block = str(ipv6_of(hosted, vpc_id).subnet(1, 64))
    made = hosted("CreateSubnet", VpcId=vpc_id, Ipv6Native=True, Ipv6CidrBlock=block)["Subnet"]
    (instance,) = run(hosted, made["SubnetId"], InstanceType="t3.micro")
    (spec,) = machine_specs(hosted.service.state)
    (link,) = spec.links
    assert (spec.hostname, spec.name_servers) == (instance["InstanceId"], ("fd00:ec2::253",))
    assert (link.address, link.prefix_length) == (str(link_local_of(link.interface_id)), 16)
    assert (link.gateway, link.more_addresses) == (None, ())
    assert (link.ipv6_addresses, link.ipv6_prefix_length) == ((instance["Ipv6Address"],), 64)
