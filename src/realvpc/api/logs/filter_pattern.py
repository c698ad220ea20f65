"""Filter patterns of unstructured events (CloudWatch Logs guide, "Filter pattern syntax")."""

from __future__ import annotations

import re
from typing import Self

from msgspec import Struct

from ..core.errors import unsupported_operation
from .common import invalid_parameter

_TERM = re.compile(r'\s*([-?]?)(?:"([^"]*)"|([^\s"]+))(?=\s|$)')
_OTHER_KINDS = ("{", "[", "%")  # JSON, fields between spaces, regular expressions
_COMPARED_IN_A_STEP = 1024  # characters


class FilterPattern(Struct, frozen=True):
    """``terms`` that a message has all of, ``without`` those that it has none of; of the ``options``, which count where
    there are no terms, it has one.  ``length`` is that of the pattern's text."""

    terms: tuple[str, ...]
    without: tuple[str, ...]
    options: tuple[str, ...]
    length: int

    @classmethod
    def parse(cls, pattern: str) -> Self:
        """Raises InvalidParameterException, and UnsupportedOperation for patterns of another kind."""
        text = pattern.strip()
        if text.startswith(_OTHER_KINDS):
            raise unsupported_operation("Filter patterns of JSON, fields and regular expressions are not supported.")
        terms: dict[str, list[str]] = {"": [], "-": [], "?": []}
        at = 0
        while at < len(text):
            found = _TERM.match(text, at)
            if found is None:
                raise invalid_parameter("Invalid filter pattern")
            terms[found[1]].append(found[2] if found[2] is not None else found[3])
            at = found.end()
        return cls(tuple(terms[""]), tuple(terms["-"]), tuple(terms["?"]), len(text))

    def matches(self, message: str) -> bool:
        return (
            all(term in message for term in self.terms)
            and not any(term in message for term in self.without)
            and (not self.options or bool(self.terms) or any(term in message for term in self.options))
        )

    def effort(self, message: str) -> int:
        """Steps: a term like ``aaab`` is compared with a message of many ``a`` character by character."""
        return len(message) * self.length // _COMPARED_IN_A_STEP
