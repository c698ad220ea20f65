"""The tables of what works on the state: the actions that a client may call, and what is found at the first call."""

from __future__ import annotations

from collections.abc import Mapping

from .core.action import Actions, Finds
from .ec2.account_setting import ACTIONS as EC2_SETTINGS
from .ec2.actions import ACTIONS as EC2
from .ec2.default_vpc import first_use
from .ec2.empty import ACTIONS as EC2_EMPTY
from .ec2.questions import asking as ec2_questions
from .ec2instanceconnect.actions import ACTIONS as EC2_INSTANCE_CONNECT
from .elasticloadbalancing.actions import ACTIONS as ELASTIC_LOAD_BALANCING
from .iam.actions import ACTIONS as IAM
from .iam.empty import ACTIONS as IAM_EMPTY
from .iam.questions import with_questions as iam_questions
from .logs.actions import ACTIONS as LOGS
from .logs.empty import ACTIONS as LOGS_EMPTY
from .route53.actions import ACTIONS as ROUTE53
from .route53.empty import ACTIONS as ROUTE53_EMPTY
from .servicequotas.actions import ACTIONS as SERVICE_QUOTAS
from .ssm.actions import ACTIONS as SSM
from .ssm.empty import ACTIONS as SSM_EMPTY
from .sts.actions import ACTIONS as STS

EMPTY: Actions = {
    "ec2": ec2_questions(EC2_EMPTY | EC2_SETTINGS),
    "iam": IAM_EMPTY,
    "logs": LOGS_EMPTY,
    "route53": ROUTE53_EMPTY,
    "ssm": SSM_EMPTY,
}
"""What clients may ask for though nothing here can have it."""

REAL: Actions = {
    "ec2": ec2_questions(EC2),
    "ec2-instance-connect": EC2_INSTANCE_CONNECT,
    "elasticloadbalancing": ELASTIC_LOAD_BALANCING,
    "iam": iam_questions(IAM),
    "logs": LOGS,
    "route53": ROUTE53,
    "servicequotas": SERVICE_QUOTAS,
    "ssm": SSM,
    "sts": STS,
}

ACTIONS: Actions = {service: {**EMPTY.get(service, {}), **rows} for service, rows in REAL.items()}

FIRST_USE: Mapping[str, Finds] = {"ec2": first_use}
"""What an account finds in a Region as if it had always been there, by the service that is called."""
