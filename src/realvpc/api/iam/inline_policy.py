"""Inline policies of users, groups and roles: put, get, delete, list (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.iam.policy_document import identity_policy_problem
from realvpc.iam.policy_holder import PolicyHolder
from realvpc.net.table import put

from ..core.action import Perform
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import as_document, malformed_policy, no_such_entity, page, size_of
from .holder import GROUP, ROLE, USER, HolderKind

LONGEST = 131_072
"""Characters of all documents of one holder, white space too, which IAM bounds for each document alone: with whatever
changes about the holder they are all written."""


def putting(kind: HolderKind) -> Perform:
    """Raises NoSuchEntity, UnmodifiableEntity, MalformedPolicyDocument, LimitExceeded."""

    def put_policy(ctx: Context, request: Request) -> Answer:
        holder, document = kind.to_change(ctx, request), request["PolicyDocument"]
        problem = identity_policy_problem(document)
        if problem is not None:
            raise malformed_policy(problem)
        policies = holder.inline_policies | {request["PolicyName"]: document}
        if sum(map(size_of, policies.values())) > kind.inline_characters or sum(map(len, policies.values())) > LONGEST:
            words = f"Maximum policy size of {kind.inline_characters} bytes exceeded for {kind.word} {holder.name}"
            raise AwsError("LimitExceeded", words, 409)
        return Answer({}, put(replace(holder, inline_policies=policies)))

    return put_policy


def getting(kind: HolderKind) -> Perform:
    """Raises NoSuchEntity."""

    def get_policy(ctx: Context, request: Request) -> Answer:
        holder, name = kind.found(ctx, request), request["PolicyName"]
        document = _document(kind, holder, name)
        return Answer({kind.member: holder.name, "PolicyName": name, "PolicyDocument": as_document(ctx, document)})

    return get_policy


def deleting(kind: HolderKind) -> Perform:
    """Raises NoSuchEntity, UnmodifiableEntity."""

    def delete_policy(ctx: Context, request: Request) -> Answer:
        holder, name = kind.to_change(ctx, request), request["PolicyName"]
        _document(kind, holder, name)
        rest = {other: document for other, document in holder.inline_policies.items() if other != name}
        return Answer({}, put(replace(holder, inline_policies=rest)))

    return delete_policy


def listing(kind: HolderKind) -> Perform:
    """Raises NoSuchEntity, ValidationError."""

    def list_policies(ctx: Context, request: Request) -> Answer:
        shown, members = page(ctx, request, kind.found(ctx, request).inline_policies, str)
        return Answer({"PolicyNames": shown} | members)

    return list_policies


def _document(kind: HolderKind, holder: PolicyHolder, name: str) -> str:
    if name not in holder.inline_policies:
        raise no_such_entity(f"The {kind.word} policy with name {name} cannot be found.")
    return holder.inline_policies[name]


put_user_policy, put_group_policy, put_role_policy = map(putting, (USER, GROUP, ROLE))
get_user_policy, get_group_policy, get_role_policy = map(getting, (USER, GROUP, ROLE))
delete_user_policy, delete_group_policy, delete_role_policy = map(deleting, (USER, GROUP, ROLE))
list_user_policies, list_group_policies, list_role_policies = map(listing, (USER, GROUP, ROLE))
