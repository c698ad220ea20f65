"""The permissions boundaries of users and roles (IAM API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.table import put

from ..core.action import Perform
from ..core.context import Answer, Context, Request
from .common import no_such_entity
from .holder import ROLE, USER, HolderKind
from .policy_lookup import boundary_asked_for


def putting(kind: HolderKind) -> Perform:
    """Raises NoSuchEntity, UnmodifiableEntity."""

    def put_boundary(ctx: Context, request: Request) -> Answer:
        holder = kind.to_change(ctx, request)
        return Answer({}, put(replace(holder, permissions_boundary_arn=boundary_asked_for(ctx, request))))

    return put_boundary


def deleting(kind: HolderKind) -> Perform:
    """Raises NoSuchEntity, UnmodifiableEntity."""

    def delete_boundary(ctx: Context, request: Request) -> Answer:
        holder = kind.to_change(ctx, request)
        if holder.permissions_boundary_arn is None:
            raise no_such_entity(f"No permissions boundary is set for {kind.word} {holder.name}.")
        return Answer({}, put(replace(holder, permissions_boundary_arn=None)))

    return delete_boundary


put_user_permissions_boundary, put_role_permissions_boundary = map(putting, (USER, ROLE))
delete_user_permissions_boundary, delete_role_permissions_boundary = map(deleting, (USER, ROLE))
