"""Whoever sends a value that a service does not take is told so as the service tells it: everything that is wrong."""

from __future__ import annotations

import re._constants as constants  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from realvpc.api.actions import ACTIONS
from realvpc.api.core.errors import AwsError
from realvpc.wire.ec2query import Ec2Layout, Ec2Query
from realvpc.wire.java_pattern import matcher, translate
from realvpc.wire.json11 import Json11
from realvpc.wire.model import input_shape, service_model
from realvpc.wire.query import Query

EC2, IAM, STS, SSM = Ec2Query(), Query("iam"), Query("sts"), Json11("ssm")
ROLE = {"RoleArn": "arn:aws:iam::111111111111:role/worker", "RoleSessionName": "me"}
PARTY = r"[\w+=,.@:\/-]*"
AT = "validation error detected: Value"


def refused(codec: Query | Ec2Query, action: str, **params: str) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        codec.read(action, list(params.items()))
    return caught.value.code, caught.value.message


def test_a_value_that_breaks_a_pattern_is_refused_in_the_common_words() -> None:
    assert refused(STS, "AssumeRole", **ROLE, ExternalId="bad id*") == (
        "ValidationError",
        f"1 {AT} 'bad id*' at 'externalId' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {PARTY}",
    )


def test_every_constraint_that_a_request_breaks_is_told() -> None:
    """In the order of a recorded answer of STS: the pattern, then the length."""
    code, message = refused(STS, "AssumeRole", **ROLE, TokenCode="abcdefgh", ExternalId="*")
    assert code == "ValidationError"
    broken = [
        (r"'abcdefgh' at 'tokenCode'", r"satisfy regular expression pattern: [\d]*"),
        (r"'abcdefgh' at 'tokenCode'", "have length less than or equal to 6"),
        (r"'*' at 'externalId'", f"satisfy regular expression pattern: {PARTY}"),
        (r"'*' at 'externalId'", "have length greater than or equal to 2"),
    ]
    sentences = (f"Value {where} failed to satisfy constraint: Member must {what}" for where, what in broken)
    assert message == f"4 validation errors detected: {'; '.join(sentences)}"


def test_what_is_missing_is_told_together_with_what_is_wrong() -> None:
    _, message = refused(IAM, "CreateRole", RoleName="x" * 65)
    assert message == (
        f"2 validation errors detected: Value '{'x' * 65}' at 'roleName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64; Value null at 'assumeRolePolicyDocument' failed to satisfy "
        "constraint: Member must not be null"
    )


@pytest.mark.parametrize(("value", "good"), [("東京 Ünï-1_.:/=+@", True), ("a!b", False), ("", True), ("x\n", False)])
def test_tags_are_letters_numbers_and_spaces_of_every_script(value: str, good: bool) -> None:
    params = {"RoleName": "r", "Tags.member.1.Key": "k", "Tags.member.1.Value": value}
    if good:
        assert IAM.read("TagRole", list(params.items()))["Tags"] == [{"Key": "k", "Value": value}]
    else:
        assert f"1 {AT} '{value}' at 'tags.1.member.value' failed" in refused(IAM, "TagRole", **params)[1]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"RoleName": "a b"}, "The specified value for roleName is invalid. It must contain only alphanumeric"),
        ({"RoleName": "r", "Path": "x"}, "The specified value for path is invalid. It must begin and end with /"),
    ],
)
def test_iam_has_words_of_its_own_for_names_and_paths(params: dict[str, str], words: str) -> None:
    code, message = refused(IAM, "CreateRole", AssumeRolePolicyDocument="{}", **params)
    assert (code, message.startswith(words)) == ("ValidationError", True)


@pytest.mark.parametrize("action", ["CreateRole", "UpdateRole"])
@pytest.mark.parametrize(
    ("seconds", "words"), [("3599", "greater than or equal to 3600"), ("43201", "less than or equal to 43200")]
)
def test_a_roles_sessions_last_from_one_hour_to_twelve(action: str, seconds: str, words: str) -> None:
    params = {"RoleName": "r", "MaxSessionDuration": seconds}
    params |= {"AssumeRolePolicyDocument": "{}"} if action == "CreateRole" else {}
    code, message = refused(IAM, action, **params)
    assert (code, message) == (
        "ValidationError",
        f"1 {AT} '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value {words}",
    )


def test_an_element_of_a_list_is_told_with_its_list_and_all_its_constraints() -> None:
    with pytest.raises(AwsError) as caught:
        SSM.read("SendCommand", msgspec.json.encode({"DocumentName": "doc", "InstanceIds": ["i-12345678", "x"]}))
    assert (caught.value.code, caught.value.message) == (
        "ValidationException",
        f"1 {AT} '[i-12345678, x]' at 'instanceIds' failed to satisfy constraint: Member must satisfy constraint: "
        r"[Member must satisfy regular expression pattern: (^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)]",
    )


def test_cloudwatch_logs_does_not_repeat_what_breaks_a_pattern() -> None:
    with pytest.raises(AwsError) as caught:
        Json11("logs").read("DescribeLogStreams", b'{"logGroupIdentifier": "arn:aws:logs:us-east-1:1:log-group:g:*"}')
    assert (caught.value.code, caught.value.message) == (
        "InvalidParameterException",
        f"1 {AT} at 'logGroupIdentifier' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w#+=/:,.@-]*",
    )


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(AwsError) as caught:
        SSM.read("PutParameter", b'{"Name": "", "Value": "hush", "Type": "x", "Policies": 1}')
    assert "hush" not in caught.value.message


@pytest.mark.parametrize(
    ("action", "params", "name"),
    [
        ("CreateRoute", {"RouteTableId": "", "DestinationCidrBlock": "0.0.0.0/0"}, "routeTableId"),
        ("DeleteVpc", {"VpcId": ""}, "VpcId"),
        ("DescribeInstances", {"InstanceId.1": ""}, "InstanceId"),
        ("DeleteTags", {}, "resourceIdSet"),
        ("DeleteTags", {"ResourceId": ""}, "resourceIdSet"),
        ("CreateTags", {"ResourceId.1": "vpc-1"}, "tagSet"),
        ("CreateDhcpOptions", {}, "dhcpConfigurationSet"),
        ("CreateSecurityGroup", {"GroupName": "", "GroupDescription": "d"}, "GroupName"),
        ("DisassociateRouteTable", {"AssociationId": ""}, "associationId"),
    ],
)
def test_ec2_calls_what_is_missing_or_an_unset_variable_by_its_own_name(
    action: str, params: dict[str, str], name: str
) -> None:
    expected = ("MissingParameter", f"The request must contain the parameter {name}")
    assert refused(EC2, action, **params) == expected


REQUIRING = {
    action: shape.required_members
    for action in ACTIONS["ec2"]
    if (shape := input_shape("ec2", action)) and set(shape.required_members) - {"InstanceIds", "LaunchTemplateData"}
}


@pytest.mark.parametrize("action", REQUIRING)
def test_actions_are_called_with_what_the_model_requires_of_a_request(action: str) -> None:
    """They look no more.  What cannot be empty is refused for that."""
    shape = input_shape("ec2", action)
    assert shape is not None
    names = {member: Ec2Layout().member_name(member, shape.members[member]) for member in REQUIRING[action]}
    assert refused(EC2, action)[0] == "MissingParameter"
    of_empty = refused(EC2, action, **dict.fromkeys(names.values(), ""))[0]
    assert of_empty in ("MissingParameter", "InvalidParameterValue", "UnknownParameter")


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        (r"[\w]*", "naïve", False),  # Java's words are ASCII
        (r"[\d]*", "٣", False),
        (r".+", "a\u2028b", False),
        (r"\S+", "a\u3000b", True),
        (r"[\p{L}]+", "漢字ß", True),
        (r"^v[1-9]$", "v1", True),
        (r"^v[1-9]$", "v1\n", False),
        (r"[\u0020-\u00FF]+", "é", True),
        (r"[\u0020-\u00FF]+", "漢", False),
        (r"(?!\s*$).+", "  ", False),
        (r"[a&&[b]]", "anything: such a pattern only documents", True),
    ],
)
def test_patterns_mean_what_they_mean_in_java(pattern: str, value: str, matches: bool) -> None:
    assert matcher(pattern)(value) is matches


def patterns() -> Iterator[tuple[str, str]]:
    """The patterns that requests to actions which are performed here are checked against, by service."""
    for service in ("iam", "logs", "route53", "ssm", "sts"):
        model = service_model(service)
        names = set(ACTIONS[service]) | ({"SendCommand", "StartSession"} if service == "ssm" else set())
        found: set[str] = set()
        for action in names & set(model.operation_names):
            found |= set(_patterns_of(model.operation_model(action).input_shape, set()))
        yield from ((service, pattern) for pattern in sorted(found))


def _patterns_of(shape: Any, seen: set[str]) -> Iterator[str]:
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    if "pattern" in shape.metadata:
        yield shape.metadata["pattern"]
    inner = {"structure": "members", "list": "member", "map": "value"}.get(shape.type_name)
    if inner == "members":
        for member in shape.members.values():
            yield from _patterns_of(member, seen)
    elif inner is not None:
        yield from _patterns_of(getattr(shape, inner), seen)


@pytest.mark.parametrize(("service", "pattern"), list(patterns()))
def test_no_pattern_of_a_model_can_be_made_to_try_for_long(service: str, pattern: str) -> None:
    """Nothing repeats what repeats, unless every turn begins with a character that no turn goes on with."""
    assert pattern in _EACH_TURN_BEGINS_ANEW or not _nested(parser.parse(translate(pattern)), within=False)


_EACH_TURN_BEGINS_ANEW = {
    r"((/[A-Za-z0-9\.,\+@=_-]+)*)/",
    r"(\^?[\.\-_\/#A-Za-z0-9]{3,24})(\|\^?[\.\-_\/#A-Za-z0-9]{3,24}){0,4}",
}


def _nested(items: Any, *, within: bool) -> bool:
    for op, argument in items:
        if op in (constants.MAX_REPEAT, constants.MIN_REPEAT):
            low, high, inner = argument
            many = low != high and high > 1
            if (many and within) or _nested(inner, within=within or many):
                return True
        elif op is constants.SUBPATTERN:
            if _nested(argument[-1], within=within):
                return True
        elif op is constants.BRANCH and any(_nested(branch, within=within) for branch in argument[1]):
            return True
    return False


def test_a_refusal_counts_what_it_does_not_repeat() -> None:
    body = {f"Tags.member.{i}.Key": "!" for i in range(1, 1001)} | {
        f"Tags.member.{i}.Value": quote("!") for i in range(1, 1001)
    }
    _, message = refused(IAM, "TagRole", RoleName="r", **body)
    assert message.startswith("2001 validation errors detected: ")
    assert message.count("failed to satisfy constraint") == 20
