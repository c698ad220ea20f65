"""Versions of managed policies (IAM guide, "Versioning IAM policies")."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from realvpc.iam.managed_policies import ManagedPolicy
from realvpc.iam.policy import Policy, PolicyVersion
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError, unsupported_operation
from .common import as_document, delete_conflict, no_such_entity, page
from .policy import check_document
from .policy_lookup import AnyPolicy, changeable, named_policy

MOST = 5


def create_policy_version(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
    policy, document = changeable(ctx, request["PolicyArn"]), request["PolicyDocument"]
    check_document(document)
    if len(policy.versions) >= MOST:
        raise AwsError(
            "LimitExceeded",
            f"A managed policy can have up to {MOST} versions. Before you create a new version, you must delete an "
            "existing version.",
            409,
        )
    number = policy.last_number + 1
    version = PolicyVersion(id=f"v{number}", document=document, created_at=ctx.now)
    is_default = bool(request.get("SetAsDefault"))
    changed = replace(
        policy,
        versions=(*policy.versions, version),
        last_number=number,
        version_id=version.id if is_default else policy.version_id,
        updated_at=ctx.now,
    )
    return Answer({"PolicyVersion": _render(version, changed)}, put(changed))


def set_default_policy_version(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    policy = changeable(ctx, request["PolicyArn"])
    version = _own_version(policy, request["VersionId"])
    return Answer({}, put(replace(policy, version_id=version.id, updated_at=ctx.now)))


def delete_policy_version(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, and DeleteConflict for the default version."""
    policy = changeable(ctx, request["PolicyArn"])
    version = _own_version(policy, request["VersionId"])
    if version.id == policy.version_id:
        raise delete_conflict("Cannot delete the default version of a policy.")
    rest = tuple(each for each in policy.versions if each.id != version.id)
    return Answer({}, put(replace(policy, versions=rest, updated_at=ctx.now)))


def get_policy_version(ctx: Context, request: Request) -> Answer:
    """Of AWS's policies the default version is the only one kept.

    Raises NoSuchEntity, and UnsupportedOperation where only the policy's name is known.
    """
    policy, version_id = named_policy(ctx, request["PolicyArn"]), request["VersionId"]
    if isinstance(policy, ManagedPolicy):
        return Answer({"PolicyVersion": _of_aws(ctx, policy, version_id)})
    version = _own_version(policy, version_id)
    return Answer({"PolicyVersion": _render(version, policy) | {"Document": as_document(ctx, version.document)}})


def _of_aws(ctx: Context, policy: ManagedPolicy, version_id: str) -> Response:
    if version_id != policy.version_id:
        raise _no_version(policy, version_id)
    if policy.document is None:
        raise unsupported_operation(f"What the policy {policy.arn} says is not known here.")
    return _render_of_aws(policy) | {"Document": as_document(ctx, policy.document)}


def list_policy_versions(ctx: Context, request: Request) -> Answer:
    """The newest first.  Raises NoSuchEntity, ValidationError."""
    policy = named_policy(ctx, request["PolicyArn"])
    if isinstance(policy, ManagedPolicy):
        return Answer({"Versions": [_render_of_aws(policy)], "IsTruncated": False})
    shown, members = page(ctx, request, policy.versions, lambda version: f"{_NEWEST - int(version.id[1:]):09}")
    return Answer({"Versions": [_render(version, policy) for version in shown]} | members)


_NEWEST = 999_999_999


def with_documents(ctx: Context, policy: AnyPolicy) -> list[dict[str, Any]]:
    """All versions, each with what it says, as far as that is known."""
    if isinstance(policy, ManagedPolicy):
        document = {"Document": as_document(ctx, policy.document)} if policy.document is not None else {}
        return [_render_of_aws(policy) | document]
    return [_render(each, policy) | {"Document": as_document(ctx, each.document)} for each in reversed(policy.versions)]


def _own_version(policy: Policy, version_id: str) -> PolicyVersion:
    version = policy.version(version_id)
    if version is None:
        raise _no_version(policy, version_id)
    return version


def _no_version(policy: AnyPolicy, version_id: str) -> AwsError:
    return no_such_entity(f"Policy {policy.arn} version {version_id} does not exist or is not attachable.")


def _render(version: PolicyVersion, policy: Policy) -> Response:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.version_id,
        "CreateDate": version.created_at,
    }


def _render_of_aws(policy: ManagedPolicy) -> Response:
    return {"VersionId": policy.version_id, "IsDefaultVersion": True, "CreateDate": policy.updated_at}
