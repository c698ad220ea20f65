"""The tags in a request, as condition keys (IAM guide, "aws:RequestTag", "aws:TagKeys")."""

from __future__ import annotations

from collections.abc import Iterator

from .context import Request


def conditions_of_tags(request: Request) -> dict[str, str | tuple[str, ...]]:
    """Whose request names keys alone, to untag, has no values."""
    tags = dict(_tags(request))
    keys = (*tags, *(request.get("TagKeys") or request.get("tagKeys") or ()))
    values = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return values | {"aws:TagKeys": keys} if keys else {}


def _tags(request: Request) -> Iterator[tuple[str, str]]:
    """EC2 names them apart by what they are for, others in one list or, CloudWatch Logs, in a map."""
    for name in ("Tags", "tags"):
        given = request.get(name)
        if isinstance(given, dict):
            yield from given.items()
        for tag in given if isinstance(given, list) else ():
            yield tag.get("Key") or "", tag.get("Value") or ""
    for specification in request.get("TagSpecifications") or ():
        for tag in specification.get("Tags") or ():
            yield tag.get("Key") or "", tag.get("Value") or ""
