"""What is made of each structure of a model once, when a request or an answer first carries one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from .model import Shape

T = TypeVar("T")


class Compiled(Generic[T]):
    """Called with a structure's shape.  ``make`` may not look into the shapes within: they may be the same."""

    def __init__(self, make: Callable[[Shape], T]) -> None:
        self._make = make
        self._made: dict[str, T] = {}

    def __call__(self, shape: Shape) -> T:
        made = self._made.get(shape.name)
        if made is None:
            made = self._made[shape.name] = self._make(shape)
        return made
