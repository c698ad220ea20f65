"""Service-linked roles: an account makes and deletes them, the service alone changes them (IAM API Reference)."""

from __future__ import annotations

import re

import msgspec

from realvpc.iam.managed_policies import MANAGED_POLICIES
from realvpc.iam.role import SERVICE_ROLE_PATH, Role
from realvpc.iam.service_linked_roles import SERVICE_LINKED
from realvpc.iam.temporary_credentials import digest
from realvpc.net.quotas import IAM_ROLES
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request
from .common import check_quota, invalid_input, new_entity_id, no_such_entity
from .role import render_role, role_named

_TASK = re.compile(rf"task({re.escape(SERVICE_ROLE_PATH)}[^/]+/[^/]+)/([0-9a-f-]{{36}})")


def create_service_linked_role(ctx: Context, request: Request) -> Answer:
    """Raises InvalidInput for a service that has none, for a suffix that it does not take, and for a role that is
    there; LimitExceeded."""
    service, suffix = request["AWSServiceName"], request.get("CustomSuffix") or ""
    linked = SERVICE_LINKED.get(service)
    if linked is None:
        raise invalid_input(f"{service} is not known here as a service that has a service-linked role.")
    if suffix and not linked.takes_suffix:
        raise invalid_input("Custom suffix is not allowed for " + service)
    name = f"{linked.role}_{suffix}" if suffix else linked.role
    if ctx.directory.namesake(Role, ctx.account, name):
        raise invalid_input(f"Service role name {name} has been taken in this account, please try a different suffix.")
    check_quota(ctx, IAM_ROLES, "RolesPerAccount", ctx.count(ctx.directory.roles))
    path = f"{SERVICE_ROLE_PATH}{service}/"
    policy = f"arn:aws:iam::aws:policy{SERVICE_ROLE_PATH}{linked.policy}"
    role = Role(
        id=f"arn:aws:iam::{ctx.account}:role{path}{name}",
        account=ctx.account,
        name=name,
        path=path,
        role_id=new_entity_id(ctx, "AROA"),
        trust_policy=_trust(service),
        created_at=ctx.now,
        description=request.get("Description") or "",
        attached_policy_arns=(policy,) if policy in MANAGED_POLICIES else (),
    )
    return Answer({"Role": render_role(ctx, role)}, put(role))


def delete_service_linked_role(ctx: Context, request: Request) -> Answer:
    """At once: no service here has anything that would need it.  Raises NoSuchEntity."""
    role = role_named(ctx, request["RoleName"])
    if not role.is_service_linked:
        raise no_such_entity(f"The role with name {role.name} cannot be found.")
    return Answer({"DeletionTaskId": _task(ctx, f"{role.path}{role.name}")}, delete(role))


def get_service_linked_role_deletion_status(ctx: Context, request: Request) -> Answer:
    """A task's id is sealed by the service's key, so that none has to be remembered.  Raises NoSuchEntity."""
    task = request["DeletionTaskId"]
    found = _TASK.fullmatch(task)
    if found is None or task != _task(ctx, found[1]):
        raise no_such_entity(f"DeletionTask with id {task} cannot be found.")
    return Answer({"Status": "SUCCEEDED"})


def _task(ctx: Context, role: str) -> str:
    seal = digest(ctx.key, "deletion task", f"{ctx.account}{role}".encode()).hex()
    uuid = "-".join((seal[:8], seal[8:12], seal[12:16], seal[16:20], seal[20:32]))
    return f"task{role}/{uuid}"


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": [statement]}).decode()
