"""One HTTP request as the wire sees it: whole, in memory, its parameters decoded."""

from __future__ import annotations

import msgspec


class Request(msgspec.Struct, frozen=True):
    """`path` is as it came, still encoded; header names are in lower case, in order, repeated ones included."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this lower-case name."""
        return next((value for key, value in self.headers if key == name), None)

    def parameter(self, name: str) -> str | None:
        """The first query-string parameter of this name."""
        return next((value for key, value in self.query if key == name), None)
