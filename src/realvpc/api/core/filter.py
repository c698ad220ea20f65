"""The filters of requests: what rows show to them, and which rows pass.

Filter names and values are case-sensitive; values of one filter are alternatives, filters add up; ``*`` and ``?`` are
wildcards and ``\\`` escapes them (EC2 guide, "List and filter your resources").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias, TypeVar

from realvpc.net.glob import Glob, read_glob

from .context import Context, Request
from .effort import COMPARING
from .errors import AwsError, invalid_parameter_value

T = TypeVar("T")

FilterValues: TypeAlias = Callable[[Context, T], Iterable[object]]
"""The values that a row shows to one filter.  Booleans count as ``true`` and ``false``, datetimes as responses print
them; None is no value."""

# EC2 guide, "List and filter using the CLI and API": 50 filters, 200 values, 255 characters.
MAXIMUM_FILTERS, MAXIMUM_VALUES, MAXIMUM_LENGTH = 50, 200, 255
MAXIMUM_STEPS = 500_000
"""How many characters of values one request may compare with wildcards: what a large account has, many times over."""

_AT_ONCE = 8  # values of one row, or characters, that cost as much as a row


def no_values(ctx: Context, row: object) -> tuple[()]:
    """A filter that AWS documents, on something that no resource here has: it matches nothing."""
    return ()


@cache
def path(text: str) -> Callable[[Any], list[object]]:
    """What is found at a place, as a function of where to begin.

    ``CidrBlockAssociationSet[].CidrBlock`` leads into a rendered response; with a dot in front, as in
    ``.cidr_associations[].id``, the names are those of a resource's attributes.  ``[]`` goes on in every element.
    """
    names = text.removeprefix(".").split(".")
    steps = [(name.removesuffix("[]"), name.endswith("[]")) for name in names]
    if text.startswith("."):
        return lambda start: _walk(start, steps, getattr)
    return lambda start: _walk(start, steps, _member)


def _walk(start: object, steps: list[tuple[str, bool]], read: Callable[[Any, str], Any]) -> list[object]:
    found = [start]
    for name, spreads in steps:
        read_ones = [read(value, name) for value in found if value is not None]
        found = [one for value in read_ones for one in value or ()] if spreads else read_ones
    return found


def _member(value: dict[str, Any], name: str) -> object:
    return value.get(name)


class _Test:
    """One filter of a request."""

    def __init__(self, values: FilterValues[Any], patterns: Iterable[str]) -> None:
        read = {pattern: read_glob(pattern) for pattern in patterns}
        self.values = values
        self.exact = frozenset(text for text in read.values() if isinstance(text, str))
        self.globs = [glob for glob in read.values() if isinstance(glob, Glob)]
        self._known: dict[str, bool] = {}  # texts that have been compared: many rows show the same

    def passes(self, ctx: Context, row: object, effort: _Effort) -> bool:
        ctx.effort.spend(COMPARING)
        for number, value in enumerate(self.values(ctx, row)):
            if number % _AT_ONCE == _AT_ONCE - 1:
                ctx.effort.spend(COMPARING)
            if value is None:
                continue
            text = value if type(value) is str else _text(value)
            if text in self.exact or (self.globs and self._matches(ctx, text, effort)):
                return True
        return False

    def _matches(self, ctx: Context, text: str, effort: _Effort) -> bool:
        known = self._known.get(text)
        if known is None:
            steps = len(text) * len(self.globs)
            effort.spend(steps)
            ctx.effort.spend(COMPARING * steps // _AT_ONCE)
            known = self._known[text] = any(glob.matches(text) for glob in self.globs)
        return known


class _Effort:
    """What the wildcards of one request cost, so that no request keeps the others waiting."""

    def __init__(self) -> None:
        self._steps = 0

    def spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAXIMUM_STEPS:
            raise _too_much()


def _too_much() -> AwsError:
    return AwsError("FilterLimitExceeded", "The request uses too many filters or too many filter values.")


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    return str(value).lower() if isinstance(value, bool) else str(value)


def asked_filters(request: Request) -> list[tuple[str, list[str]]]:
    """The filters of a request, by name.  Raises FilterLimitExceeded, InvalidParameterValue for what is too long."""
    filters = request.get("Filters") or []
    found = [(entry.get("Name") or "null", entry.get("Values") or []) for entry in filters]  # as AWS says no name
    if len(found) > MAXIMUM_FILTERS:
        raise _too_much()
    if any(len(values) > MAXIMUM_VALUES for _, values in found):
        raise AwsError(
            "FilterLimitExceeded",
            f"The maximum number of filter values specified on a single call is {MAXIMUM_VALUES}",
        )
    for name, values in found:
        if any(len(value) > MAXIMUM_LENGTH for value in values):
            raise invalid_parameter_value(
                f"The filter '{name}' has a value that is longer than {MAXIMUM_LENGTH} characters."
            )
    return found


def exact_values(request: Request, name: str) -> list[str]:
    """The values without wildcards that a request gives to one filter."""
    texts = (read_glob(pattern) for asked, patterns in asked_filters(request) if asked == name for pattern in patterns)
    return [text for text in texts if isinstance(text, str)]


def passing(
    ctx: Context, request: Request, rows: Iterable[T], values_of: Callable[[str], FilterValues[T] | None]
) -> list[T]:
    """``rows``, of whatever type, that pass every filter of the request; ``values_of`` gives a filter by its name.

    Raises InvalidParameterValue for a filter that it does not give, and what ``asked_filters`` raises.
    """
    tests: list[_Test] = []
    for name, patterns in asked_filters(request):
        values = values_of(name)
        ctx.effort.spend(COMPARING * sum(map(len, patterns)))
        if values is None:
            raise invalid_parameter_value(f"The filter '{name}' is invalid")
        tests.append(_Test(values, patterns))
    if not tests:
        return list(rows)
    effort = _Effort()
    return [row for row in rows if all(test.passes(ctx, row, effort) for test in tests)]
