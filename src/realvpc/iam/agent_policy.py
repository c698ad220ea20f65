"""Whether a role lets an instance's Systems Manager agent register and open its channel (Systems Manager guide,
"Configure instance permissions").

It is asked whether calls are asked for policies or not, for its answer is seen in sessions.
"""

from __future__ import annotations

from .directory import Directory
from .managed_policies import FOR_SYSTEMS_MANAGER
from .role import Role
from .role_policy import lets


def lets_agent_register(directory: Directory, role: Role, instance_arn: str) -> bool:
    """Channels are of no resource, so that a policy has to allow them on all.  The agent gets its credentials by
    IMDSv2."""
    asked = ("ssm:updateinstanceinformation", instance_arn), ("ssmmessages:opencontrolchannel", "*")
    conditions = {"ec2:RoleDelivery": "2.0", "ec2:SourceInstanceARN": instance_arn}
    return lets(directory, role, asked, FOR_SYSTEMS_MANAGER, conditions)
