"""The row of an action in a room's table: what performs it, and which resources it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from realvpc.iam.evaluate import EVERYTHING

from .context import Answer, Context, Request, Response

Perform: TypeAlias = Callable[[Context, Request], Answer]
"""A function of the state: it returns what is to happen, or raises AwsError."""

Resources: TypeAlias = Callable[[Context, Request], Sequence[str]]
"""The ARNs that a policy has to allow the action on: those of the table of the action's service in the Service
Authorization Reference.  Never raises: whether a resource exists is nobody's business who may not ask."""

Again: TypeAlias = Callable[[Context, Response], Response]
"""What the first response to a client token has become."""

Scope: TypeAlias = Callable[[Context, Request], str]
"""Where a client token is valid inside a Region."""


def on_all(ctx: Context, request: Request) -> Sequence[str]:
    """Resources of actions that know no resource types: descriptions and lists, mostly."""
    return (EVERYTHING,)


def _unchanged(ctx: Context, response: Response) -> Response:
    return response


def _in_region(ctx: Context, request: Request) -> str:
    return ""


class Action(Struct, frozen=True):
    """One action.  ``again`` and ``scope`` are for those that take a client token."""

    perform: Perform
    resources: Resources
    again: Again = _unchanged
    scope: Scope = _in_region


Actions: TypeAlias = Mapping[str, Mapping[str, Action]]
"""Tables of actions, by botocore's name of the service."""
