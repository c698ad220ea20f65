"""Managed policies: AWS's, which everybody reads, and those of an account's own (IAM API Reference)."""

from __future__ import annotations

from collections.abc import Iterator

from realvpc.hostile_json import read_json
from realvpc.iam.managed_policies import MANAGED_POLICIES
from realvpc.iam.policy import Policy, PolicyVersion
from realvpc.iam.policy_document import NO_POLICY, identity_policy_problem
from realvpc.iam.policy_holder import PolicyHolder
from realvpc.iam.role import Role
from realvpc.iam.user import Group, User
from realvpc.net.quotas import CUSTOMER_POLICIES
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.effort import FINDING
from ..core.tags import render_tags
from .common import (
    check_quota,
    checked_tags,
    delete_conflict,
    entity_already_exists,
    limit_exceeded,
    malformed_policy,
    new_entity_id,
    page,
    size_of,
)
from .policy_lookup import AnyPolicy, changeable, named_policy, own_policy, place
from .tag import listing_tags, tagging, untagging

_VERSION = "2012-10-17"  # inline policies may be older
LARGEST = 6144  # characters that are no white space
_CARRIERS: dict[str, type[PolicyHolder]] = {"Group": Group, "User": User, "Role": Role}


def create_policy(ctx: Context, request: Request) -> Answer:
    """Raises EntityAlreadyExists, MalformedPolicyDocument, InvalidInput, LimitExceeded."""
    name, path = request["PolicyName"], request.get("Path") or "/"
    check_document(request["PolicyDocument"])
    if ctx.directory.namesake(Policy, ctx.account, name):
        raise entity_already_exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    check_quota(ctx, CUSTOMER_POLICIES, "PoliciesPerAccount", ctx.count(ctx.directory.policies))
    policy = Policy(
        id=f"arn:aws:iam::{ctx.account}:policy{path}{name}",
        account=ctx.account,
        tags=checked_tags(request.get("Tags")),
        name=name,
        path=path,
        policy_id=new_entity_id(ctx, "ANPA"),
        created_at=ctx.now,
        updated_at=ctx.now,
        description=request.get("Description") or "",
        version_id="v1",
        versions=(PolicyVersion(id="v1", document=request["PolicyDocument"], created_at=ctx.now),),
    )
    shown = render_policy(ctx, policy) | ({"Tags": render_tags(policy.tags)} if policy.tags else {})
    return Answer({"Policy": shown}, put(policy))


def check_document(document: str) -> None:
    """Raises MalformedPolicyDocument, LimitExceeded."""
    problem = identity_policy_problem(document)
    if problem not in NO_POLICY and read_json(document).get("Version") != _VERSION:
        problem = f"Policy document must be version {_VERSION} or greater."
    if problem is not None:
        raise malformed_policy(problem)
    if size_of(document) > LARGEST:
        raise limit_exceeded("PolicySize", LARGEST)


def get_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({"Policy": _detailed(ctx, named_policy(ctx, request["PolicyArn"]))})


def delete_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, and DeleteConflict while it is attached or has more versions than the default one."""
    policy = changeable(ctx, request["PolicyArn"])
    if attachments(ctx, policy.arn) or boundaries(ctx, policy.arn):
        raise delete_conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
    return Answer({}, delete(policy))


def list_policies(ctx: Context, request: Request) -> Answer:
    """By name, under PathPrefix.  Raises ValidationError."""
    prefix, scope = request.get("PathPrefix") or "/", request.get("Scope") or "All"
    rows: list[AnyPolicy] = [] if scope == "AWS" else list(ctx.visible(ctx.directory.policies))
    if scope != "Local":
        rows += MANAGED_POLICIES.values()
    rows = [policy for policy in rows if policy.path.startswith(prefix)]
    if request.get("OnlyAttached"):
        rows = [policy for policy in rows if attachments(ctx, policy.arn)]
    if request.get("PolicyUsageFilter") == "PermissionsBoundary":
        rows = [policy for policy in rows if boundaries(ctx, policy.arn)]
    shown, members = page(ctx, request, rows, place)
    return Answer({"Policies": [render_policy(ctx, policy) for policy in shown]} | members)


def list_entities_for_policy(ctx: Context, request: Request) -> Answer:
    """Who carries the policy or has it as a boundary: groups, then users, then roles.  Raises NoSuchEntity."""
    policy, prefix = named_policy(ctx, request["PolicyArn"]), request.get("PathPrefix") or "/"
    usage, wanted = request.get("PolicyUsageFilter"), request.get("EntityFilter")
    found: dict[str, PolicyHolder] = {}
    for order, (name, kind) in enumerate(_CARRIERS.items()):
        if wanted in (None, name):
            rows = _users_of(ctx, kind, policy.arn, usage)
            found |= {f"{order} {row.name}": row for row in rows if row.path.startswith(prefix)}
    shown, members = page(ctx, request, found.items(), lambda pair: pair[0])
    response: Response = {f"Policy{name}s": [] for name in _CARRIERS}
    for _, row in shown:
        name = type(row).__name__
        response[f"Policy{name}s"].append({f"{name}Name": row.name, f"{name}Id": row.entity_id})
    return Answer(response | members)


def _users_of(ctx: Context, kind: type[PolicyHolder], arn: str, usage: str | None) -> Iterator[PolicyHolder]:
    if usage != "PermissionsBoundary":
        yield from ctx.directory.carriers_of(kind, ctx.account, arn)
    if usage != "PermissionsPolicy":
        yield from ctx.directory.bounded_by(kind, ctx.account, arn)


def attachments(ctx: Context, arn: str) -> int:
    """How many of the caller's users, groups and roles carry it."""
    ctx.effort.spend(FINDING * len(_CARRIERS))
    return sum(len(ctx.directory.carriers_of(kind, ctx.account, arn)) for kind in _CARRIERS.values())


def boundaries(ctx: Context, arn: str) -> int:
    """How many of the caller's users and roles have it as their boundary."""
    ctx.effort.spend(FINDING * len(_CARRIERS))
    return sum(len(ctx.directory.bounded_by(kind, ctx.account, arn)) for kind in _CARRIERS.values())


def _of(ctx: Context, request: Request) -> Policy:
    return changeable(ctx, request["PolicyArn"])


tag_policy, untag_policy = tagging(_of), untagging(_of)
_list_own_tags = listing_tags(_of)


def list_policy_tags(ctx: Context, request: Request) -> Answer:
    """AWS's have none.  Raises NoSuchEntity."""
    policy = named_policy(ctx, request["PolicyArn"])
    return _list_own_tags(ctx, request) if own_policy(ctx, policy.arn) else Answer({"Tags": [], "IsTruncated": False})


def render_policy(ctx: Context, policy: AnyPolicy) -> Response:
    """As lists show it: without description and tags.  The answer that made it has no description either."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.version_id,
        "AttachmentCount": attachments(ctx, policy.arn),
        "PermissionsBoundaryUsageCount": boundaries(ctx, policy.arn),
        "IsAttachable": policy.is_attachable,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at,
    }


def _detailed(ctx: Context, policy: AnyPolicy) -> Response:
    description, tags = (policy.description, policy.tags) if isinstance(policy, Policy) else ("", {})
    return render_policy(ctx, policy) | {"Description": description or None, "Tags": render_tags(tags)}
