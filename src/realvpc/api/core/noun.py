"""What AWS has a word for, declared once: how its ids look, how errors spell it, how it is shown, found and tagged.

A declaration stands in the noun's own file, as ``VPC = Noun(…)`` in ``ec2/vpc.py``; ``ec2/nouns.py`` has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from realvpc.net.resource import Resource
from realvpc.store.state import State

from .context import Context, Response
from .effort import SHOWING
from .filter import FilterValues, path
from .rendered import Rendered

R = TypeVar("R", bound=Resource)

Render: TypeAlias = Callable[[Context, R], Response]

MAXIMUM_KEPT = 20_000  # renderings of one noun; then all are made anew


class Derived(Struct, Generic[R], frozen=True, kw_only=True):
    """Rows that follow from others, where a table would be.

    ``one`` and ``all`` find what the caller sees.  ``owner`` is the resource that is stored, ``changed`` that resource
    with the changed row in it; without them the row is stored itself.  ``check`` raises for what may be seen and not
    changed.
    """

    one: Callable[[Context, str], R | None]
    all: Callable[[Context], Iterable[R]]
    owner: Callable[[R], Resource] = lambda row: row
    changed: Callable[[Any, R], Resource] = lambda owner, row: row
    check: Callable[[Context, R], None] = lambda ctx, row: None


class TellsPrefix(Enum):
    """Whether errors about malformed ids say which prefix was expected."""

    NEVER = "never"
    OF_OTHERS = "of others"  # when the id has another one
    ALWAYS = "always"


class Spelling(Protocol):
    """How ids look and how errors about them are worded: of a noun, and of what there is none of."""

    @property
    def prefix(self) -> str: ...
    @property
    def not_found(self) -> str: ...
    @property
    def malformed(self) -> str | None: ...
    @property
    def words(self) -> str: ...
    @property
    def tells_prefix(self) -> TellsPrefix: ...
    @property
    def sentence(self) -> str: ...


class Noun(Struct, Generic[R], frozen=True, kw_only=True):
    """One noun of the API.  The spellings are AWS's, irregular as they are (EC2 API Reference, "Error codes").

    ``words`` are as in "The vpc ID 'vpc-…' does not exist".  Where ``malformed`` is None, what is no id is just not
    found; with ``must_have_dash`` False, that is so for a text without a dash alone.  ``ids`` and ``result`` are the
    members of its Describe action.

    ``filters`` lead by name to what a resource shows: a path into the rendering (``State``,
    ``Attachments[].VpcId``), a path of attributes, which is cheaper (``.vpc_id``), or a function.  ``tag:…``,
    ``tag-key``, ``tag-value`` and ``owner-id`` serve every noun.  ``found_by`` says for some of them how the state
    finds the resources that have one value, so that not all have to be looked at.
    """

    type: type[R]
    prefix: str
    not_found: str
    malformed: str | None
    words: str
    tag_type: str
    ids: str
    result: str
    render: Render[R]
    filters: Mapping[str, str | FilterValues[R]]
    found_by: Mapping[str, Callable[[Context, str], Iterable[R]]] = {}
    derived: Derived[R] | None = None
    tells_prefix: TellsPrefix = TellsPrefix.OF_OTHERS
    must_have_dash: bool = True
    sentence: str = "The {} '{}' {}"  # of "not found": words, ids, "does not exist"

    def finder(self, name: str) -> Callable[[Context, str], Iterable[R]] | None:
        """How the state finds what has one value of a filter, where it can; others may be among it."""
        if name.startswith("tag:") and self.derived is None:
            key = name.removeprefix("tag:")
            return lambda ctx, value: ctx.tagged(ctx.state.table(self.type), key, value)
        return self.found_by.get(name)

    def values_of(self, name: str, render: Callable[[R], Response] | None = None) -> FilterValues[R] | None:
        """What a filter looks at, or None for an unknown one.  ``render`` stands in for the noun's own."""
        if name in self.filters:
            place = self.filters[name]
            if callable(place):
                return place
            pick = path(place)
            if place.startswith("."):
                return lambda ctx, row: pick(row)
            if render is not None:
                return lambda ctx, row: pick(render(row))
            return lambda ctx, row: pick(self.render(ctx, row))
        if name.startswith("tag:"):
            key = name.removeprefix("tag:")
            return lambda ctx, row: (_tags(ctx, row).get(key),)
        return _OF_EVERY_NOUN.get(name)


def _tags(ctx: Context, row: Resource) -> dict[str, str]:
    return row.tags_seen_by(ctx.account, ctx.region)


_OF_EVERY_NOUN: dict[str, FilterValues[Any]] = {
    "owner-id": lambda ctx, row: (row.account,),
    "tag-key": lambda ctx, row: _tags(ctx, row).keys(),
    "tag-value": lambda ctx, row: _tags(ctx, row).values(),
}


def of_row(render: Callable[[R], Response]) -> Render[R]:
    """A rendering that follows from the row alone.  It is kept for as long as the row is what it is, so nobody may
    change what it returns."""
    kept: dict[str, tuple[R, Response]] = {}

    def rendering(ctx: Context, row: R) -> Response:
        found = kept.get(row.id)
        if found is not None and found[0] is row:
            return found[1]
        if len(kept) >= MAXIMUM_KEPT:
            kept.clear()
        response = Rendered(render(row))
        kept[row.id] = (row, response)
        ctx.effort.spend(SHOWING * response.size)
        return response

    return rendering


def of_state(render: Render[R]) -> Render[R]:
    """A rendering that follows from the row and what the state says of others, whoever asks and whenever.  It is kept
    for as long as the state says the same, so nobody may change what it returns."""
    latest: tuple[State | None, dict[str, tuple[R, Response]]] = None, {}  # a long call may look at an older state

    def rendering(ctx: Context, row: R) -> Response:
        nonlocal latest
        of, kept = latest
        if ctx.state is not of:
            if of is None or not _says_the_same(ctx.state, of):
                kept = {}
            latest = ctx.state, kept
        found = kept.get(row.id)
        if found is not None and found[0] is row:
            return found[1]
        if len(kept) >= MAXIMUM_KEPT:
            kept.clear()
        response = Rendered(render(ctx, row))
        kept[row.id] = (row, response)
        ctx.effort.spend(SHOWING * response.size)
        return response

    return rendering


def _says_the_same(state: State, other: State) -> bool:
    rooms = ("network", "inventory", "directory")
    return all(getattr(state, room) is getattr(other, room) for room in rooms)
