"""Rows of responses that are made once and shown often."""

from __future__ import annotations

from typing import Any


class Rendered(dict[str, Any]):
    """A part of a response that nobody changes once it is made, whoever it is shown to.

    Whoever writes it may keep with it what it has become: ``written`` is the writer's own, and goes when the row goes.
    """

    __slots__ = ("written",)

    def __init__(self, *args: Any, **members: Any) -> None:
        super().__init__(*args, **members)
        self.written: Any = None
