"""What launches need, and roles that they hand over."""

from __future__ import annotations

import json
from typing import Any

from ...conftest import MAIN, TOKYO
from ...users import As

HERE = f"arn:aws:ec2:{TOKYO}:{MAIN}"
EC2_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    }
)


def image_id(owner: As) -> str:
    found = owner("DescribeImages", Owners=["amazon"])["Images"]
    image: str = next(each["ImageId"] for each in found if each["Architecture"] == "x86_64")
    return image


def launch(owner: As, **more: Any) -> dict[str, Any]:
    return {"ImageId": image_id(owner), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, **more}


def make_profile(owner: As, name: str = "web", **tags: str) -> str:
    """A role, and an instance profile with it, of this name; the role's ARN."""
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    made = owner("CreateRole", of="iam", RoleName=name, AssumeRolePolicyDocument=EC2_TRUST, Tags=given)
    owner("CreateInstanceProfile", of="iam", InstanceProfileName=name)
    owner("AddRoleToInstanceProfile", of="iam", InstanceProfileName=name, RoleName=name)
    arn: str = made["Role"]["Arn"]
    return arn
