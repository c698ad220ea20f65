"""Temporary credentials, and what becomes of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from realvpc.api.core.call import Call, Caller, Credential
from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock

from ..conftest import MAIN, OTHER, START, TOKYO, Client, call, performed
from ..users import user_with_keys

KEY_ID = "AKIAEXAMPLE"
TESTER = f"arn:aws:iam::{MAIN}:user/tester"


def make_role(client: Client, principal: Any, name: str = "worker", **more: Any) -> str:
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal,
                                                     "Action": "sts:AssumeRole"}]}  # fmt: skip
    made = client("CreateRole", of="iam", RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more)
    arn: str = made["Role"]["Arn"]
    return arn


def assume(client: Client, arn: str, name: str = "me", **more: Any) -> dict[str, Any]:
    return client("AssumeRole", of="sts", RoleArn=arn, RoleSessionName=name, **more)


def holder(service: Service, credentials: dict[str, Any]) -> Credential | None:
    return service.credential(credentials["AccessKeyId"], credentials["SessionToken"])


class Session(Client):
    """A client with these credentials."""

    def __init__(self, service: Service, credentials: dict[str, Any]) -> None:
        found = holder(service, credentials)
        assert found is not None
        super().__init__(service, found.account, TOKYO)
        self._caller = Caller(found.account, TOKYO, found.arn, found.user_id, found.access_key_id)

    def __call__(self, action: str, /, *, of: str = "ec2", **params: Any) -> dict[str, Any]:
        return performed(self.service, Call(of, action, params, self._caller, "req-1"))


def test_who_assumes_a_role_is_that_role_until_the_session_ends(client: Client, service: Service, clock: Clock) -> None:
    arn = make_role(client, {"AWS": f"arn:aws:iam::{MAIN}:root"}, Path="/team/")
    made = assume(client, arn, "me")
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/worker/me"
    assert made["Credentials"]["Expiration"] == START + timedelta(hours=1)
    credential = holder(service, made["Credentials"])
    assert credential is not None
    assert credential.secret_access_key == made["Credentials"]["SecretAccessKey"]
    assert not credential.expired
    assert Session(service, made["Credentials"])("GetCallerIdentity", of="sts") == {
        "UserId": made["AssumedRoleUser"]["AssumedRoleId"],
        "Account": MAIN,
        "Arn": made["AssumedRoleUser"]["Arn"],
    }
    clock.offset = timedelta(hours=1)
    credential = holder(service, made["Credentials"])
    assert credential is not None
    assert credential.expired


def test_every_session_has_credentials_of_its_own(client: Client) -> None:
    arn = make_role(client, {"AWS": MAIN})
    assert len({assume(client, arn)["Credentials"]["AccessKeyId"] for _ in range(5)}) == 5


def test_an_access_key_id_is_nothing_without_its_own_token(client: Client, service: Service) -> None:
    arn = make_role(client, {"AWS": MAIN})
    one, two = (assume(client, arn)["Credentials"] for _ in range(2))
    assert service.credential(one["AccessKeyId"], None) is None
    assert service.credential(one["AccessKeyId"], two["SessionToken"]) is None
    assert service.credential(KEY_ID, one["SessionToken"]) is None


def test_sessions_end_with_the_role_even_if_another_gets_its_name(client: Client, service: Service) -> None:
    arn = make_role(client, {"AWS": MAIN})
    credentials = assume(client, arn)["Credentials"]
    client("DeleteRole", of="iam", RoleName="worker")
    assert holder(service, credentials) is None
    assert make_role(client, {"AWS": MAIN}) == arn
    assert holder(service, credentials) is None


def test_a_role_of_another_account_may_be_assumed_where_it_trusts_this_one(client: Client, service: Service) -> None:
    there = Client(service, OTHER, TOKYO)
    user_with_keys(service, "tester", KEY_ID, user_id="AIDAEXAMPLE")
    arn = make_role(there, {"AWS": TESTER})
    session = Session(service, assume(client, arn)["Credentials"])
    assert session("GetCallerIdentity", of="sts")["Account"] == OTHER
    third = make_role(there, {"AWS": arn}, "next")
    assert assume(session, third)["AssumedRoleUser"]["Arn"].endswith(":assumed-role/next/me")
    assert session.refused(
        "AssumeRole", of="sts", RoleArn=third, RoleSessionName="me", DurationSeconds=3601
    ).message.endswith("for roles assumed by role chaining")


@pytest.mark.parametrize(
    ("principal", "arn"),
    [
        ({"Service": "ec2.amazonaws.com"}, None),
        ({"AWS": OTHER}, None),
        ({"AWS": "*"}, f"arn:aws:iam::{MAIN}:role/another"),
        ({"AWS": "*"}, f"arn:aws:iam::{OTHER}:role/not/there"),
        ({"AWS": "*"}, "arn:aws:iam::999999999999:role/of-an-account-that-is-not-here"),
        ({"AWS": "*"}, "arn:aws:iam::123456789:role/of-what-cannot-be-an-account"),  # Ansible's target sts_assume_role
    ],
)
def test_who_is_not_trusted_is_refused(client: Client, principal: Any, arn: str | None) -> None:
    arn = make_role(client, principal) if arn is None else arn
    error = client.refused("AssumeRole", of="sts", RoleArn=arn, RoleSessionName="me")
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message == f"User: {TESTER} is not authorized to perform: sts:AssumeRole on resource: {arn}"


@pytest.mark.parametrize(
    ("condition", "trusted"),
    [
        ({"StringEquals": {"aws:RequestedRegion": TOKYO}, "ArnEquals": {"aws:PrincipalArn": TESTER}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ({"StringLike": {"sts:RoleSessionName": "${aws:username}"}}, True),
        ({"StringNotLike": {"sts:RoleSessionName": "${aws:username}"}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"StringEquals": {"sts:ExternalId": "x"}}, False),
    ],
)
def test_a_trust_policy_has_the_conditions_of_all_policies(
    client: Client, service: Service, condition: dict[str, Any], trusted: bool
) -> None:
    user_with_keys(service, "tester", KEY_ID, user_id="AIDAEXAMPLE")
    arn = make_role(client, {"AWS": MAIN})
    allow = {"Effect": "Allow", "Principal": {"AWS": MAIN}, "Action": "sts:AssumeRole"}
    for rows, may in (
        ([allow | {"Condition": condition}], trusted),
        ([allow, allow | {"Effect": "Deny", "Condition": condition}], not trusted),
    ):
        document = json.dumps({"Version": "2012-10-17", "Statement": rows})
        client("UpdateAssumeRolePolicy", of="iam", RoleName="worker", PolicyDocument=document)
        if may:
            assert assume(client, arn, "tester")["Credentials"]
        else:
            refused = client.refused("AssumeRole", of="sts", RoleArn=arn, RoleSessionName="tester")
            assert refused.code == "AccessDenied"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"RoleArn": "arn:aws:iam::role/worker/of/nobody"}, "is invalid"),
        ({"DurationSeconds": 3601}, "exceeds the MaxSessionDuration set for this role"),
    ],
)
def test_a_session_that_cannot_be_is_refused(client: Client, changes: dict[str, Any], words: str) -> None:
    arn = make_role(client, {"AWS": MAIN})
    error = client.refused("AssumeRole", of="sts", **({"RoleArn": arn, "RoleSessionName": "me"} | changes))
    assert error.code == "ValidationError"
    assert words in error.message


class AccountItself(Client):
    """The account, whose credentials are believed as they are."""

    def __call__(self, action: str, /, *, of: str = "ec2", **params: Any) -> dict[str, Any]:
        root = Caller(self.account, self.region, f"arn:aws:iam::{self.account}:root", self.account, "")
        return performed(self.service, Call(of, action, params, root, "req-1"))


def test_an_account_gets_temporary_credentials_of_its_own_for_an_hour_at_most(service: Service) -> None:
    """STS API Reference, GetSessionToken: "sessions for account owners default to one hour"."""
    account = AccountItself(service, MAIN, TOKYO)
    account("DescribeVpcs")  # its first call, which makes it one that is here
    for seconds, lasts in ((None, 3600), (43_200, 3600), (900, 900)):
        made = account("GetSessionToken", of="sts", **({"DurationSeconds": seconds} if seconds else {}))["Credentials"]
        assert made["Expiration"] == START + timedelta(seconds=lasts)
    found = holder(service, made)
    assert found is not None
    assert (found.account, found.arn, found.user_id) == (MAIN, f"arn:aws:iam::{MAIN}:root", MAIN)
    again = Caller(MAIN, TOKYO, found.arn, found.user_id, found.access_key_id, found.session)
    for action, params in (("GetSessionToken", {}), ("GetFederationToken", {"Name": "Bob"})):
        with pytest.raises(AwsError, match="with session credentials"):
            performed(service, Call("sts", action, params, again, "req-1"))
    federated = holder(service, account("GetFederationToken", of="sts", Name="Bob")["Credentials"])
    assert federated is not None
    assert federated.arn == f"arn:aws:sts::{MAIN}:federated-user/Bob"


def test_a_user_gets_temporary_credentials_that_are_the_users_own(client: Client, service: Service) -> None:
    user_with_keys(service, "tester", KEY_ID, user_id="AIDAEXAMPLE")
    made = client("GetSessionToken", of="sts")["Credentials"]
    assert made["Expiration"] == START + timedelta(hours=12)
    session = Session(service, made)
    assert session("GetCallerIdentity", of="sts") == call(service, "sts", "GetCallerIdentity")
    assert session.refused("GetSessionToken", of="sts").code == "AccessDenied"
