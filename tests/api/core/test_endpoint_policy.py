"""What an interface endpoint's policy says of calls that come through it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from realvpc.api.core.endpoint_policy import Said, said_of
from realvpc.iam.evaluate import Principal
from realvpc.iam.policy_document import is_endpoint_policy
from realvpc.net.vpc_endpoint import DEFAULT_GATEWAY_POLICY, DEFAULT_POLICY

ROLE = Principal("111111111111", "arn:aws:sts::111111111111:assumed-role/web/i-1", "AROA:i-1")
MINE, OTHERS = "arn:aws:ec2:us-east-1:111111111111:instance/i-1", "arn:aws:ec2:us-east-1:111111111111:instance/i-2"
GIVEN = {"aws:SourceVpce": "vpce-1", "aws:SourceVpc": "vpc-1", "aws:VpcSourceIp": "10.0.0.7"}


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"} | more


def said(*statements: dict[str, Any], action: str = "ec2:StopInstances", resource: str = MINE) -> Said:
    return said_of(json.dumps({"Statement": list(statements)}), ROLE, action, (resource,), GIVEN)[0]


def test_the_default_one_allows_everything() -> None:
    for policy in (DEFAULT_POLICY, DEFAULT_GATEWAY_POLICY):
        assert said_of(policy, ROLE, "ec2:StopInstances", (MINE,), GIVEN) == (Said.ALLOWED, MINE)


@pytest.mark.parametrize(
    ("action", "is_allowed"),
    [("ec2:StopInstances", True), ("EC2:stop*", True), ("ec2:St?pInstances", True), ("ec2:Start*", False)],
)
def test_actions_are_patterns_in_any_case(action: str, is_allowed: bool) -> None:
    assert said(statement(Action=action)) is (Said.ALLOWED if is_allowed else Said.NOT_ALLOWED)


def test_a_deny_wins_and_all_resources_have_to_be_allowed() -> None:
    assert said(statement(), statement("Deny", Resource=[OTHERS, MINE])) is Said.DENIED
    document = json.dumps({"Statement": statement(Resource=MINE)})
    assert said_of(document, ROLE, "ec2:StopInstances", (MINE, OTHERS), GIVEN) == (Said.NOT_ALLOWED, OTHERS)


def test_a_policy_of_thousands_of_patterns_costs_little_more_for_a_resource_than_one() -> None:
    """A call may concern a thousand resources: their characters are looked at once, whatever the policy."""
    looked_at = 0

    class Watched(str):
        def __iter__(self) -> Iterator[str]:
            nonlocal looked_at
            for character in super().__iter__():
                looked_at += 1
                yield character

    many = [f"*z?{number:x}" for number in range(2000)]
    document = json.dumps(
        {"Statement": [statement(), *(statement("Deny", Resource=some) for some in (many, many[1:]))]}
    )
    several = tuple(Watched(MINE) for _ in range(20))
    assert said_of(document, ROLE, "ec2:StopInstances", several, GIVEN) == (Said.ALLOWED, MINE)
    assert looked_at <= 2 * len(several) * len(MINE)


def test_so_does_one_of_hundreds_of_statements_that_name_what_they_are_not_about() -> None:
    looked_at = 0

    class Watched(str):
        def __iter__(self) -> Iterator[str]:
            nonlocal looked_at
            for character in super().__iter__():
                looked_at += 1
                yield character

    def excluding(*patterns: str) -> dict[str, Any]:
        return {"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": list(patterns)}

    many = [excluding(f"*z?{number:x}", "*:instance/i-1") for number in range(500)]
    document = json.dumps({"Statement": [statement(), *many]})
    several = tuple(Watched(MINE) for _ in range(20))
    assert said_of(document, ROLE, "ec2:StopInstances", several, GIVEN) == (Said.ALLOWED, MINE)
    assert looked_at <= 2 * len(several) * len(MINE)
    document = json.dumps({"Statement": [statement(), *many, excluding(OTHERS, "*z")]})
    assert said_of(document, ROLE, "ec2:StopInstances", (Watched(MINE),), GIVEN) == (Said.DENIED, MINE)


def test_characters_are_those_that_iam_takes() -> None:
    for character, is_taken in (("\xff", True), ("\u0100", False), ("\u65e5", False)):
        assert is_endpoint_policy(json.dumps({"Statement": statement(Resource=f"*{character}")})) is is_taken


def test_what_is_not_named() -> None:
    assert said({"Effect": "Allow", "Principal": "*", "NotAction": "ec2:Stop*", "Resource": "*"}) is Said.NOT_ALLOWED
    assert said({"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": OTHERS}) is Said.ALLOWED


@pytest.mark.parametrize("member", ["Resource", "NotResource"])
def test_a_null_among_resources_is_passed_over(member: str) -> None:
    """IAM takes such a document, so that anybody may give an endpoint one."""
    document = {"Effect": "Allow", "Principal": "*", "Action": "*", member: [None, MINE]}
    assert is_endpoint_policy(json.dumps({"Statement": document}))
    assert said(document) is (Said.ALLOWED if member == "Resource" else Said.NOT_ALLOWED)


@pytest.mark.parametrize(
    ("principal", "is_allowed"),
    [
        ({"AWS": "*"}, True),
        ({"AWS": ["222222222222", "111111111111"]}, True),
        ({"AWS": "arn:aws:iam::111111111111:root"}, True),
        ({"AWS": "arn:aws:iam::111111111111:role/path/web"}, True),
        ({"AWS": ROLE.arn}, True),
        ({"AWS": "arn:aws:iam::111111111111:role/db"}, False),
        ({"AWS": "arn:aws:iam::222222222222:role/web"}, False),
        ({"Service": "ec2.amazonaws.com"}, False),
    ],
)
def test_principals(principal: dict[str, Any], is_allowed: bool) -> None:
    assert said(statement(Principal=principal)) is (Said.ALLOWED if is_allowed else Said.NOT_ALLOWED)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, True),
        ({"StringEquals": {"AWS:sourcevpce": ["vpce-2", "vpce-1"]}}, True),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"StringLike": {"aws:SourceVpc": "vpc-*"}}, True),
        ({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/24"}}, True),
        ({"NotIpAddress": {"aws:VpcSourceIp": ["10.0.0.0/24"]}}, False),
        ({"Null": {"aws:SourceVpce": "false"}}, True),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1", "aws:SourceVpc": "vpc-2"}}, False),
    ],
)
def test_conditions(condition: dict[str, Any], holds: bool) -> None:
    assert said(statement(Condition=condition)) is (Said.ALLOWED if holds else Said.NOT_ALLOWED)
    denied = said(statement(), statement("Deny", Condition=condition))
    assert denied is (Said.DENIED if holds else Said.ALLOWED)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": "9"}},
        {"Null": {"aws:MultiFactorAuthAge": "true"}},
        {"Null": {"aws:MultiFactorAuthAge": "false"}},
        {"IpAddress": {"aws:VpcSourceIp": ["10.0.0.0/24", "10.0.0/24"]}},  # kept from before such were refused
        {"ArnLike": {"aws:SourceVpc": "vpc-*"}},
    ],
)
def test_a_condition_that_is_not_understood_allows_nothing_and_denies(condition: dict[str, Any]) -> None:
    assert said(statement(Condition=condition)) is Said.NOT_ALLOWED
    assert said(statement(), statement("Deny", Condition=condition)) is Said.DENIED


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("IpAddress", "10.0.0/24"),
        ("NotIpAddress", "10.0.0.0/33"),
        ("ForAnyValue:IpAddressIfExists", "somewhere"),
        ("NumericLessThan", "many"),
        ("DateGreaterThan", "someday"),
        ("Bool", "ture"),
        ("ArnLike", "aws:iam::111111111111:role/web"),
    ],
)
def test_a_value_that_nothing_can_be_compared_with_is_refused(operator: str, value: str) -> None:
    """Else what it denies would be let through."""
    for effect in ("Allow", "Deny"):
        document = statement(effect, Condition={operator: {"aws:VpcSourceIp": ["10.0.0.0/8", value]}})
        assert not is_endpoint_policy(json.dumps({"Statement": document}))
