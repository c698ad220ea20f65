"""The table of actions: what a client may call, and the function that answers."""

from __future__ import annotations

from .core.context import Action
from .ec2.actions import ACTIONS as EC2
from .iam.actions import ACTIONS as IAM
from .route53.actions import ACTIONS as ROUTE53
from .ssm.actions import ACTIONS as SSM
from .sts.actions import ACTIONS as STS

ACTIONS: dict[str, dict[str, Action]] = {"ec2": EC2, "iam": IAM, "route53": ROUTE53, "ssm": SSM, "sts": STS}


def knows(service: str, action: str) -> bool:
    """Whether ``service`` (botocore's name) has this action here."""
    return action in ACTIONS.get(service, {})
