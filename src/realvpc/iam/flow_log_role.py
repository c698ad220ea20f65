"""Whether flow logs may be delivered in a role's place (VPC guide, "IAM role for publishing flow logs to CloudWatch
Logs")."""

from __future__ import annotations

from functools import lru_cache

from .condition import circumstances
from .directory import Directory
from .managed_policies import FOR_LOGS
from .role import Role
from .role_policy import lets
from .trust import Assumer, trusts

SERVICE = "vpc-flow-logs.amazonaws.com"


def trusts_flow_logs(role: Role, region: str, flow_log_id: str = "*") -> bool:
    """Whether the service may assume the role, for a flow log of the role's account."""
    return _trusts(role.trust_policy, role.account, f"arn:aws:ec2:{region}:{role.account}:vpc-flow-log/{flow_log_id}")


@lru_cache(maxsize=128)
def _trusts(policy: str, account: str, flow_log_arn: str) -> bool:
    """Remembered: deliveries ask again and again."""
    given = circumstances({"aws:SourceAccount": account, "aws:SourceArn": flow_log_arn})
    return trusts(policy, Assumer(service=SERVICE, given=given))


def lets_write(directory: Directory, role: Role, group_arn: str, *, is_new: bool) -> bool:
    """Whether the role may put events into streams of the log group, which it makes, or the group too when that
    ``is_new``."""
    stream = f"{group_arn}:log-stream:"
    asked = [("logs:createlogstream", stream), ("logs:putlogevents", stream)]
    if is_new:
        asked.append(("logs:createloggroup", stream))
    return lets(directory, role, asked, FOR_LOGS)
