"""The policies of a role: attached ones and inline ones (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.iam.managed_policies import MANAGED_POLICIES
from realvpc.iam.policy_document import identity_policy_problem
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import as_document, limit_exceeded, malformed_policy, no_such_entity, page
from .role import role_named

POLICIES_PER_ROLE = 10
INLINE_POLICY_CHARACTERS = 10240  # of all inline policies of a role, without white space


def attach_role_policy(ctx: Context, request: Request) -> Answer:
    """Attaching a policy again is no error.  Raises InvalidInput, NoSuchEntity, PolicyNotAttachable, LimitExceeded."""
    arn = request["PolicyArn"]
    if not arn.startswith("arn:"):
        raise AwsError("InvalidInput", f"ARN {arn} is not valid.")
    role = role_named(ctx, request["RoleName"])
    policy = MANAGED_POLICIES.get(arn)
    if policy is None:
        raise no_such_entity(f"Policy {arn} does not exist or is not attachable.")
    if not policy.is_attachable:
        raise AwsError("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
    if arn in role.attached_policy_arns:
        return Answer()
    if len(role.attached_policy_arns) >= POLICIES_PER_ROLE:
        raise limit_exceeded("PoliciesPerRole", POLICIES_PER_ROLE)
    return Answer({}, put(replace(role, attached_policy_arns=(*role.attached_policy_arns, arn))))


def detach_role_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    arn = request["PolicyArn"]
    if arn not in role.attached_policy_arns:
        raise no_such_entity(f"Policy {arn} was not found.")
    rest = tuple(attached for attached in role.attached_policy_arns if attached != arn)
    return Answer({}, put(replace(role, attached_policy_arns=rest)))


def list_attached_role_policies(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    prefix = request.get("PathPrefix") or "/"
    policies = (MANAGED_POLICIES[arn] for arn in role.attached_policy_arns)
    shown, members = page(request, (p for p in policies if p.path.startswith(prefix)), lambda policy: policy.name)
    return Answer({"AttachedPolicies": [{"PolicyName": p.name, "PolicyArn": p.arn} for p in shown]} | members)


def put_role_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
    role = role_named(ctx, request["RoleName"])
    name = request["PolicyName"]
    problem = identity_policy_problem(request["PolicyDocument"])
    if problem is not None:
        raise malformed_policy(problem)
    policies = role.inline_policies | {name: request["PolicyDocument"]}
    if sum(len("".join(document.split())) for document in policies.values()) > INLINE_POLICY_CHARACTERS:
        raise limit_exceeded("InlinePolicySizeForRole", INLINE_POLICY_CHARACTERS)
    return Answer({}, put(replace(role, inline_policies=policies)))


def get_role_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    name = request["PolicyName"]
    if name not in role.inline_policies:
        raise no_such_entity(f"The role policy with name {name} cannot be found.")
    return Answer(
        {"RoleName": role.name, "PolicyName": name, "PolicyDocument": as_document(role.inline_policies[name])}
    )


def delete_role_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    name = request["PolicyName"]
    if name not in role.inline_policies:
        raise no_such_entity(f"The role policy with name {name} cannot be found.")
    rest = {other: document for other, document in role.inline_policies.items() if other != name}
    return Answer({}, put(replace(role, inline_policies=rest)))


def list_role_policies(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    shown, members = page(request, role.inline_policies, lambda name: name)
    return Answer({"PolicyNames": shown} | members)
