"""Roles that calls hand to services, and parameters that they have read for them."""

from __future__ import annotations

from typing import Any

from realvpc.api.service import Service

from ...build import make_vpc
from ...conftest import MAIN, OTHER, TOKYO
from ...policies import code_of, give, told_conditions
from ...users import As
from .launching import image_id, launch, make_profile


class TestPassRole:
    """IAM guide, "Grant a user permissions to pass a role to an AWS service"."""

    def test_a_role_goes_to_an_instance_only_from_who_may_pass_it(self, owner: As, ann: As) -> None:
        role = make_profile(owner)
        give(owner, {"Action": "ec2:*"})
        with_role = launch(owner, IamInstanceProfile={"Name": "web"})
        error = ann.refused("RunInstances", **with_role)
        assert error.code == "UnauthorizedOperation"
        assert f"not authorized to perform: iam:PassRole on resource: {role} because" in error.message
        assert told_conditions(owner, error)["iam:PassedToService"] == ["ec2.amazonaws.com"]
        assert code_of(ann, "RunInstances", **launch(owner)) == "DryRunOperation"
        for service, code in (("ec2", "DryRunOperation"), ("lambda", "UnauthorizedOperation")):
            to = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
            give(owner, {"Action": "ec2:*"}, {"Action": "iam:PassRole", "Resource": role, "Condition": to})
            assert code_of(ann, "RunInstances", **with_role) == code

    def test_to_an_instance_that_runs_too(self, owner: As, ann: As) -> None:
        first, second = make_profile(owner), make_profile(owner, "db", team="data")
        instance_id = owner("RunInstances", **launch(owner))["Instances"][0]["InstanceId"]
        give(owner, {"Action": "ec2:*"}, {"Action": "iam:PassRole", "Resource": first})
        asked = {"InstanceId": instance_id}
        assert code_of(ann, "AssociateIamInstanceProfile", **asked, IamInstanceProfile={"Name": "db"}) == (
            "UnauthorizedOperation"
        )
        made = ann("AssociateIamInstanceProfile", **asked, IamInstanceProfile={"Name": "web"})
        association_id = made["IamInstanceProfileAssociation"]["AssociationId"]
        replaced: dict[str, Any] = {"AssociationId": association_id, "IamInstanceProfile": {"Name": "db"}}
        error = ann.refused("ReplaceIamInstanceProfileAssociation", **replaced)
        assert f"iam:PassRole on resource: {second}" in error.message
        of_data = {"StringEquals": {"aws:ResourceTag/team": "data"}}
        give(owner, {"Action": "ec2:*"}, {"Action": "iam:PassRole", "Condition": of_data})
        ann("ReplaceIamInstanceProfileAssociation", **replaced)

    def test_by_a_template_nobody_passes_what_he_may_not(self, owner: As, ann: As) -> None:
        make_profile(owner)
        data = {"IamInstanceProfile": {"Name": "web"}, "ImageId": image_id(owner), "InstanceType": "t3.micro"}
        owner("CreateLaunchTemplate", LaunchTemplateName="web", LaunchTemplateData=data)
        give(owner, {"Action": "ec2:*"})
        asked: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateName": "web"}, "MinCount": 1, "MaxCount": 1}
        assert "iam:PassRole" in ann.refused("RunInstances", **asked).message

    def test_to_flow_logs(self, owner: As, ann: As) -> None:
        vpc_id = make_vpc(owner)
        role = make_profile(owner, "flow")
        asked: dict[str, Any] = {
            "ResourceIds": [vpc_id],
            "ResourceType": "VPC",
            "TrafficType": "ALL",
            "LogGroupName": "g",
            "DeliverLogsPermissionArn": role,
        }
        give(owner, {"Action": "ec2:*"})
        error = ann.refused("CreateFlowLogs", **asked)
        assert f"iam:PassRole on resource: {role}" in error.message
        assert told_conditions(owner, error)["iam:PassedToService"] == ["vpc-flow-logs.amazonaws.com"]
        give(owner, {"Action": ["ec2:*", "iam:PassRole"]})
        assert code_of(ann, "CreateFlowLogs", **asked) != "UnauthorizedOperation"
        foreign = asked | {"DeliverLogsPermissionArn": f"arn:aws:iam::{OTHER}:role/x"}
        assert code_of(ann, "CreateFlowLogs", **foreign) == "UnauthorizedOperation"

    def test_of_another_accounts_role_no_tags_are_told(self, owner: As, ann: As, service: Service) -> None:
        theirs = make_profile(As(service, "AKIATHEIRS"), "flow", secret="theirs")
        asked: dict[str, Any] = {
            "ResourceIds": [make_vpc(owner)],
            "ResourceType": "VPC",
            "TrafficType": "ALL",
            "LogGroupName": "g",
            "DeliverLogsPermissionArn": theirs,
        }
        secret = "ResourceTag/secret"
        give(owner, {}, {"Effect": "Deny", "Condition": {"StringEquals": {f"iam:{secret}": "x"}}})
        told = told_conditions(owner, ann.refused("CreateFlowLogs", **asked))
        assert told["iam:PassedToService"] and not [key for key in told if key.endswith(secret)]


def test_a_parameter_that_names_an_image_has_to_be_readable(owner: As, ann: As) -> None:
    """EC2 guide, "Reference AMIs using Systems Manager parameters": ssm:GetParameters is needed."""
    owner("PutParameter", of="ssm", Name="/images/mine", Value=image_id(owner), Type="String")
    asked = launch(owner) | {"ImageId": "resolve:ssm:/images/mine"}
    give(owner, {"Action": "ec2:*"})
    assert "ssm:GetParameters on resource" in ann.refused("RunInstances", **asked).message
    parameter = f"arn:aws:ssm:{TOKYO}:{MAIN}:parameter/images/mine"
    give(owner, {"Action": "ec2:*"}, {"Action": "ssm:GetParameters", "Resource": parameter})
    assert code_of(ann, "RunInstances", **asked) == "DryRunOperation"
    give(owner, {}, {"Effect": "Deny", "Resource": f"arn:aws:ec2:{TOKYO}::image/{image_id(owner)}"})
    assert code_of(ann, "RunInstances", **asked) == "UnauthorizedOperation", "by the image that it stands for"
