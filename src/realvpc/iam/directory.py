"""The Directory: an immutable snapshot of all accounts, keys, roles and profiles, and of what accounts may have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from realvpc.net.quotas import AppliedQuota
from realvpc.net.table import Snapshot, Table

from .account import AccessKey, Account
from .role import InstanceProfile, Role


class Directory(Snapshot):
    TYPES = (Account, AccessKey, Role, InstanceProfile, AppliedQuota)

    __slots__ = ()

    @property
    def accounts(self) -> Table[Account]:
        return self.table(Account)

    @property
    def access_keys(self) -> Table[AccessKey]:
        return self.table(AccessKey)

    @property
    def roles(self) -> Table[Role]:
        return self.table(Role)

    @property
    def instance_profiles(self) -> Table[InstanceProfile]:
        return self.table(InstanceProfile)

    @property
    def quotas(self) -> Table[AppliedQuota]:
        return self.table(AppliedQuota)

    def role_named(self, account: str, name: str) -> Role | None:
        """IAM names are unique in an account, whatever the path."""
        return next(iter(self.roles.where(_account_and_name, (account, name))), None)

    def instance_profile_named(self, account: str, name: str) -> InstanceProfile | None:
        return next(iter(self.instance_profiles.where(_account_and_name, (account, name))), None)


def _account_and_name(row: Any) -> Iterable[tuple[str, str]]:
    return ((row.account, row.name),)
