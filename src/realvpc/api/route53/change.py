"""Whether a change has reached all servers: here it has before its id is known (Route 53 API Reference, GetChange)."""

from __future__ import annotations

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import render_change


def get_change(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchChange, also for changes of more than a day ago."""
    change = ctx.state.tokens.changes.get(request["Id"])
    if change is None or not ctx.sees(change):
        raise AwsError("NoSuchChange", f"Could not find resource with ID: {request['Id']}", 404)
    return Answer({"ChangeInfo": render_change(change)})
