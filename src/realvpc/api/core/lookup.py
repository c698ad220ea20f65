"""Finding resources by id, with AWS's errors for ids that are malformed or unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

from realvpc.net.resource import Resource

from .context import Context, Request
from .errors import AwsError
from .noun import Noun, TellsPrefix
from .parameters import required

R = TypeVar("R", bound=Resource)

_HEX = re.compile(r"[0-9a-f]{8}(?:[0-9a-f]{9})?")


def is_id(noun: Noun[Any], text: str) -> bool:
    """Whether it looks like one: the prefix and 8 or 17 hexadecimal digits."""
    prefix, dash, digits = text.rpartition("-")
    return bool(dash) and prefix == noun.prefix and _HEX.fullmatch(digits) is not None


def check_form(noun: Noun[Any], resource_id: str) -> None:
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
    if noun.derived is not None:
        return noun.derived.one(ctx, resource_id)
    row = ctx.state.table(noun.type).get(resource_id)
    return row if row is not None and ctx.sees(row) else None


def find_all(ctx: Context, noun: Noun[R]) -> Iterable[R]:
    """Everything of the kind that the caller sees, in no order."""
    return noun.derived.all(ctx) if noun.derived is not None else ctx.visible(ctx.state.table(noun.type))


def get(ctx: Context, noun: Noun[R], resource_id: str) -> R:
    """The resource.  Raises ``Invalid….Malformed`` or ``Invalid….NotFound``."""
    return get_all(ctx, noun, (resource_id,))[0]


def named(ctx: Context, noun: Noun[R], request: Request, member: str) -> R:
    """The resource whose id is a required member of the request.  Raises MissingParameter for none, and like get."""
    return get(ctx, noun, required(request, member))


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


def not_found(noun: Noun[Any], *resource_ids: str) -> AwsError:
    names = ", ".join(resource_ids)
    if noun.in_brackets:
        names = f"[{names}]"
    if len(resource_ids) > 1:
        return AwsError(noun.not_found, f"The {noun.words}s '{names}' do not exist")
    return AwsError(noun.not_found, f"The {noun.words} '{names}' does not exist")
