"""The row of an action in a room's table: what performs it, and which resources it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from realvpc.iam.evaluate import EVERYTHING
from realvpc.net.table import Change

from .context import Answer, Context, Request, Response
from .question import Prospect, Question

Perform: TypeAlias = Callable[[Context, Request], Answer]
"""A function of the state: it returns what is to happen, or raises AwsError."""

Finds: TypeAlias = Callable[[Context], Change]
"""A function of the state that is asked before a call is let in: what must be there first, which is mostly nothing."""

Resources: TypeAlias = Callable[[Context, Request], Sequence[str]]
"""The ARNs that a policy has to allow the action on: those of the table of the action's service in the Service
Authorization Reference.  Never raises: whether a resource exists is nobody's business who may not ask."""


def on_all(ctx: Context, request: Request) -> Sequence[str]:
    """Resources of actions that know no resource types: descriptions and lists, mostly."""
    return (EVERYTHING,)


class Repeat(Struct, frozen=True):
    """How a request that comes again with its client token is answered: with the first response, in all its Region.

    ``kept`` makes of a response what is written down, ``again`` of that the answer; it may raise AwsError.  ``scope``
    says where inside the Region the token of a request is valid.  ``longest``: characters of a token, all ASCII.
    """

    kept: Callable[[Response], Response] = lambda response: response
    again: Callable[[Context, Response], Response] = lambda ctx, kept: kept
    scope: Callable[[Context, Request], str] = lambda ctx, request: ""
    longest: int = 64


KeysOfRequest: TypeAlias = Callable[[Request], Mapping[str, str]]
"""The values of the condition keys that the action's service has for it, by their names.  Never raises."""


def none_of_its_own(request: Request) -> Mapping[str, str]:
    return {}


Asks: TypeAlias = Callable[[str, Context, Request, Sequence[str], Prospect], Iterable[Question]]
"""What policies are asked about an action (``ec2:CreateVpc``) that concerns these resources.  Never raises."""


class Action(Struct, frozen=True):
    """One action.  ``repeat`` is for those that take a client token, ``conditions`` for those with keys that follow
    from the request, ``asks`` for those whose resources have keys too, or that need other actions to be allowed."""

    perform: Perform
    resources: Resources
    repeat: Repeat = Repeat()
    conditions: KeysOfRequest = none_of_its_own
    asks: Asks | None = None


Actions: TypeAlias = Mapping[str, Mapping[str, Action]]
"""Tables of actions, by the service's name in signatures and policies."""
