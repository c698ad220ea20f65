"""Managed policies on users, groups and roles: attach, detach, list (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.table import put

from ..core.action import Perform
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import check_quota, invalid_input, no_such_entity, page
from .holder import GROUP, ROLE, USER, HolderKind
from .policy_lookup import attachable, find_policy, place


def attaching(kind: HolderKind) -> Perform:
    """Attaching a policy again is no error.

    Raises InvalidInput, NoSuchEntity, UnmodifiableEntity, PolicyNotAttachable, LimitExceeded.
    """

    def attach(ctx: Context, request: Request) -> Answer:
        arn = request["PolicyArn"]
        if not arn.startswith("arn:"):
            raise invalid_input(f"ARN {arn} is not valid.")
        holder = kind.to_change(ctx, request)
        if not attachable(ctx, arn).is_attachable:
            raise AwsError("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
        attached = holder.attached_policy_arns
        if arn in attached:
            return Answer()
        check_quota(ctx, kind.attached, kind.attached_words, len(attached))
        return Answer({}, put(replace(holder, attached_policy_arns=(*attached, arn))))

    return attach


def detaching(kind: HolderKind) -> Perform:
    """Raises NoSuchEntity, UnmodifiableEntity."""

    def detach(ctx: Context, request: Request) -> Answer:
        holder, arn = kind.to_change(ctx, request), request["PolicyArn"]
        if arn not in holder.attached_policy_arns:
            raise no_such_entity(f"Policy {arn} was not found.")
        rest = tuple(attached for attached in holder.attached_policy_arns if attached != arn)
        return Answer({}, put(replace(holder, attached_policy_arns=rest)))

    return detach


def listing_attached(kind: HolderKind) -> Perform:
    """By name, under PathPrefix.  Raises NoSuchEntity, ValidationError."""

    def list_attached(ctx: Context, request: Request) -> Answer:
        prefix = request.get("PathPrefix") or "/"
        found = (find_policy(ctx, arn) for arn in kind.found(ctx, request).attached_policy_arns)
        rows = [policy for policy in found if policy is not None and policy.path.startswith(prefix)]
        shown, members = page(ctx, request, rows, place)
        return Answer({"AttachedPolicies": [{"PolicyName": p.name, "PolicyArn": p.arn} for p in shown]} | members)

    return list_attached


attach_user_policy, attach_group_policy, attach_role_policy = map(attaching, (USER, GROUP, ROLE))
detach_user_policy, detach_group_policy, detach_role_policy = map(detaching, (USER, GROUP, ROLE))
list_attached_user_policies, list_attached_group_policies, list_attached_role_policies = map(
    listing_attached, (USER, GROUP, ROLE)
)
