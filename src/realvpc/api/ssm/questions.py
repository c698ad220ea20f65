"""Condition keys of Systems Manager's actions, beside those of tags (Service Authorization Reference, "Actions,
resources, and condition keys for AWS Systems Manager")."""

from __future__ import annotations

from realvpc.iam.evaluate import Conditions

from ..core.context import Context, Request


def of_put(ctx: Context, request: Request, resource: str) -> Conditions:
    return {"ssm:Overwrite": str(bool(request.get("Overwrite"))).lower()}


def of_path(ctx: Context, request: Request, resource: str) -> Conditions:
    return {"ssm:Recursive": str(bool(request.get("Recursive"))).lower()}


def of_start(ctx: Context, request: Request, resource: str) -> Conditions:
    """The document is asked for with every session, the one that is meant where none is named, too."""
    return {"ssm:SessionDocumentAccessCheck": "true"}
