"""The credentials of an instance's role."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from realvpc.api.core.call import Credential
from realvpc.clock import Clock
from tests.api.conftest import START

from .conftest import Launch, World

CREDENTIALS = "iam/security-credentials/worker"


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def profile(world: World) -> str:
    """Of a role that EC2 may assume."""
    world.client("CreateRole", of="iam", RoleName="worker", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    made = world.client("CreateInstanceProfile", of="iam", InstanceProfileName="profile")
    world.client("AddRoleToInstanceProfile", of="iam", InstanceProfileName="profile", RoleName="worker")
    arn: str = made["InstanceProfile"]["Arn"]
    return arn


@pytest.fixture
def me(launch: Launch, profile: str) -> str:
    return launch(IamInstanceProfile={"Arn": profile})


def credentials(world: World, me: str) -> dict[str, Any]:
    return world.read(me, f"/latest/meta-data/{CREDENTIALS}").json


def holder(world: World, held: dict[str, Any]) -> Credential | None:
    return world.service.credential(held["AccessKeyId"], held["Token"])


def test_an_instance_finds_the_credentials_of_its_role(world: World, me: str, profile: str) -> None:
    assert world.text(me, "iam/security-credentials/") == "worker"
    held = credentials(world, me)
    assert (held["Code"], held["Type"]) == ("Success", "AWS-HMAC")
    assert (held["LastUpdated"], held["Expiration"]) == ("2026-11-22T09:30:00Z", "2026-11-22T15:30:00Z")
    assert world.read(me, "/latest/meta-data/iam/info").json["InstanceProfileArn"] == profile
    found = holder(world, held)
    role = world.client("GetRole", of="iam", RoleName="worker")["Role"]
    assert found is not None
    assert found.secret_access_key == held["SecretAccessKey"]
    assert found.arn == f"arn:aws:sts::{world.client.account}:assumed-role/worker/{me}"
    assert found.user_id == f"{role['RoleId']}:{me}"


def test_two_instances_have_credentials_of_their_own(world: World, me: str, launch: Launch, profile: str) -> None:
    other = launch(IamInstanceProfile={"Arn": profile})
    assert credentials(world, me)["AccessKeyId"] != credentials(world, other)["AccessKeyId"]
    assert credentials(world, me) == credentials(world, me)


def test_credentials_rotate_an_hour_before_they_expire(world: World, me: str, clock: Clock) -> None:
    first = credentials(world, me)
    clock.offset = timedelta(hours=5, seconds=-1)
    assert credentials(world, me) == first
    clock.offset = timedelta(hours=5)
    second = credentials(world, me)
    assert second["AccessKeyId"] != first["AccessKeyId"]
    clock.offset = timedelta(hours=6)
    old, new = holder(world, first), holder(world, second)
    assert old is not None
    assert old.expired
    assert new is not None
    assert not new.expired
    for days in range(1, 30):
        clock.offset = timedelta(days=days, minutes=days * 7)
        left = datetime.fromisoformat(credentials(world, me)["Expiration"]) - (START + clock.offset)
        assert timedelta(hours=1) <= left <= timedelta(hours=6)


def test_without_a_profile_there_is_no_role(world: World, launch: Launch) -> None:
    assert world.read(launch(), "/latest/meta-data/iam/").status == 404


def test_what_was_taken_away_is_not_given_out_and_what_was_given_out_lasts(world: World, me: str) -> None:
    held = credentials(world, me)
    (row,) = world.client("DescribeIamInstanceProfileAssociations")["IamInstanceProfileAssociations"]
    world.client("DisassociateIamInstanceProfile", AssociationId=row["AssociationId"])
    assert world.read(me, f"/latest/meta-data/{CREDENTIALS}").status == 404
    assert holder(world, held) is not None


def test_a_profile_without_its_role_has_no_credentials(world: World, me: str) -> None:
    held = credentials(world, me)
    world.client("RemoveRoleFromInstanceProfile", of="iam", InstanceProfileName="profile", RoleName="worker")
    assert world.read(me, "/latest/meta-data/iam/security-credentials/").status == 404
    assert world.read(me, "/latest/meta-data/iam/info").json["Code"] == "Success"
    assert holder(world, held) is not None
    world.client("DeleteRole", of="iam", RoleName="worker")
    assert holder(world, held) is None
    world.client("DeleteInstanceProfile", of="iam", InstanceProfileName="profile")
    assert world.read(me, "/latest/meta-data/iam/info").json["Code"] == "InstanceProfileNotFound"


def test_a_role_that_does_not_trust_ec2_is_not_assumed(world: World, me: str) -> None:
    document = trust("lambda.amazonaws.com")
    world.client("UpdateAssumeRolePolicy", of="iam", RoleName="worker", PolicyDocument=document)
    answer = credentials(world, me)
    assert answer["Code"] == "AssumeRoleUnauthorizedAccess"
    assert "SecretAccessKey" not in answer


def test_another_profile_brings_another_roles_credentials(world: World, me: str, clock: Clock) -> None:
    world.client("CreateRole", of="iam", RoleName="other", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    world.client("CreateInstanceProfile", of="iam", InstanceProfileName="second")
    world.client("AddRoleToInstanceProfile", of="iam", InstanceProfileName="second", RoleName="other")
    (row,) = world.client("DescribeIamInstanceProfileAssociations")["IamInstanceProfileAssociations"]
    clock.offset = timedelta(hours=2)
    world.client(
        "ReplaceIamInstanceProfileAssociation",
        AssociationId=row["AssociationId"],
        IamInstanceProfile={"Name": "second"},
    )
    assert world.text(me, "iam/security-credentials/") == "other"
    updated = world.read(me, "/latest/meta-data/iam/security-credentials/other").json["LastUpdated"]
    assert updated == "2026-11-22T11:30:00Z"
