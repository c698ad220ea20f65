"""Texts that a pattern of a model matches, drawn at random."""

from __future__ import annotations

import random
import re
import re._constants as constants  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from functools import cache
from typing import Any

from realvpc.wire.java_pattern import matcher, translate

_MORE = 12  # repetitions that are drawn where a pattern sets no end
_WORD = "abcXYZ019_é漢"
_TRIES = 200


def matching(pattern: str, draw: random.Random, least: int, most: int | None) -> str | None:
    """A text of `least` to `most` characters; None where none is found, or the pattern is not one that is checked."""
    matches = matcher(pattern)
    try:
        parsed = _parsed(pattern)
    except (ValueError, re.error):
        return None
    for turn in range(_TRIES):
        text = _draw(parsed, draw, least if turn % 2 else 0)
        if len(text) >= least and (most is None or len(text) <= most) and matches(text):
            return text
    return None


@cache
def _parsed(pattern: str) -> Any:
    return parser.parse(translate(pattern))


def _draw(items: Any, draw: random.Random, least: int) -> str:
    return "".join(_one(op, argument, draw, least) for op, argument in items)


def _one(op: Any, argument: Any, draw: random.Random, least: int) -> str:
    if op is constants.LITERAL:
        return chr(argument)
    if op is constants.NOT_LITERAL:
        return "b" if chr(argument) != "b" else "c"
    if op is constants.IN:
        return _of_class(argument, draw)
    if op is constants.ANY:
        return draw.choice(_WORD)
    if op in (constants.MAX_REPEAT, constants.MIN_REPEAT):
        low, high, inner = argument
        low = max(low, min(least, high))
        times = draw.randint(low, min(high, low + _MORE))
        return "".join(_draw(inner, draw, 0) for _ in range(times))
    if op is constants.SUBPATTERN:
        return _draw(argument[-1], draw, least)
    if op is constants.BRANCH:
        return _draw(draw.choice(argument[1]), draw, least)
    if op in (constants.AT, constants.ASSERT, constants.ASSERT_NOT, constants.GROUPREF):
        return ""
    raise AssertionError(op)


def _of_class(items: Any, draw: random.Random) -> str:
    if items[0][0] is constants.NEGATE:
        left_out = {chr(argument) for op, argument in items if op is constants.LITERAL}
        return draw.choice([letter for letter in "a-Z 5" if letter not in left_out])
    op, argument = draw.choice(items)
    if op is constants.LITERAL:
        return chr(argument)
    if op is constants.RANGE:
        return _sendable(draw.randint(*argument))
    if op is constants.CATEGORY:
        return draw.choice(_WORD if argument is constants.CATEGORY_WORD else "a-Z5")
    raise AssertionError(op)


def _sendable(code: int) -> str:
    """The character, or a letter for one that XML cannot carry."""
    return (
        "a" if code in range(0xD800, 0xE000) or code >= 0xFFFE or (code < 32 and code not in (9, 10, 13)) else chr(code)
    )
