"""What IAM says of an account as a whole."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable
from datetime import timedelta
from inspect import isawaitable
from typing import Any

import pytest

from realvpc.api.core.call import Call
from realvpc.api.iam import common
from realvpc.clock import Clock

from ..build import tags
from ..conftest import MAIN, OTHER, START, TOKYO, Client, caller
from ..users import user_with_keys
from .test_iam import POLICY, TRUST, make_profile

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def test_the_summary_counts_what_there_is(client: Client) -> None:
    user_with_keys(client.service, "tester", "AKIA1")
    make_profile(client, "r")
    client("CreateGroup", of="iam", GroupName="g")
    client("CreatePolicy", of="iam", PolicyName="p", PolicyDocument=POLICY)
    summary = client("GetAccountSummary", of="iam")["SummaryMap"]
    counted = ("Users", "Roles", "InstanceProfiles", "Groups", "Policies", "PolicyVersionsInUse", "AccountMFAEnabled")
    assert [summary[key] for key in counted] == [1, 1, 1, 1, 1, 2, 0]
    assert (summary["UsersQuota"], summary["AccessKeysPerUserQuota"], summary["PolicySizeQuota"]) == (5000, 2, 6144)


def test_an_account_has_one_alias_that_no_other_has(client: Client) -> None:
    assert client("ListAccountAliases", of="iam")["AccountAliases"] == []
    client("CreateAccountAlias", of="iam", AccountAlias="first")
    client("CreateAccountAlias", of="iam", AccountAlias="second")
    assert client("ListAccountAliases", of="iam")["AccountAliases"] == ["second"]
    other = Client(client.service, OTHER, TOKYO)
    error = other.refused("CreateAccountAlias", of="iam", AccountAlias="second")
    assert (error.code, error.message) == ("EntityAlreadyExists", "The account alias second already exists.")
    assert other.refused("DeleteAccountAlias", of="iam", AccountAlias="second").code == "NoSuchEntity"
    client("DeleteAccountAlias", of="iam", AccountAlias="second")
    assert client.refused("DeleteAccountAlias", of="iam", AccountAlias="second").code == "NoSuchEntity"


def test_the_password_policy_is_what_the_last_update_said(client: Client) -> None:
    error = client.refused("GetAccountPasswordPolicy", of="iam")
    assert error.message == f"The Password Policy with domain name {MAIN} cannot be found."
    client("UpdateAccountPasswordPolicy", of="iam", MinimumPasswordLength=12, RequireNumbers=True, MaxPasswordAge=90)
    policy = client("GetAccountPasswordPolicy", of="iam")["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["ExpirePasswords"], policy["RequireSymbols"]) == (12, True, False)
    client("CreateUser", of="iam", UserName="ada")
    error = client.refused("CreateLoginProfile", of="iam", UserName="ada", Password="Abcdefghijkl")
    assert error.code == "PasswordPolicyViolation"
    client("CreateLoginProfile", of="iam", UserName="ada", Password="abcdefghijk1")
    client("UpdateAccountPasswordPolicy", of="iam")
    policy = client("GetAccountPasswordPolicy", of="iam")["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["ExpirePasswords"]) == (6, False)
    client("DeleteAccountPasswordPolicy", of="iam")
    assert client.refused("DeleteAccountPasswordPolicy", of="iam").code == "NoSuchEntity"


def test_authorization_details_show_everybody_and_what_they_may(client: Client) -> None:
    make_profile(client, "web", ADMIN)
    client("CreateUser", of="iam", UserName="ada")
    client("CreateGroup", of="iam", GroupName="ops")
    client("AddUserToGroup", of="iam", GroupName="ops", UserName="ada")
    client("PutUserPolicy", of="iam", UserName="ada", PolicyName="p", PolicyDocument=POLICY)
    arn = client("CreatePolicy", of="iam", PolicyName="own", PolicyDocument=POLICY)["Policy"]["Arn"]
    client("AttachGroupPolicy", of="iam", GroupName="ops", PolicyArn=arn)
    details = client("GetAccountAuthorizationDetails", of="iam")
    (user,), (group,), (role,) = (details[f"{kind}DetailList"] for kind in ("User", "Group", "Role"))
    assert (user["GroupList"], user["UserPolicyList"][0]["PolicyName"]) == (["ops"], "p")
    assert group["AttachedManagedPolicies"] == [{"PolicyName": "own", "PolicyArn": arn}]
    assert role["InstanceProfileList"][0]["InstanceProfileName"] == "web"
    assert [row["PolicyName"] for row in details["Policies"]] == ["AdministratorAccess", "own"]
    assert all(row["PolicyVersionList"][0]["Document"] for row in details["Policies"])
    assert client("GetAccountAuthorizationDetails", of="iam", Filter=["Group"])["UserDetailList"] == []
    seen = 0
    marker: dict[str, Any] = {}
    while True:
        page = client("GetAccountAuthorizationDetails", of="iam", MaxItems=2, **marker)
        seen += sum(len(rows) for rows in page.values() if isinstance(rows, list))
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert seen == 5


def _report(client: Client) -> list[dict[str, str]]:
    text: str = client("GetCredentialReport", of="iam")["Content"].decode()
    return list(csv.DictReader(text.splitlines()))


def test_a_credential_report_is_of_the_moment_it_was_asked_for(client: Client, clock: Clock) -> None:
    error = client.refused("GetCredentialReport", of="iam")
    assert (error.code, error.status) == ("ReportNotPresent", 410)
    user_with_keys(client.service, "tester", "AKIA1")
    client("CreateUser", of="iam", UserName="a,b")
    assert client("GenerateCredentialReport", of="iam")["State"] == "STARTED"
    assert client("GenerateCredentialReport", of="iam") == {"State": "COMPLETE"}
    root, comma, tester = _report(client)
    assert (root["user"], comma["user"], tester["user"]) == ("<root_account>", "a,b", "tester")
    assert (tester["access_key_1_active"], tester["access_key_1_last_used_service"]) == ("true", "N/A")
    assert (tester["user_creation_time"], tester["access_key_2_active"]) == (START.isoformat(), "false")
    assert None not in {*root.values(), *comma.values(), *tester.values()}
    clock.offset = timedelta(hours=4)
    assert client.refused("GetCredentialReport", of="iam").code == "ReportExpired"


def test_a_service_linked_role_is_the_services(client: Client) -> None:
    made = client("CreateServiceLinkedRole", of="iam", AWSServiceName="spot.amazonaws.com")["Role"]
    name = made["RoleName"]
    assert made["Arn"] == f"arn:aws:iam::{MAIN}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    assert client.refused("CreateServiceLinkedRole", of="iam", AWSServiceName="spot.amazonaws.com").message == (
        f"Service role name {name} has been taken in this account, please try a different suffix."
    )
    for action, more in (
        ("DeleteRole", {}),
        ("PutRolePolicy", {"PolicyName": "p", "PolicyDocument": POLICY}),
        ("AttachRolePolicy", {"PolicyArn": ADMIN}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": TRUST}),
    ):
        assert client.refused(action, of="iam", RoleName=name, **more).code == "UnmodifiableEntity"
    client("UpdateRoleDescription", of="iam", RoleName=name, Description="d")
    assert len(client("ListAttachedRolePolicies", of="iam", RoleName=name)["AttachedPolicies"]) == 1
    task = client("DeleteServiceLinkedRole", of="iam", RoleName=name)["DeletionTaskId"]
    assert client("GetServiceLinkedRoleDeletionStatus", of="iam", DeletionTaskId=task) == {"Status": "SUCCEEDED"}
    assert client.refused("GetServiceLinkedRoleDeletionStatus", of="iam", DeletionTaskId=f"{task[:-1]}x").code == (
        "NoSuchEntity"
    )
    assert client.refused("GetRole", of="iam", RoleName=name).code == "NoSuchEntity"
    assert client.refused("CreateServiceLinkedRole", of="iam", AWSServiceName="x.amazonaws.com").code == "InvalidInput"


def test_identity_providers_are_records(client: Client) -> None:
    url = "https://token.actions.example.com"
    made: dict[str, Any] = client(
        "CreateOpenIDConnectProvider", of="iam", Url=url, ClientIDList=["a"], ThumbprintList=["0" * 40]
    )
    which = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    assert which == {"OpenIDConnectProviderArn": f"arn:aws:iam::{MAIN}:oidc-provider/token.actions.example.com"}
    assert client.refused("CreateOpenIDConnectProvider", of="iam", Url=url).code == "EntityAlreadyExists"
    client("AddClientIDToOpenIDConnectProvider", of="iam", **which, ClientID="b")
    client("RemoveClientIDFromOpenIDConnectProvider", of="iam", **which, ClientID="a")
    client("UpdateOpenIDConnectProviderThumbprint", of="iam", **which, ThumbprintList=["f" * 40])
    shown = client("GetOpenIDConnectProvider", of="iam", **which)
    assert (shown["Url"], shown["ClientIDList"], shown["ThumbprintList"]) == (
        "token.actions.example.com",
        ["b"],
        ["f" * 40],
    )
    _tagged(client, "OpenIDConnectProvider", **which)
    client("DeleteOpenIDConnectProvider", of="iam", **which)
    assert client.refused("GetOpenIDConnectProvider", of="iam", **which).code == "NoSuchEntity"
    for bad in ("http://x", "https://", "https://[", "https://a?b", "https://a b", "https://é"):
        assert client.refused("CreateOpenIDConnectProvider", of="iam", Url=bad).code == "ValidationError"

    metadata = f"<EntityDescriptor>{'x' * 1000}</EntityDescriptor>"
    arn = client("CreateSAMLProvider", of="iam", Name="idp", SAMLMetadataDocument=metadata)["SAMLProviderArn"]
    _tagged(client, "SAMLProvider", SAMLProviderArn=arn)
    newer = metadata.replace("x", "y")
    client("UpdateSAMLProvider", of="iam", SAMLProviderArn=arn, SAMLMetadataDocument=newer)
    assert client("GetSAMLProvider", of="iam", SAMLProviderArn=arn)["SAMLMetadataDocument"] == newer
    assert [row["Arn"] for row in client("ListSAMLProviders", of="iam")["SAMLProviderList"]] == [arn]
    client("DeleteSAMLProvider", of="iam", SAMLProviderArn=arn)
    assert client.refused("DeleteSAMLProvider", of="iam", SAMLProviderArn=arn).code == "NoSuchEntity"


def test_a_role_in_many_profiles_says_its_trust_policy_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand profiles with a policy of 128 KiB were an answer of 128 MiB."""
    monkeypatch.setattr(common, "LARGEST_PAGE", 100_000)
    make_profile(client, "a")
    for number in range(2):
        client("CreateInstanceProfile", of="iam", InstanceProfileName=f"more-{number}")
        client("AddRoleToInstanceProfile", of="iam", InstanceProfileName=f"more-{number}", RoleName="a")
    for size, expected in ((30_000, True), (40_000, False)):
        client("UpdateAssumeRolePolicy", of="iam", RoleName="a", PolicyDocument=TRUST + " " * size)
        (role,) = client("GetAccountAuthorizationDetails", of="iam", Filter=["Role"])["RoleDetailList"]
        assert len(role["AssumeRolePolicyDocument"]) > size
        said = [each["AssumeRolePolicyDocument"] for row in role["InstanceProfileList"] for each in row["Roles"]]
        assert list(map(bool, said)) == [expected] * 3


def _tagged(client: Client, kind: str, **which: str) -> None:
    client(f"Tag{kind}", of="iam", **which, Tags=tags(a="1", b="2"))
    client(f"Untag{kind}", of="iam", **which, TagKeys=["a"])
    assert client(f"List{kind}Tags", of="iam", **which)["Tags"] == tags(b="2")


@pytest.mark.parametrize(
    ("action", "member", "params"),
    [
        ("GetAccountAuthorizationDetails", "RoleDetailList", {"Filter": ["Role"]}),
        ("ListRoles", "Roles", {}),
        ("ListInstanceProfiles", "InstanceProfiles", {}),
    ],
)
def test_a_page_has_so_much_of_documents_and_the_next_one_goes_on(
    client: Client, monkeypatch: pytest.MonkeyPatch, action: str, member: str, params: dict[str, Any]
) -> None:
    monkeypatch.setattr(common, "LARGEST_PAGE", 100_000)
    for name, size in (("a", 40_000), ("b", 10), ("c", 200_000), ("d", 10)):
        make_profile(client, name)
        client("UpdateAssumeRolePolicy", of="iam", RoleName=name, PolicyDocument=TRUST + " " * size)
    pages: list[int] = []
    marker: dict[str, str] = {}
    while not pages or marker:
        page = client(action, of="iam", **params, **marker)
        pages.append(len(page[member]))
        marker = {"Marker": page["Marker"]} if page["IsTruncated"] else {}
    assert pages == [2, 1, 1]


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("GetAccountAuthorizationDetails", {"Filter": ["Role"]}),
        ("ListRoles", {}),
        ("ListPolicies", {"MaxItems": 1000}),
    ],
)
def test_lists_that_are_long_to_write_leave_the_loop(client: Client, action: str, params: dict[str, Any]) -> None:
    """White space in documents is not what quotas count."""
    for name in ("a", "b", "c"):
        client("CreateRole", of="iam", RoleName=name, AssumeRolePolicyDocument=TRUST + " " * 100_000)
    answer = client.service.handle(Call("iam", action, params, caller(), "request"))
    assert isawaitable(answer)
    asyncio.run(_awaited(answer))


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer
