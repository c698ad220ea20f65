"""The credentials of an instance's role."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from realvpc.api.core.call import Credential
from realvpc.api.core.errors import AwsError
from realvpc.clock import Clock
from tests.api.conftest import START
from tests.api.policies import KEY_ID, policy
from tests.api.users import As

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


class TestConditionsOfDelivery:
    """IAM guide, "AWS global condition context keys", properties of a role session; EC2 guide, "Work with instance
    metadata": credentials that IMDSv1 delivered are of no use where a policy denies it."""

    @pytest.fixture
    def world(self, clock: Clock) -> World:
        return World(clock, policies=True)

    @pytest.fixture
    def me(self, launch: Launch, profile: str) -> str:
        return launch(IamInstanceProfile={"Arn": profile}, MetadataOptions={"HttpTokens": "optional"})

    @staticmethod
    def as_instance(world: World, me: str, *, with_token: bool = True) -> As:
        path = f"/latest/meta-data/{CREDENTIALS}"
        held = (world.read(me, path) if with_token else world.ask(me, path)).json
        return As(world.service, held["AccessKeyId"], held["Token"])

    @staticmethod
    def give(world: World, *statements: dict[str, Any]) -> None:
        world.client("PutRolePolicy", of="iam", RoleName="worker", PolicyName="own", PolicyDocument=policy(*statements))

    def codes(self, one: As) -> list[str]:
        calls = (("DescribeVpcs", "ec2"), ("DescribeParameters", "ssm"), ("ListHostedZones", "route53"))
        return [self.code(one, action, of) for action, of in calls]

    @staticmethod
    def code(one: As, action: str, of: str) -> str:
        try:
            one(action, of=of)
        except AwsError as error:
            return error.code
        return ""

    def test_credentials_that_came_without_a_token_can_be_denied(self, world: World, me: str) -> None:
        v1, v2 = self.as_instance(world, me, with_token=False), self.as_instance(world, me)
        self.give(world, {}, {"Effect": "Deny", "Condition": {"NumericLessThan": {"ec2:RoleDelivery": "2.0"}}})
        assert self.codes(v2) == ["", "", ""]
        assert self.codes(v1) == ["UnauthorizedOperation", "AccessDeniedException", "AccessDenied"]

    def test_the_instance_is_told_to_every_service(self, world: World, me: str, launch: Launch, profile: str) -> None:
        other = launch(IamInstanceProfile={"Arn": profile})
        self.give(world, {"Condition": {"ArnLike": {"ec2:SourceInstanceARN": f"arn:aws:ec2:*:*:instance/{me}"}}})
        assert self.codes(self.as_instance(world, me)) == ["", "", ""]
        assert "" not in self.codes(self.as_instance(world, other))

    def test_where_it_is_told_too(self, world: World, me: str) -> None:
        (row,) = world.service.state.network.interfaces_of(me)
        address = str(row.private_address)
        here = {"aws:Ec2InstanceSourceVpc": row.vpc_id, "aws:Ec2InstanceSourcePrivateIPv4": address}
        self.give(world, {"Condition": {"StringEquals": here}})
        assert self.codes(self.as_instance(world, me)) == ["", "", ""]
        self.give(world, {"Condition": {"StringEquals": here | {"aws:Ec2InstanceSourceVpc": "vpc-1"}}})
        assert "" not in self.codes(self.as_instance(world, me))

    def test_others_have_no_such_keys(self, world: World) -> None:
        instances = {"StringNotEquals": {"aws:Ec2InstanceSourceVpc": "${aws:SourceVpc}"},
                     "Null": {"ec2:SourceInstanceARN": "false"}}  # fmt: skip
        old = {"NumericLessThan": {"ec2:RoleDelivery": "2.0"}}
        denied = [{"Effect": "Deny", "Condition": each} for each in (instances, old)]
        world.client("PutUserPolicy", of="iam", UserName="ann", PolicyName="own", PolicyDocument=policy({}, *denied))
        assert self.codes(As(world.service, KEY_ID)) == ["", "", ""]

    def test_a_role_that_the_instance_assumes_has_none_of_its_own(self, world: World, me: str) -> None:
        self.give(world, {})
        trusted = trust("ec2.amazonaws.com").replace('"Service": "ec2.amazonaws.com"', '"AWS": "*"')
        arn = world.client("CreateRole", of="iam", RoleName="next", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        denying = {"Effect": "Deny", "Condition": {"Null": {"ec2:SourceInstanceARN": "false"}}}
        world.client("PutRolePolicy", of="iam", RoleName="next", PolicyName="own", PolicyDocument=policy({}, denying))
        got = self.as_instance(world, me)("AssumeRole", of="sts", RoleArn=arn, RoleSessionName=me)["Credentials"]
        assert self.codes(As(world.service, got["AccessKeyId"], got["SessionToken"])) == ["", "", ""]
