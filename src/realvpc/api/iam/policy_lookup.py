"""A managed policy by its ARN: one of AWS's, or one of the caller's account (IAM API Reference)."""

from __future__ import annotations

from typing import TypeAlias

from realvpc.iam.managed_policies import MANAGED_POLICIES, ManagedPolicy
from realvpc.iam.policy import Policy
from realvpc.iam.policy_holder import PolicyHolder

from ..core.context import Context, Request, Response
from ..core.errors import AwsError
from .common import invalid_input, no_such_entity

AnyPolicy: TypeAlias = ManagedPolicy | Policy


def find_policy(ctx: Context, arn: str) -> AnyPolicy | None:
    return MANAGED_POLICIES.get(arn) or own_policy(ctx, arn)


def own_policy(ctx: Context, arn: str) -> Policy | None:
    policy = ctx.directory.policies.get(arn)
    return policy if policy is not None and ctx.sees(policy) else None


def named_policy(ctx: Context, arn: str) -> AnyPolicy:
    """Raises NoSuchEntity."""
    policy = find_policy(ctx, arn)
    if policy is None:
        raise no_such_entity(f"Policy {arn} was not found.")
    return policy


def changeable(ctx: Context, arn: str) -> Policy:
    """One of the caller's account.  Raises NoSuchEntity, and AccessDenied for one of AWS's."""
    policy = named_policy(ctx, arn)
    if isinstance(policy, ManagedPolicy):
        raise AwsError("AccessDenied", f"Policy {arn} is managed by AWS and cannot be changed.", 403)
    return policy


def attachable(ctx: Context, arn: str) -> AnyPolicy:
    """The same for one that is to be attached or to be a boundary.  Raises NoSuchEntity."""
    policy = find_policy(ctx, arn)
    if policy is None:
        raise no_such_entity(f"Policy {arn} does not exist or is not attachable.")
    return policy


def place(policy: AnyPolicy) -> str:
    """By name; an account's own may have the name of one of AWS's."""
    return f"{policy.name} {policy.policy_id}"


def boundary_asked_for(ctx: Context, request: Request) -> str | None:
    """The ARN in ``PermissionsBoundary``, if there is one.  Raises InvalidInput, NoSuchEntity."""
    arn: str | None = request.get("PermissionsBoundary") or None
    if arn is not None and not arn.startswith("arn:"):
        raise invalid_input(f"ARN {arn} is not valid.")
    if arn is not None and find_policy(ctx, arn) is None:
        raise no_such_entity(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def render_boundary(holder: PolicyHolder) -> Response:
    """The member PermissionsBoundary where there is one."""
    if not holder.permissions_boundary_arn:
        return {}
    return {
        "PermissionsBoundary": {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": holder.permissions_boundary_arn,
        }
    }
