"""The tags in a request, as condition keys (IAM guide, "aws:RequestTag", "aws:TagKeys")."""

from __future__ import annotations

from collections.abc import Iterator

from .context import Request

_TAGS = ("Tags", "tags", "AddTags")  # Route 53's request adds and removes at once
_KEYS = ("TagKeys", "tagKeys", "RemoveTagKeys")


def conditions_of_tags(request: Request) -> dict[str, str | tuple[str, ...]]:
    """Whose request names keys alone, to untag, has no values."""
    tags = list(_tags(request))
    values = {f"aws:RequestTag/{key}": value for key, value in tags if value is not None}
    return values | {"aws:TagKeys": tuple(dict.fromkeys(key for key, _ in tags))} if tags else {}


def _tags(request: Request) -> Iterator[tuple[str, str | None]]:
    """Keys with their values, or alone.  EC2 names tags apart by what they are for, others in one list or, CloudWatch
    Logs, in a map; what it untags in its older way is a list of keys by the same name."""
    for name in _TAGS:
        given = request.get(name) or ()
        if isinstance(given, dict):
            yield from given.items()
        else:
            yield from map(_tag, given)
    for specification in request.get("TagSpecifications") or ():
        yield from map(_tag, specification.get("Tags") or ())
    for name in _KEYS:
        yield from ((key, None) for key in request.get(name) or ())


def _tag(given: Request | str) -> tuple[str, str | None]:
    return (given, None) if isinstance(given, str) else (given.get("Key") or "", given.get("Value") or "")
