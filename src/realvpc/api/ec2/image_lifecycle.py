"""An image between being made and being deregistered: deprecated, disabled, protected (EC2 guide, "Deprecate an Amazon
EC2 AMI", "Disable an Amazon EC2 AMI", "Protect an Amazon EC2 AMI from deregistration")."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from realvpc.net.machine_image import ImageState, MachineImage, Protection
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_value
from ..core.lookup import named
from .image import IMAGE
from .sharing import check_owner
from .snapshot import check_readable

_LATEST = timedelta(days=3650)
_COOLDOWN = timedelta(hours=24)
_HALF_A_MINUTE = timedelta(seconds=30)
_DONE = Answer({"Return": True})


def enable_image_deprecation(ctx: Context, request: Request) -> Answer:
    """From a minute on, whoever is not its owner finds it only when asking for deprecated ones; it goes on working.

    Raises ``InvalidAMIID.NotFound``, AuthFailure, InvalidParameterValue.
    """
    image, at = _own(ctx, request), (request["DeprecateAt"] + _HALF_A_MINUTE).replace(second=0, microsecond=0)
    if not ctx.now <= at <= ctx.now + _LATEST:
        raise invalid_parameter_value(f"Value ({at:%Y-%m-%dT%H:%M:%SZ}) for parameter DeprecateAt is invalid.")
    return Answer({"Return": True}, put(replace(image, deprecated_at=at)))


def disable_image_deprecation(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidAMIID.NotFound``, AuthFailure."""
    return Answer({"Return": True}, put(replace(_own(ctx, request), deprecated_at=None)))


def disable_image(ctx: Context, request: Request) -> Answer:
    """It is launched no more, and is nobody's but its owner's.

    Raises ``InvalidAMIID.NotFound``, AuthFailure, ``InvalidAMIID.Unavailable`` while it is pending.
    """
    image = _own(ctx, request)
    if image.state is ImageState.PENDING:
        raise AwsError("InvalidAMIID.Unavailable", f"The image ID '{image.id}' is not available")
    return Answer({"Return": True}, put(replace(image, state=ImageState.DISABLED, shared_with=())))


def enable_image(ctx: Context, request: Request) -> Answer:
    """Those that it was shared with before do not have it again.

    Raises ``InvalidAMIID.NotFound``, AuthFailure, IncorrectState while its snapshot is in the archive.
    """
    image = _own(ctx, request)
    if image.state is not ImageState.DISABLED:
        return _DONE
    snapshot = ctx.state.inventory.disk_snapshots.get(image.snapshot_id)
    if snapshot is not None:
        check_readable(ctx, snapshot)
    return Answer({"Return": True}, put(replace(image, state=ImageState.AVAILABLE)))


def enable_image_deregistration_protection(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidAMIID.NotFound``, AuthFailure."""
    protection = Protection.WITH_COOLDOWN if request.get("WithCooldown") else Protection.WITHOUT_COOLDOWN
    after = replace(_own(ctx, request), protection=protection, protected_until=None)
    return Answer({"Return": str(protection)}, put(after))


def disable_image_deregistration_protection(ctx: Context, request: Request) -> Answer:
    """One with a cooldown goes on for a day.  Raises ``InvalidAMIID.NotFound``, AuthFailure."""
    image = _own(ctx, request)
    until = ctx.now + _COOLDOWN if image.protection is Protection.WITH_COOLDOWN else image.protected_until
    after = replace(image, protection=Protection.DISABLED, protected_until=until)
    return Answer({"Return": str(Protection.DISABLED)}, put(after))


def check_unprotected(ctx: Context, image: MachineImage) -> None:
    """Raises OperationNotPermitted."""
    cools_down = image.protected_until is not None and ctx.now < image.protected_until
    if image.protection is not Protection.DISABLED or cools_down:
        raise AwsError(
            "OperationNotPermitted",
            f"The image {image.id} cannot be deregistered while deregistration protection is enabled or cools down.",
        )


def _own(ctx: Context, request: Request) -> MachineImage:
    image = named(ctx, IMAGE, request, "ImageId")
    check_owner(ctx, image)
    return image
