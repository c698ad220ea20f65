"""Response writers for the two XML protocols, compiled from botocore's shapes to closures.

A writer takes a value and a sink for text. Structures are compiled when a response first carries one, and once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from .model import Shape
from .scalars import format_blob, format_rfc822, seconds_since_epoch

Sink: TypeAlias = Callable[[str], None]
Writer: TypeAlias = Callable[[Any, Sink], None]

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# Markup, the carriage return that every XML parser would turn into a line feed, and what XML 1.0 cannot carry at all.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escape(text: str) -> str:
    """Text as XML content; characters that XML 1.0 cannot carry become U+FFFD."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], "\ufffd"), text)


class XmlWriters:
    """The writers of one service: `list_tag` names list elements that have no name in the model."""

    def __init__(self, list_tag: str, format_timestamp: Callable[[datetime], str]) -> None:
        self._list_tag = list_tag
        self._format_timestamp = format_timestamp
        self._structures: dict[str, Writer] = {}

    def structure(self, shape: Shape) -> Writer:
        """The writer of a structure's members, without an element of its own."""
        writer = self._structures.get(shape.name)
        if writer is None:
            writer = self._structures[shape.name] = self._compile_structure(shape)
        return writer

    def _compile_structure(self, shape: Shape) -> Writer:
        members: dict[str, Writer] = {}

        def write(value: Any, out: Sink) -> None:
            if not members:
                members.update((name, self._element(name, member)) for name, member in shape.members.items())
            for name, member_value in value.items():
                if member_value is not None:
                    members[name](member_value, out)

        return write

    def _element(self, name: str, shape: Shape) -> Writer:
        """The writer of one member with its tags; a flattened list or map repeats them for each element."""
        flattened = shape.serialization.get("flattened", False)
        if flattened and shape.type_name == "list":
            tag = shape.member.serialization.get("name") or shape.serialization.get("name", name)
            return _each(_tagged(tag, self._content(shape.member)))
        tag = shape.serialization.get("name", name)
        if flattened and shape.type_name == "map":
            return _each_entry(_tagged(tag, self._entry(shape)))
        return _tagged(tag, self._content(shape))

    def _content(self, shape: Shape) -> Writer:
        """The writer of what stands between the tags."""
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape)
        if kind == "list":
            return _each(_tagged(shape.member.serialization.get("name", self._list_tag), self._content(shape.member)))
        if kind == "map":
            return _each_entry(_tagged("entry", self._entry(shape)))
        if kind == "string":
            return lambda value, out: out(escape(value))
        if kind == "boolean":
            return lambda value, out: out("true" if value else "false")
        if kind == "timestamp":
            text = self._timestamp_format(shape)
            return lambda value, out: out(text(value))
        if kind == "blob":
            return lambda value, out: out(format_blob(value))
        if kind in ("integer", "long"):
            return lambda value, out: out(str(int(value)))
        return lambda value, out: out(repr(float(value)))

    def _entry(self, shape: Shape) -> Writer:
        """The writer of one (key, value) pair of a map."""
        write_key = _tagged(shape.key.serialization.get("name", "key"), self._content(shape.key))
        write_value = _tagged(shape.value.serialization.get("name", "value"), self._content(shape.value))

        def write(pair: Any, out: Sink) -> None:
            write_key(pair[0], out)
            write_value(pair[1], out)

        return write

    def _timestamp_format(self, shape: Shape) -> Callable[[datetime], str]:
        named = shape.serialization.get("timestampFormat", "").lower()
        if named == "unixtimestamp":
            return lambda moment: str(seconds_since_epoch(moment))
        return format_rfc822 if named == "rfc822" else self._format_timestamp


def _tagged(tag: str, content: Writer) -> Writer:
    opening, closing = f"<{tag}>", f"</{tag}>"

    def write(value: Any, out: Sink) -> None:
        out(opening)
        content(value, out)
        out(closing)

    return write


def _each(write_element: Writer) -> Writer:
    def write(value: Any, out: Sink) -> None:
        for element in value:
            write_element(element, out)

    return write


def _each_entry(write_entry: Writer) -> Writer:
    def write(value: Any, out: Sink) -> None:
        for pair in value.items():
            write_entry(pair, out)

    return write
