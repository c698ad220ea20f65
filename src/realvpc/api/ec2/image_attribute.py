"""The attributes of an image, one at a time, and who may launch it (EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from realvpc.net.machine_image import ALL, MachineImage
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    unknown_attribute,
    unsupported_operation,
)
from ..core.lookup import named
from .ebs_setting import is_managed_key, settings_of
from .image import IMAGE, check_available
from .sharing import LAUNCH, check_owner, rendered, shared_anew


def _value(member: str) -> Callable[[Response], Response]:
    """A member of the image as the structure that attributes are; without a value it is empty."""
    return lambda image: {member: {"Value": image[member]} if image.get(member) else {}}


_ATTRIBUTES: Mapping[str, Callable[[Response], Response]] = {
    "blockDeviceMapping": lambda image: {"BlockDeviceMappings": image["BlockDeviceMappings"]},
    "bootMode": _value("BootMode"),
    "deregistrationProtection": _value("DeregistrationProtection"),
    "description": _value("Description"),
    "imdsSupport": _value("ImdsSupport"),
    "kernel": lambda image: {"KernelId": {}},
    "lastLaunchedTime": lambda image: {"LastLaunchedTime": {}},
    "productCodes": lambda image: {"ProductCodes": []},
    "ramdisk": lambda image: {"RamdiskId": {}},
    "sriovNetSupport": _value("SriovNetSupport"),
    "tpmSupport": lambda image: {"TpmSupport": {}},
    "uefiData": lambda image: {"UefiData": {}},
}


def describe_image_attribute(ctx: Context, request: Request) -> Answer:
    """Of an image of the caller's.  Raises ``InvalidAMIID.NotFound``, AuthFailure, InvalidParameterValue."""
    image = named(ctx, IMAGE, request, "ImageId")
    check_owner(ctx, image)
    if request["Attribute"] == LAUNCH.attribute:
        return Answer({"ImageId": image.id, "LaunchPermissions": rendered(image)})
    if request["Attribute"] not in _ATTRIBUTES:
        raise unknown_attribute(request["Attribute"])
    return Answer({"ImageId": image.id, **_ATTRIBUTES[request["Attribute"]](IMAGE.render(ctx, image))})


_DESCRIPTION, _IMDS = "description", "imdsSupport"
_GIVEN_BY = {
    "Description": _DESCRIPTION,
    "ImdsSupport": _IMDS,
    LAUNCH.member: LAUNCH.attribute,
    "UserIds": LAUNCH.attribute,
    LAUNCH.groups: LAUNCH.attribute,
    "OrganizationArns": LAUNCH.attribute,
    "OrganizationalUnitArns": LAUNCH.attribute,
}
"""The attribute that a member of the request is for."""
_IN_ANY_CASE = {attribute.lower(): attribute for attribute in _GIVEN_BY.values()}


def modify_image_attribute(ctx: Context, request: Request) -> Answer:
    """One attribute, by its name or by the member that has its value.

    Raises ``InvalidAMIID.NotFound``, AuthFailure, InvalidParameter, InvalidParameterCombination, InvalidParameterValue,
    OperationNotPermitted, UnsupportedOperation, and what ``shared_anew`` raises.
    """
    image = named(ctx, IMAGE, request, "ImageId")
    check_owner(ctx, image)
    attribute = _attribute(request)
    match attribute:
        case LAUNCH.attribute:
            return Answer({}, put(_shared(ctx, request, image)))
        case "description":
            value = (request.get("Description") or {}).get("Value", request.get("Value"))
            return Answer({}, put(replace(image, description=value or "")))
        case "imdsSupport":  # which all images here have
            value = (request.get("ImdsSupport") or {}).get("Value", request.get("Value"))
            if value != "v2.0":
                raise invalid_parameter_value(f"Value ({value}) for parameter imdsSupport is invalid.")
            return Answer()
    raise unknown_attribute(attribute)


def _attribute(request: Request) -> str:
    """In whatever case it is named: Ansible's module for images says ``Description``.  Raises
    InvalidParameterCombination for more than one."""
    named_ones = {attribute for member, attribute in _GIVEN_BY.items() if request.get(member) is not None}
    name = request.get("Attribute")
    asked = named_ones | ({_IN_ANY_CASE.get(name.lower(), name)} if name else set())
    if len(asked) != 1:
        raise invalid_parameter_combination("Specify exactly one attribute.")
    (attribute,) = asked
    return str(attribute)


def _shared(ctx: Context, request: Request, image: MachineImage) -> MachineImage:
    if request.get("OrganizationArns") or request.get("OrganizationalUnitArns"):
        raise unsupported_operation("There are no organizations here to share with.")
    check_available(image)
    shared = shared_anew(request, image, LAUNCH)
    snapshot = ctx.state.inventory.disk_snapshots.get(image.snapshot_id)
    is_wider = not set(shared) <= set(image.shared_with)
    if is_wider and snapshot is not None and is_managed_key(ctx, snapshot.kms_key_id):
        raise AwsError(
            "InvalidParameter",
            "Snapshots encrypted with the AWS Managed CMK can\u2019t be shared. Specify another snapshot.",
        )
    is_new = ALL in shared and ALL not in image.shared_with
    if is_new and settings_of(ctx).image_block_public_access != "unblocked":
        raise AwsError(
            "OperationNotPermitted",
            "You can\u2019t publicly share this image because block public access for AMIs is enabled for this "
            "account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.",
        )
    return replace(image, shared_with=shared)


def reset_image_attribute(ctx: Context, request: Request) -> Answer:
    """Nobody but its owner may launch it.  Raises ``InvalidAMIID.NotFound``, AuthFailure, InvalidParameterValue."""
    image = named(ctx, IMAGE, request, "ImageId")
    check_owner(ctx, image)
    if _IN_ANY_CASE.get(request["Attribute"].lower()) != LAUNCH.attribute:
        raise unknown_attribute(request["Attribute"])
    return Answer({}, put(replace(image, shared_with=())))


def cancel_image_launch_permission(ctx: Context, request: Request) -> Answer:
    """Of the caller's own account, for an image that another one shares with it.

    Raises ``InvalidAMIID.NotFound``, InvalidParameterValue for one that is not shared with it by its id.
    """
    image = named(ctx, IMAGE, request, "ImageId")
    if image.account == ctx.account or ctx.account not in image.shared_with:
        raise invalid_parameter_value(f"The image {image.id} is not shared with the account {ctx.account}.")
    left = tuple(name for name in image.shared_with if name != ctx.account)
    return Answer({"Return": True}, put(replace(image, shared_with=left)))
