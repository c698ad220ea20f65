"""What policies come to (IAM guide, "Policy evaluation logic")."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realvpc.iam import statement
from realvpc.iam.condition import circumstances
from realvpc.iam.decision import Decision, Layer, Policies, PolicySource, Source, decide
from realvpc.iam.policy_position import Position, spans_of
from realvpc.iam.statement import read_statements

MINE, OTHERS = "arn:aws:s3:::mine/ann/file", "arn:aws:s3:::mine/bob/file"
GIVEN = circumstances({"aws:username": "ann"}, None)


def source(*statements: dict[str, Any], version: str = "2012-10-17") -> PolicySource:
    everything = {"Effect": "Allow", "Action": "*"}
    rows = [everything | ({} if "NotResource" in each else {"Resource": "*"}) | each for each in statements]
    return PolicySource("p", Source.USER, json.dumps({"Version": version, "Statement": rows}))


def decided(*statements: dict[str, Any], resources: tuple[str, ...] = (MINE,), **more: Any) -> tuple[Decision, Layer]:
    outcome = decide(Policies(identity=(source(*statements),), **more), "s3:GetObject", resources, GIVEN)
    return outcome.decision, outcome.layer


def test_nothing_is_allowed_unless_something_allows_it() -> None:
    assert decide(Policies(identity=()), "s3:GetObject", ("*",), GIVEN).decision is Decision.IMPLICIT_DENY
    assert decided({}) == (Decision.ALLOWED, Layer.IDENTITY)
    assert decided({"Action": "s3:Put*"})[0] is Decision.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("statement", "is_about_it"),
    [
        ({"Action": "S3:get*"}, True),
        ({"Action": ["ec2:*", "s3:GetO?ject"]}, True),
        ({"Action": "s3:Get\\*"}, False),  # a backslash is one
        ({"Resource": "arn:aws:s3:::mine/*"}, True),
        ({"Resource": "arn:aws:s3:::mine/${aws:username}/*"}, True),
        ({"Resource": "arn:aws:s3:::mine/${aws:nobody}/*"}, False),
        ({"Resource": [OTHERS, MINE]}, True),
        ({"Condition": {"StringEquals": {"aws:username": "bob"}}}, False),
    ],
)
def test_statements_are_about_actions_resources_and_circumstances(statement: dict[str, Any], is_about_it: bool) -> None:
    assert (decided(statement)[0] is Decision.ALLOWED) is is_about_it
    denied = decided({}, {"Effect": "Deny"} | statement)[0]
    assert denied is (Decision.EXPLICIT_DENY if is_about_it else Decision.ALLOWED)


def test_what_is_excluded() -> None:
    for row in ({"NotAction": "s3:Put*", "Resource": "*"}, {"NotResource": OTHERS, "Action": "*"}):
        document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow"} | row})
        policies = Policies(identity=(PolicySource("p", Source.USER, document),))
        assert decide(policies, "s3:GetObject", (MINE,), GIVEN).decision is Decision.ALLOWED
        assert decide(policies, "s3:PutObject", (OTHERS,), GIVEN).decision is Decision.IMPLICIT_DENY


def test_variables_are_of_the_newer_version() -> None:
    older = source({"Resource": "arn:aws:s3:::mine/${aws:username}/*"}, version="2008-10-17")
    assert decide(Policies(identity=(older,)), "s3:GetObject", (MINE,), GIVEN).decision is Decision.IMPLICIT_DENY


def test_all_resources_have_to_be_allowed_and_a_deny_wins() -> None:
    assert decided({"Resource": MINE}, resources=(MINE, OTHERS))[0] is Decision.IMPLICIT_DENY
    assert decided({"Resource": MINE}, {"Resource": OTHERS}, resources=(MINE, OTHERS))[0] is Decision.ALLOWED
    assert decided({"Effect": "Deny", "Resource": OTHERS}, resources=(MINE, OTHERS))[0] is Decision.EXPLICIT_DENY


def test_a_boundary_and_a_session_allow_nothing_by_themselves_and_bound_the_rest() -> None:
    everything, nothing, denying = (source({}),), (), (source({}, {"Effect": "Deny", "Action": "s3:*"}),)
    assert decided({}, boundary=everything, session=everything) == (Decision.ALLOWED, Layer.IDENTITY)
    assert decided({"Action": "ec2:*"}, boundary=everything) == (Decision.IMPLICIT_DENY, Layer.IDENTITY)
    assert decided({}, boundary=nothing) == (Decision.IMPLICIT_DENY, Layer.BOUNDARY)
    assert decided({}, session=nothing) == (Decision.IMPLICIT_DENY, Layer.SESSION)
    assert decided({}, boundary=denying) == (Decision.EXPLICIT_DENY, Layer.BOUNDARY)
    assert decided({}, session=denying, boundary=nothing) == (Decision.EXPLICIT_DENY, Layer.SESSION)


def test_where_statements_stand_is_told_as_in_aws_examples() -> None:
    """Of the commands simulate-custom-policy and simulate-principal-policy in the AWS CLI's reference."""
    one = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":'
        '{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )
    [span] = spans_of(one)
    assert (span.start, span.end) == (Position(1, 38), Position(1, 167))
    row = {"Sid": "s", "Effect": "Allow", "Action": "codecommit:ListRepositories", "Resource": "*"}
    first, second = spans_of(json.dumps({"Version": "2012-10-17", "Statement": [row, row]}, indent=4))
    assert (first.start, first.end) == (Position(3, 19), Position(9, 10))
    assert (second.start, second.end) == (Position(9, 10), Position(15, 10))
    assert spans_of('{"Statement": [], "Id": "x", "Statement" : [ {"Effect":"}"} ] }')[0].end == Position(1, 60)


def test_long_documents_are_remembered_in_small_numbers() -> None:
    """Whoever asks the simulator chooses them, and one of 128 KiB becomes megabytes."""
    for number in range(40):
        read_statements(source(*({"Sid": f"s{number}x{each}"} for each in range(200))).document or "")
        read_statements(source({"Sid": f"s{number}"}).document or "")
    assert statement._read_long.cache_info().currsize <= 16
    assert statement._read_short.cache_info().currsize <= 256


def test_what_is_kept_of_a_document_grows_no_faster_than_it() -> None:
    """Each character of an alphabet takes a bit for each character of the patterns."""
    strange = "".join(map(chr, range(0x4E00, 0x4E00 + 1500)))
    [kept] = source({"Action": f"s3:{strange}*", "Resource": f"arn:aws:s3:::{strange}*"}).statements
    assert len(kept.action_globs.moves) < 20
    assert not kept.kept.moves
    about = {"Resource": f"arn:aws:s3:::{strange}*"}
    assert decided(about, resources=(f"arn:aws:s3:::{strange}x",))[0] is Decision.ALLOWED
    assert decided(about, resources=(MINE,))[0] is Decision.IMPLICIT_DENY


@pytest.mark.parametrize("kind", ["Resource", "NotResource"])
@pytest.mark.parametrize("pattern", [MINE, "arn:aws:s3:::mine/a*", "arn:aws:s3:::mine/${aws:username}/*", "*\u65e5*"])
def test_few_resources_and_many_are_decided_alike(kind: str, pattern: str) -> None:
    """Patterns are asked one statement after the other, or put together."""
    rows = [{"Effect": "Allow", "Action": "*", kind: [pattern, "arn:aws:s3:::x"]}]
    policies = Policies(
        identity=(PolicySource("p", Source.USER, json.dumps({"Version": "2012-10-17", "Statement": rows})),)
    )
    for resource in (MINE, OTHERS, "arn:aws:s3:::x"):
        few, many = (decide(policies, "s3:GetObject", (resource,) * count, GIVEN).decision for count in (1, 20))
        assert few is many


@pytest.mark.parametrize("count", [1, 9])
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Effect": "Deny", "Resource": "arn:aws:s3:::${ec2:Vpc}/*"}, Decision.EXPLICIT_DENY),
        ({"Effect": "Deny", "Resource": "arn:aws:s3:::${ec2:Vpc, 'x'}/*"}, Decision.EXPLICIT_DENY),
        ({"Effect": "Deny", "Resource": "arn:aws:sqs:::${ec2:Vpc}"}, Decision.ALLOWED),
        ({"Effect": "Deny", "Resource": "arn:aws:s3:::${aws:PrincipalOrgID}/*"}, Decision.ALLOWED),
    ],
    ids=str,
)
def test_a_variable_that_nobody_knows_may_be_anything_where_that_denies(
    statement: dict[str, Any], expected: Decision, count: int
) -> None:
    given = circumstances({"aws:username": "ann"}, frozenset({"aws:principalorgid"}))
    policies = Policies(identity=(source({}, statement),))
    assert decide(policies, "s3:GetObject", (MINE,) * count, given).decision is expected


@pytest.mark.parametrize("count", [1, 9])
@pytest.mark.parametrize(
    "statement",
    [
        {"NotResource": "arn:aws:s3:::${ec2:Vpc}/*"},
        {"Resource": "arn:aws:s3:::${ec2:Vpc}/*"},
        {"Resource": "arn:aws:s3:::${ec2:Vpc, 'mine'}/ann/file"},
    ],
    ids=str,
)
def test_and_is_nothing_where_it_would_allow(statement: dict[str, Any], count: int) -> None:
    given = circumstances({"aws:username": "ann"}, frozenset())
    policies = Policies(identity=(source(statement),))
    assert decide(policies, "s3:GetObject", (MINE,) * count, given).decision is Decision.IMPLICIT_DENY
