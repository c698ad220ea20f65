"""What the IAM actions share: names, ids, errors and pages (IAM API Reference)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

from realvpc.net.quotas import TAGS_PER_RESOURCE

from ..core import page as core
from ..core.context import Context, Request, Response
from ..core.errors import AwsError

T = TypeVar("T")

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/(?:[\x21-\x7e]*/)?")
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ID_LENGTH = 17  # after the prefix
_DEFAULT_PAGE = 100


def no_such_entity(message: str) -> AwsError:
    return AwsError("NoSuchEntity", message, 404)


def entity_already_exists(message: str) -> AwsError:
    return AwsError("EntityAlreadyExists", message, 409)


def delete_conflict(message: str) -> AwsError:
    return AwsError("DeleteConflict", message, 409)


def limit_exceeded(quota: str, limit: int) -> AwsError:
    return AwsError("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}", 409)


def malformed_policy(problem: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", problem)


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def checked_name(parameter: str, name: str) -> str:
    """Raises ValidationError."""
    if not _NAME.fullmatch(name):
        raise validation_error(
            f"The specified value for {parameter} is invalid. "
            "It must contain only alphanumeric characters and/or the following: +=,.@_-"
        )
    return name


def checked_path(request: Request) -> str:
    """The request's Path, ``/`` when there is none.  Raises ValidationError."""
    path: str = request.get("Path") or "/"
    if not _PATH.fullmatch(path):
        raise validation_error(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
            "characters and/or / characters."
        )
    return path


def checked_tags(tags: Iterable[dict[str, Any]] | None, old: dict[str, str] | None = None) -> dict[str, str]:
    """``old`` with the request's tags.  Raises InvalidInput, LimitExceeded."""
    result, seen = dict(old or {}), set()
    for tag in tags or []:
        key, value = tag["Key"], tag["Value"]
        if key.lower() in seen:
            raise AwsError(
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        if key.lower().startswith("aws:"):
            raise AwsError("InvalidInput", "Tag keys starting with 'aws:' are reserved for internal use")
        seen.add(key.lower())
        result[key] = value
    if len(result) > TAGS_PER_RESOURCE:
        raise limit_exceeded("TagsPerEntity", TAGS_PER_RESOURCE)
    return result


def new_entity_id(ctx: Context, prefix: str) -> str:
    """``AROA…``, ``AIPA…``."""
    return prefix + "".join(ctx.random.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))


def as_document(text: str) -> str:
    """A policy document as IAM returns it: percent-encoded (RFC 3986)."""
    return quote(text, safe="")


def page(request: Request, rows: Iterable[T], key: Callable[[T], str]) -> tuple[list[T], Response]:
    """One page of ``rows`` by ``key``, and the members IsTruncated and Marker.  Raises ValidationError."""
    size = request.get("MaxItems") or _DEFAULT_PAGE
    try:
        shown, marker = core.page(rows, key, size, request.get("Marker"))
    except core.BadTokenError:
        raise validation_error("Invalid Marker.") from None
    return shown, {"IsTruncated": marker is not None} | ({"Marker": marker} if marker else {})
