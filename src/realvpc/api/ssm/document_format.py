"""The two formats of documents: YAML is read into what JSON can say, and written from it (Systems Manager guide,
"Schemas, features, and examples"; YAML 1.2, chapter 10, "Recommended schemas").

Scalars are those of the core schema, so that a date or ``yes`` is a text.  Aliases are not taken: a few of them stand
for more than anybody can write down.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import yaml

from realvpc.hostile_json import NotJsonError, read_json

JSON, YAML = "JSON", "YAML"
FORMATS = (JSON, YAML)
READING_YAML = 2
"""Steps for each character: there may be an event for every other one."""

_DEEPEST = 100
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,3})?")
_TAG = "tag:yaml.org,2002:"
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it was built with that


class NoDocumentError(ValueError):
    """It is not of its format."""


def to_json(content: str, form: str) -> str:
    """A content of this format as JSON text.  Raises NoDocumentError."""
    if form == JSON:
        try:
            read_json(content)
        except NotJsonError:
            raise NoDocumentError("JSON not well-formed.") from None
        return content
    try:
        value = _read_yaml(content)
        return msgspec.json.encode(value).decode()
    except (yaml.YAMLError, RecursionError, UnicodeError, ValueError) as error:
        raise NoDocumentError(f"YAML not well-formed: {_first_line(error)}") from None


def in_format(content: str, form: str, json_text: str, wanted: str) -> str:
    """A content of one format, and that in JSON, in the wanted one: as it was sent where it is in that already."""
    if form == wanted:
        return content
    if wanted == JSON:
        return msgspec.json.format(json_text, indent=2)
    written: str = yaml.dump(read_json(json_text), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)
    return written


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # it has no types
    """Quotes what would be read as no text, which YAML 1.1 sees in other texts than YAML 1.2."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        is_plain = not any(pattern.fullmatch(text) for pattern, _ in _PLAIN)
        return self.represent_scalar(f"{_TAG}str", text, style=None if is_plain else "'")


_Dumper.add_representer(str, _Dumper.represent_text)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _read_yaml(content: str) -> Any:
    """Raises YAMLError, ValueError."""
    events = yaml.parse(content, _PARSER)
    next(events)  # the stream's beginning
    if isinstance(next(events), yaml.StreamEndEvent):
        raise NoDocumentError("it is empty.")
    value = _value(next(events), events, 0)
    next(events)  # the document's end
    if not isinstance(next(events), yaml.StreamEndEvent):
        raise NoDocumentError("it has more documents than one.")
    return value


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Any:
    """What begins with this event.  The deeper it is the more each event costs, so that depth is bounded here."""
    if depth > _DEEPEST:
        raise NoDocumentError("it is nested too deeply.")
    if isinstance(event, yaml.AliasEvent):
        raise NoDocumentError("aliases are not supported.")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if event.tag not in (None, f"{_TAG}map", f"{_TAG}seq"):
        raise NoDocumentError(f"the tag {event.tag} is not known.")
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_value(item, events, depth + 1))
        return items
    mapping: dict[str, Any] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise NoDocumentError("a key has to be a text.")
        mapping[str(key.value)] = _value(next(events), events, depth + 1)
    return mapping


def _scalar(event: yaml.ScalarEvent) -> Any:
    """A plain one is what it looks like, a quoted one a text."""
    text: str = event.value
    if event.tag not in (None, "!", f"{_TAG}str"):
        raise NoDocumentError(f"the tag {event.tag} is not known.")
    if not event.implicit[0]:
        return text
    return next((read(text) for pattern, read in _PLAIN if pattern.fullmatch(text)), text)


_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (_NULL, lambda text: None),
    (_BOOLEAN, lambda text: text.lower() == "true"),
    (_INTEGER, lambda text: int(text, 0 if text[:2] in ("0o", "0x") else 10)),
    (_FLOAT, float),
)
