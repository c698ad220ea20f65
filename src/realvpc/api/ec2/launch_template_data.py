"""LaunchTemplateData: what templates say of launches, and how it comes together with what others say (EC2 API
Reference, "RequestLaunchTemplateData"; decision 0046).

Templates are not checked against anything when they are made: what is wrong with them, the launch says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from realvpc.net.images import image_parameters

from ..core.context import Context, Request, Response
from ..core.errors import AwsError, invalid_parameter_value, missing_parameter, unsupported_operation
from .launch import RESOLVE, read_user_data

MAXIMUM_SIZE = 65_536  # bytes of JSON: four times the longest user data, a bound of ours
_NOT_HERE = (
    "ElasticGpuSpecifications",
    "ElasticInferenceAccelerators",
    "InstanceRequirements",
    "SecondaryInterfaces",
)
_OTHER_NAMES = {"RamDiskId": "RamdiskId"}  # as RunInstances has it
_INSTEAD = {"SecurityGroupIds": "SecurityGroups", "SecurityGroups": "SecurityGroupIds"}


def read_data(request: Request, *, may_be_empty: bool = False) -> dict[str, Any]:
    """LaunchTemplateData of a request, of what JSON has.

    Raises MissingParameter for one that says nothing, ``InvalidUserData.Malformed``, InvalidParameterValue for tags of
    nothing and for what is too long.
    """
    data: dict[str, Any] = msgspec.to_builtins(request.get("LaunchTemplateData") or {})
    if not data and not may_be_empty:
        raise missing_parameter("LaunchTemplateData")
    try:
        read_user_data(data)
    except AwsError as error:
        raise AwsError("InvalidUserData.Malformed", error.message) from None
    for specification in data.get("TagSpecifications") or ():
        if not specification.get("ResourceType"):
            raise invalid_parameter_value("Tag specification resource type must have a value")
    check_size(data)
    return data


def size_of(data: Mapping[str, Any]) -> int:
    """In bytes of JSON."""
    return len(msgspec.json.encode(data))


def check_size(data: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValue."""
    if size_of(data) > MAXIMUM_SIZE:
        raise invalid_parameter_value(f"Launch template data is limited to {MAXIMUM_SIZE} bytes.")


def based_on(source: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A new version's data on an earlier one's.  The snapshots of the earlier one's devices are not taken over."""
    inherited = dict(source)
    if "BlockDeviceMappings" in source:
        inherited["BlockDeviceMappings"] = [_without_snapshot(mapping) for mapping in source["BlockDeviceMappings"]]
    return {**inherited, **data}


def _without_snapshot(mapping: Mapping[str, Any]) -> dict[str, Any]:
    if not mapping.get("Ebs"):
        return dict(mapping)
    return dict(mapping) | {"Ebs": {name: value for name, value in mapping["Ebs"].items() if name != "SnapshotId"}}


def launch_request(data: Mapping[str, Any], request: Request) -> Request:
    """RunInstances' request with what a template says besides: the request's word goes.

    Devices come together by their names and tags by what they are of, structures by their members; whatever else both
    name is the request's.  Raises UnsupportedOperation for what no launch here takes.
    """
    for name in _NOT_HERE:
        if data.get(name):
            raise unsupported_operation(f"The parameter {name} is not supported.")
    base = {_OTHER_NAMES.get(name, name): value for name, value in data.items()}
    given = {name: value for name, value in request.items() if value not in (None, "", [])}
    for name, other in _INSTEAD.items():
        if name in given:
            base.pop(other, None)
    return {**base, **given, **{name: _merged(name, base[name], given[name]) for name in base.keys() & given.keys()}}


def _merged(name: str, base: Any, given: Any) -> Any:
    merge = _MERGES.get(name)
    if merge is not None:
        return merge(base, given)
    if isinstance(base, Mapping) and isinstance(given, Mapping) and name not in _WHOLE:
        return {**base, **{member: value for member, value in given.items() if value not in (None, "")}}
    return given


_WHOLE = frozenset({"IamInstanceProfile"})  # by name or by ARN: half of one and half of the other is neither


def _merged_devices(base: list[dict[str, Any]], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {mapping.get("DeviceName") for mapping in given}
    return [*(mapping for mapping in base if mapping.get("DeviceName") not in names), *given]


def _merged_placement(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A zone or a group is named one way."""
    said = {member: value for member, value in given.items() if value not in (None, "")}
    doubled = {other for pair in _SAME_PLACE if said.keys() & pair for other in pair}
    return {**{member: value for member, value in base.items() if member not in doubled}, **said}


_SAME_PLACE = (frozenset({"AvailabilityZone", "AvailabilityZoneId"}), frozenset({"GroupId", "GroupName"}))


def _merged_tags(base: list[dict[str, Any]], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    taken = {
        (specification.get("ResourceType"), tag.get("Key"))
        for specification in given
        for tag in specification.get("Tags") or ()
    }
    left = [
        specification
        | {
            "Tags": [
                tag
                for tag in specification.get("Tags") or ()
                if (specification.get("ResourceType"), tag.get("Key")) not in taken
            ]
        }
        for specification in base
    ]
    return [*left, *given]


_MERGES: Mapping[str, Callable[[Any, Any], Any]] = {
    "BlockDeviceMappings": _merged_devices,
    "Placement": _merged_placement,
    "TagSpecifications": _merged_tags,
}


def resolved(ctx: Context, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with the image that its Systems Manager parameter leads to.  Raises InvalidParameterValue."""
    image_id = data.get("ImageId") or ""
    if not image_id.startswith(RESOLVE):
        return dict(data)
    found = image_parameters(ctx.region).get(image_id.removeprefix(RESOLVE))
    if found is None:
        raise invalid_parameter_value(
            f"Unable to resolve the Systems Manager parameter {image_id.removeprefix(RESOLVE)}."
        )
    return dict(data) | {"ImageId": found}


def shown(data: Mapping[str, Any]) -> Response:
    """ResponseLaunchTemplateData: the same members, with a time where the API has one."""
    options = (data.get("InstanceMarketOptions") or {}).get("SpotOptions") or {}
    if not options.get("ValidUntil"):
        return dict(data)
    until = datetime.fromisoformat(options["ValidUntil"])
    return dict(data) | {
        "InstanceMarketOptions": data["InstanceMarketOptions"] | {"SpotOptions": options | {"ValidUntil": until}}
    }
