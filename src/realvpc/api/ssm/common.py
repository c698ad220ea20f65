"""What the actions of Systems Manager share: its general error, and tags (SSM API Reference)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realvpc.net.quotas import TAGS_PER_RESOURCE

from ..core.errors import AwsError


def validation(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def with_tags(old: Mapping[str, str], given: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """``old`` with the request's tags.  Raises ValidationException, TooManyTagsError."""
    tags = dict(old)
    for row in given or ():
        if row["Key"].lower().startswith("aws:"):
            raise validation("Tag keys starting with 'aws:' are reserved for internal use")
        tags[row["Key"]] = row["Value"]
    if len(tags) > TAGS_PER_RESOURCE:
        raise AwsError("TooManyTagsError", f"The number of tags exceeds the limit of {TAGS_PER_RESOURCE}.")
    return tags


def rendered(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
