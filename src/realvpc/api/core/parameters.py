"""The parameters of a request by name: how messages call them, and those that this service does not take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import missing_parameter, unsupported_operation


def parameter_name(member: str) -> str:
    """As AWS's messages call a member of a request: ``availabilityZone`` for ``AvailabilityZone``."""
    return member[:1].lower() + member[1:]


LIST_NAMES = {
    "ImageIds": "imageIdsSet",
    "InstanceIds": "instancesSet",
    "Resources": "resourceIdSet",
    "Tags": "tagSet",
    "VolumeIds": "volumeSet",
}
"""Lists that EC2's messages call by the names of its first protocol, SOAP."""


def required(request: Mapping[str, Any], member: str) -> str:
    """The text of a member that must be there.

    Raises MissingParameter, for an empty text, too: to EC2 it is none (an unset variable of a shell is one).
    """
    value: str | None = request.get(member)
    if not value:
        raise missing_parameter(parameter_name(member))
    return value


def refuse(request: Mapping[str, Any], members: Iterable[str]) -> None:
    """Raises UnsupportedOperation when the request has one of these members."""
    for member in members:
        if request.get(member):
            raise unsupported_operation(f"The parameter {parameter_name(member)} is not supported.")
