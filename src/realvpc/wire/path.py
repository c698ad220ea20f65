"""Where in a request a value stands: a chain of names and indices, written out only for an error.

A path as text would be made anew for every element, and a name of half a megabyte above a thousand elements would be
copied a thousand times.
"""

from __future__ import annotations

from typing import TypeAlias

Path: TypeAlias = "tuple[Path | None, str | int]"
Where: TypeAlias = "Path | None"
"""None is the request itself."""

MAXIMUM_NAME = 256  # characters of one name that an error repeats


def text(where: Where) -> str:
    """The parameter's name on the wire, as `Tag.1.Key`."""
    parts: list[str] = []
    while where is not None:
        where, part = where
        parts.append(str(part)[:MAXIMUM_NAME])
    return ".".join(reversed(parts))
