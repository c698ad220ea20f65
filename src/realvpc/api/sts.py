"""STS: who the caller is (STS API Reference)."""

from __future__ import annotations

from .context import Answer, Context, Request


def get_caller_identity(ctx: Context, request: Request) -> Answer:
    return Answer({"UserId": ctx.caller.user_id, "Account": ctx.account, "Arn": ctx.caller.arn})
