"""CreateImage (EC2 API Reference; EC2 guide, "Create an Amazon EBS-backed AMI").

What an instance has written to its disk is not copied, so an image is made only where nothing is ever written: without
a fabric no machine runs, and the disk of an instance holds what its image does (decision 0055).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.net.instance import Instance, InstanceState
from realvpc.net.table import put
from realvpc.net.volume import Volume

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, unsupported_operation
from ..core.lookup import find, named
from ..core.parameters import refuse
from ..core.tags import tags_by_type
from .image import IMAGE
from .image_registration import checked_name, make_image, make_snapshot
from .instance import INSTANCE
from .snapshot import SNAPSHOT

_STATES = frozenset({InstanceState.RUNNING, InstanceState.STOPPED})


def create_image(ctx: Context, request: Request) -> Answer:
    """Of the root volume.  A data volume is no part of an image here: ``NoDevice`` leaves it out.

    Raises ``InvalidInstanceID.NotFound``, IncorrectState, what ``checked_name`` raises, UnsupportedOperation.
    """
    refuse(request, ("BootModeOverride", "SnapshotLocation"))
    tags = tags_by_type(request, (IMAGE.tag_type, SNAPSHOT.tag_type))
    instance = named(ctx, INSTANCE, request, "InstanceId")
    name = checked_name(ctx, request["Name"])
    if instance.state not in _STATES:
        raise AwsError("IncorrectState", f"Instance '{instance.id}' is not 'running' or 'stopped'.")
    if ctx.options.has_fabric:
        raise unsupported_operation(
            "Images of instances are not supported: what an instance has written to its disk is not copied. "
            "Images come from `realvpc image add`, RegisterImage and CopyImage."
        )
    root = _root_volume(ctx, instance, request.get("BlockDeviceMappings") or ())
    snapshot = replace(make_snapshot(ctx, instance.image_content, root.size_gib), volume_id=root.id, is_of_image=True)
    source = find(ctx, IMAGE, instance.image_id)
    image = replace(
        make_image(ctx, name, snapshot),
        description=request.get("Description") or "",
        root_device_name=instance.root_device_name,
        source_instance_id=instance.id,
        tags=tags[IMAGE.tag_type],
    )
    if source is not None:
        image = replace(image, architecture=source.architecture)
    described = f"Created by CreateImage({instance.id}) for {image.id}"
    return Answer(
        {"ImageId": image.id}, put(replace(snapshot, description=described, tags=tags[SNAPSHOT.tag_type]), image)
    )


def _root_volume(ctx: Context, instance: Instance, mappings: Iterable[Request]) -> Volume:
    """Raises UnsupportedOperation for a device that the image would have besides."""
    left_out = {mapping.get("DeviceName") for mapping in mappings if mapping.get("NoDevice") is not None}
    root = ctx.state.inventory.root_volume_of(instance)
    if root is None:
        raise AwsError("IncorrectState", f"Instance '{instance.id}' has no root volume.")
    volumes = (row.device_name for row in ctx.state.inventory.volumes_of(instance.id) if row.id != root.id)
    added = (mapping.get("DeviceName") for mapping in mappings if mapping.get("Ebs"))
    for device in (*volumes, *added):
        if device not in left_out and device != root.device_name:
            raise unsupported_operation(f"The device {device} cannot be part of an image.")
    return root
