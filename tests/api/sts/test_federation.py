"""Federated users, whose a key is, and what refusals tell (STS API Reference)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from realvpc.api.service import Service
from realvpc.iam.temporary_credentials import account_of

from ..build import make_vpc
from ..conftest import MAIN, OTHER, START, TOKYO, Client
from ..users import user_with_keys
from .test_sts import KEY_ID, Session, assume, make_role

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@pytest.fixture(autouse=True)
def _tester(service: Service) -> None:
    user_with_keys(service, "tester", KEY_ID, user_id="AIDAEXAMPLE")


def federate(client: Client, **params: Any) -> dict[str, Any]:
    return client("GetFederationToken", of="sts", **({"Name": "Bob"} | params))


def test_a_federated_user_is_somebody_of_the_account(client: Client, service: Service) -> None:
    made = federate(client, Policy=POLICY, DurationSeconds=900)
    assert made["Credentials"]["Expiration"] == START + timedelta(minutes=15)
    session = Session(service, made["Credentials"])
    assert session("GetCallerIdentity", of="sts") == {
        "UserId": f"{MAIN}:Bob",
        "Account": MAIN,
        "Arn": f"arn:aws:sts::{MAIN}:federated-user/Bob",
    }
    assert federate(client)["Credentials"]["Expiration"] == START + timedelta(hours=12)
    assert "PackedPolicySize" not in federate(client)


def test_a_federated_users_credentials_end_with_the_user(client: Client, service: Service) -> None:
    made = federate(client)["Credentials"]
    client("DeleteAccessKey", of="iam", UserName="tester", AccessKeyId=KEY_ID)
    assert service.credential(made["AccessKeyId"], made["SessionToken"]) is not None
    client("DeleteUser", of="iam", UserName="tester")
    assert service.credential(made["AccessKeyId"], made["SessionToken"]) is None


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"Policy": POLICY, "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/" + "x" * 2000}]}, "ValidationError"),
        ({"PolicyArns": [{"arn": f"arn:aws:iam::{MAIN}:policy/unknown"}]}, "ValidationError"),
        ({"PolicyArns": [{"arn": f"arn:aws:iam::aws:policy/A{number}"} for number in range(11)]}, "ValidationError"),
        ({"Policy": POLICY.replace(" ", " " * 300)}, "PackedPolicyTooLarge"),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "UnsupportedOperation"),
    ],
)
def test_what_cannot_be_a_session(client: Client, params: dict[str, Any], code: str) -> None:
    assert client.refused("GetFederationToken", of="sts", **({"Name": "Bob"} | params)).code == code


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("invalid policy", "The policy is not in the valid JSON format."),
        ('{"Version": "2012-10-17"', "The policy is not in the valid JSON format."),
        ("{}", "Syntax errors in policy."),
    ],
)
def test_a_sessions_policy_that_is_no_json_is_told_so(client: Client, policy: str, words: str) -> None:
    """As Ansible's target sts_assume_role, which ran on AWS, has it."""
    error = client.refused("GetFederationToken", of="sts", Name="Bob", Policy=policy)
    assert (error.code, error.message) == ("MalformedPolicyDocument", words)


def test_managed_policies_of_a_session_are_of_its_account(client: Client, service: Service) -> None:
    """STS API Reference, AssumeRole: "The policies must exist in the same account as the role"."""
    there = Client(service, OTHER, TOKYO)
    mine, theirs = (
        each("CreatePolicy", of="iam", PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
        for each in (client, there)
    )
    role = make_role(there, {"AWS": f"arn:aws:iam::{MAIN}:root"})
    assert assume(client, role, PolicyArns=[{"arn": theirs}])["PackedPolicySize"]
    error = client.refused("AssumeRole", of="sts", RoleArn=role, RoleSessionName="me", PolicyArns=[{"arn": mine}])
    assert error.code == "ValidationError"
    assert federate(client, PolicyArns=[{"arn": mine}])["PackedPolicySize"]
    error = client.refused("GetFederationToken", of="sts", Name="Bob", PolicyArns=[{"arn": theirs}])
    assert error.code == "ValidationError"


def test_temporary_credentials_make_no_others(client: Client, service: Service) -> None:
    role = Session(service, assume(client, make_role(client, {"AWS": MAIN}))["Credentials"])
    assert role.refused("GetFederationToken", of="sts", Name="Bob").code == "AccessDenied"


def test_whose_a_key_is_the_id_tells(client: Client, service: Service) -> None:
    def account(key_id: str) -> str:
        answer: str = client("GetAccessKeyInfo", of="sts", AccessKeyId=key_id)["Account"]
        return answer

    user_with_keys(service, "else", "AKIAOFTHEOTHERACC000", account=OTHER)
    theirs = make_role(Client(service, OTHER, TOKYO), {"AWS": f"arn:aws:iam::{MAIN}:root"})
    assert account("AKIAOFTHEOTHERACC000") == OTHER
    assert account(assume(client, theirs)["Credentials"]["AccessKeyId"]) == OTHER
    for made in (federate(client), client("GetSessionToken", of="sts")):
        assert account(made["Credentials"]["AccessKeyId"]) == MAIN
    for unknown in ("AKIANOBODYHASTHISKEY", "ASIA0000000000000000", "ASIAAAAAAAAAAAAAAAAA", "x" * 20):
        error = client.refused("GetAccessKeyInfo", of="sts", AccessKeyId=unknown)
        assert error.code == "ValidationError"
    assert account_of("ASIAQNZGKIQY56JQ7WML") == "029608264753"  # a public one of AWS's


def test_refusals_of_ec2_carry_a_message_and_others_do_not(client: Client, service: Service) -> None:
    """Another account's parameter and, through its ARN, image: no policy is evaluated here."""
    theirs = Client(service, OTHER, TOKYO)
    make_vpc(theirs)
    error = client.refused("GetParameter", of="ssm", Name=f"arn:aws:ssm:{TOKYO}:{OTHER}:parameter/x")
    assert "Encoded" not in error.message
