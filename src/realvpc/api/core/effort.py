"""How much work a call is: counted in steps as it is done, so that nobody has to know beforehand.

A step is about a microsecond of a machine of 2026.  What is counted is what there can be many of: rows that are looked
at, found, compared, shown, made and changed.
"""

from __future__ import annotations

import math

FINDING, MAKING, CHANGING, COMPARING = 2, 20, 20, 1
"""Steps: a row found by its id, an id made for a new one, a row put or deleted, a row compared with one filter."""

TRACING = 100
"""Steps for a question of how packets fare."""

SHOWING = 4
"""Steps for each structure that a rendering consists of."""

GENERATING_RSA = 50_000


class TooLongError(Exception):
    """The effort is spent: whoever allowed it has to see to the call in another way."""


class Effort:
    """Raises TooLongError once more than ``steps`` are spent."""

    __slots__ = ("_left",)

    def __init__(self, steps: float = math.inf) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooLongError
