"""Client tokens: the same request twice creates one resource (EC2 guide, "Ensuring idempotency in API requests")."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import msgspec

from realvpc.net.table import put
from realvpc.store.state import IdempotencyToken

from .context import Answer, Context, Request
from .errors import AwsError

REMEMBERED_FOR = timedelta(hours=24)


def token_id(ctx: Context, action: str, request: Request) -> str | None:
    token = request.get("ClientToken")
    return f"{ctx.account}/{ctx.region}/{action}/{token}" if token else None


def earlier_resources(ctx: Context, action: str, request: Request) -> tuple[str, ...] | None:
    """The ids that this very request created before, or None when it is new.

    Raises IdempotentParameterMismatch when the token was used with other parameters.
    """
    key = token_id(ctx, action, request)
    used = ctx.state.tokens.used.get(key) if key else None
    if used is None or ctx.now >= used.used_at + REMEMBERED_FOR:
        return None
    if used.fingerprint != _fingerprint(request):
        raise AwsError(
            "IdempotentParameterMismatch",
            "The client token you have provided is associated with a resource that was created with different "
            "parameters.",
        )
    return used.resource_ids


def remembering(ctx: Context, action: str, request: Request, answer: Answer, *resource_ids: str) -> Answer:
    """``answer``, with the token written down in the same change."""
    key = token_id(ctx, action, request)
    if key is None:
        return answer
    record = IdempotencyToken(
        id=key,
        account=ctx.account,
        region=ctx.region,
        fingerprint=_fingerprint(request),
        resource_ids=resource_ids,
        used_at=ctx.now,
    )
    return Answer(answer.response, answer.change + put(record))


def _fingerprint(request: Request) -> str:
    meaning = {name: value for name, value in request.items() if name not in ("ClientToken", "DryRun")}
    return hashlib.sha256(msgspec.json.encode(meaning, order="deterministic")).hexdigest()
