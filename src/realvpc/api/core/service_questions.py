"""What policies are asked about actions whose condition keys follow from the request and from the tags of resources
(Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import TypeAlias

from realvpc.iam.evaluate import EVERYTHING, Conditions, account_in

from .context import Context, Request
from .question import Knows, Prospect, Question
from .resource_tags import tags_of

Reads: TypeAlias = Callable[[Context, Request, str], Conditions]
"""The keys of a service for a request and a resource, of which it has this ARN.  Never raises."""

_TAGS = "aws:ResourceTag/"
_OTHER_TAGS: Mapping[str, str] = {  # as services call them beside the global key
    "ec2-instance-connect": "ec2:ResourceTag/",
    "elasticloadbalancing": "elasticloadbalancing:ResourceTag/",
    "iam": "iam:ResourceTag/",
    "ssm": "ssm:resourceTag/",
    "sts": "iam:ResourceTag/",
}
_WITHOUT_ACCOUNT = "arn:aws:route53:"
"""ARNs that have no account in them and are of the caller's."""

_ALL_KNOWN = frozenset({"iam", "logs", "route53", "servicequotas"})
"""Services of whose keys nothing else is to be known: what is not told is absent."""


def nothing(ctx: Context, request: Request, resource: str) -> Conditions:
    return {}


def about(
    action: str, ctx: Context, request: Request, resources: Sequence[str], read: Reads = nothing
) -> Iterable[Question]:
    """A question for each resource; ``read`` has the service's own keys."""
    service = action.partition(":")[0]
    for resource in resources:
        tags = tags_of(ctx, resource)
        tells = partial(_tells, ctx, request, resource, _OTHER_TAGS.get(service), read)
        yield Question(action, resource, _knows(service, tags is not None), tells)


def asking(read: Reads) -> Callable[[str, Context, Request, Sequence[str], Prospect], Iterable[Question]]:
    """The ``asks`` of an action with these keys."""
    return lambda action, ctx, request, resources, prospect: about(action, ctx, request, resources, read)


@cache
def _knows(service: str, has_tags: bool) -> Knows:
    of_tags = (_TAGS.lower(), _OTHER_TAGS.get(service, _TAGS).lower()) if has_tags else ()
    own = (f"{service}:",) if service in _ALL_KNOWN else ()
    return lambda key: key.startswith((*of_tags, *own))


def _tells(ctx: Context, request: Request, resource: str, other: str | None, read: Reads) -> Iterable[Conditions]:
    tags = tags_of(ctx, resource) or {}
    prefixes = (_TAGS, other) if other else (_TAGS,)
    account = account_in(resource)
    owner = ctx.account if resource == EVERYTHING or resource.startswith(_WITHOUT_ACCOUNT) else account
    yield {
        **read(ctx, request, resource),
        **({"aws:ResourceAccount": owner} if owner.isdecimal() else {}),
        **{f"{prefix}{key}": tags[key] for prefix in prefixes for key in tags},
    }
