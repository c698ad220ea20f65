"""STS: who the caller is, and temporary credentials (STS API Reference)."""

from __future__ import annotations

import re

from realvpc.iam.role import Role
from realvpc.iam.temporary_credentials import Grant, issue
from realvpc.iam.trust import ASSUME_ROLE, Assumer, trusts

from ..core.context import Answer, Context, Request, Response
from ..core.credentials import assumed_role_arn
from ..core.errors import AwsError
from ..core.parameters import refuse

_ROLE_SECONDS, _USER_SECONDS = 3600, 43_200  # that a session lasts unless asked for otherwise
_CHAINED_SECONDS = 3600  # at most, for who has assumed a role already
_ROLE_ARN = re.compile(r"arn:aws:iam::[0-9]{12}:role/[\x21-\x7e]+", re.ASCII)
_ROLE_SESSION = re.compile(r"arn:aws:sts::[0-9]{12}:assumed-role/([^/]+)/[^/]+")
_NOT_HERE = (
    "Policy",
    "PolicyArns",
    "ProvidedContexts",
    "SerialNumber",
    "SourceIdentity",
    "Tags",
    "TokenCode",
    "TransitiveTagKeys",
)


def get_caller_identity(ctx: Context, request: Request) -> Answer:
    return Answer({"UserId": ctx.caller.user_id, "Account": ctx.account, "Arn": ctx.caller.arn})


def assume_role(ctx: Context, request: Request) -> Answer:
    """A session of a role whose trust policy names the caller; what the caller's own policies say is not asked.

    Raises AccessDenied, also for a role that does not exist, ValidationError, UnsupportedOperation.
    """
    refuse(request, _NOT_HERE)
    arn, name = request["RoleArn"], request["RoleSessionName"]
    if not _ROLE_ARN.fullmatch(arn):
        raise _invalid(f"{arn} is invalid")
    seconds = request.get("DurationSeconds") or _ROLE_SECONDS
    role = ctx.directory.roles.get(arn)
    if role is None or not trusts(role.trust_policy, _assumer(ctx, request)):
        raise AwsError(
            "AccessDenied",
            f"User: {ctx.caller.arn} is not authorized to perform: {ASSUME_ROLE} on resource: {arn}",
            403,
        )
    if seconds > _CHAINED_SECONDS and _role_of_session(ctx) is not None:
        raise _invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    if seconds > role.max_session_duration:
        raise _invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    grant = _grant(ctx, role.id, role.role_id, name, seconds)
    session = {
        "AssumedRoleId": f"{role.role_id}:{name}",
        "Arn": assumed_role_arn(role.account, role.name, name),
    }
    return Answer({"Credentials": _render(ctx, grant), "AssumedRoleUser": session})


def get_session_token(ctx: Context, request: Request) -> Answer:
    """Temporary credentials of the caller's own.  Raises AccessDenied for one who has only such, ValidationError,
    UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    seconds = request.get("DurationSeconds") or _USER_SECONDS
    key = ctx.directory.access_keys.get(ctx.caller.access_key_id)
    if key is None:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    return Answer({"Credentials": _render(ctx, _grant(ctx, key.id, key.user_id, "", seconds))})


def _assumer(ctx: Context, request: Request) -> Assumer:
    role = _role_of_session(ctx)
    arns = (ctx.caller.arn,) if role is None else (ctx.caller.arn, role.id)
    return Assumer(account=ctx.account, arns=arns, external_id=request.get("ExternalId"))


def _role_of_session(ctx: Context) -> Role | None:
    """The role that the caller has assumed."""
    session = _ROLE_SESSION.fullmatch(ctx.caller.arn)
    return ctx.directory.role_named(ctx.account, session[1]) if session else None


def _grant(ctx: Context, principal: str, principal_id: str, session_name: str, seconds: int) -> Grant:
    now = int(ctx.now.timestamp())
    return Grant(principal, principal_id, session_name, now, now + seconds, ctx.random.getrandbits(63))


def _render(ctx: Context, grant: Grant) -> Response:
    credentials = issue(ctx.key, grant)
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": grant.expiration,
    }


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)
