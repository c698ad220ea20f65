"""Users: made, listed, renamed, deleted; and what users have none of."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.call import Call
from realvpc.api.core.errors import AwsError
from realvpc.api.iam.empty import OF_USERS
from realvpc.net.quotas import IAM_USERS

from ..build import tags
from ..conftest import MAIN, OTHER, START, Client, caller, give_quota, performed
from ..users import user_with_keys
from .test_iam import POLICY, TRUST

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture
def house(client: Client) -> Client:
    """An account with two users, one of whom has two keys; a user of the same name is in another account."""
    user_with_keys(client.service, "tester", "AKIA2", "AKIA1", user_id="AIDAEXAMPLE")
    user_with_keys(client.service, "admin", "AKIA3")
    user_with_keys(client.service, "admin", "AKIA4", account=OTHER, user_id="AIDAOTHER")
    return client


def _as(house: Client, arn: str, action: str, **params: Any) -> dict[str, Any]:
    who = replace(caller(), arn=arn, user_id="somebody")
    return performed(house.service, Call("iam", action, params, who, "req-1"))


def test_users_are_listed_once_each_by_their_names(house: Client) -> None:
    users = house("ListUsers", of="iam")["Users"]
    assert [user["UserName"] for user in users] == ["admin", "tester"]
    assert [user["Arn"] for user in users] == [f"arn:aws:iam::{MAIN}:user/{name}" for name in ("admin", "tester")]
    page = house("ListUsers", of="iam", MaxItems=1)
    assert [user["UserName"] for user in page["Users"]] == ["admin"]
    rest = house("ListUsers", of="iam", Marker=page["Marker"])
    assert [user["UserName"] for user in rest["Users"]] == ["tester"]
    assert house("ListUsers", of="iam", PathPrefix="/team/")["Users"] == []


def test_a_user_is_as_it_was_made(client: Client) -> None:
    made = client(
        "CreateUser", of="iam", UserName="ada", Path="/team/", Tags=tags(Name="a"), PermissionsBoundary=READ_ONLY
    )["User"]
    assert (made["Arn"], made["CreateDate"]) == (f"arn:aws:iam::{MAIN}:user/team/ada", START)
    assert made["UserId"].startswith("AIDA")
    assert len(made["UserId"]) == 21
    assert client("GetUser", of="iam", UserName="ada")["User"] == made
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    (listed,) = client("ListUsers", of="iam", PathPrefix="/team/")["Users"]
    assert "Tags" not in listed


def test_a_name_is_taken_once_whatever_its_case(client: Client) -> None:
    client("CreateUser", of="iam", UserName="Ada")
    error = client.refused("CreateUser", of="iam", UserName="ADA")
    assert (error.code, error.status, error.message) == (
        "EntityAlreadyExists",
        409,
        "User with name ADA already exists.",
    )


def test_a_user_keeps_its_id_when_its_name_changes(house: Client) -> None:
    house("UpdateUser", of="iam", UserName="admin", NewUserName="Admin", NewPath="/ops/")
    user = house("GetUser", of="iam", UserName="Admin")["User"]
    assert (user["UserId"], user["Arn"]) == ("AIDAADMIN", f"arn:aws:iam::{MAIN}:user/ops/Admin")
    assert house.refused("GetUser", of="iam", UserName="admin").code == "NoSuchEntity"
    assert house.refused("UpdateUser", of="iam", UserName="Admin", NewUserName="Tester").code == "EntityAlreadyExists"
    credential = house.service.credential("AKIA3", None)
    assert credential is not None
    assert credential.arn == user["Arn"]


def test_a_user_goes_after_everything_that_hangs_on_it(client: Client) -> None:
    who = {"UserName": "ada"}
    client("CreateUser", of="iam", **who)
    client("CreateGroup", of="iam", GroupName="ops")
    client("AttachUserPolicy", of="iam", **who, PolicyArn=READ_ONLY)
    client("PutUserPolicy", of="iam", **who, PolicyName="p", PolicyDocument=POLICY)
    key = client("CreateAccessKey", of="iam", **who)["AccessKey"]["AccessKeyId"]
    client("AddUserToGroup", of="iam", **who, GroupName="ops")
    client("CreateLoginProfile", of="iam", **who, Password="Correct-Horse-1")
    for words, action, more in (
        ("detach all policies", "DetachUserPolicy", {"PolicyArn": READ_ONLY}),
        ("delete policies", "DeleteUserPolicy", {"PolicyName": "p"}),
        ("delete access keys", "DeleteAccessKey", {"AccessKeyId": key}),
        ("remove users from group", "RemoveUserFromGroup", {"GroupName": "ops"}),
        ("delete login profile", "DeleteLoginProfile", {}),
    ):
        error = client.refused("DeleteUser", of="iam", **who)
        assert (error.code, error.message) == ("DeleteConflict", f"Cannot delete entity, must {words} first.")
        client(action, of="iam", **who, **more)
    client("DeleteUser", of="iam", **who)
    assert client.refused("DeleteUser", of="iam", **who).message == "The user with name ada cannot be found."


def test_there_are_as_many_users_as_the_quota_says(client: Client) -> None:
    give_quota(client.service, IAM_USERS, 1, region="")
    client("CreateUser", of="iam", UserName="ada")
    error = client.refused("CreateUser", of="iam", UserName="bob")
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for UsersPerAccount: 1")


def test_tags_of_a_user(client: Client) -> None:
    client("CreateUser", of="iam", UserName="ada", Tags=tags(a="1", b="2"))
    client("TagUser", of="iam", UserName="ada", Tags=tags(c="3"))
    client("UntagUser", of="iam", UserName="ada", TagKeys=["a"])
    assert client("ListUserTags", of="iam", UserName="ada")["Tags"] == tags(b="2", c="3")


def test_who_is_no_user_has_to_name_one(house: Client) -> None:
    assert _as(house, f"arn:aws:iam::{MAIN}:root", "ListAccessKeys")["AccessKeyMetadata"] == []
    for action in ("GetUser", "ListMFADevices", "CreateAccessKey"):
        with pytest.raises(AwsError) as caught:
            _as(house, f"arn:aws:sts::{MAIN}:assumed-role/r/s", action)
        assert (caught.value.code, caught.value.message) == (
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
        )


@pytest.mark.parametrize("action", sorted(OF_USERS))
def test_a_user_has_none_of_it_and_a_stranger_is_not_there(house: Client, action: str) -> None:
    answer = house(action, of="iam", UserName="admin")
    assert answer == {OF_USERS[action]: [], "IsTruncated": False}
    for name in ("nobody", ""):
        error = house.refused(action, of="iam", UserName=name)
        assert (error.code, error.status) == ("NoSuchEntity", 404)


def test_a_login_profile_keeps_no_password(client: Client) -> None:
    client("CreateUser", of="iam", UserName="ada")
    error = client.refused("GetLoginProfile", of="iam", UserName="ada")
    assert (error.code, error.message) == ("NoSuchEntity", "Login Profile for User ada cannot be found.")
    for weak in ("short1A", "alllowercase", "lower12345"):
        error = client.refused("CreateLoginProfile", of="iam", UserName="ada", Password=weak)
        assert error.code == "PasswordPolicyViolation"
    made = client(
        "CreateLoginProfile", of="iam", UserName="ada", Password="Correct-Horse-1", PasswordResetRequired=True
    )
    assert made["LoginProfile"] == {"UserName": "ada", "CreateDate": START, "PasswordResetRequired": True}
    assert "Correct-Horse-1" not in repr(client.service.state.directory.users)
    error = client.refused("CreateLoginProfile", of="iam", UserName="ada", Password="Correct-Horse-1")
    assert error.code == "EntityAlreadyExists"
    client("UpdateLoginProfile", of="iam", UserName="ada", PasswordResetRequired=False)
    assert client("GetLoginProfile", of="iam", UserName="ada")["LoginProfile"]["PasswordResetRequired"] is False
    client("DeleteLoginProfile", of="iam", UserName="ada")
    assert client.refused("DeleteLoginProfile", of="iam", UserName="ada").code == "NoSuchEntity"


def test_a_user_may_be_named_in_a_trust_policy(client: Client) -> None:
    document = TRUST.replace('"Service": "ec2.amazonaws.com"', f'"AWS": "arn:aws:iam::{MAIN}:user/ada"')
    error = client.refused("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=document)
    assert error.code == "MalformedPolicyDocument"
    client("CreateUser", of="iam", UserName="ada")
    client("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=document)
