"""Describe actions: ids, filters and pages, once for every noun.

Filter names and values are case-sensitive; values of one filter are alternatives, filters add up; ``*`` and ``?`` are
wildcards and ``\\`` escapes them (EC2 guide, "List and filter your resources").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, TypeVar

from realvpc.net.resource import Resource

from .context import Answer, Context, Request, Response
from .errors import invalid_parameter_combination, invalid_parameter_value
from .lookup import Kind, check_form, not_found, rows_of
from .page import BadTokenError, page


class Identified(Protocol):
    """What can be listed page by page."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Resource)
T = TypeVar("T")
Row = TypeVar("Row", bound=Identified)

FilterValues: TypeAlias = Callable[[Context, T], Iterable[object]]
"""The values that a resource shows to one filter.  Booleans count as ``true`` and ``false``, datetimes
as responses print them; None is no value."""

Render: TypeAlias = Callable[[Context, R], Response]

DEFAULT_PAGE = 1000


def no_values(ctx: Context, row: object) -> tuple[()]:
    """A filter that AWS documents, on something that no resource here has: it matches nothing."""
    return ()


def describe(
    ctx: Context,
    request: Request,
    kind: Kind[R],
    *,
    ids: str,
    result: str,
    render: Render[R],
    filters: Mapping[str, FilterValues[R]],
    rows: Mapping[str, R] | None = None,
) -> Answer:
    """The whole of a plain Describe action: ``ids`` and ``result`` are the names of its input and output members.

    ``rows`` are the resources by id where they are derived, not stored.
    """
    shown, token = paginate(request, select(ctx, request, kind, ids=ids, filters=filters, rows=rows))
    return Answer({result: [render(ctx, row) for row in shown], "NextToken": token})


def select(
    ctx: Context,
    request: Request,
    kind: Kind[R],
    *,
    ids: str,
    filters: Mapping[str, FilterValues[R]],
    rows: Mapping[str, R] | None = None,
) -> list[R]:
    """The caller's resources with these ids that pass the filters, by id.

    Raises ``Invalid….Malformed`` or ``Invalid….NotFound`` for ids, InvalidParameterValue for an unknown filter, and
    InvalidParameterCombination for ids together with MaxResults.
    """
    wanted = request.get(ids) or []
    if wanted and request.get("MaxResults") is not None:
        raise invalid_parameter_combination(f"The parameter {ids} cannot be used with the parameter maxResults")
    table = rows_of(ctx, kind) if rows is None else rows
    if wanted:
        for resource_id in wanted:
            check_form(kind, resource_id)
        found = [row for resource_id in dict.fromkeys(wanted) if (row := table.get(resource_id)) and ctx.sees(row)]
        missing = sorted(set(wanted) - {row.id for row in found})
        if missing:
            raise not_found(kind, *missing)
    else:
        found = list(ctx.visible(table))
    return sorted(apply_filters(ctx, request, found, filters), key=lambda row: row.id)


def apply_filters(
    ctx: Context, request: Request, rows: Iterable[R], filters: Mapping[str, FilterValues[R]]
) -> Iterable[R]:
    """``rows`` that pass every filter of the request; ``tag:…``, ``tag-key`` and ``owner-id`` serve every resource."""
    return passing(ctx, request, rows, lambda name: _values_of(name, filters))


def passing(
    ctx: Context, request: Request, rows: Iterable[T], values_of: Callable[[str], FilterValues[T] | None]
) -> list[T]:
    """``rows``, of whatever type, that pass every filter of the request; ``values_of`` gives a filter by its name.

    Raises InvalidParameterValue for a filter that it does not give.
    """
    tests: list[tuple[FilterValues[T], list[str]]] = []
    for filter_ in request.get("Filters") or []:
        name = filter_.get("Name") or "null"  # as AWS calls a filter without a name
        values = values_of(name)
        if values is None:
            raise invalid_parameter_value(f"The filter '{name}' is invalid")
        tests.append((values, filter_.get("Values") or []))
    return [row for row in rows if all(_passes(values(ctx, row), patterns) for values, patterns in tests)]


def _values_of(name: str, filters: Mapping[str, FilterValues[R]]) -> FilterValues[R] | None:
    if name in filters:
        return filters[name]
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda ctx, row: [value for k, value in _tags(ctx, row).items() if k == key]
    if name == "tag-key":
        return lambda ctx, row: _tags(ctx, row).keys()
    if name == "tag-value":
        return lambda ctx, row: _tags(ctx, row).values()
    if name == "owner-id":
        return lambda ctx, row: [row.account]
    return None


def _tags(ctx: Context, row: Resource) -> dict[str, str]:
    return row.tags_seen_by(ctx.account, ctx.region)


def _passes(values: Iterable[object], patterns: list[str]) -> bool:
    texts = [_text(value) for value in values if value is not None]
    return any(_pattern(pattern).fullmatch(text) for pattern in patterns for text in texts)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    return str(value).lower() if isinstance(value, bool) else str(value)


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    def translate(match: re.Match[str]) -> str:
        token = match.group()
        if token.startswith("\\"):
            return re.escape(token[1:] or "\\")
        return {"*": ".*", "?": "."}.get(token) or re.escape(token)

    return re.compile(re.sub(r"\\.?|.", translate, pattern, flags=re.DOTALL), re.DOTALL)


def paginate(request: Request, rows: list[Row]) -> tuple[list[Row], str | None]:
    """One page of ``rows`` by id, and the token of the next.  Raises InvalidParameterValue for a bad token."""
    size = request.get("MaxResults")
    size = DEFAULT_PAGE if size is None else int(size)
    if size < 1:
        raise invalid_parameter_value(f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value > 0.")
    try:
        return page(rows, lambda row: row.id, size, request.get("NextToken"))
    except BadTokenError:
        raise invalid_parameter_value("Unable to parse pagination token") from None


def render_tags(tags: dict[str, str]) -> list[dict[str, Any]]:
    """``tagSet``: by key."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
