"""Pages of what is in memory, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from realvpc.api.core.describe import make_token, read_token
from realvpc.api.core.errors import AwsError, invalid_next_token

R = TypeVar("R")


def paged(
    rows: list[R], place: Callable[[R], str], params: Mapping[str, Any], largest: int, default: int = 50
) -> tuple[list[R], str | None]:
    """A page, and the token for the next one if there is one.  `place` sorts the rows, the oldest first.

    Raises InvalidNextToken, ValidationException.
    """
    rows = sorted(rows, key=place, reverse=True)
    if token := params.get("NextToken"):
        last = read_token(token)
        if last is None:
            raise invalid_next_token()
        rows = [row for row in rows if place(row) < last]
    size = params.get("MaxResults") or default
    if not 1 <= size <= largest:
        raise AwsError("ValidationException", f"MaxResults has to be between 1 and {largest}.")
    return rows[:size], make_token(place(rows[size - 1])) if len(rows) > size else None
