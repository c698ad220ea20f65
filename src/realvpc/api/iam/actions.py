"""The table of IAM's actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import instance_profile, policy, role, role_policy, user
from .resources import on_instance_profile, on_path, on_policy, on_role, on_user

ACTIONS: dict[str, Action] = {
    "AddRoleToInstanceProfile": Action(instance_profile.add_role_to_instance_profile, on_instance_profile),
    "AttachRolePolicy": Action(role_policy.attach_role_policy, on_role),
    "CreateInstanceProfile": Action(instance_profile.create_instance_profile, on_instance_profile),
    "CreateRole": Action(role.create_role, on_role),
    "DeleteInstanceProfile": Action(instance_profile.delete_instance_profile, on_instance_profile),
    "DeleteRole": Action(role.delete_role, on_role),
    "DeleteRolePolicy": Action(role_policy.delete_role_policy, on_role),
    "DetachRolePolicy": Action(role_policy.detach_role_policy, on_role),
    "GetInstanceProfile": Action(instance_profile.get_instance_profile, on_instance_profile),
    "GetPolicy": Action(policy.get_policy, on_policy),
    "GetPolicyVersion": Action(policy.get_policy_version, on_policy),
    "GetRole": Action(role.get_role, on_role),
    "GetRolePolicy": Action(role_policy.get_role_policy, on_role),
    "GetUser": Action(user.get_user, on_user),
    "ListAccountAliases": Action(user.list_account_aliases, on_all),
    "ListAttachedRolePolicies": Action(role_policy.list_attached_role_policies, on_role),
    "ListEntitiesForPolicy": Action(policy.list_entities_for_policy, on_policy),
    "ListInstanceProfileTags": Action(instance_profile.list_instance_profile_tags, on_instance_profile),
    "ListInstanceProfiles": Action(instance_profile.list_instance_profiles, on_path("instance-profile")),
    "ListInstanceProfilesForRole": Action(instance_profile.list_instance_profiles_for_role, on_role),
    "ListPolicies": Action(policy.list_policies, on_path("policy")),
    "ListPolicyVersions": Action(policy.list_policy_versions, on_policy),
    "ListRolePolicies": Action(role_policy.list_role_policies, on_role),
    "ListRoleTags": Action(role.list_role_tags, on_role),
    "ListRoles": Action(role.list_roles, on_path("role")),
    "PutRolePolicy": Action(role_policy.put_role_policy, on_role),
    "RemoveRoleFromInstanceProfile": Action(instance_profile.remove_role_from_instance_profile, on_instance_profile),
    "TagInstanceProfile": Action(instance_profile.tag_instance_profile, on_instance_profile),
    "TagRole": Action(role.tag_role, on_role),
    "UntagInstanceProfile": Action(instance_profile.untag_instance_profile, on_instance_profile),
    "UntagRole": Action(role.untag_role, on_role),
    "UpdateAssumeRolePolicy": Action(role.update_assume_role_policy, on_role),
    "UpdateRole": Action(role.update_role, on_role),
}
