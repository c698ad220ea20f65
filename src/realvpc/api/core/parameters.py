"""The parameters of a request by name: how messages call them, and those that this service does not take."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from .errors import (
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
    unsupported_operation,
)


def parameter_name(member: str) -> str:
    """As AWS's messages call a member of a request: ``availabilityZone`` for ``AvailabilityZone``."""
    return member[:1].lower() + member[1:]


LIST_NAMES = {
    "DhcpConfigurations": "dhcpConfigurationSet",
    "ImageIds": "imageIdsSet",
    "InstanceIds": "instancesSet",
    "Resources": "resourceIdSet",
    "Tags": "tagSet",
    "VolumeIds": "volumeSet",
}
"""Lists that EC2's messages call by the names of its first protocol, SOAP."""


def required(request: Mapping[str, Any], member: str) -> str:
    """The text of a member that this action needs, although botocore's model does not require it.

    What the model requires is there and not empty when an action is called: the wire has seen to it (`Request`).
    Raises MissingParameter, for an empty text, too: to EC2 it is none (an unset variable of a shell is one).
    """
    value: str | None = request.get(member)
    if not value:
        raise missing_parameter(parameter_name(member))
    return value


E = TypeVar("E", bound=StrEnum)


def choice(request: Mapping[str, Any], member: str, kind: type[E]) -> E:
    """The member of ``kind`` that a request names.  Raises InvalidParameterValue."""
    try:
        return kind(request[member])
    except ValueError:
        name = parameter_name(member)
        raise invalid_parameter_value(
            f"Value ({request[member]}) for parameter {name} is invalid. Valid values: {', '.join(kind)}"
        ) from None


def unnamed_count(request: Mapping[str, Any], counting: str, naming: str, named: Collection[object]) -> int:
    """How many of any kind a request wants by the member ``counting``, where ``named`` are those that it names by
    ``naming``.

    Raises InvalidParameterCombination for both, InvalidParameterValue for less than none.
    """
    count: int | None = request.get(counting)
    if count is None:
        return 0
    name = parameter_name(counting)
    if named:
        raise invalid_parameter_combination(
            f"The parameter {name} cannot be used with the parameter {parameter_name(naming)}"
        )
    if count < 0:
        raise invalid_parameter_value(f"Value ({count}) for parameter {name} is invalid.")
    return count


def refuse(request: Mapping[str, Any], members: Iterable[str]) -> None:
    """Raises UnsupportedOperation when the request has one of these members."""
    for member in members:
        if request.get(member):
            raise unsupported_operation(f"The parameter {parameter_name(member)} is not supported.")
