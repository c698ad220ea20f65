"""Rows of responses that are made once and shown often."""

from __future__ import annotations

import math
from typing import Any


class Rendered(dict[str, Any]):
    """A part of a response that nobody changes once it is made, whoever it is shown to.

    Whoever writes it may keep with it what it has become: ``written`` is the writer's own, and goes when the row goes.
    ``size`` is how many structures and lists are in it.
    """

    __slots__ = ("size", "written")

    def __init__(self, *args: Any, **members: Any) -> None:
        super().__init__(*args, **members)
        self.size = count_structures(self)
        self.written: Any = None


def count_structures(value: Any, most: float = math.inf) -> int:
    """The structures and lists that a part of a response consists of, and each KiB of text, but for rows that have been
    written; no more are counted once there are more than ``most``."""
    found, waiting = 0, [value]
    while waiting and found <= most:
        each = waiting.pop()
        for child in each.values() if isinstance(each, dict) else each:
            if type(child) is Rendered:
                found += child.size if child.written is None else 0
            elif isinstance(child, dict | list):
                found += 1
                waiting.append(child)
            elif isinstance(child, str):
                found += len(child) >> 10
    return found
