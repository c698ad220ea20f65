"""The table of actions: what a client may call, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .context import Answer, Context, Request

Action: TypeAlias = Callable[[Context, Request], Answer]

ACTIONS: dict[str, dict[str, Action]] = {"ec2": {}, "iam": {}, "ssm": {}, "sts": {}}


def knows(service: str, action: str) -> bool:
    """Whether ``service`` (botocore's name) has this action here."""
    return action in ACTIONS.get(service, {})
