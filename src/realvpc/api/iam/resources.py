"""The resources that IAM's actions concern (Service Authorization Reference, "Actions, resources, and condition keys
for AWS Identity and Access Management")."""

from __future__ import annotations

from collections.abc import Sequence

from realvpc.iam.role import SERVICE_ROLE_PATH

from ..core.action import Resources
from ..core.arn import arn
from ..core.context import Context, Request


def on_role(ctx: Context, request: Request) -> Sequence[str]:
    """The role that is named, with the path that it has or is to have."""
    name = request["RoleName"]
    role = ctx.directory.role_named(ctx.account, name)
    return (role.id if role else _arn(ctx, "role", request, name),)


def on_instance_profile(ctx: Context, request: Request) -> Sequence[str]:
    name = request["InstanceProfileName"]
    profile = ctx.directory.instance_profile_named(ctx.account, name)
    return (profile.id if profile else _arn(ctx, "instance-profile", request, name),)


def on_policy(ctx: Context, request: Request) -> Sequence[str]:
    return (request["PolicyArn"],)


def on_user(ctx: Context, request: Request) -> Sequence[str]:
    """The user that is named, or the caller."""
    name = request.get("UserName")
    if not name:
        return (ctx.caller.arn,)
    user = ctx.directory.user_named(ctx.account, name)
    return (user.arn if user else _arn(ctx, "user", request, name),)


def on_group(ctx: Context, request: Request) -> Sequence[str]:
    name = request["GroupName"]
    group = ctx.directory.group_named(ctx.account, name)
    return (group.arn if group else _arn(ctx, "group", request, name),)


def on_new_policy(ctx: Context, request: Request) -> Sequence[str]:
    return (_arn(ctx, "policy", request, request["PolicyName"]),)


def on_service_linked_role(ctx: Context, request: Request) -> Sequence[str]:
    """Any of the service's: what the role is called the service says."""
    return (arn("iam", "", ctx.account, f"role{SERVICE_ROLE_PATH}{request['AWSServiceName']}/*"),)


def on_oidc_provider(ctx: Context, request: Request) -> Sequence[str]:
    url: str | None = request.get("Url")
    if url is None:
        return (request["OpenIDConnectProviderArn"],)
    return (arn("iam", "", ctx.account, f"oidc-provider/{url.partition('://')[2]}"),)


def on_saml_provider(ctx: Context, request: Request) -> Sequence[str]:
    given: str | None = request.get("SAMLProviderArn")
    return (given or arn("iam", "", ctx.account, f"saml-provider/{request['Name']}"),)


def on_policy_source(ctx: Context, request: Request) -> Sequence[str]:
    """Whose policies are simulated: a user, a group or a role."""
    return (request["PolicySourceArn"],)


def on_path(kind: str) -> Resources:
    """Lists: all of a type below a path."""

    def resources(ctx: Context, request: Request) -> Sequence[str]:
        return (arn("iam", "", ctx.account, f"{kind}{request.get('PathPrefix') or '/'}"),)

    return resources


def _arn(ctx: Context, kind: str, request: Request, name: str) -> str:
    return arn("iam", "", ctx.account, f"{kind}{request.get('Path') or '/'}{name}")
