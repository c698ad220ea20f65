"""What the IAM actions share: names, ids, errors and pages (IAM API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from msgspec.structs import replace

from realvpc.iam import secrets
from realvpc.iam.policy_holder import PolicyHolder
from realvpc.net.quotas import TAGS_PER_RESOURCE, Quota

from ..core import page as core
from ..core.context import Context, Request, Response
from ..core.effort import MAKING, SHOWING
from ..core.errors import AwsError

T = TypeVar("T")
H = TypeVar("H", bound=PolicyHolder)

_DEFAULT_PAGE = 100
LARGEST_PAGE = 2 << 20  # characters of the documents in it; written, they are up to three times as many
_ENCODED_IN_A_STEP = 16  # characters


def no_such_entity(message: str) -> AwsError:
    return AwsError("NoSuchEntity", message, 404)


def entity_already_exists(message: str) -> AwsError:
    return AwsError("EntityAlreadyExists", message, 409)


def delete_conflict(message: str) -> AwsError:
    return AwsError("DeleteConflict", message, 409)


def invalid_input(message: str) -> AwsError:
    return AwsError("InvalidInput", message)


def limit_exceeded(quota: str, limit: int) -> AwsError:
    return AwsError("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}", 409)


def malformed_policy(problem: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", problem)


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationError", message)


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


def check_quota(ctx: Context, quota: Quota, words: str, there_are: int) -> None:
    """Whether there may be one more; ``words`` is what IAM's message calls the quota.  Raises LimitExceeded."""
    most = ctx.quota(quota)
    if there_are >= most:
        raise limit_exceeded(words, most)


def check_free(ctx: Context, kind: type[PolicyHolder], name: str) -> None:
    """Raises EntityAlreadyExists, also for a name that differs in case alone."""
    if ctx.directory.namesake(kind, ctx.account, name):
        raise entity_already_exists(f"{kind.__name__} with name {name} already exists.")


def renamed(ctx: Context, holder: H, name: str | None, path: str | None) -> H:
    """With another name, another path, or both.  Raises EntityAlreadyExists."""
    if name and name.lower() != holder.name.lower():
        check_free(ctx, type(holder), name)
    return replace(holder, name=name or holder.name, path=path or holder.path)


def check_deletable(hanging: Mapping[str, object]) -> None:
    """``hanging`` is by what has to be done about it first.  Raises DeleteConflict."""
    if first := next((what for what, there in hanging.items() if there), None):
        raise delete_conflict(f"Cannot delete entity, must {first} first.")


def policies_on(holder: PolicyHolder) -> dict[str, object]:
    """For ``check_deletable``."""
    return {"detach all policies": holder.attached_policy_arns, "delete policies": holder.inline_policies}


def new_entity_id(ctx: Context, prefix: str) -> str:
    """``AROA…``, ``AIPA…``."""
    ctx.effort.spend(MAKING)
    return secrets.new_entity_id(ctx.random, prefix)


def size_of(document: str) -> int:
    """Of a policy document, as quotas count it: characters that are no white space."""
    return len("".join(document.split()))


def as_document(ctx: Context, text: str) -> str:
    """A policy document as IAM returns it: percent-encoded (RFC 3986)."""
    ctx.effort.spend(len(text) // _ENCODED_IN_A_STEP)
    return quote(text, safe="")


def page(
    ctx: Context,
    request: Request,
    rows: Iterable[T],
    key: Callable[[T], str],
    characters: Callable[[T], int] = lambda row: 0,
) -> tuple[list[T], Response]:
    """One page of ``rows`` by ``key``, and the members IsTruncated and Marker.  Raises ValidationError.

    It has fewer rows than were asked for when the documents in them have too many ``characters``, as IAM's may have.
    """
    size = request.get("MaxItems") or _DEFAULT_PAGE
    try:
        shown, marker = core.page(rows, key, size, request.get("Marker"), bulk=characters, largest=LARGEST_PAGE)
    except core.BadTokenError:
        raise validation_error("Invalid Marker.") from None
    ctx.effort.spend(SHOWING * len(shown))
    return shown, {"IsTruncated": marker is not None} | ({"Marker": marker} if marker else {})
