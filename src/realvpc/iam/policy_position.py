"""Where in the text of a policy its statements stand, as IAM's simulator tells it.

It tells places between characters, by line and column, both from 1, as a parser passes them: a statement begins behind
what comes before it, ``[`` or the statement before, one alone behind its own ``{``; it ends behind its ``}``.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from msgspec import Struct

_SPACE = re.compile(r"[ \t\r\n]*")
_REMEMBERED = 16  # documents, which may be long


class Position(Struct, frozen=True):
    line: int
    column: int


class Span(Struct, frozen=True):
    start: Position
    end: Position


@lru_cache(maxsize=_REMEMBERED)
def spans_of(document: str) -> tuple[Span, ...]:
    """One for each statement of a document that was found to be a policy."""
    begin = _statements_at(document)
    if document[begin] == "{":
        return (_span(document, begin + 1, _end(document, begin)),)
    spans, place = [], begin + 1
    while document[inner := _behind_space(document, place)] != "]":
        inner = _behind_space(document, inner + 1) if document[inner] == "," else inner
        end = _end(document, inner)
        spans.append(_span(document, place, end))
        place = end
    return tuple(spans)


def _statements_at(document: str) -> int:
    """Where the value of the member Statement begins; of several, the last one counts."""
    place, found = _behind_space(document, 0) + 1, 0
    while document[place := _behind_space(document, place)] != "}":
        place = _behind_space(document, place + 1) if document[place] == "," else place
        name, place = _DECODER.raw_decode(document, place)
        place = _behind_space(document, _behind_space(document, place) + 1)  # the colon
        if name == "Statement":
            found = place
        place = _end(document, place)
    return found


_DECODER = json.JSONDecoder()


def _end(document: str, place: int) -> int:
    return _DECODER.raw_decode(document, place)[1]


def _behind_space(document: str, place: int) -> int:
    space = _SPACE.match(document, place)
    return space.end() if space else place


def _span(document: str, start: int, end: int) -> Span:
    return Span(_position(document, start), _position(document, end))


def _position(document: str, place: int) -> Position:
    return Position(document.count("\n", 0, place) + 1, place - document.rfind("\n", 0, place))
