"""Whatever policies say, what asking them costs is counted: the loop is kept for a short time, and there is a bound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import iscoroutine
from typing import Any

import pytest

from realvpc.api import service as service_module
from realvpc.api.core.call import Call
from realvpc.api.core.effort import Effort
from realvpc.api.service import Service
from realvpc.clock import Clock

from ...counting import calls
from ..build import make_vpc, specification
from ..conftest import MAIN, START, new_service
from ..users import As, user_with_keys

CALLS = 120_000  # of functions: about ten milliseconds
CALLS_OF_A_STEP = 12
RUN = "ec2:RunInstances"
ARNS = [f"arn:aws:ec2:us-east-1:{MAIN}:instance/i-{number:017x}" for number in range(200)]


def policy(*statements: dict[str, Any]) -> str:
    rows = [{"Effect": "Allow", "Action": "*", "Resource": "*"} | each for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": rows}, separators=(",", ":"))


@pytest.fixture(scope="module")
def service() -> Service:
    """With users who have ten, and forty, policies as long as may be."""
    service = new_service(Clock(source=lambda: START), policies=True)
    user_with_keys(service, "admin", "AKIAOWNER", of_operator=True)
    owner = As(service, "AKIAOWNER")
    for name, groups, variable in (("ann", 1, ""), ("bob", 4, ""), ("cyd", 4, "${aws:CurrentTime}")):
        user_with_keys(service, name, f"AKIA{name.upper()}")
        for number in range(10 * groups):
            group = f"{name}{number // 10}"
            if number % 10 == 0:
                owner("CreateGroup", of="iam", GroupName=group)
                owner("AddUserToGroup", of="iam", GroupName=group, UserName=name)
            patterns = [f"arn:aws:ec2:*{variable}:*:{number:02}{each:03}*" for each in range(112 if variable else 215)]
            document = policy({"Resource": patterns}, {"Action": "ec2:*"})
            made = owner("CreatePolicy", of="iam", PolicyName=f"{name}{number}", PolicyDocument=document)
            owner("AttachGroupPolicy", of="iam", GroupName=group, PolicyArn=made["Policy"]["Arn"])
    return service


def simulations() -> Iterator[tuple[str, dict[str, Any]]]:
    """What takes much in different ways, each of them less than what is read beside the loop from the start."""
    ask = {"ActionNames": [RUN], "ResourceArns": ARNS[:100]}
    for user in ("ann", "bob", "cyd"):
        yield "SimulatePrincipalPolicy", {"PolicySourceArn": f"arn:aws:iam::{MAIN}:user/{user}", **ask}
    for resources in (
        [f"arn:aws:ec2:*:*:x{number:03}*" for number in range(500)],
        ["arn:aws:ec2:*:*:" + "1*i" * 4000],
        [f"arn:aws:s3:::{chr(0x4E00 + number)}*" for number in range(500)],
    ):
        yield "SimulateCustomPolicy", {"PolicyInputList": [policy({"Resource": resources})], **ask}
    statements = [{"Resource": f"arn:aws:ec2:*:*:instance/i-*{number}"} for number in range(100)]
    yield "SimulateCustomPolicy", {"PolicyInputList": [policy(*statements)], **ask}
    condition = {"ArnLike": {"aws:SourceArn": [f"arn:aws:ec2:*:*:x{number:03}*" for number in range(400)]}}
    entry = {"ContextKeyName": "aws:SourceArn", "ContextKeyValues": ARNS[:20], "ContextKeyType": "stringList"}
    yield (
        "SimulateCustomPolicy",
        {
            "PolicyInputList": [policy({"Condition": condition})],
            "ActionNames": [f"ec2:Run{number}" for number in range(10)],
            "ContextEntries": [entry],
        },
    )


def test_simulations_leave_the_loop_after_a_bounded_number_of_steps(service: Service) -> None:
    for action, params in simulations():
        assert kept(service, "AKIAOWNER", action, of="iam", **params) < CALLS, str(params)[:200]


@pytest.mark.parametrize("user", ["ANN", "BOB", "CYD"])
def test_so_do_the_policies_of_who_calls(service: Service, user: str) -> None:
    for _ in range(2):
        assert kept(service, f"AKIA{user}", "DescribeVpcs") < CALLS


@pytest.mark.parametrize("user", ["ANN", "BOB"])
def test_policies_without_variables_are_read_once(service: Service, user: str) -> None:
    As(service, f"AKIA{user}")("DescribeVpcs")
    assert kept(service, f"AKIA{user}", "DescribeVpcs") < CALLS // 10


def test_what_policies_cost_is_counted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of what is worked on beside the loop from the start."""
    spent = 0

    class Counting(Effort):
        __slots__ = ()

        def spend(self, steps: int) -> None:
            nonlocal spent
            spent += steps

    monkeypatch.setattr(service_module, "Effort", Counting)
    long = policy({"Resource": [f"arn:aws:ec2:*:*:x{number:06}*" for number in range(4600)]})
    asked = [
        *(("AKIAOWNER", action, "iam", params) for action, params in simulations()),
        (
            "AKIAOWNER",
            "SimulateCustomPolicy",
            "iam",
            {"PolicyInputList": [long], "ActionNames": [RUN], "ResourceArns": ARNS},
        ),
        *((f"AKIA{user}", "DescribeVpcs", "ec2", {}) for user in ("ANN", "BOB", "CYD")),
    ]
    for key, action, of, params in asked:
        spent = 0
        counted = kept(service, key, action, of=of, **params)
        assert counted <= CALLS_OF_A_STEP * spent + CALLS // 100, f"{key} {action} {str(params)[:200]}"


def test_patterns_are_read_once_for_all_resources_of_an_action(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "_SHORT", float("inf"))
    documents = [policy({"Resource": [f"arn:aws:ec2:*:*:x{number:06}*" for number in range(2300)]}) for _ in range(2)]

    def asked(resources: int) -> int:
        ask = {"PolicyInputList": documents, "ActionNames": [RUN], "ResourceArns": ARNS[:resources]}
        return kept(service, "AKIAOWNER", "SimulateCustomPolicy", of="iam", **ask)

    asked(1)
    assert asked(200) - asked(100) < CALLS // 2


def test_what_would_take_many_seconds_is_refused(service: Service) -> None:
    values = ["x" * 50_000]
    variables = policy({"Resource": "arn:aws:s3:::" + "${a}" * 20_000})
    error = As(service, "AKIAOWNER").refused(
        "SimulateCustomPolicy",
        of="iam",
        PolicyInputList=[variables],
        ActionNames=[RUN],
        ContextEntries=[{"ContextKeyName": "a", "ContextKeyValues": values, "ContextKeyType": "string"}],
    )
    assert (error.code, error.message) == ("InvalidInput", "The policies are too long for so many resources.")


def kept(service: Service, key_id: str, action: str, *, of: str = "ec2", **params: Any) -> int:
    """How many functions are called before the loop may go on."""
    call = Call(of, action, params, As(service, key_id).who, "r")

    def handle() -> None:
        response = service.handle(call)
        if iscoroutine(response):
            response.close()

    return calls(handle)


def test_what_would_come_into_the_places_of_many_variables_is_refused(service: Service) -> None:
    """Before it is put together: of a user's own tags, and in a simulation."""
    user_with_keys(service, "eve", "AKIAEVE")
    owner = As(service, "AKIAOWNER")
    owner("TagUser", of="iam", UserName="eve", Tags=[{"Key": "t", "Value": "\u65e5" * 256}])
    pattern = "arn:aws:s3:::" + "${aws:PrincipalTag/t}" * 240
    for kind, rest in (("Resource", {}), ("Action", {"Condition": {"StringLike": {"aws:username": pattern}}})):
        for number in range(10):
            statement = {"Resource": pattern, **rest} if kind == "Resource" else rest
            name = f"{kind}{number}"
            made = owner("CreatePolicy", of="iam", PolicyName=name, PolicyDocument=policy(statement))["Policy"]["Arn"]
            owner("AttachUserPolicy", of="iam", UserName="eve", PolicyArn=made)
        error = As(service, "AKIAEVE").refused("DescribeVpcs")
        assert (error.code, "too many variables" in error.message) == ("UnauthorizedOperation", True)
        for number in range(10):
            arn = f"arn:aws:iam::{MAIN}:policy/{kind}{number}"
            owner("DetachUserPolicy", of="iam", UserName="eve", PolicyArn=arn)
    assert "no identity-based policy" in As(service, "AKIAEVE").refused("DescribeVpcs").message


def test_resources_with_tags_of_their_own_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    service = new_service(Clock(source=lambda: START), policies=True)
    user_with_keys(service, "admin", "AKIAOWNER", of_operator=True)
    user_with_keys(service, "ann", "AKIAANN")
    owner = As(service, "AKIAOWNER")
    vpc_id = make_vpc(owner)
    groups = [
        owner("CreateSecurityGroup", VpcId=vpc_id, GroupName=f"g{number}", Description="x",
              TagSpecifications=specification("security-group", number=str(number)))["GroupId"]
        for number in range(100)
    ]  # fmt: skip
    for place in range(10):
        never = ({"Effect": "Deny", "Condition": {"StringEquals": {f"ec2:ResourceTag/{place}x{each}": "x"}}}
                 for each in range(45))  # fmt: skip
        document = policy(*never, {"Condition": {"StringLike": {"ec2:ResourceTag/number": "*"}}})
        made = owner("CreatePolicy", of="iam", PolicyName=f"p{place}", PolicyDocument=document)
        owner("AttachUserPolicy", of="iam", UserName="ann", PolicyArn=made["Policy"]["Arn"])
    asked: dict[str, Any] = {"Resources": groups, "Tags": [{"Key": "a", "Value": "b"}]}
    for _ in range(2):
        assert kept(service, "AKIAANN", "CreateTags", **asked) < CALLS
    spent = 0

    class Counting(Effort):
        __slots__ = ()

        def spend(self, steps: int) -> None:
            nonlocal spent
            spent += steps

    monkeypatch.setattr(service_module, "Effort", Counting)
    assert kept(service, "AKIAANN", "CreateTags", **asked) <= CALLS_OF_A_STEP * spent
