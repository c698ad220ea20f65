"""Columns of text as wide as they need to be, CJK included."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, directions, halves of characters, separators of lines (UAX #44)
_STYLE = re.compile(r"\033\[[\d;]*m")


def printable(text: str) -> str:
    """With what commands a terminal or ends a line shown as an escape: others gave these names."""
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _UNSEEN else character
        for character in text
    )


def width(text: str) -> int:
    """How many cells of a terminal the text takes (UAX #11: wide characters take two, combining ones none)."""
    return sum(_cells(character) for character in _STYLE.sub("", text))


def align(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """A line per row, two spaces between the columns; those in ``right`` end where the others begin."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(_pad(text, widths[number], number in right) for number, text in enumerate(row)).rstrip()
        for row in rows
    ]


def _pad(text: str, wanted: int, right: bool) -> str:
    space = " " * (wanted - width(text))
    return space + text if right else text + space


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
