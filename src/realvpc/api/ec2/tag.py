"""CreateTags, DeleteTags and DescribeTags, over every kind of resource (EC2 guide, "Tag your resources")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net.instance import Instance
from realvpc.net.resource import Resource
from realvpc.net.security_group import SecurityGroup, SecurityGroupRule
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.describe import FilterValues, paginate, passing
from ..core.errors import AwsError, missing_parameter
from ..core.lookup import KINDS, SECURITY_GROUP_RULE, Kind, check_form, not_found, rows_of
from ..core.tags import checked, read_tags
from .metadata_options import check_shown_tags

_BY_PREFIX: dict[str, Kind[Any]] = {kind.prefix: kind for kind in KINDS}
Retag = Callable[[dict[str, str]], dict[str, str]]


def create_tags(ctx: Context, request: Request) -> Answer:
    """Add tags to resources, or overwrite the values of those that they have.

    Raises InvalidID for what is no id, the ``NotFound`` error of the kind, and what ``tags.checked`` raises; then no
    resource has changed.
    """
    tags = read_tags(request["Tags"])
    if not tags:
        raise missing_parameter("Tag")
    checked(tags)
    return _retagged(ctx, request, lambda old: checked(old | tags))


def delete_tags(ctx: Context, request: Request) -> Answer:
    """Remove tags: all of them when none is named, whatever the value when a tag is named without one.

    Raises like ``create_tags``.  A tag that a resource does not have is no error.
    """
    named = request.get("Tags")

    def rest(old: dict[str, str]) -> dict[str, str]:
        if not named:
            return {}
        doomed = [(tag.get("Key"), tag.get("Value")) for tag in named]
        return {key: value for key, value in old.items() if (key, None) not in doomed and (key, value) not in doomed}

    return _retagged(ctx, request, rest)


def _retagged(ctx: Context, request: Request, retag: Retag) -> Answer:
    changed: dict[tuple[type[Resource], str], Resource] = {}
    for resource_id in dict.fromkeys(request["Resources"]):
        row = _retag(ctx, resource_id, retag, changed)
        if isinstance(row, Instance):
            check_shown_tags(row.metadata_options, row.tags)
        changed[type(row), row.id] = row
    return Answer({}, put(*changed.values()))


def _retag(
    ctx: Context, resource_id: str, retag: Retag, changed: dict[tuple[type[Resource], str], Resource]
) -> Resource:
    """The resource that has to be written; ``changed`` are those of this request so far, for rules of one group."""
    prefix = resource_id.rpartition("-")[0]
    if prefix == SECURITY_GROUP_RULE.prefix:
        group = ctx.network.group_of_rule(resource_id)
        if group is None or not ctx.sees(group):
            raise not_found(SECURITY_GROUP_RULE, resource_id)
        latest = changed.get((SecurityGroup, group.id), group)
        assert isinstance(latest, SecurityGroup)
        return replace(latest, rules=tuple(_with_tags(rule, resource_id, retag) for rule in latest.rules))
    kind = _BY_PREFIX.get(prefix)
    if kind is None:
        raise _invalid_id(resource_id)
    try:
        check_form(kind, resource_id)
    except AwsError as error:
        raise _invalid_id(resource_id) from error
    row = changed.get((kind.type, resource_id)) or rows_of(ctx, kind).get(resource_id)
    if row is None or not ctx.sees(row):
        raise not_found(kind, resource_id)
    return row.retagged(ctx.account, ctx.region, retag(row.tags_seen_by(ctx.account, ctx.region)))


def _with_tags(rule: SecurityGroupRule, rule_id: str, retag: Retag) -> SecurityGroupRule:
    return replace(rule, tags=retag(rule.tags)) if rule.id == rule_id else rule


def _invalid_id(resource_id: str) -> AwsError:
    return AwsError("InvalidID", f"The ID '{resource_id}' is not valid")


class _Tag(Struct, frozen=True):
    """One line of DescribeTags."""

    resource_id: str
    resource_type: str
    key: str
    value: str

    @property
    def id(self) -> str:
        """What orders the listing."""
        return f"{self.resource_id} {self.key}"


def describe_tags(ctx: Context, request: Request) -> Answer:
    """The tags of everything that the caller sees, as the caller sees them."""
    found = passing(ctx, request, _all_tags(ctx), _filter)
    page, token = paginate(request, sorted(found, key=lambda tag: tag.id))
    return Answer(
        {
            "Tags": [
                {"ResourceId": tag.resource_id, "ResourceType": tag.resource_type, "Key": tag.key, "Value": tag.value}
                for tag in page
            ],
            "NextToken": token,
        }
    )


def _all_tags(ctx: Context) -> Iterator[_Tag]:
    for kind in KINDS:
        for row in ctx.visible(rows_of(ctx, kind)):
            for key, value in row.tags_seen_by(ctx.account, ctx.region).items():
                yield _Tag(row.id, kind.tag_type, key, value)
    for group in ctx.visible(ctx.network.security_groups):
        for rule in group.rules:
            for key, value in rule.tags.items():
                yield _Tag(rule.id, SECURITY_GROUP_RULE.tag_type, key, value)


_FILTERS: dict[str, FilterValues[_Tag]] = {
    "key": lambda ctx, tag: [tag.key],
    "resource-id": lambda ctx, tag: [tag.resource_id],
    "resource-type": lambda ctx, tag: [tag.resource_type],
    "value": lambda ctx, tag: [tag.value],
}


def _filter(name: str) -> FilterValues[_Tag] | None:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda ctx, tag: [tag.value] if tag.key == key else []
    return _FILTERS.get(name)
