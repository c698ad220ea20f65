r"""The patterns of botocore's models: Java's regular expressions, as Python's.

Java's `\w`, `\d` and `\s` are ASCII, its `.` stops at five line ends, and it has `\p{L}`. A pattern is matched against
the whole value. Every pattern of an action that is performed here takes time in proportion to the value: a test looks
at the shape of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

# Inside brackets. Letters and numbers of all scripts are what Python calls a word, and the underscore.
_CLASSES = {
    r"\w": "a-zA-Z0-9_",
    r"\d": "0-9",
    r"\s": r"\t\n\x0b\f\r ",
    r"\p{Z}": r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
}
_NEGATED = {r"\W": r"\w", r"\D": r"\d", r"\S": r"\s"}
_ANY = r"[^\n\r\x85\u2028\u2029]"
_PIECE = re.compile(r"\\[pP]\{\w+\}|\\u[0-9A-Fa-f]{4}|\\.|.", re.DOTALL)


@cache
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a value matches; what cannot be translated matches everything, and only documents."""
    try:
        compiled = re.compile(translate(pattern))
    except (re.error, ValueError):
        return lambda value: True
    return lambda value: compiled.fullmatch(value) is not None


def translate(pattern: str) -> str:
    """Python's spelling.  Raises ValueError for what it does not know."""
    parts = []
    in_class = False
    for piece in _PIECE.findall(pattern):
        parts.append(_translated(piece, in_class=in_class))
        if piece == "[":
            if in_class:
                raise ValueError(pattern)  # Java's unions and intersections
            in_class = True
        elif piece == "]":
            in_class = False
    return "".join(parts)


def _translated(piece: str, *, in_class: bool) -> str:
    if piece in _CLASSES:
        return _CLASSES[piece] if in_class else f"[{_CLASSES[piece]}]"
    if piece in _NEGATED and not in_class:
        return f"[^{_CLASSES[_NEGATED[piece]]}]"
    if piece == r"\S":
        return r"\S"  # in brackets, beside others
    if piece[:2] in (r"\p", r"\P", r"\W", r"\D"):
        raise ValueError(piece)
    if piece == "." and not in_class:
        return _ANY
    return piece
