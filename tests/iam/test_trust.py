"""Whom a trust policy lets in."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from realvpc.iam.evaluate import circumstances_of
from realvpc.iam.trust import Assumer, trusts

USER = "arn:aws:iam::111111111111:user/tester"
ROLE = "arn:aws:iam::111111111111:role/path/worker"
WHO = Assumer(account="111111111111", arns=(USER, ROLE))
EC2 = Assumer(service="ec2.amazonaws.com")


def statement(principal: Any, *, effect: str = "Allow", action: Any = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("principal", "user", "service"),
    [
        ("*", True, True),
        ({"AWS": "*"}, True, False),
        ({"AWS": "111111111111"}, True, False),
        ({"AWS": "arn:aws:iam::111111111111:root"}, True, False),
        ({"AWS": ["arn:aws:iam::222222222222:root", USER]}, True, False),
        ({"AWS": ROLE}, True, False),
        ({"AWS": "arn:aws:iam::222222222222:root"}, False, False),
        ({"AWS": "arn:aws:iam::111111111111:user/other"}, False, False),
        ({"Service": "ec2.amazonaws.com"}, False, True),
        ({"Service": ["ssm.amazonaws.com", "ec2.amazonaws.com"]}, False, True),
        ({"Service": "lambda.amazonaws.com"}, False, False),
        ({"Federated": "cognito-identity.amazonaws.com"}, False, False),
        ("everybody", False, False),
    ],
)
def test_a_role_is_for_the_principals_that_its_trust_policy_names(principal: Any, user: bool, service: bool) -> None:
    document = policy(statement(principal))
    assert (trusts(document, WHO), trusts(document, EC2)) == (user, service)


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("sts:AssumeRole", True),
        ("STS:assumerole", True),
        ("sts:*", True),
        ("sts:Assume????", True),
        (["sts:TagSession", "sts:AssumeRole"], True),
        ("sts:TagSession", False),
        ("sts:[A]ssumeRole", False),
    ],
)
def test_only_the_action_of_assuming_counts(action: Any, allowed: bool) -> None:
    assert trusts(policy(statement({"AWS": "*"}, action=action)), WHO) is allowed


def test_a_denial_wins() -> None:
    allow = statement({"AWS": "*"})
    assert not trusts(policy(allow, statement({"AWS": USER}, effect="Deny")), WHO)
    assert trusts(policy(allow, statement({"AWS": "arn:aws:iam::222222222222:root"}, effect="Deny")), WHO)
    assert not trusts(policy(allow, {"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "sts:*"}), WHO)
    assert not trusts(policy({"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "NotAction": "sts:TagSession"}), WHO)


@pytest.mark.parametrize(
    ("condition", "given", "allowed"),
    [
        ({"StringEquals": {"sts:ExternalId": "a"}}, "a", True),
        ({"StringEquals": {"sts:ExternalId": ["b", "a"]}}, "a", True),
        ({"StringEquals": {"sts:ExternalId": "a"}}, "b", False),
        ({"StringEquals": {"sts:ExternalId": "a"}}, None, False),
        ({"StringLike": {"sts:ExternalId": "a*"}}, "abc", True),
        ({"StringLike": {"sts:ExternalId": "a*"}}, None, False),
        ({"StringNotEquals": {"sts:ExternalId": "a"}}, "b", True),
        ({"StringNotEquals": {"sts:ExternalId": "a"}}, "a", False),
        ({"StringEqualsIgnoreCase": {"STS:externalid": "A"}}, "a", True),
        ({"StringEqualsIfExists": {"sts:ExternalId": "a"}}, None, True),
        ({"Null": {"sts:ExternalId": "false"}}, "a", True),
        ({"Null": {"sts:ExternalId": "false"}}, None, False),
        ({"StringEquals": {"sts:ExternalId": "${aws:userid}"}}, "AIDA", True),
        ({"StringEquals": {"sts:ExternalId": "${aws:userid}"}}, "${aws:userid}", False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/t*"}}, None, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/t*"}}, None, False),
        ({"DateLessThan": {"aws:CurrentTime": "2026-11-23"}}, None, True),
    ],
)
def test_conditions_are_those_of_all_policies(condition: Any, given: str | None, allowed: bool) -> None:
    who = caller(given)
    assert trusts(policy(statement({"AWS": "*"}, Condition=condition)), who) is allowed
    denying = statement("*", effect="Deny", Condition=condition)
    assert trusts(policy(statement({"AWS": "*"}), denying), who) is not allowed


def caller(external_id: str | None) -> Assumer:
    values = {"aws:userid": "AIDA", "aws:PrincipalArn": USER, "aws:CurrentTime": "2026-11-22T09:30:00Z"}
    values |= {} if external_id is None else {"sts:ExternalId": external_id}
    return Assumer(account=WHO.account, arns=WHO.arns, given=circumstances_of(values))


@pytest.mark.parametrize(
    "condition",
    [{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"IpAddressIfExists": {"aws:SourceIp": "10.0.0.0/8"}}],
)
def test_what_nobody_knows_lets_nobody_in_and_denies(condition: dict[str, Any]) -> None:
    assert not trusts(policy(statement({"AWS": "*"}, Condition=condition)), caller(None))
    assert not trusts(policy(statement({"AWS": "*"}), statement("*", effect="Deny", Condition=condition)), caller(None))
    assert not trusts(policy(statement({"Service": EC2.service}, Condition=condition)), EC2)


def test_no_account_is_nobodys() -> None:
    for principal in ("", "arn:aws:iam:::root"):
        assert not trusts(policy(statement({"AWS": principal})), Assumer(arns=(USER,)))


def test_hostile_patterns_cost_little() -> None:
    """Whoever makes a role chooses them."""
    hostile = ["*s" * 400 + "x", "?*" * 400 + "x", "s*" * 400 + "x"]
    began = time.thread_time()
    for _ in range(20):
        assert not trusts(policy(statement({"AWS": "*"}, action=[*hostile[:1], "[s]ts:AssumeRole"])), WHO)
        conditions = {"StringLike": {"sts:ExternalId": hostile}}
        who = caller("s" * 1000 + "y")
        assert not trusts(policy(statement({"AWS": "*"}, Condition=conditions)), who)
    assert time.thread_time() - began < 2.0


def test_nothing_but_stars_and_question_marks_means_anything_but_itself() -> None:
    for pattern, given, holds in (
        ("a[b]", "ab", False),
        ("a[b]", "a[b]", True),
        (r"a\*", r"a\b", True),
        (r"\*", "*", False),
    ):
        who = caller(given)
        condition = {"StringLike": {"sts:ExternalId": pattern}}
        assert trusts(policy(statement({"AWS": "*"}, Condition=condition)), who) is holds
