"""Finding resources by id, with AWS's errors for ids that are malformed or unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from realvpc.net.resource import Resource

from .context import Context, Request
from .effort import FINDING
from .errors import AwsError
from .noun import Noun, Spelling, TellsPrefix

R = TypeVar("R", bound=Resource)

_HEX = re.compile(r"[0-9a-f]{8}(?:[0-9a-f]{9})?")


def is_id(noun: Spelling, text: str) -> bool:
    """Whether it looks like one: the prefix and 8 or 17 hexadecimal digits."""
    prefix, dash, digits = text.rpartition("-")
    return bool(dash) and prefix == noun.prefix and _HEX.fullmatch(digits) is not None


def check_form(noun: Spelling, resource_id: str) -> None:
    """Raises ``Invalid….Malformed`` unless the id is the prefix and 8 or 17 hexadecimal digits; nothing for nouns whose
    ids EC2 does not look at so closely."""
    if noun.malformed is None:
        return
    if is_id(noun, resource_id):
        return
    of_other = not resource_id.startswith(f"{noun.prefix}-")
    message = f'Invalid id: "{resource_id}"'
    tells = noun.tells_prefix
    if resource_id and (tells is TellsPrefix.ALWAYS or (tells is TellsPrefix.OF_OTHERS and of_other)):
        message += f' (expecting "{noun.prefix}-...")'
    raise AwsError(noun.malformed, message)


def find(ctx: Context, noun: Noun[R], resource_id: str) -> R | None:
    """The resource, if the caller sees it."""
    ctx.effort.spend(FINDING)
    if noun.derived is not None:
        return noun.derived.one(ctx, resource_id)
    row = ctx.state.table(noun.type).get(resource_id)
    return row if row is not None and ctx.sees(row) else None


def find_all(ctx: Context, noun: Noun[R]) -> Iterable[R]:
    """Everything of the kind that the caller sees, in no order."""
    if noun.derived is None:
        yield from ctx.visible(ctx.state.table(noun.type))
        return
    for row in noun.derived.all(ctx):
        ctx.effort.spend(FINDING)
        yield row


def get(ctx: Context, noun: Noun[R], resource_id: str) -> R:
    """The resource.  Raises ``Invalid….Malformed`` or ``Invalid….NotFound``."""
    return get_all(ctx, noun, (resource_id,))[0]


def named(ctx: Context, noun: Noun[R], request: Request, member: str) -> R:
    """The resource whose id is a member that every such request has (`Request`).  Raises like ``get``."""
    return get(ctx, noun, request[member])


def get_all(ctx: Context, noun: Noun[R], resource_ids: Iterable[str]) -> list[R]:
    """The resources with these ids, each once.  Raises like ``get``; NotFound names every id that is unknown."""
    wanted = dict.fromkeys(resource_ids)
    for resource_id in wanted:
        if noun.must_have_dash or "-" in resource_id or not resource_id:
            check_form(noun, resource_id)
    found = {resource_id: find(ctx, noun, resource_id) for resource_id in wanted}
    missing = [resource_id for resource_id, row in found.items() if row is None]
    if missing:
        raise not_found(noun, *missing)
    return [row for row in found.values() if row is not None]


def not_found(noun: Spelling, *resource_ids: str) -> AwsError:
    words, verb = (f"{noun.words}s", "do not exist") if len(resource_ids) > 1 else (noun.words, "does not exist")
    return AwsError(noun.not_found, noun.sentence.format(words, ", ".join(resource_ids), verb))
