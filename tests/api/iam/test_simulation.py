"""IAM's policy simulator: what policies would allow, and why (IAM API Reference, "SimulatePrincipalPolicy")."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..conftest import MAIN, OTHER, Client

START, STOP, BOTH = "ec2:StartInstances", "ec2:StopInstances", ["ec2:StartInstances", "ec2:StopInstances"]
ONE, TWO = (f"arn:aws:ec2:us-east-1:{MAIN}:instance/i-{number}" for number in (1, 2))


def policy(*statements: dict[str, Any]) -> str:
    rows = [{"Effect": "Allow", "Action": "*", "Resource": "*"} | each for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": rows})


def make_user(client: Client, *statements: dict[str, Any], name: str = "ann") -> str:
    arn: str = client("CreateUser", of="iam", UserName=name)["User"]["Arn"]
    if statements:
        client("PutUserPolicy", of="iam", UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
    return arn


def simulate(client: Client, arn: str, *actions: str, **more: Any) -> list[dict[str, Any]]:
    answer = client("SimulatePrincipalPolicy", of="iam", PolicySourceArn=arn, ActionNames=list(actions), **more)
    results: list[dict[str, Any]] = answer["EvaluationResults"]
    return results


def custom(client: Client, *documents: str, actions: list[str] | None = None, **more: Any) -> dict[str, Any]:
    answer = client(
        "SimulateCustomPolicy", of="iam", PolicyInputList=list(documents), ActionNames=actions or [START], **more
    )
    first: dict[str, Any] = answer["EvaluationResults"][0]
    return first


def test_what_a_user_may_and_which_statement_says_so(client: Client) -> None:
    arn = make_user(client, {"Action": START}, {"Effect": "Deny", "Action": "ec2:Terminate*"})
    start, stop, terminate = simulate(client, arn, START, STOP, "ec2:TerminateInstances")
    assert [each["EvalDecision"] for each in (start, stop, terminate)] == ["allowed", "implicitDeny", "explicitDeny"]
    assert {each["EvalResourceName"] for each in (start, stop, terminate)} == {"*"}
    [matched] = start["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("own", "user")
    assert matched["StartPosition"] == {"Line": 1, "Column": policy({}).index("[") + 2}
    assert stop["MatchedStatements"] == []
    assert terminate["MatchedStatements"][0]["StartPosition"] == matched["EndPosition"]
    assert "ResourceSpecificResults" not in start


def test_groups_and_managed_policies_count_and_are_named(client: Client) -> None:
    arn = make_user(client)
    client("CreateGroup", of="iam", GroupName="ops")
    client("AddUserToGroup", of="iam", GroupName="ops", UserName="ann")
    made = client("CreatePolicy", of="iam", PolicyName="start", PolicyDocument=policy({"Action": START}))
    client("AttachGroupPolicy", of="iam", GroupName="ops", PolicyArn=made["Policy"]["Arn"])
    client("PutGroupPolicy", of="iam", GroupName="ops", PolicyName="in", PolicyDocument=policy({"Action": "ec2:St*"}))
    client("AttachUserPolicy", of="iam", UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    [start] = simulate(client, arn, START)
    assert {(each["SourcePolicyId"], each["SourcePolicyType"]) for each in start["MatchedStatements"]} == {
        ("start", "user-managed"),
        ("in", "group"),
        ("AdministratorAccess", "aws-managed"),
    }
    [group] = simulate(client, f"arn:aws:iam::{MAIN}:group/ops", START)
    assert len(group["MatchedStatements"]) == 2


def test_a_role_with_a_policy_of_awss_that_is_not_known_is_not_made_up(client: Client) -> None:
    trust = policy({"Action": "sts:AssumeRole"}).replace('"Resource": "*"', '"Principal": {"AWS": "*"}')
    role = client("CreateRole", of="iam", RoleName="web", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client("AttachRolePolicy", of="iam", RoleName="web", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    ask = {"of": "iam", "PolicySourceArn": role}
    error = client.refused("SimulatePrincipalPolicy", ActionNames=[START], **ask)
    assert (error.code, error.status) == ("PolicyEvaluation", 500)
    assert "AmazonSQSFullAccess" in error.message
    assert client.refused("GetContextKeysForPrincipalPolicy", **ask).code == "PolicyEvaluation"


def test_each_resource_has_its_own_result_and_the_worst_is_the_actions(client: Client) -> None:
    arn = make_user(client, {"Resource": ONE}, {"Effect": "Deny", "Resource": TWO})
    [result] = simulate(client, arn, START, ResourceArns=[ONE, TWO, ONE.replace("i-1", "i-3")])
    assert (result["EvalDecision"], len(result["MatchedStatements"])) == ("explicitDeny", 1)
    assert result["EvalDecisionDetails"] == {}
    assert [(each["EvalResourceName"][-3:], each["EvalResourceDecision"], len(each["MatchedStatements"]))
            for each in result["ResourceSpecificResults"]] == [
        ("i-1", "allowed", 1), ("i-2", "explicitDeny", 1), ("i-3", "implicitDeny", 0)
    ]  # fmt: skip


def test_context_entries_are_what_conditions_see_and_what_is_missing_is_told(client: Client) -> None:
    condition = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}}
    arn = make_user(client, {"Condition": condition, "Resource": "arn:aws:ec2:*:*:instance/${aws:PrincipalTag/of}"},
                    {"Action": "s3:*", "Condition": {"StringEquals": {"s3:prefix": "x"}}})  # fmt: skip
    [nothing] = simulate(client, arn, START, ResourceArns=[ONE])
    [specific] = nothing["ResourceSpecificResults"]
    assert specific["EvalResourceDecision"] == "implicitDeny"
    missing = ["aws:SourceIp", "aws:MultiFactorAuthPresent", "aws:PrincipalTag/of"]
    assert specific["MissingContextValues"] == nothing["MissingContextValues"] == missing
    entries = [
        {"ContextKeyName": "AWS:sourceip", "ContextKeyValues": ["203.0.113.7"], "ContextKeyType": "ip"},
        {"ContextKeyName": "aws:MultiFactorAuthPresent", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"},
        {"ContextKeyName": "aws:PrincipalTag/of", "ContextKeyValues": ["i-1"], "ContextKeyType": "string"},
    ]
    [given] = simulate(client, arn, START, ResourceArns=[ONE], ContextEntries=entries)
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])


def test_the_callers_name_is_known_from_its_arn(client: Client) -> None:
    arn = make_user(client, {"Resource": "arn:aws:s3:::home/${aws:username}/*"})
    objects = [f"arn:aws:s3:::home/{name}/x" for name in ("ann", "bob")]
    [result] = simulate(client, arn, "s3:GetObject", ResourceArns=objects)
    decisions = [each["EvalResourceDecision"] for each in result["ResourceSpecificResults"]]
    assert decisions == ["allowed", "implicitDeny"]
    bob = make_user(client, name="bob")
    [as_bob] = simulate(client, arn, "s3:GetObject", ResourceArns=objects, CallerArn=bob)
    decisions = [each["EvalResourceDecision"] for each in as_bob["ResourceSpecificResults"]]
    assert decisions == ["implicitDeny", "allowed"]


def test_permissions_boundaries_are_applied_and_told_of(client: Client) -> None:
    arn = make_user(client, {})
    [free] = simulate(client, arn, START)
    assert "PermissionsBoundaryDecisionDetail" not in free
    made = client("CreatePolicy", of="iam", PolicyName="bound", PolicyDocument=policy({"Action": START}))
    client("PutUserPermissionsBoundary", of="iam", UserName="ann", PermissionsBoundary=made["Policy"]["Arn"])
    start, stop = simulate(client, arn, *BOTH)
    assert [each["EvalDecision"] for each in (start, stop)] == ["allowed", "implicitDeny"]
    assert [each["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for each in (start, stop)] == [
        True,
        False,
    ]
    instead = simulate(client, arn, *BOTH, PermissionsBoundaryPolicyInputList=[policy({"Action": STOP})])
    assert [each["EvalDecision"] for each in instead] == ["implicitDeny", "allowed"]


def test_policies_of_the_request_join_those_that_are_attached(client: Client) -> None:
    arn = make_user(client, {"Action": START})
    start, stop = simulate(client, arn, *BOTH, PolicyInputList=[policy({"Action": STOP})])
    assert stop["MatchedStatements"][0] | {"StartPosition": 0, "EndPosition": 0} == {
        "SourcePolicyId": "PolicyInputList.1", "SourcePolicyType": "none", "StartPosition": 0, "EndPosition": 0
    }  # fmt: skip
    assert start["EvalDecision"] == "allowed"


def test_a_custom_policy_as_in_aws_example(client: Client) -> None:
    document = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":'
        '{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )
    for time, decision, matched in (
        ("2019-04-25T11:00:00Z", "allowed", 1),
        ("2014-04-25T11:00:00Z", "implicitDeny", 0),
    ):
        entry = {"ContextKeyName": "aws:CurrentTime", "ContextKeyValues": [time], "ContextKeyType": "date"}
        result = custom(client, document, actions=["dynamodb:CreateBackup"], ContextEntries=[entry])
        assert (result["EvalDecision"], len(result["MatchedStatements"])) == (decision, matched)
        assert result["MissingContextValues"] == []
    keys = client("GetContextKeysForCustomPolicy", of="iam", PolicyInputList=[document, document])
    assert keys["ContextKeyNames"] == ["aws:CurrentTime"]


def test_a_resource_policy_allows_in_its_account_and_has_to_allow_from_another(client: Client) -> None:
    ann, bucket = make_user(client), "arn:aws:s3:::shared"
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ann}, "Action": "s3:Get*", "Resource": f"{bucket}/*"}]})  # fmt: skip
    ask = {"ResourceArns": [f"{bucket}/x"], "ResourcePolicy": document, "CallerArn": ann}
    here = custom(client, policy({"Action": "ec2:*"}), actions=["s3:GetObject"], **ask)
    assert here["EvalDecision"] == "allowed"
    assert [each["SourcePolicyType"] for each in here["MatchedStatements"]] == ["resource"]
    there = ask | {"ResourceOwner": f"arn:aws:iam::{OTHER}:root"}
    refused = custom(client, policy({"Action": "ec2:*"}), actions=["s3:GetObject"], **there)
    assert refused["EvalDecision"] == "implicitDeny"
    assert refused["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}
    both = custom(client, policy({"Action": "s3:*"}), actions=["s3:GetObject"], **there)
    assert (both["EvalDecision"], len(both["MatchedStatements"])) == ("allowed", 2)
    assert client.refused("SimulateCustomPolicy", of="iam", PolicyInputList=[policy({})], ActionNames=[START],
                          ResourcePolicy=document).code == "InvalidInput"  # fmt: skip


def test_results_come_in_pages_in_the_order_of_the_actions(client: Client) -> None:
    arn = make_user(client, {})
    names = [f"ec2:Action{number}" for number in range(7)]
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = client("SimulatePrincipalPolicy", of="iam", PolicySourceArn=arn, ActionNames=names, MaxItems=3, **more)
        seen += [each["EvalActionName"] for each in page["EvaluationResults"]]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["Marker"]}
    assert seen == names


def test_context_keys_of_a_principal(client: Client) -> None:
    condition = {"StringEquals": {"aws:RequestTag/a": "${aws:username}"}, "Null": {"AWS:requesttag/A": "true"}}
    arn = make_user(client, {"Condition": condition, "Resource": "arn:aws:s3:::${aws:userid}"})
    extra = policy({"Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    keys = client("GetContextKeysForPrincipalPolicy", of="iam", PolicySourceArn=arn, PolicyInputList=[extra])
    assert keys["ContextKeyNames"] == ["aws:RequestTag/a", "aws:username", "aws:userid", "aws:SecureTransport"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PolicySourceArn": f"arn:aws:iam::{MAIN}:user/nobody"}, "NoSuchEntity"),
        ({"PolicySourceArn": f"arn:aws:iam::{MAIN}:user/wrong/path/ann"}, "NoSuchEntity"),
        ({"PolicySourceArn": f"arn:aws:iam::{MAIN}:policy/x-and-more"}, "InvalidInput"),
        ({"PolicySourceArn": f"arn:aws:iam::{OTHER}:user/ann"}, "AccessDenied"),
        ({"ActionNames": ["StartInstances"]}, "InvalidInput"),
        ({"ActionNames": ["ec2:*"]}, "InvalidInput"),
        ({"ResourceArns": ["i-1"]}, "InvalidInput"),
        ({"PolicyInputList": ["{}"]}, "InvalidInput"),
        ({"PermissionsBoundaryPolicyInputList": [policy({}), policy({})]}, "InvalidInput"),
        ({"ContextEntries": [{"ContextKeyName": "aws:SourceIp"}]}, "InvalidInput"),
        ({"CallerArn": f"arn:aws:sts::{MAIN}:assumed-role/a/b"}, "InvalidInput"),
        ({"ResourceHandlingOption": "EC2-VPC-InstanceStore"}, "UnsupportedOperation"),
        ({"PolicyInputList": [policy(*({} for _ in range(2500)))], "ResourceArns": [ONE] * 9}, "InvalidInput"),
    ],
)
def test_what_cannot_be_simulated(client: Client, changes: dict[str, Any], code: str) -> None:
    ask = {"PolicySourceArn": make_user(client, {}), "ActionNames": [START]} | changes
    assert client.refused("SimulatePrincipalPolicy", of="iam", **ask).code == code
