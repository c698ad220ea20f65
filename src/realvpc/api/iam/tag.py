"""The actions on tags, the same for every noun of IAM's (IAM guide, "Tagging IAM resources")."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec.structs import replace

from realvpc.net.resource import GlobalResource
from realvpc.net.table import put

from ..core.action import Perform
from ..core.context import Answer, Context, Request
from ..core.tags import render_tags
from .common import checked_tags, page

Find: TypeAlias = Callable[[Context, Request], GlobalResource]
"""What a request is about.  Raises NoSuchEntity."""


def tagging(find: Find) -> Perform:
    """Raises NoSuchEntity, InvalidInput, LimitExceeded."""

    def tag(ctx: Context, request: Request) -> Answer:
        row = find(ctx, request)
        return Answer({}, put(replace(row, tags=checked_tags(request["Tags"], row.tags))))

    return tag


def untagging(find: Find) -> Perform:
    """Raises NoSuchEntity."""

    def untag(ctx: Context, request: Request) -> Answer:
        row = find(ctx, request)
        tags = {key: value for key, value in row.tags.items() if key not in request["TagKeys"]}
        return Answer({}, put(replace(row, tags=tags)))

    return untag


def listing_tags(find: Find) -> Perform:
    """Raises NoSuchEntity."""

    def list_tags(ctx: Context, request: Request) -> Answer:
        rows = render_tags(dict(sorted(find(ctx, request).tags.items())))
        shown, members = page(ctx, request, rows, lambda tag: str(tag["Key"]))
        return Answer({"Tags": shown} | members)

    return list_tags
