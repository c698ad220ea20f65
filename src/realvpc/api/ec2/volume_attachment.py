"""AttachVolume and DetachVolume (EC2 API Reference; EBS guide, "Attach an Amazon EBS volume to an instance")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.instance import InstanceState
from realvpc.net.table import put
from realvpc.net.volume import TRANSITIONS, Volume, VolumeEvent

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_value, unsupported_operation
from ..core.lookup import get, named
from ..core.parameters import refuse
from .instance import INSTANCE
from .launch_volume import DEVICE_NAME, MAXIMUM_VOLUMES
from .volume import VOLUME, detached, render_attachment

_TAKES_VOLUMES = frozenset({InstanceState.RUNNING, InstanceState.STOPPED})


def attach_volume(ctx: Context, request: Request) -> Answer:
    """To a running or stopped instance of the volume's zone.

    Raises ``InvalidVolume.NotFound``, ``InvalidInstanceID.NotFound``, VolumeInUse, IncorrectState,
    ``InvalidVolume.ZoneMismatch``, InvalidParameterValue for a device that is none or taken, AttachmentLimitExceeded.
    """
    refuse(request, ("EbsCardIndex",))
    volume = named(ctx, VOLUME, request, "VolumeId")
    instance = named(ctx, INSTANCE, request, "InstanceId")
    device: str = request["Device"]
    if (volume.state, VolumeEvent.ATTACH) not in TRANSITIONS:
        raise AwsError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if instance.state not in _TAKES_VOLUMES:
        raise AwsError("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.zone_id != instance.zone_id:
        raise AwsError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'",
        )
    if not DEVICE_NAME.fullmatch(device):
        raise invalid_parameter_value(
            f"Value ({device}) for parameter device is invalid. {device} is not a valid EBS device name."
        )
    others = ctx.state.inventory.volumes_of(instance.id)
    if device == instance.root_device_name or any(other.device_name == device for other in others):
        raise invalid_parameter_value(
            f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        )
    if len(others) >= MAXIMUM_VOLUMES:
        raise AwsError(
            "AttachmentLimitExceeded", f"Volume count {len(others) + 1} exceeds the limit of {MAXIMUM_VOLUMES}."
        )
    after = replace(
        volume, instance_id=instance.id, device_name=device, attached_at=ctx.now, delete_on_termination=False
    )
    _, shown = TRANSITIONS[volume.state, VolumeEvent.ATTACH]
    return Answer(render_attachment(after, shown), put(after))


def detach_volume(ctx: Context, request: Request) -> Answer:
    """A root volume stays: it is its instance's disk.

    Raises ``InvalidVolume.NotFound``, IncorrectState for a volume that nobody has, ``InvalidAttachment.NotFound`` where
    another instance has it or by another device, OperationNotPermitted, UnsupportedOperation.
    """
    volume = named(ctx, VOLUME, request, "VolumeId")
    if request.get("InstanceId"):
        get(ctx, INSTANCE, request["InstanceId"])
    if (volume.state, VolumeEvent.DETACH) not in TRANSITIONS or volume.instance_id is None:
        raise AwsError("IncorrectState", f"Volume '{volume.id}' is in the '{volume.state}' state.")
    wanted = request.get("InstanceId") or volume.instance_id
    if wanted != volume.instance_id or (request.get("Device") or volume.device_name) != volume.device_name:
        raise AwsError(
            "InvalidAttachment.NotFound", f"The volume '{volume.id}' is not attached to instance '{wanted}'."
        )
    _check_not_root(ctx, volume)
    _, shown = TRANSITIONS[volume.state, VolumeEvent.DETACH]
    return Answer(render_attachment(volume, shown), put(detached(volume)))


def _check_not_root(ctx: Context, volume: Volume) -> None:
    instance = ctx.network.instances[volume.instance_id or ""]
    if volume.device_name != instance.root_device_name:
        return
    if instance.state is InstanceState.STOPPED:
        raise unsupported_operation("The root volume is its instance's disk, and cannot be detached.")
    raise AwsError("OperationNotPermitted", f"Unable to detach root volume '{volume.id}' from instance '{instance.id}'")
