"""Whether a principal may do what it asks for."""

from __future__ import annotations

import pytest

from realvpc.iam.evaluate import Allowed, Principal, Refused, evaluate, refused

ANN = Principal(account="111111111111", arn="arn:aws:iam::111111111111:user/ann", user_id="AIDA")


@pytest.mark.parametrize(
    ("action", "resources"),
    [
        ("ec2:DescribeVpcs", ["*"]),
        ("ec2:CreateRoute", ["arn:aws:ec2:eu-west-1:111111111111:route-table/rtb-1"]),
        ("ec2:RunInstances", ["arn:aws:ec2:eu-west-1::image/ami-1", "arn:aws:ec2:eu-west-1:111111111111:instance/*"]),
        ("iam:GetPolicy", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        ("route53:GetHostedZone", ["arn:aws:route53:::hostedzone/Z1"]),
        ("sts:AssumeRole", ["arn:aws:iam::222222222222:role/theirs"]),  # which its trust policy decides
        ("iam:GetPolicy", ["nonsense"]),
    ],
)
def test_an_accounts_principals_may_do_everything_to_what_is_theirs_or_nobodys(
    action: str, resources: list[str]
) -> None:
    assert evaluate(ANN, action, resources, {}) == Allowed()


def test_what_is_another_accounts_is_refused_as_aws_says_it() -> None:
    theirs = "arn:aws:ssm:eu-west-1:222222222222:parameter/x"
    assert evaluate(ANN, "ssm:GetParameter", ["*", theirs], {}) == Refused(
        "User: arn:aws:iam::111111111111:user/ann is not authorized to perform: ssm:GetParameter "
        f"on resource: {theirs} because no identity-based policy allows the ssm:GetParameter action",
        theirs,
    )


def test_a_refusal_of_what_concerns_no_resource_names_none() -> None:
    assert refused(ANN, "ec2:DescribeVpcs") == Refused(
        "User: arn:aws:iam::111111111111:user/ann is not authorized to perform: ec2:DescribeVpcs "
        "because no identity-based policy allows the ec2:DescribeVpcs action"
    )
