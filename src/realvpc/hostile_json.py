"""JSON from outside, in the one way in which it is read (RFC 8259): what is no JSON, or is not of the type that is
wanted, raises one error, be it cut off, nested beyond reason, not UTF-8, with half a surrogate pair in it, or of more
members than anybody means."""

from __future__ import annotations

from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

MAXIMUM_NODES = 32_768
"""Commas and opening brackets of a document: what it costs to read one (docs/decisions/0022)."""


class NotJsonError(ValueError):
    """It cannot be read."""


@overload
def read_json(text: bytes | str) -> Any: ...
@overload
def read_json(text: bytes | str, kind: type[T]) -> T: ...
def read_json(text: bytes | str, kind: Any = Any) -> Any:
    """The value, as a ``kind`` that msgspec knows.  Raises NotJsonError."""
    marks = (",", "[", "{") if isinstance(text, str) else (b",", b"[", b"{")
    if sum(map(text.count, marks)) > MAXIMUM_NODES:  # type: ignore[arg-type]  # each of the text's own type
        raise NotJsonError(f"this has more than {MAXIMUM_NODES} members")
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotJsonError(f"this is not the JSON that is wanted: {type(error).__name__}") from None
