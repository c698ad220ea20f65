"""Trust policies and inline policies: what is one, and what IAM says of what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realvpc.iam.policy_document import identity_policy_problem

from ..conftest import MAIN, OTHER, Client
from .test_iam import TRUST, trust


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("nonsense", "This policy contains invalid Json"),
        ("[]", "This policy contains invalid Json"),
        (trust(Effect="Perhaps"), "This policy contains invalid Json"),
        (trust(Principal=None), "Missing required field Principal"),
        (trust(Principal="me"), "Invalid principal in policy"),
        (trust(Principal={"AWS": [{}]}), "Invalid principal in policy"),
        *(
            (trust(Principal={"AWS": ["*", arn]}), f'Invalid principal in policy: "AWS":"{arn}"')
            for arn in (
                f"arn:aws:iam::{MAIN}:user/nobody",
                f"arn:aws:iam::{OTHER}:role/nobody",
                f"arn:aws:sts::{MAIN}:assumed-role/nobody/me",
                "arn:aws:iam::999999999999:root",
                f"arn:aws-cn:iam::{MAIN}:root",
                "me",
            )
        ),
        *(
            (trust(Principal={"Service": name}), f'Invalid principal in policy: "SERVICE":"{name}"')
            for name in ("amazonaws.com", "ec2", "ec2.example.com", "*")
        ),
        (trust(Condition="always"), "Syntax errors in policy."),
        (trust(Condition={"StringEquals": "x"}), "Syntax errors in policy."),
        (trust(Resource="*"), "Has prohibited field Resource"),
        (trust(NotResource="*"), "Has prohibited field NotResource"),
        (trust(NotPrincipal={"AWS": "*"}), "Has prohibited field NotPrincipal"),
        (trust(Principal=None, NotPrincipal={"AWS": "*"}), "Has prohibited field NotPrincipal"),
        (trust(Principal={"Person": "me"}), 'Invalid principal in policy: "PERSON":"me"'),
        (trust(Other="x"), "Syntax errors in policy."),
        (trust(Effect="allow"), "Syntax errors in policy."),
        (trust(NotAction="sts:TagSession"), "Syntax errors in policy."),
        (trust(Action=None), "Missing required field Action"),
        (trust(Condition={"Perhaps": {"a": "b"}}), "Syntax errors in policy."),
        (trust(Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0"}}), "The policy failed legacy parsing"),
        (trust(Action="sts:Assume"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(Action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
    ],
)
def test_a_trust_policy_that_is_none(client: Client, document: str, words: str) -> None:
    error = client.refused("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=document)
    assert (error.code, error.status, error.message) == ("MalformedPolicyDocument", 400, words)


@pytest.mark.parametrize("document", ["{", TRUST, '{"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}'])
def test_an_inline_policy_that_is_none(client: Client, document: str) -> None:
    client("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=TRUST)
    error = client.refused("PutRolePolicy", of="iam", RoleName="r", PolicyName="p", PolicyDocument=document)
    assert error.code == "MalformedPolicyDocument"


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": ["*", MAIN, "999999999999", f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{MAIN}:user/tester"]},
        {"AWS": [f"arn:aws:iam::{MAIN}:role/there", f"arn:aws:sts::{MAIN}:assumed-role/there/me"]},
        {"Service": ["ec2.amazonaws.com", "apidestinations.events.amazonaws.com", "alexa-appkit.amazon.com"]},
        {"Federated": "accounts.google.com"},
    ],
)
def test_a_trust_policy_names_who_there_is(client: Client, principal: Any) -> None:
    client("CreateRole", of="iam", RoleName="there", AssumeRolePolicyDocument=TRUST)
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:AssumeRole*"]
    document = trust(Principal=principal, Action=actions)
    client("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=document)


LEGACY = "The policy failed legacy parsing"
PREFACED = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
GET = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([GET | {"Resource": "foo"}], 'Resource foo must be in ARN format or "*".'),
        ([GET | {"Resource": ["*", ""]}], 'Resource  must be in ARN format or "*".'),
        ([GET | {"Extra field": "value"}], "Syntax errors in policy."),
        ([GET | {"NotAction": "iam:*"}], "Syntax errors in policy."),
        ([GET | {"NotResource": "*"}], "Syntax errors in policy."),
        ([GET | {"Sid": {}}], "Syntax errors in policy."),
        ([GET | {"Action": [[]]}], "Syntax errors in policy."),
        ([GET | {"Condition": []}], "Syntax errors in policy."),
        ([GET | {"Sid": "a"}, GET | {"Sid": "a"}], "Statement IDs (SID) in a single policy must be unique."),
        ([GET | {"Action": []}], "Policy statement must contain actions."),
        ([{"Effect": "Allow", "Action": "s3:Get*"}], "Policy statement must contain resources."),
        ([{"Effect": "Allow", "Action": "s3:Get*", "Resource": []}], "Policy statement must contain resources."),
        ([{"Effect": "Allow", "Resource": "*"}], "Policy statement must contain actions."),
        ([{"Effect": "Allow", "Action": "invalid"}], PREFACED),
        ([{"Effect": "Allow", "NotAction": "", "Resource": "*"}], PREFACED),
        ([GET | {"Action": "s:3:List", "Resource": "sdf"}], 'Resource sdf must be in ARN format or "*".'),
        ([GET | {"Action": "a a:List"}], "Vendor a a is not valid"),
        ([GET | {"Principal": "*"}], "Policy document should not specify a principal."),
        ([GET | {"NotPrincipal": "*"}], "Policy document should not specify a principal."),
        ([GET | {"Effect": "denY"}], LEGACY),
        *(
            ([GET | {"Resource": "arn:error:s3:::b", "Condition": {"DateLessThan": {"a": date}}}], LEGACY)
            for date in ("someday", "234-13", "2016-12-13t2:00:00+1", "2016-12-13t2:00:00.1999999999+10:59", "9" * 19)
        ),
        *(
            ([GET | {"Condition": {operator: {"a": ["1", value]}}}], LEGACY)
            for operator, value in {
                "IpAddress": "10.0.0.0/33",
                "NotIpAddress": "10.0.0",
                "ForAllValues:IpAddressIfExists": "::1%eth0",
                "NumericEquals": "one",
                "NumericLessThanIfExists": "${aws:username}",
                "ForAnyValue:ArnNotLike": "role/web",
                "ArnEquals": "arn:aws:s3::bucket",
                "Bool": "ture",
                "Null": "no",
            }.items()
        ),
        ([GET | {"Condition": {"NullIfExists": {"a": "true"}}}], "Syntax errors in policy."),
        ([GET | {"Effect": "no"}], "Syntax errors in policy."),
        ([GET | {"Condition": {"x": {"a": "1"}}}], "Syntax errors in policy."),
        ([GET | {"Condition": {"ForAnyValue::StringEquals": {"a": "b"}}}], "Syntax errors in policy."),
        ([GET | {"Condition": {"DateGreaterThan": {"a": {}}}}], "Syntax errors in policy."),
        *(
            ([{"Effect": "Allow", "Action": "s3:Get*", member: resource}], words)
            for member in ("Resource", "NotResource")
            for resource, words in {
                "a:bsd": 'Partition "bsd" is not valid for resource "arn:bsd:*:*:*:*".',
                "a:b:cad": 'Partition "b" is not valid for resource "arn:b:cad:*:*:*".',
                "a:b:c:d:e:f:g:h": 'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".',
                "aws:s3:::bucket": 'Partition "s3" is not valid for resource "arn:s3:::bucket:*".',
                "arn:error:s3:::bucket": 'Partition "error" is not valid for resource "arn:error:s3:::bucket".',
                "arn:aws:s3::bucket": LEGACY,
                "arn:aws::::bucket": LEGACY,
                "arn:aws::bucket": LEGACY,
                "arn:aws": "Resource vendor must be fully qualified and cannot contain regexes.",
                "arn:aws:*:::bucket": "Resource vendor must be fully qualified and cannot contain regexes.",
                "arn:aws:s3:us-east-1::b": "Resource arn:aws:s3:us-east-1::b can not contain region information.",
                "arn:aws:iam:us-east-1::b": "IAM resource arn:aws:iam:us-east-1::b cannot contain region information.",
                "arn:aws:iam:::b": 'IAM resource path must either be "*" or start with user/, federated-user/, role/, '
                "group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, "
                "oidc-provider/, report/, access-report/.",
            }.items()
        ),
        (
            [GET | {"Action": "invalid"}],
            PREFACED,
        ),
        ([GET | {"Action": "s3:List:Bucket"}], "Actions/Condition can contain only one colon."),
    ],
)
def test_what_iam_says_of_an_inline_policy_that_is_none(
    client: Client, statements: list[dict[str, Any]], words: str
) -> None:
    client("CreateRole", of="iam", RoleName="r", AssumeRolePolicyDocument=TRUST)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    error = client.refused("PutRolePolicy", of="iam", RoleName="r", PolicyName="p", PolicyDocument=document)
    assert (error.code, error.message) == ("MalformedPolicyDocument", words)


def test_a_policy_has_version_id_and_statements_only() -> None:
    document = {"Version": "2012-10-17", "Id": "x", "Statement": [GET, GET | {"Sid": "a"}, GET | {"Sid": ""}]}
    assert identity_policy_problem(json.dumps(document)) is None
    assert identity_policy_problem(json.dumps(document | {"Extra field": "value"})) == "Syntax errors in policy."
    assert identity_policy_problem(json.dumps(document | {"Id": {}})) == "Syntax errors in policy."


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"Resource": resource}
            for resource in (
                ["arn:aws:s3:::bucket", "*"],
                "arn:aws-cn:s3:::bucket",
                "arn:aws-us-gov:ec2:us-gov-west-1:*:instance/*",
                "arn:aws:fdsasf",
                "arn:aws:iam::*:user/${aws:username}",
                "arn:aws:iam:::user/somebody",
                "arn:aws:iam::123456789012:*",
                "arn:aws:ec2:us-east-1::image/*",
                "arn:aws:dynamodb:*:*:table/MyTable",
                "arn:aws:s3:us-west-2:123456789012:accesspoint/mine/object/*",
                ["arn:aws:kms:*:123456789012:key/*", None],
            )
        ),
        {"Action": "s3-s.x:Get"},
        {"Action": "*"},
        {"Action": "iam: some thing "},
        {"Condition": {"a": {}}},
        {"Condition": {"DateGreaterThan": {"a": []}}},
        {
            "Condition": {
                "DateGreaterThan": {"a": ["2019-07-01T13:20:15Z", "2016-12-13t2:00:00.593194+23", "01T", "-7"]}
            }
        },
        {"Condition": {"ForAllValues:DateEquals": {"a": "${aws:PrincipalTag/until}"}}},
        *(
            {"Condition": {operator: {"a": values}}}
            for operator, values in {
                "IpAddress": ["203.0.113.0/24", "203.0.113.7", "2001:db8::/32", "::1"],
                "NumericEquals": [1, 2.5, "3", "-4.5", "1e3"],
                "ArnLike": ["*", "arn:aws:iam::*:role/web", "arn:aws:s3:::bucket", "${aws:PrincipalArn}"],
                "Bool": ["true", "False", True, "${aws:SecureTransport}"],
                "Null": [True, "false"],
            }.items()
        ),
        {
            "Condition": {
                "ForAnyValue:StringEqualsIfExists": {"a": "b"},
                "Bool": {"c": True},
                "NumericLessThan": {"d": 1},
            }
        },
    ],
    ids=str,
)
def test_what_iam_takes_as_a_policy(changes: dict[str, Any]) -> None:
    for version in ({}, {"Version": "2008-10-17"}, {"Version": "2012-10-17"}):
        assert identity_policy_problem(json.dumps(version | {"Statement": GET | changes})) is None
