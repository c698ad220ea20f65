"""Users, and the groups that they are in (IAM guide, "IAM users", "IAM user groups")."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from .policy_holder import PolicyHolder


class LoginProfile(Struct, frozen=True, kw_only=True):
    """That a user has a password.  The password itself is never kept: there is no console to sign in to."""

    created_at: datetime
    must_change: bool = False


class User(PolicyHolder, frozen=True, kw_only=True):
    """``id`` is AIDA…, and stays when the name changes.

    ``of_operator``: the operator hands out a key of it, so that it stays when a service is emptied.
    """

    group_ids: tuple[str, ...] = ()
    login_profile: LoginProfile | None = None
    of_operator: bool = False

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:user{self.path}{self.name}"


class Group(PolicyHolder, frozen=True, kw_only=True):
    """``id`` is AGPA…, and stays when the name changes.  Its members know that they are."""

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:group{self.path}{self.name}"
