"""CreateTags, DeleteTags and DescribeTags, over every kind of resource (EC2 guide, "Tag your resources")."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net.glob import read_glob
from realvpc.net.instance import Instance
from realvpc.net.resource import Resource
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.describe import paginate
from ..core.effort import COMPARING
from ..core.errors import AwsError
from ..core.filter import FilterValues, asked_filters, passing
from ..core.lookup import find, find_all, not_found
from ..core.noun import Noun
from ..core.tags import check_count, checked, is_reserved, read_tags
from .metadata_options import check_shown_tags
from .nouns import NOUNS

_DIGITS = re.compile(r"[0-9a-f]{8}(?:[0-9a-f]{9})?")
Retag = Callable[[dict[str, str]], dict[str, str]]


def create_tags(ctx: Context, request: Request) -> Answer:
    """Add tags to resources, or overwrite the values of those that they have.  A tag that is named twice is one.

    Raises InvalidID for what is no id, the ``NotFound`` error of the kind, and what ``tags.checked`` raises; then no
    resource has changed.
    """
    pairs = dict.fromkeys((tag.get("Key"), tag.get("Value")) for tag in request["Tags"])
    tags = read_tags({"Key": key, "Value": value} for key, value in pairs)
    checked(tags)
    return _retagged(ctx, request, lambda old: check_count(old | tags))


def delete_tags(ctx: Context, request: Request) -> Answer:
    """Remove tags: all of them when none is named, whatever the value when a tag is named without one.

    Raises like ``create_tags``.  A tag that a resource does not have is no error; those that AWS gave stay.
    """
    named = request.get("Tags")
    doomed = {(tag.get("Key"), tag.get("Value")) for tag in named or ()}

    def rest(old: dict[str, str]) -> dict[str, str]:
        return {
            key: value
            for key, value in old.items()
            if is_reserved(key) or (named and (key, None) not in doomed and (key, value) not in doomed)
        }

    return _retagged(ctx, request, rest)


def _retagged(ctx: Context, request: Request, retag: Retag) -> Answer:
    changed: dict[tuple[type[Resource], str], Resource] = {}  # several tagged things may be kept in one resource
    for noun, row in _resources(ctx, request["Resources"]):
        ctx.effort.spend(COMPARING * len(request.get("Tags") or row.tags))
        if noun.derived is not None:
            noun.derived.check(ctx, row)
            owner = noun.derived.owner(row)
            tagged = replace(row, tags=retag(row.tags))
            after = noun.derived.changed(changed.get((type(owner), owner.id), owner), tagged)
        else:
            latest = changed.get((type(row), row.id), row)
            tags = retag(latest.tags_seen_by(ctx.account, ctx.region))
            if isinstance(latest, Instance):
                check_shown_tags(latest.metadata_options, tags)
            after = latest.retagged(ctx.account, ctx.region, tags)
        changed[type(after), after.id] = after
    return Answer({}, put(*changed.values()))


def _resources(ctx: Context, resource_ids: list[str]) -> list[tuple[Noun[Any], Resource]]:
    """Raises InvalidID for what is no id of a noun, and ``NotFound`` for all unknown ones of the first noun that has
    any."""
    found: list[tuple[Noun[Any], Resource]] = []
    missing: dict[str, list[str]] = {}
    for resource_id in dict.fromkeys(resource_ids):
        prefix, _, digits = resource_id.rpartition("-")
        noun = NOUNS.get(prefix)
        if noun is None or not _DIGITS.fullmatch(digits):
            raise AwsError("InvalidID", f"The ID '{resource_id}' is not valid")
        row = find(ctx, noun, resource_id)
        if row is None:
            missing.setdefault(prefix, []).append(resource_id)
        else:
            found.append((noun, row))
    for prefix, unknown in missing.items():
        raise not_found(NOUNS[prefix], *unknown)
    return found


class _Tag(Struct, frozen=True):
    """One line of DescribeTags."""

    resource_id: str
    resource_type: str
    key: str
    value: str

    @property
    def id(self) -> str:
        """What orders the listing."""
        return f"{self.resource_id} {self.key}"


def describe_tags(ctx: Context, request: Request) -> Answer:
    """The tags of everything that the caller sees, as the caller sees them."""
    found = passing(ctx, request, _lines(ctx, request), _filter)
    page, token = paginate(request, sorted(found, key=lambda tag: tag.id))
    return Answer(
        {
            "Tags": [
                {"ResourceId": tag.resource_id, "ResourceType": tag.resource_type, "Key": tag.key, "Value": tag.value}
                for tag in page
            ],
            "NextToken": token,
        }
    )


def _lines(ctx: Context, request: Request) -> Iterator[_Tag]:
    for noun, row in _asked(ctx, request):
        tags = row.tags_seen_by(ctx.account, ctx.region)
        ctx.effort.spend(COMPARING * len(tags))
        for key, value in tags.items():
            yield _Tag(row.id, noun.tag_type, key, value)


def _asked(ctx: Context, request: Request) -> Iterator[tuple[Noun[Any], Resource]]:
    """What may have the tags that are asked for: where resources are named, only those."""
    for name, patterns in asked_filters(request):
        texts = [text for text in map(read_glob, patterns) if isinstance(text, str)]
        if name == "resource-id" and len(texts) == len(patterns):
            for text in dict.fromkeys(texts):
                noun = NOUNS.get(text.rpartition("-")[0])
                row = find(ctx, noun, text) if noun else None
                if noun and row:
                    yield noun, row
            return
    for noun in NOUNS.values():
        for row in find_all(ctx, noun):
            yield noun, row


_FILTERS: dict[str, FilterValues[_Tag]] = {
    "key": lambda ctx, tag: [tag.key],
    "resource-id": lambda ctx, tag: [tag.resource_id],
    "resource-type": lambda ctx, tag: [tag.resource_type],
    "value": lambda ctx, tag: [tag.value],
}


def _filter(name: str) -> FilterValues[_Tag] | None:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda ctx, tag: [tag.value] if tag.key == key else []
    return _FILTERS.get(name)
