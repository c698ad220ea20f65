"""The table of actions: what a client may call, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from . import (
    peering,
    peering_options,
    security_group,
    security_group_references,
    security_group_rule,
)
from .context import Answer, Context, Request

Action: TypeAlias = Callable[[Context, Request], Answer]

_EC2: dict[str, Action] = {
    # VPC peering connections
    "AcceptVpcPeeringConnection": peering.accept_vpc_peering_connection,
    "CreateVpcPeeringConnection": peering.create_vpc_peering_connection,
    "DeleteVpcPeeringConnection": peering.delete_vpc_peering_connection,
    "DescribeVpcPeeringConnections": peering.describe_vpc_peering_connections,
    "ModifyVpcPeeringConnectionOptions": peering_options.modify_vpc_peering_connection_options,
    "RejectVpcPeeringConnection": peering.reject_vpc_peering_connection,
    # Security groups
    "AuthorizeSecurityGroupEgress": security_group_rule.authorize_security_group_egress,
    "AuthorizeSecurityGroupIngress": security_group_rule.authorize_security_group_ingress,
    "CreateSecurityGroup": security_group.create_security_group,
    "DeleteSecurityGroup": security_group.delete_security_group,
    "DescribeSecurityGroupReferences": security_group_references.describe_security_group_references,
    "DescribeSecurityGroupRules": security_group_rule.describe_security_group_rules,
    "DescribeSecurityGroups": security_group.describe_security_groups,
    "DescribeStaleSecurityGroups": security_group_references.describe_stale_security_groups,
    "ModifySecurityGroupRules": security_group_rule.modify_security_group_rules,
    "RevokeSecurityGroupEgress": security_group_rule.revoke_security_group_egress,
    "RevokeSecurityGroupIngress": security_group_rule.revoke_security_group_ingress,
    "UpdateSecurityGroupRuleDescriptionsEgress": security_group_rule.update_security_group_rule_descriptions_egress,
    "UpdateSecurityGroupRuleDescriptionsIngress": security_group_rule.update_security_group_rule_descriptions_ingress,
}

_IAM: dict[str, Action] = {}

_SSM: dict[str, Action] = {}

_STS: dict[str, Action] = {}

ACTIONS: dict[str, dict[str, Action]] = {"ec2": _EC2, "iam": _IAM, "ssm": _SSM, "sts": _STS}


def knows(service: str, action: str) -> bool:
    """Whether ``service`` (botocore's name) has this action here."""
    return action in ACTIONS.get(service, {})
