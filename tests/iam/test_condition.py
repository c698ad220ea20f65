"""Conditions of policies (IAM guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys")."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.iam.condition import circumstances, holds

GIVEN = {
    "aws:username": "ann",
    "aws:CurrentTime": "2026-11-22T09:30:00Z",
    "aws:EpochTime": "1795339800",
    "aws:SourceIp": "203.0.113.9",
    "aws:SecureTransport": "true",
    "aws:PrincipalArn": "arn:aws:iam::111111111111:role/team/web",
    "s3:max-keys": "10",
    "aws:TagKeys": ("team", "cost"),
    "aws:RequestTag/team": "a*b",
}


def whether(condition: dict[str, Any], *, takes_variables: bool = True) -> bool:
    given = circumstances(GIVEN, None)
    answers = {holds(condition, given, takes_variables=takes_variables, unknown=unknown) for unknown in (True, False)}
    [answer] = answers  # nothing is unknown
    return answer


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "expected"),
    [
        ("StringEquals", "AWS:UserName", ["bob", "ann"], True),
        ("StringEquals", "aws:username", "Ann", False),
        ("StringNotEquals", "aws:username", ["bob", "ann"], False),
        ("StringNotEquals", "aws:username", ["bob", "eve"], True),
        ("StringEqualsIgnoreCase", "aws:username", "ANN", True),
        ("StringNotEqualsIgnoreCase", "aws:username", "ANN", False),
        ("StringLike", "aws:username", "a?n", True),
        ("StringNotLike", "aws:username", "b*", True),
        ("StringLike", "aws:RequestTag/team", "a*", True),
        ("NumericEquals", "s3:max-keys", "10.0", True),
        ("NumericLessThan", "s3:max-keys", 10, False),
        ("NumericLessThanEquals", "s3:max-keys", ["1", 10], True),
        ("NumericGreaterThan", "s3:max-keys", "9", True),
        ("NumericNotEquals", "s3:max-keys", "10", False),
        ("NumericEquals", "aws:username", "10", False),
        ("DateGreaterThan", "aws:CurrentTime", "2026-11-22", True),
        ("DateLessThan", "aws:CurrentTime", "2026-11-22T18:31:00+09:00", True),
        ("DateLessThan", "aws:CurrentTime", "2026-11-22T18:30:00+09:00", False),
        ("DateLessThanEquals", "aws:CurrentTime", "1795339800", True),
        ("DateEquals", "aws:EpochTime", "2026-11-22T09:30:00Z", True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-11", True),
        ("DateGreaterThan", "aws:username", "2026-11-22", False),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "False", False),
        ("IpAddress", "aws:SourceIp", ["2001:db8::/32", "203.0.113.0/24"], True),
        ("IpAddress", "aws:SourceIp", "203.0.113.9", True),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", False),
        ("IpAddress", "aws:username", "0.0.0.0/0", False),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*", True),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/t*/web", True),
        ("ArnLike", "aws:PrincipalArn", "arn:*:*:*:*:team/web", False),  # a wildcard ends at a colon
        ("ArnLike", "aws:PrincipalArn", "*", True),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*", True),
        ("ArnLike", "aws:username", "*", False),
        ("Null", "aws:username", "false", True),
        ("Null", "aws:username", True, False),
        ("Null", "aws:PrincipalTag/team", "true", True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team", "cost", "name"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team"], False),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["team"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["name"], False),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", ["team"], True),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", ["team"], False),
        ("StringEquals", "aws:TagKeys", ["cost"], True),
        ("StringNotEquals", "aws:TagKeys", ["cost"], False),
    ],
)
def test_operators(operator: str, key: str, wanted: Any, expected: bool) -> None:
    assert whether({operator: {key: wanted}}) is expected


@pytest.mark.parametrize(
    ("operator", "key", "wanted"),
    [
        ("NumericEquals", "s3:max-keys", ["1", "NaN"]),
        ("NumericNotEquals", "s3:max-keys", "${aws:username}"),
        ("DateGreaterThan", "aws:CurrentTime", "someday"),
        ("Bool", "aws:SecureTransport", "ture"),
        ("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "203.0.113"]),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/33"),
        ("ArnLike", "aws:PrincipalArn", "arn:*:role/team/web"),
    ],
)
def test_what_compares_in_vain_holds_where_it_denies_and_nowhere_else(operator: str, key: str, wanted: Any) -> None:
    """Documents from before such values were refused may have them, and values that come out of variables may be so."""
    given = circumstances(GIVEN, None)
    for unknown in (True, False):
        assert holds({operator: {key: wanted}}, given, takes_variables=True, unknown=unknown) is unknown


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("NumericLessThan", False),
        ("NotIpAddress", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
def test_a_key_that_a_call_has_not_got(operator: str, expected: bool) -> None:
    assert whether({operator: {"aws:PrincipalTag/team": "1"}}) is expected


def test_all_operators_and_all_keys_have_to_hold() -> None:
    holding, failing = {"aws:username": "ann"}, {"aws:userid": "AIDA"}
    assert whether({"StringEquals": holding, "Bool": {"aws:SecureTransport": "true"}})
    assert not whether({"StringEquals": holding | failing})
    assert not whether({"StringEquals": holding, "StringLike": failing})
    assert whether({})


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("StringEquals", "${aws:username}", True),
        ("StringEquals", "a${aws:nobody}", False),
        ("StringEquals", "${aws:nobody, 'ann'}", True),
        ("StringEquals", "${aws:TagKeys}", False),  # has more values than one
        ("StringLike", "${aws:username}*", True),
    ],
)
def test_variables_stand_for_what_the_call_says(operator: str, wanted: str, expected: bool) -> None:
    assert whether({operator: {"aws:username": wanted}}) is expected
    assert not whether({operator: {"aws:username": wanted}}, takes_variables=False)


def test_wildcards_in_a_value_that_stands_for_a_variable_mean_themselves() -> None:
    given = circumstances({"aws:username": "a*b", "aws:RequestTag/of": "axxb"}, None)
    condition = {"StringLike": {"aws:RequestTag/of": "${aws:username}"}}
    assert not holds(condition, given, takes_variables=True, unknown=False)
    assert whether({"StringLike": {"aws:RequestTag/team": "a${*}b"}})
    assert not whether({"StringLike": {"aws:username": "a${*}n"}})


def test_what_nobody_knows_denies_and_does_not_allow() -> None:
    given = circumstances({"aws:username": "ann"}, frozenset({"aws:requesttag/"}))
    for condition in ({"StringEquals": {"ec2:Vpc": "x"}}, {"StringNotEquals": {"ec2:Vpc": "x"}},
                      {"Null": {"ec2:Vpc": "true"}}, {"StringEqualsIfExists": {"ec2:Vpc": "x"}},
                      {"ForAllValues:StringNotEqualsIfExists": {"ec2:Vpc": "x"}},
                      {"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}},
                      {"StringEquals": {"aws:username": "${ec2:Vpc}"}}, {"StringLike": {"aws:username": "b${ec2:Vpc}"}},
                      {"StringNotEquals": {"aws:username": ["bob", "${ec2:Vpc, 'eve'}"]}},
                      {"StringEquals": {"aws:username": "${ec2:Vpc, 'ann'}"}},
                      {"StringNotEquals": {"aws:username": "${ec2:Vpc, 'ann'}"}}):  # fmt: skip
        assert holds(condition, given, takes_variables=True, unknown=True)
        assert not holds(condition, given, takes_variables=True, unknown=False)
    absent = {"StringEquals": {"aws:RequestTag/team": "x"}}
    assert not holds(absent, given, takes_variables=True, unknown=True)
    for condition, expected in (
        ({"StringEquals": {"aws:username": ["${ec2:Vpc}", "ann"]}}, True),  # whatever it stands for
        ({"StringNotEquals": {"aws:username": ["${ec2:Vpc}", "ann"]}}, False),
        ({"StringEquals": {"aws:username": "${aws:RequestTag/team}"}}, False),
    ):
        for unknown in (True, False):
            assert holds(condition, given, takes_variables=True, unknown=unknown) is expected
