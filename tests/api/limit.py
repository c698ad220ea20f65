"""What a quota lets through, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .conftest import Client

Request = tuple[str, str, dict[str, Any]]
"""A service, an action and its parameters."""

Nth = Callable[[int], Request]
"""The requests that use a quota up, one unit each, counted from 1."""

NUMBERS = range(1, 4)


class Limit(NamedTuple):
    """``code`` is the error when the quota is used up; ``there`` is what counts before the first request, and ``unit``
    what each of them adds."""

    code: str
    prepare: Callable[[Client], Nth]
    there: int = 0
    unit: int = 1
