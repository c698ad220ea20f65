"""A role that a caller hands to a service: who may not pass it, may not have the service act in its place (IAM guide,
"Grant a user permissions to pass a role to an AWS service")."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from realvpc.iam.evaluate import Conditions

from .context import Context
from .question import Question
from .resource_tags import tags_of

_ACTION = "iam:PassRole"
_TAGS = ("aws:ResourceTag/", "iam:ResourceTag/")


def passing(ctx: Context, role_arn: str, service: str, resource: str = "") -> Question:
    """``service`` is the principal that gets it (``ec2.amazonaws.com``), ``resource`` the ARN of what it is for, where
    that is told."""
    return Question(_ACTION, role_arn, _knows, partial(_tells, ctx, role_arn, service, resource))


def _knows(key: str) -> bool:
    return key.startswith(("iam:", "aws:resourcetag/"))


def _tells(ctx: Context, role_arn: str, service: str, resource: str) -> Iterable[Conditions]:
    tags = tags_of(ctx, role_arn) or {}
    yield {
        "iam:PassedToService": service,
        **({"iam:AssociatedResourceArn": resource} if resource else {}),
        **{f"{prefix}{name}": value for prefix in _TAGS for name, value in tags.items()},
    }
