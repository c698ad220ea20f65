"""Tags: on creation, later, and as a listing (EC2 guide, "Tag your resources")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realvpc.net.quotas import TAGS_PER_RESOURCE

from .context import Request
from .errors import AwsError, invalid_parameter_value

MAXIMUM_KEY_LENGTH, MAXIMUM_VALUE_LENGTH = 127, 256


def tags_on_creation(
    request: Request, tag_type: str, *, code: str = "InvalidParameterValue", without_tags: str = ""
) -> dict[str, str]:
    """The tags that a Create request gives to resources of ``tag_type``.

    Raises ``code`` for a TagSpecification without a type or of one that the action does not create, ``without_tags`` or
    else ``code`` for one that has none, and what ``checked`` raises.
    """
    return tags_by_type(request, (tag_type,), code=code, without_tags=without_tags)[tag_type]


def tags_by_type(
    request: Request, tag_types: Iterable[str], *, code: str = "InvalidParameterValue", without_tags: str = ""
) -> dict[str, dict[str, str]]:
    """The same for an action that creates resources of several types (RunInstances)."""
    found: dict[str, dict[str, str]] = {tag_type: {} for tag_type in tag_types}
    for specification in request.get("TagSpecifications") or []:
        tag_type = specification.get("ResourceType")
        if not tag_type:
            raise AwsError(code, "Tag specification resource type must have a value")
        if tag_type not in found:
            raise AwsError(code, f"'{tag_type}' is not a valid taggable resource type for this operation.")
        if not specification.get("Tags"):
            raise AwsError(without_tags or code, "Tag specification must have at least one tag")
        found[tag_type].update(read_tags(specification["Tags"]))
    for tags in found.values():
        if "" in tags:
            raise invalid_parameter_value("Tag key must have a value")
        if any(is_reserved(key) for key in tags):
            raise invalid_parameter_value(_RESERVED)
        checked(tags)
    return found


_RESERVED = "Tag keys starting with 'aws:' are reserved for internal use"


def is_reserved(key: str) -> bool:
    """Whether only AWS gives such a tag."""
    return key.lower().startswith("aws:")


def read_tags(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """``[{"Key": …, "Value": …}]`` as a dictionary.  Raises InvalidParameterValue for a key that comes twice."""
    result: dict[str, str] = {}
    for tag in tags:
        key = tag.get("Key") or ""
        if key in result:
            raise invalid_parameter_value(f"Duplicate tag key '{key}' specified.")
        result[key] = tag.get("Value") or ""
    return result


def render_tags(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """``tagSet``, in the order in which the tags were given.

    An untagged resource has an empty one, but for the older of EC2's: VPCs, subnets, security groups, instances,
    volumes, snapshots and images then have none when they are described (boto/boto3, issues 264 and 388).
    """
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def checked(tags: dict[str, str]) -> dict[str, str]:
    """The tags, if they keep to AWS's limits.  Raises InvalidParameterValue or TagLimitExceeded."""
    for key, value in tags.items():
        if not key:
            raise invalid_parameter_value(
                f"Value ( '{key}' ) for parameter Tag key is invalid. Tag key cannot be null or empty."
            )
        if is_reserved(key):
            raise invalid_parameter_value(f"Value ( {key} ) for parameter key is invalid. {_RESERVED}")
        if len(key) > MAXIMUM_KEY_LENGTH:
            raise invalid_parameter_value(f"Tag key exceeds the maximum length of {MAXIMUM_KEY_LENGTH} characters")
        if len(value) > MAXIMUM_VALUE_LENGTH:
            raise invalid_parameter_value(f"Tag value exceeds the maximum length of {MAXIMUM_VALUE_LENGTH} characters")
    return check_count(tags)


def check_count(tags: dict[str, str]) -> dict[str, str]:
    """The tags, if there are not too many, of which AWS's own do not count.  Raises TagLimitExceeded."""
    if sum(not is_reserved(key) for key in tags) > TAGS_PER_RESOURCE:
        raise AwsError(
            "TagLimitExceeded", f"The maximum number of Tags for a resource has been reached ({TAGS_PER_RESOURCE})."
        )
    return tags
