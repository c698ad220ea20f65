"""Tags of log groups, by ARN and, as it was first, by name (CloudWatch Logs API Reference)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from realvpc.net.log_group import LogGroup
from realvpc.net.quotas import TAGS_PER_RESOURCE
from realvpc.net.table import put

from ..core.action import Perform
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import group_named, group_of_arn, invalid_parameter


def checked_tags(old: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """``old`` with those of a request.  Raises InvalidParameterException, TooManyTagsException."""
    if any(key.lower().startswith("aws:") for key in given):
        raise invalid_parameter("Tag keys starting with 'aws:' are reserved for internal use")
    tags = {**old, **given}
    if len(tags) > TAGS_PER_RESOURCE:
        raise AwsError("TooManyTagsException", f"A resource can have no more than {TAGS_PER_RESOURCE} tags.")
    return tags


def _tagging(member: str) -> Perform:
    """Raises ResourceNotFoundException, InvalidParameterException, TooManyTagsException."""

    def tag(ctx: Context, request: Request) -> Answer:
        group = _of(ctx, request, member)
        return Answer({}, put(replace(group, tags=checked_tags(group.tags, request["tags"]))))

    return tag


def _untagging(member: str, keys: str) -> Perform:
    """Raises ResourceNotFoundException."""

    def untag(ctx: Context, request: Request) -> Answer:
        group = _of(ctx, request, member)
        rest = {key: value for key, value in group.tags.items() if key not in request[keys]}
        return Answer({}, put(replace(group, tags=rest)))

    return untag


def _listing(member: str) -> Perform:
    """Raises ResourceNotFoundException."""

    def list_tags(ctx: Context, request: Request) -> Answer:
        return Answer({"tags": dict(_of(ctx, request, member).tags)})

    return list_tags


def _of(ctx: Context, request: Request, member: str) -> LogGroup:
    return group_of_arn(ctx, request[member]) if member == _ARN else group_named(ctx, request[member])


_ARN, _NAME = "resourceArn", "logGroupName"

tag_resource, tag_log_group = map(_tagging, (_ARN, _NAME))
untag_resource, untag_log_group = _untagging(_ARN, "tagKeys"), _untagging(_NAME, "tags")
list_tags_for_resource, list_tags_log_group = map(_listing, (_ARN, _NAME))
