"""EC2 Instance Connect: a key for a minute."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.api.core.sweep import sweep
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.wire.json11 import Json11

from ..build import make_subnet, make_vpc
from ..conftest import OTHER, Client
from ..ec2.test_run_instances import run

SERVICE = "ec2-instance-connect"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPKl4wTtq2kZYZdFM9Qq5HyvMF+s3cZAoT3jqHQ9WFiO"


@pytest.fixture
def instance_id(client: Client) -> str:
    return str(run(client, make_subnet(client, make_vpc(client)))[0]["InstanceId"])


def offer(client: Client, instance_id: str, key: str = KEY, user: str = "ec2-user", **more: Any) -> dict[str, Any]:
    return client("SendSSHPublicKey", of=SERVICE, InstanceId=instance_id, InstanceOSUser=user, SSHPublicKey=key, **more)


def refused(client: Client, instance_id: str, key: str = KEY, user: str = "ec2-user", **more: Any) -> str:
    request = {"InstanceId": instance_id, "InstanceOSUser": user, "SSHPublicKey": key, **more}
    return client.refused("SendSSHPublicKey", of=SERVICE, **request).code


def good(service: Service, clock: Clock, instance_id: str) -> list[str]:
    return [row.os_user for row in service.state.inventory.keys_offered_to(instance_id) if row.is_good_at(clock.now())]


def test_a_key_is_good_for_a_minute(client: Client, service: Service, clock: Clock, instance_id: str) -> None:
    answer = offer(client, instance_id, f"{KEY} me@home")
    assert answer["Success"] is True
    assert answer["RequestId"]
    clock.offset += timedelta(seconds=59)
    assert good(service, clock, instance_id) == ["ec2-user"]
    clock.offset += timedelta(seconds=1)
    assert good(service, clock, instance_id) == []
    service.report(sweep, "sweep")
    assert not service.state.inventory.offered_keys


def test_offered_again_it_has_another_minute(client: Client, service: Service, clock: Clock, instance_id: str) -> None:
    offer(client, instance_id)
    clock.offset += timedelta(seconds=50)
    offer(client, instance_id, f"{KEY} again\nssh-rsa AAAA")
    clock.offset += timedelta(seconds=50)
    assert good(service, clock, instance_id) == ["ec2-user"]
    assert [row.line for row in service.state.inventory.offered_keys.values()] == [KEY]


def test_an_instance_takes_so_many_keys_at_a_time(client: Client, clock: Clock, instance_id: str) -> None:
    for number in range(20):
        offer(client, instance_id, user=f"user{number}")
    assert refused(client, instance_id, user="user20") == "ThrottlingException"
    offer(client, instance_id, user="user7")
    clock.offset += timedelta(seconds=60)
    offer(client, instance_id, user="user20")


@pytest.mark.parametrize("key", ["ssh-ed25519 " + "A" * 100, "x" * 80, "ssh-dss " + "A" * 100])
def test_what_is_no_key_is_refused(client: Client, instance_id: str, key: str) -> None:
    assert refused(client, instance_id, key) == "InvalidArgsException"


@pytest.mark.parametrize("user", ["", "a/b", "../x", "x" * 33, "a b", "-x", "a\n"])
def test_what_is_no_user_is_refused(user: str) -> None:
    """Before any action hears of it: a name is part of a path that instances ask for."""
    request = {"InstanceId": "i-00000000000000000", "InstanceOSUser": user, "SSHPublicKey": KEY}
    with pytest.raises(AwsError) as caught:
        Json11(SERVICE).read("SendSSHPublicKey", json.dumps(request).encode())
    assert caught.value.code == "InvalidArgsException"


def test_the_instance_is_there_and_runs_in_that_zone(client: Client, as_account: Any, instance_id: str) -> None:
    assert refused(client, "i-00000000000000000") == "EC2InstanceNotFoundException"
    assert refused(as_account(OTHER), instance_id) == "EC2InstanceNotFoundException"
    assert refused(client, instance_id, AvailabilityZone="ap-northeast-1z") == "InvalidArgsException"
    offer(client, instance_id, AvailabilityZone="ap-northeast-1a")
    client("StopInstances", InstanceIds=[instance_id])
    assert refused(client, instance_id) == "EC2InstanceStateInvalidException"


def test_there_is_no_serial_console(client: Client, instance_id: str) -> None:
    assert client("GetSerialConsoleAccessStatus")["SerialConsoleAccessEnabled"] is False
    request = {"InstanceId": instance_id, "SSHPublicKey": KEY}
    error = client.refused("SendSerialConsoleSSHPublicKey", of=SERVICE, **request)
    assert error.code == "SerialConsoleAccessDisabledException"
