"""Tags of what Systems Manager keeps (SSM API Reference, AddTagsToResource)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from realvpc.net.resource import Resource
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import rendered, with_tags
from .document import find_document
from .parameter import parameter_named


def add_tags_to_resource(ctx: Context, request: Request) -> Answer:
    """Raises InvalidResourceId, TooManyTagsError, ValidationException."""
    row = _of(ctx, request)
    return Answer({}, put(replace(row, tags=with_tags(row.tags, request["Tags"]))))


def remove_tags_from_resource(ctx: Context, request: Request) -> Answer:
    """Raises InvalidResourceId."""
    row = _of(ctx, request)
    tags = {key: value for key, value in row.tags.items() if key not in request["TagKeys"]}
    return Answer({}, put(replace(row, tags=tags)))


def list_tags_for_resource(ctx: Context, request: Request) -> Answer:
    """Raises InvalidResourceId."""
    return Answer({"TagList": rendered(_of(ctx, request).tags)})


def _of(ctx: Context, request: Request) -> Resource:
    find, resource_id = _KINDS.get(request["ResourceType"]), request["ResourceId"]
    row = find(ctx, resource_id) if find else None
    if row is None:
        raise AwsError(
            "InvalidResourceId", f'The resource ID "{resource_id}" is not valid. Verify the ID and try again.'
        )
    return row


def _parameter(ctx: Context, name: str) -> Resource | None:
    try:
        return parameter_named(ctx, name)[0]
    except AwsError:
        return None


_KINDS: dict[str, Callable[[Context, str], Resource | None]] = {"Document": find_document, "Parameter": _parameter}
"""Of the other types there is none here."""
