"""One HTTP request and its answer as the wire sees them: whole and in memory."""

from __future__ import annotations

import msgspec


class Request(msgspec.Struct, frozen=True):
    """With its parameters decoded.

    `path` is as it came, still encoded; header names are in lower case, in order, repeated ones included.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    body: bytes
    scheme: str = "http"

    def header(self, name: str) -> str | None:
        """The first header of this lower-case name."""
        return next((value for key, value in self.headers if key == name), None)

    def parameter(self, name: str) -> str | None:
        """The first query-string parameter of this name."""
        return next((value for key, value in self.query if key == name), None)


class Reply(msgspec.Struct, frozen=True):
    """`headers` are those that the action gives, beside the ones that every answer has."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = {}
