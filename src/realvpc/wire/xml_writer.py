"""Response writers for the two XML protocols, compiled from botocore's shapes to closures.

A writer takes a value and returns its text. Structures are compiled when a response first carries one, and once. The
text of a row that is `Rendered` stays with the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from realvpc.api.core.errors import AwsError
from realvpc.api.core.rendered import Rendered

from .compiled import Compiled
from .model import Shape
from .scalars import format_blob, format_rfc822, seconds_since_epoch

Writer: TypeAlias = Callable[[Any], str]
Element: TypeAlias = tuple[str, Writer, str]
"""The opening tag, what is between, the closing tag."""

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# Markup, the carriage return that every XML parser would turn into a line feed, and what XML 1.0 cannot carry at all.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


_BOOLEANS = {False: "false", True: "true"}
_KEPT_TEXTS, _KEPT_LENGTH = 32_768, 64  # ids, states and addresses come again and again


class _Escapes(dict[str, str]):
    """Texts as XML content, made when first asked for; the short ones are kept."""

    def __missing__(self, text: str) -> str:
        escaped = text
        if _SPECIAL.search(text) is not None:
            escaped = _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], "\ufffd"), text)
        if len(text) <= _KEPT_LENGTH:
            if len(self) >= _KEPT_TEXTS:
                self.clear()
            self[text] = escaped
        return escaped


escape: Callable[[str], str] = _Escapes().__getitem__
"""Text as XML content; characters that XML 1.0 cannot carry become U+FFFD."""


def error_response(namespace: str, error: AwsError, request_id: str) -> bytes:
    """An error as AWS's services say it in XML; EC2's, which is older, is another."""
    fault = "Sender" if error.status < 500 else "Receiver"
    return (
        f'{DECLARATION}<ErrorResponse xmlns="{namespace}"><Error><Type>{fault}</Type>'
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


class XmlWriters:
    """The writers of one service: `list_tag` names list elements that have no name in the model."""

    def __init__(self, list_tag: str, format_timestamp: Callable[[datetime], str]) -> None:
        self._list_tag = list_tag
        self._format_timestamp = format_timestamp
        self.structure = Compiled(self._compile_structure)
        """The writer of a structure's members, without an element of its own."""

    def _compile_structure(self, shape: Shape) -> Writer:
        members: dict[str, Element] = {}  # filled as one, for answers are written in several threads

        def write(value: Any) -> str:
            if type(value) is Rendered:
                kept = value.written
                if kept is not None and kept[0] is write:
                    text: str = kept[1]
                    return text
            if not members:
                members.update({name: self._element(name, member) for name, member in shape.members.items()})
            parts = []
            for name, child in value.items():
                if child is not None:
                    opening, content, closing = members[name]
                    parts.append(f"{opening}{content(child)}{closing}")
            text = "".join(parts)
            if type(value) is Rendered:
                value.written = (write, text)
            return text

        return write

    def _element(self, name: str, shape: Shape) -> Element:
        """One member with its tags; a flattened list or map repeats them for each element."""
        flattened = shape.serialization.get("flattened", False)
        if flattened and shape.type_name == "list":
            tag = shape.member.serialization.get("name") or shape.serialization.get("name", name)
            return ("", _each(tag, self._content(shape.member)), "")
        tag = shape.serialization.get("name", name)
        if flattened and shape.type_name == "map":
            return ("", _each_entry(tag, self._entry(shape)), "")
        return (f"<{tag}>", self._content(shape), f"</{tag}>")

    def _content(self, shape: Shape) -> Writer:
        """The writer of what stands between the tags."""
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape)
        if kind == "list":
            return _each(shape.member.serialization.get("name", self._list_tag), self._content(shape.member))
        if kind == "map":
            return _each_entry("entry", self._entry(shape))
        if kind == "string":
            return escape
        if kind == "boolean":
            return _BOOLEANS.__getitem__
        if kind == "timestamp":
            return self._timestamp_format(shape)
        if kind == "blob":
            return format_blob
        if kind in ("integer", "long"):
            return lambda value: str(int(value))
        return lambda value: repr(float(value))

    def _entry(self, shape: Shape) -> Writer:
        """The writer of one (key, value) pair of a map."""
        write_key, write_value = self._content(shape.key), self._content(shape.value)
        key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        return lambda pair: f"<{key}>{write_key(pair[0])}</{key}><{value}>{write_value(pair[1])}</{value}>"

    def _timestamp_format(self, shape: Shape) -> Callable[[datetime], str]:
        named = shape.serialization.get("timestampFormat", "").lower()
        if named == "unixtimestamp":
            return lambda moment: str(seconds_since_epoch(moment))
        return format_rfc822 if named == "rfc822" else self._format_timestamp


def _each(tag: str, write: Writer) -> Writer:
    opening, closing = f"<{tag}>", f"</{tag}>"
    return lambda value: "".join([f"{opening}{write(element)}{closing}" for element in value])


def _each_entry(tag: str, write: Writer) -> Writer:
    opening, closing = f"<{tag}>", f"</{tag}>"
    return lambda value: "".join([f"{opening}{write(pair)}{closing}" for pair in value.items()])
