"""What an account has one of: its alias, its password policy, its credential report (IAM guide)."""

from __future__ import annotations

from datetime import datetime, timedelta

from realvpc.net.resource import GlobalResource

REPORT_LASTS = timedelta(hours=4)


class AccountAlias(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the alias, which no other account can have."""


class PasswordPolicy(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the account's.  The defaults are those of UpdateAccountPasswordPolicy; ages are in days."""

    minimum_length: int = 6
    require_symbols: bool = False
    require_numbers: bool = False
    require_uppercase: bool = False
    require_lowercase: bool = False
    may_change: bool = False
    hard_expiry: bool | None = None
    maximum_age: int | None = None
    reuse_prevention: int | None = None


class CredentialReport(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the account's; ``content`` is the CSV text as it was when the report was asked for."""

    generated_at: datetime
    content: str

    def is_old_at(self, now: datetime) -> bool:
        return now >= self.generated_at + REPORT_LASTS
