"""Quotas as the operator sees and raises them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.running import REGION, Running

pytestmark = pytest.mark.e2e


def test_an_account_begins_as_on_aws_and_is_given_more_at_once(new_service: Callable[..., Running]) -> None:
    service = new_service()
    service("up", "--listen", f"127.0.0.1:{service.port}", "--fabric", "none")
    ec2 = service.client("ec2")
    for _ in range(4):  # and the default VPC
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    with pytest.raises(ClientError, match="VpcLimitExceeded"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert "VPCs per Region: 6" in service("quotas", "L-F678F1CE", "6").err
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    service("down")
    service("up")
    listed = {each["code"]: each for each in json.loads(service("quotas", "--json").out)}
    assert (listed["L-F678F1CE"]["value"], listed["L-F678F1CE"]["default"]) == (6, 5)
    others = {each["code"]: each for each in json.loads(service("quotas", "--region", "eu-west-1", "--json").out)}
    assert others["L-F678F1CE"]["value"] == 5
    service("quotas", "vpc/L-F678F1CE", "--reset")
    with pytest.raises(ClientError, match="VpcLimitExceeded"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")


def test_what_aws_never_gives_and_what_does_not_exist_is_refused(service: Running) -> None:
    assert "to at most 125" in service("quotas", "L-7E9ECCDB", "126", code=1).err
    assert "there is no quota" in service("quotas", "L-00000000", "1", code=1).err
    assert "there is no quota" in service("quotas", "L-00000000", code=1).err
    assert "there is no account" in service("quotas", "--account", "third", code=1).err
    assert "there is no Region" in service("quotas", "--region", "mars-1", code=1).err
    assert REGION in service("quotas", "--region", "mars-1", code=1).err


def test_one_quota_is_shown_alone(service: Running) -> None:
    (shown,) = json.loads(service("quotas", "L-F678F1CE", "--json").out)
    assert (shown["name"], shown["value"]) == ("VPCs per Region", 1000)
    assert "VPCs per Region" in service("quotas", "VPCs per Region").out


def test_suites_with_keys_of_their_own_meet_none_of_the_small_ones(new_service: Callable[..., Running]) -> None:
    service = new_service()
    service("up", "--listen", f"127.0.0.1:{service.port}", "--fabric", "none", "--credentials", "any")
    listed = {each["code"]: each["value"] for each in json.loads(service("quotas", "--json").out)}
    assert listed["L-F678F1CE"] == 1000
    assert "VPCs per Region" in service("quotas").out
