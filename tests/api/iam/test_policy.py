"""Managed policies of an account's own: versions, attachments, and who carries them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from realvpc.net.quotas import POLICIES_PER_USER

from ..build import tags
from ..conftest import MAIN, OTHER, TOKYO, Client, give_quota
from .test_iam import POLICY, TRUST

OTHER_POLICY = POLICY.replace("Get*", "List*")
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
HOLDERS = (("User", "ada"), ("Group", "ops"), ("Role", "web"))


@pytest.fixture
def house(client: Client) -> Client:
    client("CreateUser", of="iam", UserName="ada")
    client("CreateGroup", of="iam", GroupName="ops")
    client("CreateRole", of="iam", RoleName="web", AssumeRolePolicyDocument=TRUST)
    return client


def make_policy(client: Client, name: str = "p", **more: Any) -> str:
    arn: str = client("CreatePolicy", of="iam", PolicyName=name, PolicyDocument=POLICY, **more)["Policy"]["Arn"]
    return arn


def test_a_policy_is_as_it_was_made(client: Client) -> None:
    arn = make_policy(client, Path="/net/", Description="d", Tags=tags(a="1"))
    assert arn == f"arn:aws:iam::{MAIN}:policy/net/p"
    policy = client("GetPolicy", of="iam", PolicyArn=arn)["Policy"]
    assert (policy["DefaultVersionId"], policy["AttachmentCount"], policy["IsAttachable"]) == ("v1", 0, True)
    assert (policy["Description"], policy["Tags"], policy["PolicyId"][:4]) == ("d", tags(a="1"), "ANPA")
    (listed,) = client("ListPolicies", of="iam", Scope="Local", PathPrefix="/net/")["Policies"]
    assert {"Description", "Tags"}.isdisjoint(listed)
    bare = client("CreatePolicy", of="iam", PolicyName="bare", PolicyDocument=POLICY, Description="d")["Policy"]
    assert {"Description", "Tags"}.isdisjoint(bare)
    assert client("GetPolicy", of="iam", PolicyArn=bare["Arn"])["Policy"]["Tags"] == []
    error = client.refused("CreatePolicy", of="iam", PolicyName="P", PolicyDocument=POLICY)
    assert (error.code, error.message) == (
        "EntityAlreadyExists",
        "A policy called P already exists. Duplicate names are not allowed.",
    )
    assert (
        client.refused("CreatePolicy", of="iam", PolicyName="q", PolicyDocument="{").code == "MalformedPolicyDocument"
    )
    stranger = Client(client.service, OTHER, TOKYO)
    assert stranger.refused("GetPolicy", of="iam", PolicyArn=arn).code in ("NoSuchEntity", "AccessDenied")


def test_a_policy_has_five_versions_and_numbers_are_not_used_again(client: Client) -> None:
    arn = make_policy(client)
    for number in range(2, 6):
        version = client("CreatePolicyVersion", of="iam", PolicyArn=arn, PolicyDocument=OTHER_POLICY)["PolicyVersion"]
        assert (version["VersionId"], version["IsDefaultVersion"]) == (f"v{number}", False)
    error = client.refused("CreatePolicyVersion", of="iam", PolicyArn=arn, PolicyDocument=POLICY)
    assert (error.code, error.status) == ("LimitExceeded", 409)
    client("SetDefaultPolicyVersion", of="iam", PolicyArn=arn, VersionId="v5")
    error = client.refused("DeletePolicyVersion", of="iam", PolicyArn=arn, VersionId="v5")
    assert (error.code, error.message) == ("DeleteConflict", "Cannot delete the default version of a policy.")
    client("DeletePolicyVersion", of="iam", PolicyArn=arn, VersionId="v1")
    new = client("CreatePolicyVersion", of="iam", PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=True)
    assert (new["PolicyVersion"]["VersionId"], new["PolicyVersion"]["IsDefaultVersion"]) == ("v6", True)
    versions = client("ListPolicyVersions", of="iam", PolicyArn=arn)["Versions"]
    assert [version["VersionId"] for version in versions] == ["v6", "v5", "v4", "v3", "v2"]
    shown = client("GetPolicyVersion", of="iam", PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert unquote(shown["Document"]) == OTHER_POLICY
    error = client.refused("GetPolicyVersion", of="iam", PolicyArn=arn, VersionId="v1")
    assert error.message == f"Policy {arn} version v1 does not exist or is not attachable."
    assert client.refused("DeletePolicy", of="iam", PolicyArn=arn).message.startswith("This policy has more than one")


@pytest.mark.parametrize(("kind", "name"), HOLDERS)
def test_a_policy_is_attached_to_whoever_holds_policies(house: Client, kind: str, name: str) -> None:
    arn, who = make_policy(house), {f"{kind}Name": name}
    for _ in range(2):
        house(f"Attach{kind}Policy", of="iam", **who, PolicyArn=arn)
    house(f"Attach{kind}Policy", of="iam", **who, PolicyArn=READ_ONLY)
    attached = house(f"ListAttached{kind}Policies", of="iam", **who)["AttachedPolicies"]
    assert [row["PolicyArn"] for row in attached] == [READ_ONLY, arn]
    assert house("GetPolicy", of="iam", PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert house.refused("DeletePolicy", of="iam", PolicyArn=arn).message == (
        "Cannot delete a policy attached to entities."
    )
    entities = house("ListEntitiesForPolicy", of="iam", PolicyArn=arn)
    assert [row[f"{kind}Name"] for row in entities[f"Policy{kind}s"]] == [name]
    assert sum(len(entities[f"Policy{other}s"]) for other, _ in HOLDERS) == 1
    house(f"Detach{kind}Policy", of="iam", **who, PolicyArn=arn)
    error = house.refused(f"Detach{kind}Policy", of="iam", **who, PolicyArn=arn)
    assert (error.code, error.message) == ("NoSuchEntity", f"Policy {arn} was not found.")
    house("DeletePolicy", of="iam", PolicyArn=arn)
    error = house.refused(f"Attach{kind}Policy", of="iam", **who, PolicyArn=arn)
    assert error.message == f"Policy {arn} does not exist or is not attachable."


@pytest.mark.parametrize(("kind", "name", "most"), [(*HOLDERS[0], 2048), (*HOLDERS[1], 5120), (*HOLDERS[2], 10240)])
def test_inline_policies_of_whoever_holds_policies(house: Client, kind: str, name: str, most: int) -> None:
    who = {f"{kind}Name": name}
    house(f"Put{kind}Policy", of="iam", **who, PolicyName="p", PolicyDocument=POLICY)
    assert house(f"List{kind}Policies", of="iam", **who)["PolicyNames"] == ["p"]
    shown = house(f"Get{kind}Policy", of="iam", **who, PolicyName="p")
    assert (unquote(shown["PolicyDocument"]), shown[f"{kind}Name"]) == (POLICY, name)
    statement = json.loads(POLICY)["Statement"]
    long = json.dumps({"Version": "2012-10-17", "Statement": statement | {"Sid": "x" * most}}, indent=9)
    error = house.refused(f"Put{kind}Policy", of="iam", **who, PolicyName="q", PolicyDocument=long)
    assert (error.code, error.status) == ("LimitExceeded", 409)
    assert error.message == f"Maximum policy size of {most} bytes exceeded for {kind.lower()} {name}"
    house(f"Delete{kind}Policy", of="iam", **who, PolicyName="p")
    error = house.refused(f"Get{kind}Policy", of="iam", **who, PolicyName="p")
    assert error.message == f"The {kind.lower()} policy with name p cannot be found."


@pytest.mark.parametrize(("kind", "name"), [HOLDERS[0], HOLDERS[2]])
def test_a_permissions_boundary_is_kept_and_counted(house: Client, kind: str, name: str) -> None:
    arn, who = make_policy(house), {f"{kind}Name": name}
    house(f"Put{kind}PermissionsBoundary", of="iam", **who, PermissionsBoundary=arn)
    shown = house(f"Get{kind}", of="iam", **who)[kind]
    assert shown["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert house("GetPolicy", of="iam", PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    found = house("ListEntitiesForPolicy", of="iam", PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert len(found[f"Policy{kind}s"]) == 1
    assert house.refused("DeletePolicy", of="iam", PolicyArn=arn).code == "DeleteConflict"
    [listed] = house(f"List{kind}s", of="iam", PathPrefix="/")[f"{kind}s"]
    assert "PermissionsBoundary" not in listed
    house(f"Delete{kind}PermissionsBoundary", of="iam", **who)
    assert house.refused(f"Delete{kind}PermissionsBoundary", of="iam", **who).code == "NoSuchEntity"
    error = house.refused(f"Put{kind}PermissionsBoundary", of="iam", **who, PermissionsBoundary=f"{arn}x")
    assert error.message == f"Scope ARN: {arn}x does not exist or is not attachable."


def test_ten_policies_are_attached_to_a_user_at_most(house: Client) -> None:
    give_quota(house.service, POLICIES_PER_USER, 1, region="")
    house("AttachUserPolicy", of="iam", UserName="ada", PolicyArn=READ_ONLY)
    error = house.refused("AttachUserPolicy", of="iam", UserName="ada", PolicyArn=make_policy(house))
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 1")


def test_entities_come_in_pages_with_the_groups_first(house: Client) -> None:
    arn = make_policy(house)
    for kind, name in HOLDERS:
        house(f"Attach{kind}Policy", of="iam", **{f"{kind}Name": name}, PolicyArn=arn)
    seen: list[str] = []
    marker: dict[str, Any] = {}
    while True:
        page = house("ListEntitiesForPolicy", of="iam", PolicyArn=arn, MaxItems=1, **marker)
        seen += [kind for kind in ("Group", "User", "Role") if page[f"Policy{kind}s"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert seen == ["Group", "User", "Role"]
    assert house("ListEntitiesForPolicy", of="iam", PolicyArn=arn, EntityFilter="Role")["PolicyUsers"] == []


def test_aws_own_policies_are_nobodys_to_change(client: Client) -> None:
    for action, more in (
        ("DeletePolicy", {}),
        ("CreatePolicyVersion", {"PolicyDocument": POLICY}),
        ("TagPolicy", {"Tags": tags(a="1")}),
    ):
        error = client.refused(action, of="iam", PolicyArn=READ_ONLY, **more)
        assert (error.code, error.status) == ("AccessDenied", 403)
    assert client("ListPolicyTags", of="iam", PolicyArn=READ_ONLY)["Tags"] == []


def test_a_policy_is_as_long_as_it_may_be(client: Client) -> None:
    statement = json.loads(POLICY)["Statement"]
    document = json.dumps({"Version": "2012-10-17", "Statement": statement | {"Sid": "x" * 6144}})
    error = client.refused("CreatePolicy", of="iam", PolicyName="p", PolicyDocument=document)
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


def test_white_space_does_not_count_but_is_bounded(house: Client) -> None:
    """So that the row of who carries a hundred policies stays short."""
    padded: dict[str, Any] = {"RoleName": "web", "PolicyDocument": POLICY + " " * 100_000}
    for _ in range(2):
        house("PutRolePolicy", of="iam", PolicyName="p", **padded)
    assert house.refused("PutRolePolicy", of="iam", PolicyName="q", **padded).code == "LimitExceeded"
    assert house("ListRolePolicies", of="iam", RoleName="web")["PolicyNames"] == ["p"]


def test_the_version_of_a_managed_policy_is_asked_for_before_what_its_statements_say(client: Client) -> None:
    statement = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "nowhere"}
    for text, words in (
        (json.dumps({"Statement": statement}), "Policy document must be version 2012-10-17 or greater."),
        ("{", "Syntax errors in policy."),
    ):
        assert client.refused("CreatePolicy", of="iam", PolicyName="p", PolicyDocument=text).message == words


@pytest.mark.parametrize("version", [{}, {"Version": "2008-10-17"}])
def test_a_managed_policy_is_of_the_newer_version(client: Client, version: dict[str, str]) -> None:
    document = json.dumps(version | {"Statement": json.loads(POLICY)["Statement"]})
    error = client.refused("CreatePolicy", of="iam", PolicyName="p", PolicyDocument=document)
    assert (error.code, error.message) == (
        "MalformedPolicyDocument",
        "Policy document must be version 2012-10-17 or greater.",
    )
    client("CreateUser", of="iam", UserName="ada")
    client("PutUserPolicy", of="iam", UserName="ada", PolicyName="p", PolicyDocument=document)


def test_tags_of_a_policy(client: Client) -> None:
    arn = make_policy(client, Tags=tags(a="1"))
    client("TagPolicy", of="iam", PolicyArn=arn, Tags=tags(b="2"))
    client("UntagPolicy", of="iam", PolicyArn=arn, TagKeys=["a"])
    assert client("ListPolicyTags", of="iam", PolicyArn=arn)["Tags"] == tags(b="2")
