"""The table of IAM's actions."""

from __future__ import annotations

from ..core.context import Action
from . import instance_profile, policy, role, role_policy, user

ACTIONS: dict[str, Action] = {
    "AddRoleToInstanceProfile": instance_profile.add_role_to_instance_profile,
    "AttachRolePolicy": role_policy.attach_role_policy,
    "CreateInstanceProfile": instance_profile.create_instance_profile,
    "CreateRole": role.create_role,
    "DeleteInstanceProfile": instance_profile.delete_instance_profile,
    "DeleteRole": role.delete_role,
    "DeleteRolePolicy": role_policy.delete_role_policy,
    "DetachRolePolicy": role_policy.detach_role_policy,
    "GetInstanceProfile": instance_profile.get_instance_profile,
    "GetPolicy": policy.get_policy,
    "GetPolicyVersion": policy.get_policy_version,
    "GetRole": role.get_role,
    "GetRolePolicy": role_policy.get_role_policy,
    "GetUser": user.get_user,
    "ListAccountAliases": user.list_account_aliases,
    "ListAttachedRolePolicies": role_policy.list_attached_role_policies,
    "ListEntitiesForPolicy": policy.list_entities_for_policy,
    "ListInstanceProfileTags": instance_profile.list_instance_profile_tags,
    "ListInstanceProfiles": instance_profile.list_instance_profiles,
    "ListInstanceProfilesForRole": instance_profile.list_instance_profiles_for_role,
    "ListPolicies": policy.list_policies,
    "ListPolicyVersions": policy.list_policy_versions,
    "ListRolePolicies": role_policy.list_role_policies,
    "ListRoleTags": role.list_role_tags,
    "ListRoles": role.list_roles,
    "PutRolePolicy": role_policy.put_role_policy,
    "RemoveRoleFromInstanceProfile": instance_profile.remove_role_from_instance_profile,
    "TagInstanceProfile": instance_profile.tag_instance_profile,
    "TagRole": role.tag_role,
    "UntagInstanceProfile": instance_profile.untag_instance_profile,
    "UntagRole": role.untag_role,
    "UpdateAssumeRolePolicy": role.update_assume_role_policy,
    "UpdateRole": role.update_role,
}
