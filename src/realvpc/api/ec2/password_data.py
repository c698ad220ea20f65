"""GetPasswordData (EC2 API Reference): the password that Windows made itself, which no instance here has."""

from __future__ import annotations

from ..core.context import Answer, Context, Request
from ..core.lookup import named
from .instance import INSTANCE


def get_password_data(ctx: Context, request: Request) -> Answer:
    """An empty one, as of every instance that does not run Windows.  Raises ``InvalidInstanceID.NotFound``."""
    instance = named(ctx, INSTANCE, request, "InstanceId")
    return Answer({"InstanceId": instance.id, "PasswordData": "", "Timestamp": instance.launched_at})
