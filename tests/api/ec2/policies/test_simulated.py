"""The door, and IAM's simulator of the same questions."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from realvpc.api.actions import ACTIONS
from realvpc.api.core.call import Call
from realvpc.api.core.effort import Effort
from realvpc.api.core.question import Prospect, Question
from realvpc.api.service import Service
from realvpc.iam.evaluate import Conditions

from ...build import make_subnet, make_vpc, specification
from ...policies import code_of, policy
from ...users import As
from .launching import HERE, launch, make_profile


class TestWithTheSimulator:
    """What the door lets in, SimulatePrincipalPolicy allows for each of the questions that the call raises, with what
    the service knows of condition keys told to it."""

    def test_they_agree_on_random_policies(self, owner: As, ann: As, service: Service) -> None:
        random = Random(11)
        make_profile(owner, team="data")
        vpc_id = make_vpc(owner, TagSpecifications=specification("vpc", Stage="test"))
        subnet_id = make_subnet(owner, vpc_id)
        group_id = owner("CreateSecurityGroup", VpcId=vpc_id, GroupName="g", Description="g")["GroupId"]
        instance_id = owner("RunInstances", **launch(owner))["Instances"][0]["InstanceId"]
        calls: list[tuple[str, dict[str, Any]]] = [
            ("RunInstances", launch(owner, SubnetId=subnet_id)),
            ("RunInstances", launch(owner, SubnetId=subnet_id, IamInstanceProfile={"Name": "web"},
                                    TagSpecifications=specification("instance", Stage="test"))),
            ("TerminateInstances", {"InstanceIds": [instance_id]}),
            ("CreateTags", {"Resources": [vpc_id, subnet_id, group_id], "Tags": [{"Key": "Stage", "Value": "live"}]}),
            ("CreateVpc", {"CidrBlock": "10.50.0.0/16", "TagSpecifications": specification("vpc", Stage="test")}),
            ("DeleteVpc", {"VpcId": vpc_id}),
            ("DescribeVpcs", {}),
        ]  # fmt: skip
        conditions: list[dict[str, Any]] = [
            {},
            {},
            {"StringEquals": {"ec2:ResourceTag/Stage": "test"}},
            {"StringNotEquals": {"aws:RequestTag/Stage": "live"}},
            {"StringEqualsIfExists": {"ec2:InstanceType": ["t3.micro", "t3.nano"]}},
            {"ArnLike": {"ec2:Vpc": f"{HERE}:vpc/{vpc_id}"}},
            {"Null": {"ec2:Vpc": "true"}},
            {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["Stage"]}},
            {"StringEqualsIfExists": {"iam:PassedToService": "ec2.amazonaws.com"}},
            {"NumericGreaterThanIfExists": {"ec2:VolumeSize": "4"}},
            {"StringLike": {"ec2:AvailabilityZone": "*${ec2:Region}*"}},
        ]
        seen = {True: 0, False: 0}
        for _ in range(120):
            statements = [
                {
                    "Effect": random.choice(["Allow", "Allow", "Allow", "Deny"]),
                    "Action": random.choice(["*", "ec2:*", ["ec2:Create*", "ec2:Run*"], ["ec2:D*", "ec2:T*", "iam:*"]]),
                    random.choice(["Resource", "Resource", "Resource", "NotResource"]): random.choice(
                        ["*", "*", f"{HERE}:*", "arn:aws:ec2:*:*:vpc/*", "arn:aws:ec2:*:*:instance/${ec2:InstanceID}"]
                    ),
                    "Condition": random.choice(conditions),
                }
                for _ in range(random.randint(1, 5))
            ]
            document = policy({"Action": "ec2:RunInstances"} if random.random() < 0.3 else {}, *statements)
            owner("PutUserPolicy", of="iam", UserName="ann", PolicyName="own", PolicyDocument=document)
            for action, params in calls:
                may = code_of(ann, action, **params) != "UnauthorizedOperation"
                expected = all(self._is_allowed(owner, ann, *each) for each in questions(service, ann, action, params))
                assert may is expected, (action, document)
                seen[may] += 1
        assert min(seen.values()) > 100, seen

    def _is_allowed(self, owner: As, ann: As, question: Question, own: Conditions) -> bool:
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": [value] if isinstance(value, str) else list(value or ()),
             "ContextKeyType": "stringList"}
            for key, value in own.items() if value
        ]  # fmt: skip
        [result] = owner("SimulatePrincipalPolicy", of="iam", PolicySourceArn=ann.who.arn,
                         ActionNames=[question.action], ResourceArns=[question.resource],
                         ContextEntries=entries)["EvaluationResults"]  # fmt: skip
        return bool(result["EvalDecision"] == "allowed")


def questions(
    service: Service, client: As, action: str, params: dict[str, Any]
) -> Iterator[tuple[Question, Conditions]]:
    call = Call("ec2", action, params, client.who, "r")
    ctx = service.context(call.caller, effort=Effort())
    row = ACTIONS["ec2"][action]
    assert row.asks is not None
    prospect = Prospect(lambda: row.perform(ctx, params))
    for question in row.asks(f"ec2:{action}", ctx, params, row.resources(ctx, params), prospect):
        for own in question.tells():
            yield question, own
