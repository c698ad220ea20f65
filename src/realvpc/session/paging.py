"""Pages of what is in memory, the newest first."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from realvpc.api.errors import AwsError

R = TypeVar("R")


def paged(
    rows: list[R], place: Callable[[R], str], params: Mapping[str, Any], largest: int, default: int = 50
) -> tuple[list[R], str | None]:
    """A page, and the token for the next one if there is one.  `place` sorts the rows, the oldest first.

    Raises InvalidNextToken, ValidationException.
    """
    rows = sorted(rows, key=place, reverse=True)
    if token := params.get("NextToken"):
        last = _read_token(token)
        rows = [row for row in rows if place(row) < last]
    size = params.get("MaxResults") or default
    if not 1 <= size <= largest:
        raise AwsError("ValidationException", f"MaxResults has to be between 1 and {largest}.")
    return rows[:size], _make_token(place(rows[size - 1])) if len(rows) > size else None


def _make_token(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode()


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise AwsError("InvalidNextToken", "The specified token is not valid.") from None
