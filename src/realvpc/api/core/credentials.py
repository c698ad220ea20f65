"""Whom an access key id, and the session token with it, stand for."""

from __future__ import annotations

from datetime import datetime

from realvpc.iam.directory import Directory
from realvpc.iam.temporary_credentials import TemporaryCredentials, read

from .call import Credential, Session


def find_credential(
    directory: Directory, key: bytes, now: datetime, access_key_id: str, session_token: str | None
) -> Credential | None:
    """The credential, expired ones included; None for what was never issued here or whose principal is gone.

    ``key`` is the service's, ``now`` the service's time.
    """
    if session_token is None:
        return _long_term(directory, access_key_id)
    temporary = read(key, access_key_id, session_token)
    if temporary is None:
        return None
    grant = temporary.grant
    found = (_of_role if grant.session_name and not grant.is_federated else _of_user)(directory, temporary)
    if found is None:
        return None
    account, arn, user_id, holder = found
    return Credential(
        access_key_id=access_key_id,
        secret_access_key=temporary.secret_access_key,
        account=account,
        arn=arn,
        user_id=user_id,
        session_token=session_token,
        expired=now >= grant.expiration,
        session=Session(holder, grant.policies, grant.last_updated, grant.conditions),
    )


def assumed_role_arn(account: str, role_name: str, session_name: str) -> str:
    """The ARN of a role session; the role's path is not in it (IAM guide, "IAM identifiers")."""
    return f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}"


def federated_user_arn(account: str, name: str) -> str:
    return f"arn:aws:sts::{account}:federated-user/{name}"


def _long_term(directory: Directory, access_key_id: str) -> Credential | None:
    """A key that was deactivated is no better than one that nobody issued."""
    key = directory.access_keys.get(access_key_id)
    user = directory.users.get(key.user_id) if key is not None and key.is_active else None
    if key is None or user is None:
        return None
    return Credential(
        access_key_id=key.id, secret_access_key=key.secret, account=key.account, arn=user.arn, user_id=user.id
    )


def _of_role(directory: Directory, temporary: TemporaryCredentials) -> tuple[str, str, str, str] | None:
    """Account, ARN and user id of a role session, and the role's ARN; None once the role is gone, be there another of
    its name or not."""
    grant = temporary.grant
    role = directory.roles.get(grant.principal)
    if role is None or role.role_id != grant.principal_id:
        return None
    return (
        role.account,
        assumed_role_arn(role.account, role.name, grant.session_name),
        f"{role.role_id}:{grant.session_name}",
        role.id,
    )


def _of_user(directory: Directory, temporary: TemporaryCredentials) -> tuple[str, str, str, str] | None:
    """The same of a user's own session, of an account's, and of a federated user's.  Until they expire they outlive
    the key that asked for them, though not the user."""
    grant = temporary.grant
    if grant.principal_id == grant.account in directory.accounts:
        account, arn, holder = grant.account, f"arn:aws:iam::{grant.account}:root", grant.account
    elif (user := directory.users.get(grant.principal_id)) is not None:
        account, arn, holder = user.account, user.arn, user.id
    else:
        return None
    if grant.is_federated:
        name = grant.session_name
        return account, federated_user_arn(account, name), f"{account}:{name}", holder
    return account, arn, holder, holder
