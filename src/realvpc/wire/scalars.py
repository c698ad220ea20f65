"""Single values: their text on the wire, and what it means."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, TypeAlias

from .constraints import constraints_of
from .model import Shape
from .path import Where
from .reading import Reading

MAXIMUM_NUMBER = 64  # characters of a number or a point in time; longer ones are none, and cost nothing

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_BITS = {"integer": 32, "long": 64}
_ANY_CASE = frozenset({"RuleAction"})
"""Enumerations whose values EC2 takes in any case, and shows as the model writes them: `Allow` is a rule of Terraform's
test `TestAccVPCNetworkACL_caseSensitivityNoChanges`, which runs on AWS."""
_EXPECTED = {"integer": "an integer", "long": "an integer", "float": "a number", "double": "a number"}

TextReader: TypeAlias = Callable[[str, Where, Reading], Any]
"""The value of a text (first argument) at a path (second)."""


def compile_text_reader(shape: Shape, *, checked: bool = True) -> TextReader:
    """A reader of the shape's textual form, as the query protocols carry it: typed, and within the model's limits
    unless its list checks them."""
    parse, expected = _parser(shape)
    constraints = constraints_of(shape) if checked else ()
    sensitive = bool(shape.metadata.get("sensitive"))

    def read(text: str, where: Where, reading: Reading) -> Any:
        try:
            value = text if parse is None else parse(text)
        except (ValueError, OverflowError):
            raise reading.dialect.wrong_type(where, text, expected) from None
        if constraints:
            reading.check(value, where, constraints, sensitive=sensitive)
        return value

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
    if shape.name in _ANY_CASE:
        spelled = {value.lower(): value for value in shape.metadata["enum"]}
        return lambda text: spelled.get(text.lower(), text), "a string"
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
    if len(text) > MAXIMUM_NUMBER or not _FLOAT.fullmatch(text) or not math.isfinite(value := float(text)):
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
    if len(text) > MAXIMUM_NUMBER:
        raise ValueError("too long for a point in time")
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
