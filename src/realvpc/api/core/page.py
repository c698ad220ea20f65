"""Pages: rows in one order, and the token of the page that begins after the last one that was shown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


class BadTokenError(ValueError):
    """A token that nobody was given; each service has its own word for it."""


def page(
    rows: Iterable[T],
    place: Callable[[T], str],
    size: int,
    token: str | None,
    *,
    backwards: bool = False,
    bulk: Callable[[T], int] = lambda row: 0,
    largest: int = 0,
) -> tuple[list[T], str | None]:
    """At most ``size`` rows, at least one, in the order of their places, and the next page's token if there is one.

    Where rows are long they are fewer, at least one: no more than come to ``largest`` by their ``bulk``.  Rows that
    come or go meanwhile move no other to another page.  Raises BadTokenError.
    """
    ordered = sorted(rows, key=place, reverse=backwards)
    if token:
        last = read_token(token)
        if last is None:
            raise BadTokenError(token)
        ordered = [row for row in ordered if (place(row) < last if backwards else place(row) > last)]
    shown = ordered[: max(1, size)]
    fitting = sum(so_far <= largest for so_far in accumulate(map(bulk, shown)))
    shown = shown[: max(1, fitting)]
    return shown, make_token(place(shown[-1])) if len(ordered) > len(shown) else None


def make_token(last: str) -> str:
    """The token of the page that begins after this place."""
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode()


def read_token(token: str) -> str | None:
    """What ``make_token`` was given, or None for a token that is none."""
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError):
        text = ""
    return text.removeprefix("after:") if text.startswith("after:") else None
