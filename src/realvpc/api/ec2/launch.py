"""What RunInstances is asked for, read and checked (EC2 API Reference, "RunInstances")."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from realvpc.iam.role import InstanceProfile
from realvpc.net.images import AL2023, image_parameters
from realvpc.net.instance_types import DEFAULT_INSTANCE_TYPE, INSTANCE_TYPES, InstanceType
from realvpc.net.key_pair import KeyPair
from realvpc.net.machine_image import MachineImage
from realvpc.net.parameter import parameter_id

from ..core.context import Context, Request
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
    unsupported_operation,
)
from ..core.lookup import check_form, find, not_found
from ..core.parameters import parameter_name, refuse
from .empty_ids import KINDS
from .image import IMAGE, check_available
from .key_pair import KEY_PAIR, key_pair_named

MAXIMUM_USER_DATA = 16384  # bytes, before base64
RESOLVE = "resolve:ssm:"
_ONLY = "capacity-reservations-only"
_PREFERENCES = ("open", "none", _ONLY)
_NOT_HERE = (
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerators",
    "InstanceMarketOptions",
    "KernelId",
    "LicenseSpecifications",
    "RamdiskId",
    "SecondaryInterfaces",
)


def refuse_what_is_not_here(request: Request) -> None:
    """Raises UnsupportedOperation for what a machine of this service does not have."""
    refuse(request, _NOT_HERE)
    for name, flag in (("EnclaveOptions", "Enabled"), ("HibernationOptions", "Configured")):
        if (request.get(name) or {}).get(flag):
            raise unsupported_operation(f"The parameter {parameter_name(name)} is not supported.")


def read_image(ctx: Context, request: Request, kind: InstanceType) -> tuple[str, MachineImage]:
    """The id and the image of ImageId, which may name a parameter: ``resolve:ssm:/aws/service/…``, or one's own.

    Raises MissingParameter, ``InvalidAMIID.Malformed``, ``InvalidAMIID.NotFound``, ``InvalidAMIID.Unavailable``,
    InvalidParameterValue, also for an image of another architecture than the instance type's.
    """
    image_id = request.get("ImageId") or ""
    if not image_id:
        raise missing_parameter("ImageId")
    if image_id.startswith(RESOLVE):
        parameter = image_id.removeprefix(RESOLVE)
        image_id = image_parameters(ctx.region).get(parameter) or _own_parameter(ctx, parameter)
    check_form(IMAGE, image_id)
    image = find(ctx, IMAGE, image_id)
    if image is None and ctx.options.any_image:
        return image_id, AL2023.image_in(ctx.region)
    if image is None:
        raise not_found(IMAGE, image_id)
    check_available(image)
    _check_architecture(kind, image)
    return image_id, image


def _own_parameter(ctx: Context, asked: str) -> str:
    """The value of a parameter of the account's, with an optional ``:`` and version or label.

    Raises InvalidParameterValue.
    """
    name, _, selector = asked.partition(":")
    inventory = ctx.state.inventory
    parameter = inventory.parameters.get(parameter_id(ctx.account, ctx.region, name))
    found = inventory.selected_version(parameter, selector) if parameter else None
    if found is None or found.is_secret:
        raise invalid_parameter_value(f"Unable to resolve the Systems Manager parameter {asked}.")
    return found.value


def read_instance_type(request: Request) -> InstanceType:
    """Raises InvalidParameterValue."""
    name = request.get("InstanceType") or DEFAULT_INSTANCE_TYPE
    kind = INSTANCE_TYPES.get(name)
    if kind is None:
        raise invalid_parameter_value(f"Invalid value '{name}' for InstanceType.")
    return kind


def read_threads_per_core(request: Request, kind: InstanceType) -> int | None:
    """Of CpuOptions.  Raises UnsupportedOperation for what DescribeInstanceTypes does not call valid."""
    options = request.get("CpuOptions") or {}
    threads: int | None = options.get("ThreadsPerCore")
    if (options.get("CoreCount") or kind.cores) != kind.cores or threads not in (None, *kind.valid_threads_per_core):
        raise unsupported_operation(f"The CPU options of {kind.name} cannot be changed so.")
    return threads


def _check_architecture(kind: InstanceType, image: MachineImage) -> None:
    if kind.architecture != image.architecture:
        raise invalid_parameter_value(
            f"The architecture '{kind.architecture}' of the specified instance type does not match the architecture "
            f"'{image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the "
            "architecture of the instance type or AMI."
        )


def read_cpu_credits(request: Request, kind: InstanceType) -> str | None:
    """``standard`` or ``unlimited`` for burstable types, None for others.  Raises InvalidParameterValue,
    InvalidParameterCombination."""
    wanted: str | None = (request.get("CreditSpecification") or {}).get("CpuCredits")
    if wanted is None:
        return kind.default_cpu_credits if kind.is_burstable else None
    if not kind.is_burstable:
        raise invalid_parameter_combination("CreditSpecification is only supported for burstable instance types")
    if wanted not in ("standard", "unlimited"):
        raise invalid_parameter_value(f"Invalid value '{wanted}' for CpuCredits.")
    return wanted


def read_capacity_reservation(request: Request) -> str:
    """Whether an instance would run in a capacity reservation that is open to it: of these there are none.

    Raises InvalidParameterValue, ``InvalidCapacityReservationId.Malformed``, ``InvalidCapacityReservationId.NotFound``,
    ReservationCapacityExceeded for an instance that is to run in a reservation and nowhere else.
    """
    wanted = request.get("CapacityReservationSpecification") or {}
    target = wanted.get("CapacityReservationTarget") or {}
    preference: str = wanted.get("CapacityReservationPreference") or "open"
    if preference not in _PREFERENCES:
        raise invalid_parameter_value(
            f"Value ({preference}) for parameter capacityReservationSpecification.capacityReservationPreference is "
            "invalid."
        )
    if reservation_id := target.get("CapacityReservationId"):
        KINDS["CapacityReservationId"].refuse((reservation_id,))
    if group := target.get("CapacityReservationResourceGroupArn"):
        raise invalid_parameter_value(f"The resource group '{group}' does not exist")
    if preference == _ONLY:
        raise AwsError(
            "ReservationCapacityExceeded",
            "There is no Capacity Reservation with instance capacity for your request.",
        )
    return preference


def read_user_data(request: Request) -> str | None:
    """Base64, as it came.  Raises InvalidParameterValue."""
    text: str | None = request.get("UserData") or None
    if text is None:
        return None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise invalid_parameter_value("Invalid BASE64 encoding of user data") from None
    if len(data) > MAXIMUM_USER_DATA:
        raise invalid_parameter_value(f"User data is limited to {MAXIMUM_USER_DATA} bytes")
    return base64.b64encode(data).decode()


def find_profile(ctx: Context, wanted: Mapping[str, Any]) -> InstanceProfile:
    """The profile that a request names by Name or Arn.

    Raises InvalidParameterValue in AWS's words (Terraform waits for IAM by them), InvalidParameterCombination.
    """
    name, arn = wanted.get("Name"), wanted.get("Arn")
    if name and arn:
        raise invalid_parameter_combination(
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'"
        )
    profile = ctx.directory.instance_profiles.get(arn) if arn else None
    if arn and (profile is None or profile.account != ctx.account):
        raise invalid_parameter_value(
            f"Value ({arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN"
        )
    if profile is None:
        profile = ctx.directory.instance_profile_named(ctx.account, name or "")
    if profile is None:
        raise invalid_parameter_value(
            f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
        )
    if profile.role_arn is None:
        raise invalid_parameter_value(f'IAM Instance Profile "{profile.id}" has no associated IAM Roles')
    return profile


def read_key_pair(ctx: Context, request: Request) -> KeyPair | None:
    """The key pair of KeyName.  Raises ``InvalidKeyPair.NotFound``."""
    name = request.get("KeyName")
    key = key_pair_named(ctx, name) if name else None
    if name and key is None:
        raise not_found(KEY_PAIR, name)
    return key


def read_counts(request: Request) -> tuple[int, int]:
    """MinCount and MaxCount.  Raises InvalidParameterValue."""
    minimum, maximum = request["MinCount"], request["MaxCount"]
    if minimum < 1:
        raise invalid_parameter_value(f"Value ({minimum}) for parameter minCount is invalid. Minimum value is 1.")
    if maximum < minimum:
        raise invalid_parameter_value(
            f"Value ({minimum}) for parameter minCount is invalid. It must not be greater than maxCount ({maximum})."
        )
    return minimum, maximum
