"""Client tokens: the same request twice is performed once (EC2 guide, "Ensuring idempotency in Amazon EC2 API
requests").

The same for every action that has the member: a token belongs to one account, Region and action, and its first response
is what every repetition gets, whatever has become of what it made.
"""

from __future__ import annotations

import hashlib

import msgspec

from realvpc.store.state import IdempotencyToken

from .action import Action
from .context import Answer, Context, Request, Response
from .errors import AwsError, invalid_parameter_value
from .remembered import REMEMBERED_FOR, remember

MEMBER = "ClientToken"

_decoder = msgspec.msgpack.Decoder(dict)


def recalled(ctx: Context, row: Action, action: str, request: Request) -> Response | None:
    """What is kept of the answer that this very request got before, or None when it is new or has no token.

    Raises IdempotentParameterMismatch when the token was used with other parameters, InvalidParameterValue for one that
    cannot be.
    """
    key = _key(ctx, row, action, request)
    used = ctx.state.tokens.used.get(key) if key else None
    if used is None or ctx.now >= used.used_at + REMEMBERED_FOR:
        return None
    if used.fingerprint != _fingerprint(request):
        raise AwsError(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        )
    kept: Response = _decoder.decode(used.kept)
    return kept


def remembering(ctx: Context, row: Action, action: str, request: Request, answer: Answer) -> Answer:
    """``answer``, with the token and what is kept of the response written down in the same change."""
    key = _key(ctx, row, action, request)
    if key is None:
        return answer
    record = IdempotencyToken(
        id=key,
        account=ctx.account,
        region=ctx.region,
        fingerprint=_fingerprint(request),
        kept=msgspec.msgpack.encode(row.repeat.kept(answer.response)),
        used_at=ctx.now,
    )
    remembered = remember(ctx, ctx.state.tokens.used, record, lambda each: each.used_at)
    return msgspec.structs.replace(answer, change=answer.change + remembered)


def _key(ctx: Context, row: Action, action: str, request: Request) -> str | None:
    """Raises InvalidParameterValue."""
    token: str | None = request.get(MEMBER)
    if not token:
        return None
    longest = row.repeat.longest
    if len(token) > longest or not token.isascii():
        raise invalid_parameter_value(
            f"Value ({token}) for parameter clientToken is invalid. It must have up to {longest} ASCII characters."
        )
    scope = row.repeat.scope(ctx, request)
    return "/".join((ctx.account, ctx.region, action, *([scope] if scope else []), token))


def _fingerprint(request: Request) -> str:
    meaning = {name: value for name, value in request.items() if name not in (MEMBER, "DryRun")}
    return hashlib.sha256(msgspec.json.encode(meaning, order="deterministic")).hexdigest()
