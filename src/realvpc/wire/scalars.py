"""Single values: their text on the wire, and the limits that a model puts on them.

Enumerations: a value outside the model's list is refused, except for the shapes in `OPEN_ENUMS`. AWS adds instance
types every month and gives taggable resource types a sentence of their own, so for those the action decides. Every
other list is closed here: a value that the pinned model does not have is one that no action here could act upon.
Patterns in the models are documentation: AWS's actions answer bad names with codes of their own.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, TypeAlias

from .dialect import Dialect
from .model import Shape

OPEN_ENUMS = frozenset({"InstanceType", "ResourceType"})

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_BITS = {"integer": 32, "long": 64}
_EXPECTED = {"integer": "an integer", "long": "an integer", "float": "a number", "double": "a number"}

Check: TypeAlias = Callable[[Any, str], None]
"""Raises the dialect's error when the value (first argument) at the path (second) breaks a limit."""

TextReader: TypeAlias = Callable[[str, str], Any]
"""The value of a text (first argument) at a path (second)."""


def compile_check(shape: Shape, dialect: Dialect) -> Check | None:
    """The limits that the model puts on one shape (enum, min, max), or None where there are none."""
    enum = None if shape.name in OPEN_ENUMS else shape.metadata.get("enum")
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if enum is None and minimum is None and maximum is None:
        return None
    allowed = tuple(enum) if enum is not None else None
    numeric = shape.type_name in _EXPECTED
    what = "value" if numeric else "length"

    def check(value: Any, path: str) -> None:
        if allowed is not None and value not in allowed:
            raise dialect.not_in_enum(path, value, allowed)
        size = value if numeric else len(value)
        if minimum is not None and size < minimum:
            raise dialect.below_minimum(path, value, minimum, what)
        if maximum is not None and size > maximum:
            raise dialect.above_maximum(path, value, maximum, what)

    return check


def compile_text_reader(shape: Shape, dialect: Dialect) -> TextReader:
    """A reader of the shape's textual form, as the query protocols carry it: typed and within the model's limits."""
    parse, expected = _parser(shape)
    check = compile_check(shape, dialect)
    if parse is None:
        return _checked(check)

    def read(text: str, path: str) -> Any:
        try:
            value = parse(text)
        except (ValueError, OverflowError):
            raise dialect.wrong_type(path, text, expected) from None
        if check is not None:
            check(value, path)
        return value

    return read


def _checked(check: Check | None) -> TextReader:
    if check is None:
        return lambda text, _: text

    def read(text: str, path: str) -> str:
        check(text, path)
        return text

    return read


def _parser(shape: Shape) -> tuple[Callable[[str], Any] | None, str]:
    """The parser of a type's text (raises ValueError), None for plain strings, and the type's name in messages."""
    kind = shape.type_name
    if kind in _BITS:
        return lambda text: parse_integer(text, kind), _EXPECTED[kind]
    if kind in ("float", "double"):
        return parse_float, _EXPECTED[kind]
    if kind == "boolean":
        return parse_boolean, "true or false"
    if kind == "timestamp":
        return parse_timestamp, "a timestamp"
    if kind == "blob":
        return parse_blob, "Base64"
    return None, "a string"


def parse_integer(text: str, kind: str = "integer") -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return bounded(int(text), kind)


def bounded(value: int, kind: str) -> int:
    """The integer itself, if it fits the type's 32 or 64 bits; ValueError otherwise."""
    limit = 1 << (_BITS[kind] - 1)
    if not -limit <= value < limit:
        raise ValueError(value)
    return value


def parse_float(text: str) -> float:
    if not _FLOAT.fullmatch(text) or not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def parse_boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise ValueError(text)
    return lowered == "true"


def parse_blob(text: str) -> bytes:
    return base64.b64decode("".join(text.split()).encode("ascii"), validate=True)


def parse_timestamp(text: str) -> datetime:
    """ISO 8601, seconds since 1970, or RFC 822; always aware and in UTC. Raises ValueError or OverflowError."""
    if _FLOAT.fullmatch(text):
        return timestamp_from_seconds(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def timestamp_from_seconds(seconds: float) -> datetime:
    """Seconds since 1970. Raises ValueError or OverflowError outside the years 1 to 9999."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except OSError as error:
        raise ValueError(seconds) from error


def format_blob(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def format_iso8601_milliseconds(moment: datetime) -> str:
    """As EC2 writes it: `2024-05-01T09:30:00.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def format_iso8601_seconds(moment: datetime) -> str:
    """As IAM and STS write it: `2024-05-01T09:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_rfc822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def seconds_since_epoch(moment: datetime) -> int | float:
    """As the JSON protocol writes it: whole seconds as an integer, otherwise milliseconds as a fraction."""
    seconds = round(moment.timestamp(), 3)
    return int(seconds) if seconds.is_integer() else seconds
