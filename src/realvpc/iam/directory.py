"""The Directory: an immutable snapshot of accounts, of who is in them and may do what, and of what they may have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from realvpc.net.quotas import AppliedQuota, QuotaRequest
from realvpc.net.resource import Resource
from realvpc.net.table import Snapshot, Table

from .account import AccessKey, Account, UsedRegion
from .account_settings import AccountAlias, CredentialReport, PasswordPolicy
from .identity_provider import OpenIdConnectProvider, SamlProvider
from .policy import Policy
from .policy_holder import PolicyHolder
from .role import InstanceProfile, Role
from .signing_certificate import SigningCertificate
from .ssh_public_key import SshPublicKey
from .user import Group, User

R = TypeVar("R", bound=Resource)


class Directory(Snapshot):
    TYPES = (
        *(Account, AccessKey, User, Group, Role, InstanceProfile, Policy),
        *(AccountAlias, PasswordPolicy, CredentialReport, OpenIdConnectProvider, SamlProvider),
        *(AppliedQuota, QuotaRequest, UsedRegion, SshPublicKey, SigningCertificate),
    )

    __slots__ = ()

    @property
    def accounts(self) -> Table[Account]:
        return self.table(Account)

    @property
    def access_keys(self) -> Table[AccessKey]:
        return self.table(AccessKey)

    @property
    def users(self) -> Table[User]:
        return self.table(User)

    @property
    def groups(self) -> Table[Group]:
        return self.table(Group)

    @property
    def roles(self) -> Table[Role]:
        return self.table(Role)

    @property
    def instance_profiles(self) -> Table[InstanceProfile]:
        return self.table(InstanceProfile)

    @property
    def policies(self) -> Table[Policy]:
        return self.table(Policy)

    @property
    def ssh_public_keys(self) -> Table[SshPublicKey]:
        return self.table(SshPublicKey)

    @property
    def signing_certificates(self) -> Table[SigningCertificate]:
        return self.table(SigningCertificate)

    @property
    def quotas(self) -> Table[AppliedQuota]:
        return self.table(AppliedQuota)

    @property
    def quota_requests(self) -> Table[QuotaRequest]:
        return self.table(QuotaRequest)

    @property
    def used_regions(self) -> Table[UsedRegion]:
        return self.table(UsedRegion)

    def role_named(self, account: str, name: str) -> Role | None:
        """IAM names are unique in an account, whatever the path."""
        return self.roles.first(_account_and_name, (account, name))

    def instance_profile_named(self, account: str, name: str) -> InstanceProfile | None:
        return self.instance_profiles.first(_account_and_name, (account, name))

    def user_named(self, account: str, name: str) -> User | None:
        return self.users.first(_account_and_name, (account, name))

    def group_named(self, account: str, name: str) -> Group | None:
        return self.groups.first(_account_and_name, (account, name))

    def user_with_arn(self, arn: str) -> User | None:
        return self.users.first(_arn, arn)

    def namesake(self, kind: type[R], account: str, name: str) -> R | None:
        """What has the name already: names that differ in case alone are the same to who makes one."""
        return self.table(kind).first(_account_and_any_case, (account, name.lower()))

    def keys_of(self, user_id: str) -> list[AccessKey]:
        """The oldest first."""
        return sorted(self.access_keys.where(_user_id, user_id), key=lambda key: (key.created_at, key.id))

    def ssh_keys_of(self, user_id: str) -> Collection[SshPublicKey]:
        return self.ssh_public_keys.where(_owner_id, user_id)

    def signing_certificates_of(self, user_id: str) -> list[SigningCertificate]:
        """The oldest first."""
        return sorted(self.signing_certificates.where(_owner_id, user_id), key=lambda row: (row.uploaded_at, row.id))

    def members_of(self, group_id: str) -> Collection[User]:
        return self.users.where(_group_ids, group_id)

    def carriers_of(self, kind: type[PolicyHolder], account: str, policy_arn: str) -> Collection[Any]:
        """The users, groups or roles of an account that a managed policy is attached to."""
        return self.table(kind).where(_attached, (account, policy_arn))

    def bounded_by(self, kind: type[PolicyHolder], account: str, policy_arn: str) -> Collection[Any]:
        """The users or roles of an account whose permissions boundary it is."""
        return self.table(kind).where(_boundary, (account, policy_arn))

    def profiles_of(self, role_arn: str) -> Collection[InstanceProfile]:
        return self.instance_profiles.where(_role_arn, role_arn)


def _account_and_name(row: Any) -> Iterable[tuple[str, str]]:
    return ((row.account, row.name),)


def _account_and_any_case(row: Any) -> Iterable[tuple[str, str]]:
    return ((row.account, row.name.lower()),)


def _arn(row: User) -> Iterable[str]:
    return (row.arn,)


def _user_id(row: AccessKey) -> Iterable[str]:
    return (row.user_id,)


def _owner_id(row: SshPublicKey | SigningCertificate) -> Iterable[str]:
    return (row.user_id,)


def _group_ids(row: User) -> Iterable[str]:
    return row.group_ids


def _attached(row: PolicyHolder) -> Iterable[tuple[str, str]]:
    return ((row.account, arn) for arn in row.attached_policy_arns)


def _boundary(row: PolicyHolder) -> Iterable[tuple[str, str]]:
    return ((row.account, row.permissions_boundary_arn),) if row.permissions_boundary_arn else ()


def _role_arn(row: InstanceProfile) -> Iterable[str]:
    return (row.role_arn,) if row.role_arn else ()
