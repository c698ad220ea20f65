"""Tags of load balancers, target groups and listeners: added, removed, described (Elastic Load Balancing API
Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from realvpc.net.balancing_arn import Balancing, kind_of
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer
from realvpc.net.quotas import TAGS_PER_RESOURCE
from realvpc.net.table import Change, put
from realvpc.net.target_group import TargetGroup

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from ..core.tags import is_reserved, render_tags
from .common import balancer_at, group_at, listener_at, validation_error

_FINDERS: dict[type[Balancing], Callable[[Context, str], Balancing]] = {
    LoadBalancer: balancer_at,
    TargetGroup: group_at,
    Listener: listener_at,
}
_DESCRIBED_AT_ONCE = 20


def read_tags(tags: Iterable[Mapping[str, Any]], old: Mapping[str, str] | None = None) -> dict[str, str]:
    """``old`` with these.  Raises DuplicateTagKeys, TooManyTags, ValidationError."""
    found: dict[str, str] = {}
    for tag in tags:
        key = tag["Key"]
        if key in found:
            raise AwsError("DuplicateTagKeys", f"Duplicate tag key '{key}'")
        if is_reserved(key):
            raise validation_error("Tag keys starting with 'aws:' are reserved for internal use")
        found[key] = tag.get("Value") or ""
    merged = {**(old or {}), **found}
    if len(merged) > TAGS_PER_RESOURCE:
        raise AwsError("TooManyTags", f"The maximum number of tags has been reached: '{TAGS_PER_RESOURCE}'")
    return merged


def add_tags(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, DuplicateTagKeys, TooManyTags, LoadBalancerNotFound, TargetGroupNotFound,
    ListenerNotFound."""
    rows = _rows(ctx, request["ResourceArns"])
    tagged = (replace(row, tags=read_tags(request["Tags"], row.tags)) for row in rows)
    return Answer({}, Change(puts=tuple(tagged)))


def remove_tags(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, LoadBalancerNotFound, TargetGroupNotFound, ListenerNotFound."""
    keys = {*request["TagKeys"]}
    changed = [
        replace(row, tags={key: value for key, value in row.tags.items() if key not in keys})
        for row in _rows(ctx, request["ResourceArns"])
        if not keys.isdisjoint(row.tags)
    ]
    return Answer({}, put(*changed))


def describe_tags(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, LoadBalancerNotFound, TargetGroupNotFound, ListenerNotFound."""
    arns = request["ResourceArns"]
    if len(arns) > _DESCRIBED_AT_ONCE:
        raise validation_error(f"The number of resources cannot be more than '{_DESCRIBED_AT_ONCE}'")
    shown = [{"ResourceArn": row.arn, "Tags": render_tags(row.tags)} for row in _rows(ctx, arns)]
    return Answer({"TagDescriptions": shown})


def _rows(ctx: Context, arns: Iterable[str]) -> list[Balancing]:
    return [_row(ctx, arn) for arn in dict.fromkeys(arns)]


def _row(ctx: Context, arn: str) -> Balancing:
    kind = kind_of(arn)
    if kind is None:
        raise validation_error(f"'{arn}' is not a valid resource ARN")
    return _FINDERS[kind](ctx, arn)
