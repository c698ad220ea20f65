"""The attributes of an image, one at a time (EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.context import Answer, Context, Request, Response
from ..core.errors import unknown_attribute
from ..core.lookup import named
from .image import IMAGE, check_owner


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
    "launchPermission": lambda image: {"LaunchPermissions": []},  # nobody but its owner may launch one
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
    if request["Attribute"] not in _ATTRIBUTES:
        raise unknown_attribute(request["Attribute"])
    return Answer({"ImageId": image.id, **_ATTRIBUTES[request["Attribute"]](IMAGE.render(ctx, image))})
