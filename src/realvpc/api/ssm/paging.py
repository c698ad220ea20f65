"""Pages as Systems Manager's lists have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..core.context import Request
from ..core.errors import AwsError, invalid_next_token
from ..core.page import BadTokenError, page

T = TypeVar("T")


def paged(
    rows: Iterable[T],
    place: Callable[[T], str],
    request: Request,
    *,
    largest: int = 50,
    default: int = 50,
    newest_first: bool = False,
) -> tuple[list[T], str | None]:
    """A page, and the token for the next one if there is one.  ``place`` sorts the rows; with ``newest_first`` the
    oldest comes last.

    Raises InvalidNextToken, ValidationException.
    """
    size = request.get("MaxResults") or default
    if not 1 <= size <= largest:
        raise AwsError("ValidationException", f"MaxResults has to be between 1 and {largest}.")
    try:
        return page(rows, place, size, request.get("NextToken"), backwards=newest_first)
    except BadTokenError:
        raise invalid_next_token() from None
