"""The table of IAM's actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import (
    access_key,
    account_alias,
    account_summary,
    attached_policy,
    authorization_details,
    credential_report,
    group,
    inline_policy,
    instance_profile,
    login_profile,
    oidc_provider,
    password_policy,
    permissions_boundary,
    policy,
    policy_version,
    role,
    saml_provider,
    service_linked_role,
    signing_certificate,
    simulation,
    ssh_public_key,
    user,
)
from .resources import (
    on_group,
    on_instance_profile,
    on_new_policy,
    on_oidc_provider,
    on_path,
    on_policy,
    on_policy_source,
    on_role,
    on_saml_provider,
    on_service_linked_role,
    on_user,
)

_OF_USERS: dict[str, Action] = {
    # Users
    "CreateUser": Action(user.create_user, on_user),
    "DeleteUser": Action(user.delete_user, on_user),
    "GetUser": Action(user.get_user, on_user),
    "ListUserTags": Action(user.list_user_tags, on_user),
    "ListUsers": Action(user.list_users, on_path("user")),
    "TagUser": Action(user.tag_user, on_user),
    "UntagUser": Action(user.untag_user, on_user),
    "UpdateUser": Action(user.update_user, on_user),
    # Access keys
    "CreateAccessKey": Action(access_key.create_access_key, on_user),
    "DeleteAccessKey": Action(access_key.delete_access_key, on_user),
    "GetAccessKeyLastUsed": Action(access_key.get_access_key_last_used, on_all),
    "ListAccessKeys": Action(access_key.list_access_keys, on_user),
    "UpdateAccessKey": Action(access_key.update_access_key, on_user),
    # Login profiles
    "CreateLoginProfile": Action(login_profile.create_login_profile, on_user),
    "DeleteLoginProfile": Action(login_profile.delete_login_profile, on_user),
    "GetLoginProfile": Action(login_profile.get_login_profile, on_user),
    "UpdateLoginProfile": Action(login_profile.update_login_profile, on_user),
    # SSH public keys
    "DeleteSSHPublicKey": Action(ssh_public_key.delete_ssh_public_key, on_user),
    "GetSSHPublicKey": Action(ssh_public_key.get_ssh_public_key, on_user),
    "ListSSHPublicKeys": Action(ssh_public_key.list_ssh_public_keys, on_user),
    "UpdateSSHPublicKey": Action(ssh_public_key.update_ssh_public_key, on_user),
    "UploadSSHPublicKey": Action(ssh_public_key.upload_ssh_public_key, on_user),
    # Signing certificates
    "DeleteSigningCertificate": Action(signing_certificate.delete_signing_certificate, on_user),
    "ListSigningCertificates": Action(signing_certificate.list_signing_certificates, on_user),
    "UpdateSigningCertificate": Action(signing_certificate.update_signing_certificate, on_user),
    "UploadSigningCertificate": Action(signing_certificate.upload_signing_certificate, on_user),
    # Their policies
    "AttachUserPolicy": Action(attached_policy.attach_user_policy, on_user),
    "DeleteUserPermissionsBoundary": Action(permissions_boundary.delete_user_permissions_boundary, on_user),
    "DeleteUserPolicy": Action(inline_policy.delete_user_policy, on_user),
    "DetachUserPolicy": Action(attached_policy.detach_user_policy, on_user),
    "GetUserPolicy": Action(inline_policy.get_user_policy, on_user),
    "ListAttachedUserPolicies": Action(attached_policy.list_attached_user_policies, on_user),
    "ListUserPolicies": Action(inline_policy.list_user_policies, on_user),
    "PutUserPermissionsBoundary": Action(permissions_boundary.put_user_permissions_boundary, on_user),
    "PutUserPolicy": Action(inline_policy.put_user_policy, on_user),
}

_OF_GROUPS: dict[str, Action] = {
    # Groups
    "AddUserToGroup": Action(group.add_user_to_group, on_group),
    "CreateGroup": Action(group.create_group, on_group),
    "DeleteGroup": Action(group.delete_group, on_group),
    "GetGroup": Action(group.get_group, on_group),
    "ListGroups": Action(group.list_groups, on_path("group")),
    "ListGroupsForUser": Action(group.list_groups_for_user, on_user),
    "RemoveUserFromGroup": Action(group.remove_user_from_group, on_group),
    "UpdateGroup": Action(group.update_group, on_group),
    # Their policies
    "AttachGroupPolicy": Action(attached_policy.attach_group_policy, on_group),
    "DeleteGroupPolicy": Action(inline_policy.delete_group_policy, on_group),
    "DetachGroupPolicy": Action(attached_policy.detach_group_policy, on_group),
    "GetGroupPolicy": Action(inline_policy.get_group_policy, on_group),
    "ListAttachedGroupPolicies": Action(attached_policy.list_attached_group_policies, on_group),
    "ListGroupPolicies": Action(inline_policy.list_group_policies, on_group),
    "PutGroupPolicy": Action(inline_policy.put_group_policy, on_group),
}

_OF_ROLES: dict[str, Action] = {
    # Roles
    "CreateRole": Action(role.create_role, on_role),
    "DeleteRole": Action(role.delete_role, on_role),
    "GetRole": Action(role.get_role, on_role),
    "ListRoleTags": Action(role.list_role_tags, on_role),
    "ListRoles": Action(role.list_roles, on_path("role")),
    "TagRole": Action(role.tag_role, on_role),
    "UntagRole": Action(role.untag_role, on_role),
    "UpdateAssumeRolePolicy": Action(role.update_assume_role_policy, on_role),
    "UpdateRole": Action(role.update_role, on_role),
    "UpdateRoleDescription": Action(role.update_role_description, on_role),
    # Service-linked roles
    "CreateServiceLinkedRole": Action(service_linked_role.create_service_linked_role, on_service_linked_role),
    "DeleteServiceLinkedRole": Action(service_linked_role.delete_service_linked_role, on_role),
    "GetServiceLinkedRoleDeletionStatus": Action(service_linked_role.get_service_linked_role_deletion_status, on_all),
    # Their policies
    "AttachRolePolicy": Action(attached_policy.attach_role_policy, on_role),
    "DeleteRolePermissionsBoundary": Action(permissions_boundary.delete_role_permissions_boundary, on_role),
    "DeleteRolePolicy": Action(inline_policy.delete_role_policy, on_role),
    "DetachRolePolicy": Action(attached_policy.detach_role_policy, on_role),
    "GetRolePolicy": Action(inline_policy.get_role_policy, on_role),
    "ListAttachedRolePolicies": Action(attached_policy.list_attached_role_policies, on_role),
    "ListRolePolicies": Action(inline_policy.list_role_policies, on_role),
    "PutRolePermissionsBoundary": Action(permissions_boundary.put_role_permissions_boundary, on_role),
    "PutRolePolicy": Action(inline_policy.put_role_policy, on_role),
    # Instance profiles
    "AddRoleToInstanceProfile": Action(instance_profile.add_role_to_instance_profile, on_instance_profile),
    "CreateInstanceProfile": Action(instance_profile.create_instance_profile, on_instance_profile),
    "DeleteInstanceProfile": Action(instance_profile.delete_instance_profile, on_instance_profile),
    "GetInstanceProfile": Action(instance_profile.get_instance_profile, on_instance_profile),
    "ListInstanceProfileTags": Action(instance_profile.list_instance_profile_tags, on_instance_profile),
    "ListInstanceProfiles": Action(instance_profile.list_instance_profiles, on_path("instance-profile")),
    "ListInstanceProfilesForRole": Action(instance_profile.list_instance_profiles_for_role, on_role),
    "RemoveRoleFromInstanceProfile": Action(instance_profile.remove_role_from_instance_profile, on_instance_profile),
    "TagInstanceProfile": Action(instance_profile.tag_instance_profile, on_instance_profile),
    "UntagInstanceProfile": Action(instance_profile.untag_instance_profile, on_instance_profile),
}

_OF_POLICIES: dict[str, Action] = {
    # Managed policies
    "CreatePolicy": Action(policy.create_policy, on_new_policy),
    "DeletePolicy": Action(policy.delete_policy, on_policy),
    "GetPolicy": Action(policy.get_policy, on_policy),
    "ListEntitiesForPolicy": Action(policy.list_entities_for_policy, on_policy),
    "ListPolicies": Action(policy.list_policies, on_path("policy")),
    "ListPolicyTags": Action(policy.list_policy_tags, on_policy),
    "TagPolicy": Action(policy.tag_policy, on_policy),
    "UntagPolicy": Action(policy.untag_policy, on_policy),
    # Their versions
    "CreatePolicyVersion": Action(policy_version.create_policy_version, on_policy),
    "DeletePolicyVersion": Action(policy_version.delete_policy_version, on_policy),
    "GetPolicyVersion": Action(policy_version.get_policy_version, on_policy),
    "ListPolicyVersions": Action(policy_version.list_policy_versions, on_policy),
    "SetDefaultPolicyVersion": Action(policy_version.set_default_policy_version, on_policy),
    # The simulator
    "GetContextKeysForCustomPolicy": Action(simulation.get_context_keys_for_custom_policy, on_all),
    "GetContextKeysForPrincipalPolicy": Action(simulation.get_context_keys_for_principal_policy, on_policy_source),
    "SimulateCustomPolicy": Action(simulation.simulate_custom_policy, on_all),
    "SimulatePrincipalPolicy": Action(simulation.simulate_principal_policy, on_policy_source),
}

_OF_PROVIDERS: dict[str, Action] = {
    # OpenID Connect providers
    "AddClientIDToOpenIDConnectProvider": Action(
        oidc_provider.add_client_id_to_open_id_connect_provider, on_oidc_provider
    ),
    "CreateOpenIDConnectProvider": Action(oidc_provider.create_open_id_connect_provider, on_oidc_provider),
    "DeleteOpenIDConnectProvider": Action(oidc_provider.delete_open_id_connect_provider, on_oidc_provider),
    "GetOpenIDConnectProvider": Action(oidc_provider.get_open_id_connect_provider, on_oidc_provider),
    "ListOpenIDConnectProviderTags": Action(oidc_provider.list_open_id_connect_provider_tags, on_oidc_provider),
    "ListOpenIDConnectProviders": Action(oidc_provider.list_open_id_connect_providers, on_all),
    "RemoveClientIDFromOpenIDConnectProvider": Action(
        oidc_provider.remove_client_id_from_open_id_connect_provider, on_oidc_provider
    ),
    "TagOpenIDConnectProvider": Action(oidc_provider.tag_open_id_connect_provider, on_oidc_provider),
    "UntagOpenIDConnectProvider": Action(oidc_provider.untag_open_id_connect_provider, on_oidc_provider),
    "UpdateOpenIDConnectProviderThumbprint": Action(
        oidc_provider.update_open_id_connect_provider_thumbprint, on_oidc_provider
    ),
    # SAML providers
    "CreateSAMLProvider": Action(saml_provider.create_saml_provider, on_saml_provider),
    "DeleteSAMLProvider": Action(saml_provider.delete_saml_provider, on_saml_provider),
    "GetSAMLProvider": Action(saml_provider.get_saml_provider, on_saml_provider),
    "ListSAMLProviderTags": Action(saml_provider.list_saml_provider_tags, on_saml_provider),
    "ListSAMLProviders": Action(saml_provider.list_saml_providers, on_all),
    "TagSAMLProvider": Action(saml_provider.tag_saml_provider, on_saml_provider),
    "UntagSAMLProvider": Action(saml_provider.untag_saml_provider, on_saml_provider),
    "UpdateSAMLProvider": Action(saml_provider.update_saml_provider, on_saml_provider),
}

_OF_ACCOUNTS: dict[str, Action] = {
    "CreateAccountAlias": Action(account_alias.create_account_alias, on_all),
    "DeleteAccountAlias": Action(account_alias.delete_account_alias, on_all),
    "DeleteAccountPasswordPolicy": Action(password_policy.delete_account_password_policy, on_all),
    "GenerateCredentialReport": Action(credential_report.generate_credential_report, on_all),
    "GetAccountAuthorizationDetails": Action(authorization_details.get_account_authorization_details, on_all),
    "GetAccountPasswordPolicy": Action(password_policy.get_account_password_policy, on_all),
    "GetAccountSummary": Action(account_summary.get_account_summary, on_all),
    "GetCredentialReport": Action(credential_report.get_credential_report, on_all),
    "ListAccountAliases": Action(account_alias.list_account_aliases, on_all),
    "UpdateAccountPasswordPolicy": Action(password_policy.update_account_password_policy, on_all),
}

ACTIONS: dict[str, Action] = {
    **_OF_USERS,
    **_OF_GROUPS,
    **_OF_ROLES,
    **_OF_POLICIES,
    **_OF_PROVIDERS,
    **_OF_ACCOUNTS,
}
