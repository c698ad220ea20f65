"""The tables of the actions that work on the state: what a client may call, and the row of each."""

from __future__ import annotations

from .core.action import Actions
from .ec2.actions import ACTIONS as EC2
from .iam.actions import ACTIONS as IAM
from .route53.actions import ACTIONS as ROUTE53
from .ssm.actions import ACTIONS as SSM
from .sts.actions import ACTIONS as STS

ACTIONS: Actions = {"ec2": EC2, "iam": IAM, "route53": ROUTE53, "ssm": SSM, "sts": STS}
