"""Describe and Delete actions as they follow from a noun's declaration: ids, filters and pages, once for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from realvpc.net.glob import read_glob
from realvpc.net.resource import Resource
from realvpc.net.table import delete

from .action import Perform
from .context import Answer, Context, Request, Response
from .effort import SHOWING
from .errors import invalid_parameter_combination, invalid_parameter_value
from .filter import asked_filters, passing
from .lookup import find, find_all, get_all, named
from .noun import Noun
from .page import BadTokenError, page
from .parameters import LIST_NAMES, parameter_name
from .rendered import Rendered, count_structures


class Identified(Protocol):
    """What can be listed page by page."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Resource)
Row = TypeVar("Row", bound=Identified)

DEFAULT_PAGE = 1000


def describing(noun: Noun[Any]) -> Perform:
    """The whole of a plain Describe action."""
    return lambda ctx, request: describe(ctx, request, noun)


def describe(ctx: Context, request: Request, noun: Noun[R]) -> Answer:
    """The resources that ``select`` finds, a page of them."""
    render = _rendering(ctx, noun)
    shown, token = paginate(request, select(ctx, request, noun, render))
    return Answer({noun.result: [render(row) for row in shown], "NextToken": token})


def deleting(noun: Noun[R], member: str, check: Callable[[Context, R], None]) -> Perform:
    """The whole of a plain Delete action; ``check`` raises what stands in the way."""

    def action(ctx: Context, request: Request) -> Answer:
        row = named(ctx, noun, request, member)
        check(ctx, row)
        return Answer({}, delete(row))

    return action


def select(ctx: Context, request: Request, noun: Noun[R], render: Callable[[R], Response] | None = None) -> list[R]:
    """The caller's resources with these ids that pass the filters, by id.

    Raises ``Invalid….Malformed`` or ``Invalid….NotFound`` for ids, InvalidParameterValue for an unknown filter, and
    InvalidParameterCombination for ids together with MaxResults.
    """
    wanted = request.get(noun.ids) or []
    if wanted and request.get("MaxResults") is not None:
        ids = LIST_NAMES.get(noun.ids, parameter_name(noun.ids))
        raise invalid_parameter_combination(f"The parameter {ids} cannot be used with the parameter maxResults")
    rows = get_all(ctx, noun, wanted) if wanted else _candidates(ctx, request, noun)
    found = passing(ctx, request, rows, lambda name: noun.values_of(name, render))
    return sorted(found, key=lambda row: row.id)


def _candidates(ctx: Context, request: Request, noun: Noun[R]) -> Iterable[R]:
    """What may pass the filters: where one of them leads straight to resources, only those."""
    for name, patterns in asked_filters(request):
        texts = [text for text in map(read_glob, patterns) if isinstance(text, str)]
        if len(texts) < len(patterns):
            continue
        if noun.filters.get(name) == ".id":
            return [row for text in dict.fromkeys(texts) if (row := find(ctx, noun, text)) is not None]
        find_by = noun.finder(name)
        if find_by is not None:
            rows = {row.id: row for text in texts for row in find_by(ctx, text)}
            return filter(ctx.sees, rows.values())
    return find_all(ctx, noun)


def _rendering(ctx: Context, noun: Noun[R]) -> Callable[[R], Response]:
    """The noun's, once a row: filters and the answer share it."""
    rendered: dict[str, Response] = {}

    def render(row: R) -> Response:
        if row.id not in rendered:
            response = rendered[row.id] = noun.render(ctx, row)
            if type(response) is not Rendered:
                ctx.effort.spend(SHOWING * count_structures(response))
        return rendered[row.id]

    return render


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
