"""STS: who the caller is, and temporary credentials (STS API Reference)."""

from __future__ import annotations

import re

from msgspec.structs import replace

from realvpc.iam.evaluate import allows, circumstances_of
from realvpc.iam.role import Role
from realvpc.iam.temporary_credentials import Grant, account_of, issue
from realvpc.iam.trust import ASSUME_ROLE, Assumer, trusts

from ..core.authorization_message import unseal
from ..core.caller_policies import policies_of_caller
from ..core.context import Answer, Context, Request, Response
from ..core.credentials import assumed_role_arn, federated_user_arn
from ..core.errors import AwsError
from ..core.parameters import refuse
from ..core.request_context import request_context
from .session_policy import packed_size, session_policies

_ROLE_SECONDS, _USER_SECONDS = 3600, 43_200  # that a session lasts unless asked for otherwise
_ACCOUNT_SECONDS = 3600  # at most, of an account's own
_CHAINED_SECONDS = 3600  # at most, for who has assumed a role already
_ROLE_ARN = re.compile(r"arn:aws:iam::[0-9]+:role/[\x21-\x7e]+", re.ASCII)
_ROLE_SESSION = re.compile(r"arn:aws:sts::[0-9]{12}:assumed-role/([^/]+)/[^/]+")
_NOT_HERE = (
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
    """A session of a role whose trust policy names the caller, or the caller's account, whose own policies then have
    to allow it, too.

    Raises AccessDenied, also for a role that does not exist, MalformedPolicyDocument, PackedPolicyTooLarge,
    ValidationError, UnsupportedOperation.
    """
    refuse(request, _NOT_HERE)
    arn, name = request["RoleArn"], request["RoleSessionName"]
    if not _ROLE_ARN.fullmatch(arn):
        raise _invalid(f"{arn} is invalid")
    seconds = request.get("DurationSeconds") or _ROLE_SECONDS
    role = ctx.directory.roles.get(arn)
    if role is None or not _may_assume(ctx, role, request):
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
    policies = session_policies(ctx, request, role.account) or None
    grant = _grant(ctx, role.id, role.role_id, name, seconds, account=role.account, policies=policies)
    session = {
        "AssumedRoleId": f"{role.role_id}:{name}",
        "Arn": assumed_role_arn(role.account, role.name, name),
    }
    return Answer({"Credentials": _render(ctx, grant), "AssumedRoleUser": session} | packed_size(policies))


def get_session_token(ctx: Context, request: Request) -> Answer:
    """Temporary credentials of the caller's own.  Raises AccessDenied for one who has only such, ValidationError,
    UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    key_id, user_id, seconds = _long_term_caller(ctx, request, "GetSessionToken")
    grant = _grant(ctx, key_id, user_id, "", seconds, account=ctx.account)
    return Answer({"Credentials": _render(ctx, grant)})


def get_federation_token(ctx: Context, request: Request) -> Answer:
    """Credentials for somebody who is no user here: what they may is what the caller's policies and the session's
    both allow, and without policies of the session nothing.

    Raises AccessDenied for one who has only temporary credentials, MalformedPolicyDocument, PackedPolicyTooLarge,
    ValidationError, UnsupportedOperation.
    """
    refuse(request, _NOT_HERE)
    name, policies = request["Name"], session_policies(ctx, request, ctx.account)
    key_id, user_id, seconds = _long_term_caller(ctx, request, "GetFederationToken")
    grant = _grant(ctx, key_id, user_id, name, seconds, account=ctx.account, policies=policies, is_federated=True)
    user = {"FederatedUserId": f"{ctx.account}:{name}", "Arn": federated_user_arn(ctx.account, name)}
    return Answer({"Credentials": _render(ctx, grant), "FederatedUser": user} | packed_size(policies))


def _long_term_caller(ctx: Context, request: Request, action: str) -> tuple[str, str, int]:
    """The key and the user that the caller has, and for how many seconds its session is; an account itself, which has
    neither, stands for both, and no longer than an hour.  Raises AccessDenied for who has only temporary credentials.
    """
    seconds = request.get("DurationSeconds") or _USER_SECONDS
    key = ctx.directory.access_keys.get(ctx.caller.access_key_id)
    if key is not None:
        return key.id, key.user_id, seconds
    if ctx.caller.is_root and ctx.caller.session is None:
        return ctx.account, ctx.account, min(seconds, _ACCOUNT_SECONDS)
    raise AwsError("AccessDenied", f"Cannot call {action} with session credentials", 403)


def get_access_key_info(ctx: Context, request: Request) -> Answer:
    """Whose account a key is of, anybody's; of temporary credentials the id itself says it.  Raises ValidationError."""
    name = request["AccessKeyId"]
    key = ctx.directory.access_keys.get(name)
    account = key.account if key is not None else account_of(name)
    if account is None or account not in ctx.directory.accounts:
        raise _invalid(f"The access key {name} does not exist.")
    return Answer({"Account": account})


def decode_authorization_message(ctx: Context, request: Request) -> Answer:
    """What a refusal in the caller's account did not say openly.  Raises InvalidAuthorizationMessageException."""
    told = unseal(ctx.key, ctx.account, request["EncodedMessage"])
    if told is None:
        raise AwsError("InvalidAuthorizationMessageException", "Invalid token")
    return Answer({"DecodedMessage": told})


def _may_assume(ctx: Context, role: Role, request: Request) -> bool:
    """Whom a trust policy in its own account names by itself, a user or a session, needs no more.  Whose role it names
    stays within the role's boundary and the session's policies.  Whom it names by the account, or who is of another
    account, needs policies that allow it (IAM guide, "Policy evaluation logic")."""
    session = _role_of_session(ctx)
    arns = (ctx.caller.arn,) if session is None else (ctx.caller.arn, session.id)
    conditions = request_context(ctx, request, conditions_of_session(request))
    assumer = Assumer(account=ctx.account, arns=arns, given=circumstances_of(conditions))
    if not trusts(role.trust_policy, assumer):
        return False
    policies = policies_of_caller(ctx)
    if role.account == ctx.account:
        if trusts(role.trust_policy, replace(assumer, account="", arns=arns[:1])):
            return True
        if policies is not None and trusts(role.trust_policy, replace(assumer, account="")):
            policies = policies.bounds
    return allows(policies, ASSUME_ROLE, role.arn, conditions)


def conditions_of_session(request: Request) -> dict[str, str]:
    """The condition keys of AssumeRole (Service Authorization Reference)."""
    given = {"sts:RoleSessionName": request["RoleSessionName"], "sts:ExternalId": request.get("ExternalId")}
    return {key: value for key, value in given.items() if value is not None}


def _role_of_session(ctx: Context) -> Role | None:
    """The role that the caller has assumed."""
    session = _ROLE_SESSION.fullmatch(ctx.caller.arn)
    return ctx.directory.role_named(ctx.account, session[1]) if session else None


def _grant(
    ctx: Context,
    principal: str,
    principal_id: str,
    session_name: str,
    seconds: int,
    *,
    account: str,
    policies: tuple[str, ...] | None = None,
    is_federated: bool = False,
) -> Grant:
    now = int(ctx.now.timestamp())
    return Grant(
        principal=principal,
        principal_id=principal_id,
        session_name=session_name,
        issued_at=now,
        expires_at=now + seconds,
        nonce=ctx.random.getrandbits(63),
        account=account,
        policies=policies,
        is_federated=is_federated,
    )


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
