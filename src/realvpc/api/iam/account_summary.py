"""GetAccountSummary: what an account has, and IAM's quotas (IAM API Reference)."""

from __future__ import annotations

from realvpc.iam.identity_provider import OpenIdConnectProvider, SamlProvider
from realvpc.net.quotas import (
    ACCESS_KEYS_PER_USER,
    CUSTOMER_POLICIES,
    GROUPS_PER_USER,
    IAM_GROUPS,
    IAM_ROLES,
    IAM_USERS,
    INSTANCE_PROFILES,
    LARGEST,
    POLICIES_PER_GROUP,
    POLICIES_PER_ROLE,
    POLICIES_PER_USER,
    TRUST_POLICY_LENGTH,
)

from ..core.context import Answer, Context, Request
from . import policy, policy_version, signing_certificate
from .holder import GROUP, ROLE, USER

_QUOTAS = {
    "AccessKeysPerUserQuota": ACCESS_KEYS_PER_USER,
    "AssumeRolePolicySizeQuota": TRUST_POLICY_LENGTH,
    "AttachedPoliciesPerGroupQuota": POLICIES_PER_GROUP,
    "AttachedPoliciesPerRoleQuota": POLICIES_PER_ROLE,
    "AttachedPoliciesPerUserQuota": POLICIES_PER_USER,
    "GroupsPerUserQuota": GROUPS_PER_USER,
    "GroupsQuota": IAM_GROUPS,
    "InstanceProfilesQuota": INSTANCE_PROFILES,
    "PoliciesQuota": CUSTOMER_POLICIES,
    "RolesQuota": IAM_ROLES,
    "UsersQuota": IAM_USERS,
}
_FIXED = {
    "GlobalEndpointTokenVersion": 1,
    "GroupPolicySizeQuota": GROUP.inline_characters,
    "PolicySizeQuota": policy.LARGEST,
    "PolicyVersionsInUseQuota": 10_000,
    "RolePolicySizeQuota": ROLE.inline_characters,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": signing_certificate.MOST,
    "UserPolicySizeQuota": USER.inline_characters,
    "VersionsPerPolicyQuota": policy_version.MOST,
}
_NONE = dict.fromkeys(
    (
        *("AccountAccessKeysPresent", "AccountMFAEnabled", "AccountPasswordPresent"),
        *("AccountSigningCertificatesPresent", "MFADevices", "MFADevicesInUse", "ServerCertificates"),
    ),
    0,
)


def get_account_summary(ctx: Context, request: Request) -> Answer:
    directory = ctx.directory
    counts = {
        "Groups": ctx.count(directory.groups),
        "InstanceProfiles": ctx.count(directory.instance_profiles),
        "Policies": ctx.count(directory.policies),
        "PolicyVersionsInUse": _versions_in_use(ctx),
        "Providers": sum(ctx.count(ctx.state.table(kind)) for kind in (OpenIdConnectProvider, SamlProvider)),
        "Roles": ctx.count(directory.roles),
        "Users": ctx.count(directory.users),
    }
    quotas = {name: min(ctx.quota(quota), LARGEST) for name, quota in _QUOTAS.items()}
    return Answer({"SummaryMap": dict(sorted((_FIXED | _NONE | quotas | counts).items()))})


def _versions_in_use(ctx: Context) -> int:
    """The versions of the account's own policies, and the policies of AWS's that are attached."""
    own = sum(len(row.versions) for row in ctx.visible(ctx.directory.policies))
    directory = ctx.directory
    holders = (*ctx.visible(directory.users), *ctx.visible(directory.groups), *ctx.visible(directory.roles))
    attached = {arn for row in holders for arn in row.attached_policy_arns}
    return own + sum(arn not in directory.policies for arn in attached)
