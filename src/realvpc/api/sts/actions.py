"""The table of STS's actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from ..core.credentials import federated_user_arn
from . import credentials

ACTIONS: dict[str, Action] = {
    "AssumeRole": Action(
        credentials.assume_role,
        lambda ctx, request: (request["RoleArn"],),
        conditions=credentials.conditions_of_session,
    ),
    "DecodeAuthorizationMessage": Action(credentials.decode_authorization_message, on_all),
    "GetAccessKeyInfo": Action(credentials.get_access_key_info, on_all),
    "GetCallerIdentity": Action(credentials.get_caller_identity, on_all),
    "GetFederationToken": Action(
        credentials.get_federation_token, lambda ctx, request: (federated_user_arn(ctx.account, request["Name"]),)
    ),
    "GetSessionToken": Action(credentials.get_session_token, on_all),
}
