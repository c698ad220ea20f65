"""The table of STS's actions."""

from __future__ import annotations

from ..core.context import Action
from . import credentials

ACTIONS: dict[str, Action] = {
    "AssumeRole": credentials.assume_role,
    "GetCallerIdentity": credentials.get_caller_identity,
    "GetSessionToken": credentials.get_session_token,
}
