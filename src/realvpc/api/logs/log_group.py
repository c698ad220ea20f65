"""Log groups: made, listed, kept for how long, deleted (CloudWatch Logs API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from realvpc.net.log_group import LogGroup, group_id
from realvpc.net.quotas import LOG_GROUPS
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from ..core.parameters import refuse
from .common import group_named, group_of_arn, invalid_parameter, milliseconds, paged
from .tag import checked_tags

_RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)  # days
_STANDARD = "STANDARD"


def create_log_group(ctx: Context, request: Request) -> Answer:
    """Raises ResourceAlreadyExistsException, InvalidParameterException, LimitExceededException,
    UnsupportedOperation."""
    refuse(request, ("kmsKeyId",))
    name = request["logGroupName"]
    if name.startswith("aws/"):
        raise invalid_parameter("Log groups starting with aws/ are reserved for AWS.")
    groups = ctx.state.logs.groups
    if group_id(ctx.account, ctx.region, name) in groups:
        raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
    if ctx.count(groups) >= ctx.quota(LOG_GROUPS):
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    group = LogGroup(
        id=group_id(ctx.account, ctx.region, name),
        account=ctx.account,
        region=ctx.region,
        tags=checked_tags({}, request.get("tags") or {}),
        name=name,
        created_at=ctx.now,
        log_class=request.get("logGroupClass") or _STANDARD,
        is_protected=bool(request.get("deletionProtectionEnabled")),
    )
    return Answer({}, put(group))


def delete_log_group(ctx: Context, request: Request) -> Answer:
    """With everything in it.  Raises ResourceNotFoundException, and ValidationException for a protected one."""
    group = group_named(ctx, request["logGroupName"])
    if group.is_protected:
        raise AwsError("ValidationException", "Log group has deletion protection enabled.")
    return Answer({}, ctx.state.logs.without_group(group))


def put_log_group_deletion_protection(ctx: Context, request: Request) -> Answer:
    """Raises ResourceNotFoundException."""
    identifier = request["logGroupIdentifier"]
    group = group_of_arn(ctx, identifier) if ":" in identifier else group_named(ctx, identifier)
    return Answer({}, put(replace(group, is_protected=request["deletionProtectionEnabled"])))


def put_retention_policy(ctx: Context, request: Request) -> Answer:
    """Raises ResourceNotFoundException, InvalidParameterException."""
    days = request["retentionInDays"]
    if days not in _RETENTIONS:
        allowed = ", ".join(map(str, _RETENTIONS))
        raise invalid_parameter(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}]"
        )
    return Answer({}, put(replace(group_named(ctx, request["logGroupName"]), retention=days)))


def delete_retention_policy(ctx: Context, request: Request) -> Answer:
    """Raises ResourceNotFoundException."""
    return Answer({}, put(replace(group_named(ctx, request["logGroupName"]), retention=None)))


def describe_log_groups(ctx: Context, request: Request) -> Answer:
    """By name.  Raises InvalidParameterException."""
    prefix, pattern = request.get("logGroupNamePrefix"), request.get("logGroupNamePattern")
    if prefix and pattern:
        raise invalid_parameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    rows = _of_class(ctx, request)
    if prefix:
        rows = (group for group in rows if group.name.startswith(prefix))
    if pattern:
        rows = (group for group in rows if pattern.lower() in group.name.lower())
    if identifiers := request.get("logGroupIdentifiers"):
        wanted = {each.partition(":log-group:")[2].removesuffix(":*") or each for each in identifiers}
        rows = (group for group in rows if group.name in wanted)
    shown, token = paged(request, rows, lambda group: group.name)
    return Answer({"logGroups": [_render(group) for group in shown], "nextToken": token})


def list_log_groups(ctx: Context, request: Request) -> Answer:
    """By name; a pattern is up to five texts, of which ``^`` begins those that names begin with.

    Raises InvalidParameterException, UnsupportedOperation.
    """
    refuse(request, ("dataSources", "fieldIndexNames", "logGroupTags"))
    tests = [_test(text) for text in (request.get("logGroupNamePattern") or "").split("|") if text]
    rows = (group for group in _of_class(ctx, request) if not tests or any(test(group.name) for test in tests))
    shown, token = paged(request, rows, lambda group: group.name)
    groups = [
        {"logGroupName": group.name, "logGroupArn": group.arn, "logGroupClass": group.log_class} for group in shown
    ]
    return Answer({"logGroups": groups, "nextToken": token})


def _test(text: str) -> Callable[[str], bool]:
    if text.startswith("^"):
        return lambda name: name.startswith(text[1:])
    return lambda name: text in name


def _of_class(ctx: Context, request: Request) -> Iterator[LogGroup]:
    """Of the accounts that are asked for only the caller's has any to show."""
    accounts, wanted = request.get("accountIdentifiers"), request.get("logGroupClass")
    if accounts and ctx.account not in accounts:
        return iter(())
    return (group for group in ctx.visible(ctx.state.logs.groups) if wanted in (None, group.log_class))


def _render(group: LogGroup) -> Response:
    return {
        "logGroupName": group.name,
        "creationTime": milliseconds(group.created_at),
        "retentionInDays": group.retention,
        "metricFilterCount": 0,
        "arn": f"{group.arn}:*",
        "storedBytes": group.stored,
        "logGroupClass": group.log_class,
        "logGroupArn": group.arn,
        "deletionProtectionEnabled": group.is_protected,
    }
