"""What a role's policies let a service do in its place, and what it costs to ask."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from realvpc.iam.agent_policy import lets_agent_register
from realvpc.iam.directory import Directory
from realvpc.iam.role import Role
from realvpc.iam.role_policy import lets

ASKED = (("logs:putlogevents", "arn:aws:logs:us-east-1:111111111111:log-group:g:log-stream:"),)


def role(*statements: dict[str, Any]) -> Role:
    return Role(
        id="arn:aws:iam::111111111111:role/r",
        account="111111111111",
        name="r",
        path="/",
        role_id="AROA",
        created_at=datetime.now(UTC),
        trust_policy="{}",
        inline_policies={"p": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})},
    )


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "logs:*", "Resource": "*"} | more


@pytest.mark.parametrize(
    ("statements", "is_allowed"),
    [
        ([statement()], True),
        ([statement(Action="Logs:Put???Events")], True),
        ([statement(), statement("Deny", Resource="arn:aws:logs:*:log-group:g:*")], False),
        ([statement(Resource="arn:aws:logs:*:log-group:[g]:*")], False),
        ([statement(), statement("Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})], False),
        ([statement(Condition={"Bool": {"aws:SecureTransport": "true"}})], False),
    ],
)
def test_what_is_let(statements: list[dict[str, Any]], is_allowed: bool) -> None:
    assert lets(Directory(), role(*statements), ASKED) is is_allowed


@pytest.mark.parametrize(
    ("condition", "as_service", "as_agent"),
    [
        ({"NumericLessThan": {"ec2:RoleDelivery": "2.0"}}, True, True),
        ({"NumericLessThan": {"ec2:RoleDelivery": "3.0"}}, True, False),
        ({"ArnNotLike": {"ec2:SourceInstanceARN": "arn:aws:ec2:*:*:instance/i-1"}}, False, True),
        ({"ArnLike": {"ec2:SourceInstanceARN": "arn:aws:ec2:*:*:instance/i-1"}}, True, False),
        ({"StringEquals": {"aws:Ec2InstanceSourceVpc": "vpc-1"}}, True, False),
    ],
)
def test_a_denial_of_how_instances_got_credentials_is_about_instances(
    condition: dict[str, Any], as_service: bool, as_agent: bool
) -> None:
    """EC2 guide, "Work with instance metadata": what denies all that IMDSv1 delivered leaves alone the agent, which
    has IMDSv2, and services that assume a role."""
    denying = role(
        statement(Action="*"),
        statement("Deny", Action="*", Condition=condition),
    )
    assert lets(Directory(), denying, ASKED) is as_service
    assert lets_agent_register(Directory(), denying, "arn:aws:ec2:us-east-1:111111111111:instance/i-1") is as_agent


def test_hostile_patterns_cost_little_and_asking_again_nothing() -> None:
    hostile = ["*:" * 300 + number * "?" + "x" for number in range(12)]
    asked = role(statement("Deny", Resource=hostile), statement(Resource=["*"]))
    began = time.thread_time()
    assert lets(Directory(), asked, ASKED)
    once = time.thread_time()
    assert once - began < 1.0
    for _ in range(1000):
        assert lets(Directory(), asked, ASKED)
    assert (time.thread_time() - once) / 1000 < 1e-4
