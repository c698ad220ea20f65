"""Policies that AWS manages, as data (AWS Managed Policy Reference)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct


class ManagedPolicy(Struct, frozen=True, kw_only=True):
    """``document`` is the JSON of the default version ``version_id``."""

    name: str
    policy_id: str  # ANPA…
    version_id: str
    description: str
    created_at: datetime
    updated_at: datetime
    document: str
    path: str = "/"

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::aws:policy{self.path}{self.name}"


def _allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def _document(*statements: dict[str, Any]) -> str:
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": list(statements)}).decode()


SSM_MANAGED_INSTANCE_CORE = ManagedPolicy(
    name="AmazonSSMManagedInstanceCore",
    policy_id="ANPAIXSHM2BNB2D3AXXRU",
    version_id="v2",
    description="The policy for Amazon EC2 Role to enable AWS Systems Manager service core functionality.",
    created_at=datetime(2019, 3, 15, 17, 22, 12, tzinfo=UTC),
    updated_at=datetime(2019, 5, 23, 16, 54, 21, tzinfo=UTC),
    document=_document(
        _allow(
            "ssm:DescribeAssociation",
            "ssm:GetDeployablePatchSnapshotForInstance",
            "ssm:GetDocument",
            "ssm:DescribeDocument",
            "ssm:GetManifest",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:ListAssociations",
            "ssm:ListInstanceAssociations",
            "ssm:PutInventory",
            "ssm:PutComplianceItems",
            "ssm:PutConfigurePackageResult",
            "ssm:UpdateAssociationStatus",
            "ssm:UpdateInstanceAssociationStatus",
            "ssm:UpdateInstanceInformation",
        ),
        _allow(
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ),
        _allow(
            "ec2messages:AcknowledgeMessage",
            "ec2messages:DeleteMessage",
            "ec2messages:FailMessage",
            "ec2messages:GetEndpoint",
            "ec2messages:GetMessages",
            "ec2messages:SendReply",
        ),
    ),
)

ADMINISTRATOR = ManagedPolicy(
    name="AdministratorAccess",
    policy_id="ANPAIWMBCKSKIEE64ZLYK",
    version_id="v1",
    description="Provides full access to AWS services and resources.",
    created_at=datetime(2015, 2, 6, 18, 39, 46, tzinfo=UTC),
    updated_at=datetime(2015, 2, 6, 18, 39, 46, tzinfo=UTC),
    document=_document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
)

_EC2_READ_ONLY = ManagedPolicy(
    name="AmazonEC2ReadOnlyAccess",
    policy_id="ANPAIGDT4SV4GSETWTBZK",
    version_id="v2",
    description="Provides read only access to Amazon EC2 via the AWS Management Console.",
    created_at=datetime(2015, 2, 6, 18, 40, 17, tzinfo=UTC),
    updated_at=datetime(2024, 2, 14, 18, 43, 13, tzinfo=UTC),
    document=_document(
        {
            "Effect": "Allow",
            "Action": ["ec2:Describe*", "ec2:GetSecurityGroupsForVpc"],
            "Resource": "*",
        },
        {"Effect": "Allow", "Action": "elasticloadbalancing:Describe*", "Resource": "*"},
        _allow("cloudwatch:ListMetrics", "cloudwatch:GetMetricStatistics", "cloudwatch:Describe*"),
        {"Effect": "Allow", "Action": "autoscaling:Describe*", "Resource": "*"},
    ),
)

_CLOUDWATCH_AGENT = ManagedPolicy(
    name="CloudWatchAgentServerPolicy",
    policy_id="ANPAIGKGO7DSYSABC2XJ4",
    version_id="v3",
    description="Permissions required to use AmazonCloudWatchAgent on servers",
    created_at=datetime(2018, 3, 7, 1, 6, 44, tzinfo=UTC),
    updated_at=datetime(2024, 2, 5, 16, 37, 20, tzinfo=UTC),
    document=_document(
        _allow(
            "cloudwatch:PutMetricData",
            "ec2:DescribeVolumes",
            "ec2:DescribeTags",
            "logs:PutLogEvents",
            "logs:PutRetentionPolicy",
            "logs:DescribeLogStreams",
            "logs:DescribeLogGroups",
            "logs:CreateLogStream",
            "logs:CreateLogGroup",
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
            Sid="CWACloudWatchServerPermissions",
        ),
        _allow(
            "ssm:GetParameter",
            resource="arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*",
            Sid="CWASSMServerPermissions",
        ),
    ),
)

MANAGED_POLICIES: dict[str, ManagedPolicy] = {
    policy.arn: policy for policy in (SSM_MANAGED_INSTANCE_CORE, ADMINISTRATOR, _EC2_READ_ONLY, _CLOUDWATCH_AGENT)
}
"""By ARN."""
