"""Default VPCs as clients find them, and as the operator switches them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.running import REGION, Running

pytestmark = pytest.mark.e2e

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def default_vpcs(service: Running, account: str = "main") -> list[str]:
    found = service.client("ec2", "--account", account).describe_vpcs(
        Filters=[{"Name": "isDefault", "Values": ["true"]}]
    )
    return [vpc["VpcId"] for vpc in found["Vpcs"]]


def shown(service: Running) -> dict[str, Any]:
    """What the operator is shown, by account."""
    return {each["account"]: each for each in json.loads(service("default-vpc", "--json").out)}


def test_a_service_starts_without_and_a_client_finds_one(service: Running) -> None:
    assert service.status()["resources"]["Vpc"] == 0
    ec2 = service.client("ec2")
    launched = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]
    assert [launched["VpcId"]] == default_vpcs(service)
    service.kill("api")
    service("up")
    assert [launched["VpcId"]] == default_vpcs(service)
    assert shown(service)["main"]["vpcs"] == {REGION: launched["VpcId"]}
    assert shown(service)["other"]["vpcs"] == {}
    assert launched["VpcId"] in service("default-vpc").out


def test_an_account_is_switched_off_and_on_again(service: Running) -> None:
    assert "default VPC of other: off" in service("default-vpc", "off", "--account", "other").err
    assert default_vpcs(service, "other") == []
    with pytest.raises(ClientError, match="VPCIdNotSpecified"):
        service.client("ec2", "--account", "other").create_security_group(GroupName="web", Description="web")
    service("down")
    service("up")
    assert default_vpcs(service, "other") == []
    assert (shown(service)["other"]["default_vpc"], shown(service)["other"]["own"]) == ("off", True)
    assert "default VPC of other: on" in service("default-vpc", "--reset", "--account", "other").err
    assert len(default_vpcs(service, "other")) == 1


def test_a_service_without_stays_without_until_it_is_started_with(new_service: Callable[..., Running]) -> None:
    service = new_service()
    service.up("--fabric", "none", "--default-vpc", "off")
    assert default_vpcs(service) == []
    assert "is up with --default-vpc off" in service("up", "--default-vpc", "on", code=1).err
    service("default-vpc", "on", "--account", "other")
    assert len(default_vpcs(service, "other")) == 1
    service("down")
    service("up")
    assert default_vpcs(service) == []
    service("down")
    service("up", "--default-vpc", "on")
    assert len(default_vpcs(service)) == 1


def test_what_cannot_be_is_refused(service: Running) -> None:
    assert "there is no account third" in service("default-vpc", "off", "--account", "third", code=1).err
    service("default-vpc", "off", "--reset", code=2)
    service("default-vpc", "maybe", code=2)
