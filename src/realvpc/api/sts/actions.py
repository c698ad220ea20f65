"""The table of STS's actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import credentials

ACTIONS: dict[str, Action] = {
    "AssumeRole": Action(credentials.assume_role, lambda ctx, request: (request["RoleArn"],)),
    "GetCallerIdentity": Action(credentials.get_caller_identity, on_all),
    "GetSessionToken": Action(credentials.get_session_token, on_all),
}
