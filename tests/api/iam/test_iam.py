"""Roles, policies and instance profiles."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from realvpc.api.core.call import Call, Caller
from realvpc.iam.managed_policies import MANAGED_POLICIES
from realvpc.iam.policy_document import identity_policy_problem

from ..build import make_subnet, make_vpc, tags
from ..conftest import MAIN, START, TOKYO, Client, performed
from ..ec2.test_run_instances import described, refused, run

SSM_CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def trust(**changes: Any) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if v is not None}]})


TRUST = trust()
POLICY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}})


def make_profile(client: Client, name: str = "SessionManager-Role", policy: str | None = SSM_CORE) -> str:
    """A role and the profile of the same name, as the console makes them."""
    client("CreateRole", of="iam", RoleName=name, AssumeRolePolicyDocument=TRUST)
    if policy:
        client("AttachRolePolicy", of="iam", RoleName=name, PolicyArn=policy)
    client("CreateInstanceProfile", of="iam", InstanceProfileName=name)
    client("AddRoleToInstanceProfile", of="iam", InstanceProfileName=name, RoleName=name)
    return name


def test_a_role_is_as_it_was_made(client: Client) -> None:
    client(
        "CreateRole",
        of="iam",
        RoleName="web",
        Path="/team/",
        AssumeRolePolicyDocument=TRUST,
        Tags=tags(Name="r"),
        Description="d",
    )
    role = client("GetRole", of="iam", RoleName="web")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{MAIN}:role/team/web"
    assert role["RoleId"].startswith("AROA")
    assert len(role["RoleId"]) == 21
    assert unquote(role["AssumeRolePolicyDocument"]) == TRUST
    assert (role["CreateDate"], role["MaxSessionDuration"], role["Description"]) == (START, 3600, "d")
    assert role["Tags"] == tags(Name="r")
    (listed,) = client("ListRoles", of="iam", PathPrefix="/team")["Roles"]
    assert listed["RoleName"] == "web"


def test_a_role_is_as_it_was_changed(client: Client) -> None:
    def seen() -> tuple[str | None, int]:
        role = client("GetRole", of="iam", RoleName="web")["Role"]
        (listed,) = client("ListRoles", of="iam")["Roles"]
        assert (listed["Description"], listed["MaxSessionDuration"]) == (
            role["Description"],
            role["MaxSessionDuration"],
        )
        return role["Description"], role["MaxSessionDuration"]

    client("CreateRole", of="iam", RoleName="web", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=43200)
    assert seen() == (None, 43200)
    client("UpdateRole", of="iam", RoleName="web", Description="d")
    assert seen() == ("d", 43200)
    client("UpdateRole", of="iam", RoleName="web", MaxSessionDuration=7200)
    assert seen() == ("d", 7200)
    updated = client("UpdateRoleDescription", of="iam", RoleName="web", Description="e")["Role"]
    assert (updated["RoleName"], updated["Description"]) == ("web", "e")
    assert seen() == ("e", 7200)


def test_what_is_attached_has_an_arn(client: Client) -> None:
    client("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=TRUST)
    error = client.refused("AttachRolePolicy", of="iam", RoleName="r", PolicyArn="longpolicynamebutnoarn")
    assert (error.code, error.message) == ("InvalidInput", "ARN longpolicynamebutnoarn is not valid.")


def test_an_account_itself_is_a_user_without_a_name(client: Client) -> None:
    root = Caller(MAIN, TOKYO, f"arn:aws:iam::{MAIN}:root", MAIN, MAIN)
    answer = performed(client.service, Call("iam", "GetUser", {}, root, "req-1"))
    assert answer["User"] == {"UserId": MAIN, "Arn": f"arn:aws:iam::{MAIN}:root"}


def test_names_are_taken_once_whatever_their_case(client: Client) -> None:
    make_profile(client, "web")
    error = client.refused("CreateRole", of="iam", RoleName="WEB", AssumeRolePolicyDocument=TRUST)
    assert (error.code, error.status) == ("EntityAlreadyExists", 409)
    error = client.refused("CreateInstanceProfile", of="iam", InstanceProfileName="web")
    assert (error.code, error.message) == ("EntityAlreadyExists", "Instance Profile web already exists.")


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("GetRole", {"RoleName": "x"}),
        ("DeleteRole", {"RoleName": "x"}),
        ("AttachRolePolicy", {"RoleName": "x", "PolicyArn": SSM_CORE}),
        ("ListRolePolicies", {"RoleName": "x"}),
        ("GetInstanceProfile", {"InstanceProfileName": "x"}),
        ("GetPolicy", {"PolicyArn": "arn:aws:iam::aws:policy/Nothing"}),
        ("GetUser", {"UserName": "nobody"}),
    ],
)
def test_what_does_not_exist(client: Client, action: str, request_: dict[str, Any]) -> None:
    error = client.refused(action, of="iam", **request_)
    assert (error.code, error.status) == ("NoSuchEntity", 404)


def test_a_role_goes_after_everything_that_hangs_on_it(client: Client) -> None:
    name = make_profile(client)
    client("PutRolePolicy", of="iam", RoleName=name, PolicyName="p", PolicyDocument=POLICY)
    for undo in (
        ("RemoveRoleFromInstanceProfile", {"InstanceProfileName": name, "RoleName": name}),
        ("DetachRolePolicy", {"RoleName": name, "PolicyArn": SSM_CORE}),
        ("DeleteRolePolicy", {"RoleName": name, "PolicyName": "p"}),
    ):
        error = client.refused("DeleteRole", of="iam", RoleName=name)
        assert (error.code, error.status) == ("DeleteConflict", 409)
        client(undo[0], of="iam", **undo[1])
    client("DeleteRole", of="iam", RoleName=name)
    client("DeleteInstanceProfile", of="iam", InstanceProfileName=name)


def test_a_profile_holds_one_role_and_stays_while_it_does(client: Client) -> None:
    name = make_profile(client)
    error = client.refused("AddRoleToInstanceProfile", of="iam", InstanceProfileName=name, RoleName=name)
    assert (error.code, error.status) == ("LimitExceeded", 409)
    assert error.message == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    assert client.refused("DeleteInstanceProfile", of="iam", InstanceProfileName=name).code == "DeleteConflict"
    (profile,) = client("ListInstanceProfilesForRole", of="iam", RoleName=name)["InstanceProfiles"]
    assert profile["Roles"][0]["RoleName"] == name


def test_policies_of_a_role(client: Client) -> None:
    name = make_profile(client)
    client("AttachRolePolicy", of="iam", RoleName=name, PolicyArn=SSM_CORE)
    assert client("ListAttachedRolePolicies", of="iam", RoleName=name)["AttachedPolicies"] == [
        {"PolicyName": "AmazonSSMManagedInstanceCore", "PolicyArn": SSM_CORE}
    ]
    client("PutRolePolicy", of="iam", RoleName=name, PolicyName="p", PolicyDocument=POLICY)
    assert client("ListRolePolicies", of="iam", RoleName=name)["PolicyNames"] == ["p"]
    shown = client("GetRolePolicy", of="iam", RoleName=name, PolicyName="p")
    assert unquote(shown["PolicyDocument"]) == POLICY
    policy = client("GetPolicy", of="iam", PolicyArn=SSM_CORE)["Policy"]
    assert policy["AttachmentCount"] == 1
    version = client("GetPolicyVersion", of="iam", PolicyArn=SSM_CORE, VersionId=policy["DefaultVersionId"])
    assert "ssm:UpdateInstanceInformation" in unquote(version["PolicyVersion"]["Document"])


def test_the_documents_of_managed_policies_are_policies() -> None:
    documents = {policy.name: policy.document for policy in MANAGED_POLICIES.values() if policy.document is not None}
    assert {"AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "AmazonVPCFullAccess"} <= documents.keys()
    for name, document in documents.items():
        assert identity_policy_problem(document) is None, name


@pytest.mark.parametrize(
    "name",
    [
        "AmazonVPCFullAccess",
        "AmazonEC2FullAccess",
        "job-function/ViewOnlyAccess",
        "service-role/AWSLambdaVPCAccessExecutionRole",
        "AmazonEKSClusterPolicy",
    ],
)
def test_the_policies_that_aws_manages_can_be_attached(client: Client, name: str) -> None:
    client("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=TRUST)
    arn = f"arn:aws:iam::aws:policy/{name}"
    client("AttachRolePolicy", of="iam", RoleName="r", PolicyArn=arn)
    [attached] = client("ListAttachedRolePolicies", of="iam", RoleName="r")["AttachedPolicies"]
    assert attached == {"PolicyName": name.rpartition("/")[2], "PolicyArn": arn}
    assert client("GetPolicy", of="iam", PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert len(client("ListPolicies", of="iam", OnlyAttached=True)["Policies"]) == 1


def test_a_policy_of_a_service_linked_role_is_not_attachable(client: Client) -> None:
    client("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=TRUST)
    arn = "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy"
    error = client.refused("AttachRolePolicy", of="iam", RoleName="r", PolicyArn=arn)
    assert error.code == "PolicyNotAttachable"
    assert client("GetPolicy", of="iam", PolicyArn=arn)["Policy"]["IsAttachable"] is False


def test_all_policies_of_aws_are_listed_page_by_page(client: Client) -> None:
    names: list[str] = []
    marker: dict[str, Any] = {}
    while True:
        page = client("ListPolicies", of="iam", Scope="AWS", MaxItems=1000, **marker)
        names += [policy["PolicyName"] for policy in page["Policies"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert len(names) == len(set(names)) == len(MANAGED_POLICIES) > 1500


def test_what_a_policy_says_is_not_made_up(client: Client) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    version = client("GetPolicy", of="iam", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    assert client.refused("GetPolicyVersion", of="iam", PolicyArn=arn, VersionId="v0").code == "NoSuchEntity"
    error = client.refused("GetPolicyVersion", of="iam", PolicyArn=arn, VersionId=version)
    assert error.code == "UnsupportedOperation"


def test_listings_come_in_pages(client: Client) -> None:
    for index in range(5):
        client("CreateRole", of="iam", RoleName=f"r{index}", AssumeRolePolicyDocument=TRUST)
    names, marker = [], None
    while True:
        answer = client("ListRoles", of="iam", MaxItems=2, **({"Marker": marker} if marker else {}))
        names += [role["RoleName"] for role in answer["Roles"]]
        if not answer["IsTruncated"]:
            break
        marker = answer["Marker"]
    assert names == [f"r{index}" for index in range(5)]
    assert client.refused("ListRoles", of="iam", Marker="?").code == "ValidationError"


def test_an_instance_takes_its_profile_by_name_or_arn(client: Client) -> None:
    name, subnet_id = make_profile(client), make_subnet(client, make_vpc(client))
    arn = f"arn:aws:iam::{MAIN}:instance-profile/{name}"
    for wanted in ({"Name": name}, {"Arn": arn}):
        (instance,) = run(client, subnet_id, IamInstanceProfile=wanted)
        assert instance["IamInstanceProfile"]["Arn"] == arn
    client("CreateInstanceProfile", of="iam", InstanceProfileName="empty")
    error = refused(client, subnet_id, IamInstanceProfile={"Name": "empty"})
    assert "has no associated IAM Roles" in error.message


def test_a_profile_comes_and_goes_while_the_instance_runs(client: Client) -> None:
    name, subnet_id = make_profile(client), make_subnet(client, make_vpc(client))
    instance_id = run(client, subnet_id)[0]["InstanceId"]
    this = {"InstanceId": instance_id, "IamInstanceProfile": {"Name": name}}
    made = client("AssociateIamInstanceProfile", **this)["IamInstanceProfileAssociation"]
    assert made["State"] == "associating"
    assert client.refused("AssociateIamInstanceProfile", **this).code == "IncorrectState"
    (listed,) = client("DescribeIamInstanceProfileAssociations")["IamInstanceProfileAssociations"]
    assert listed == made | {"State": "associated"}
    client("DisassociateIamInstanceProfile", AssociationId=made["AssociationId"])
    assert described(client, instance_id)[0]["IamInstanceProfile"] is None
    error = client.refused("DisassociateIamInstanceProfile", AssociationId=made["AssociationId"])
    assert error.code == "InvalidAssociationID.NotFound"


def test_who_uses_a_policy_is_found_by_path_and_by_use(client: Client) -> None:
    arn = "arn:aws:iam::aws:policy/PowerUserAccess"
    for name, path, boundary in (
        ("plain", "/", {}),
        ("deep", "/team/", {}),
        ("bound", "/", {"PermissionsBoundary": arn}),
    ):
        client("CreateRole", of="iam", RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST, **boundary)
        if not boundary:
            client("AttachRolePolicy", of="iam", RoleName=name, PolicyArn=arn)

    def users(**request: str) -> list[str]:
        rows = client("ListEntitiesForPolicy", of="iam", PolicyArn=arn, **request)["PolicyRoles"]
        return [row["RoleName"] for row in rows]

    assert users() == ["bound", "deep", "plain"]
    assert users(PathPrefix="/team/") == ["deep"]
    assert users(PolicyUsageFilter="PermissionsPolicy") == ["deep", "plain"]
    assert users(PolicyUsageFilter="PermissionsBoundary") == ["bound"]
    assert users(EntityFilter="User") == []


def test_a_length_of_sign_in_sessions_is_not_taken_and_forgotten(client: Client) -> None:
    client("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=TRUST)
    error = client.refused("UpdateRole", of="iam", RoleName="r", MaxSigninSessionDuration=3600)
    assert error.code == "UnsupportedOperation"
