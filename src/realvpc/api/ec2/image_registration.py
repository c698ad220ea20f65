"""RegisterImage, CopyImage and DeregisterImage (EC2 API Reference)."""

from __future__ import annotations

import re

from msgspec.structs import replace

from realvpc.net.deregistered_image import DeregisteredImage
from realvpc.net.images import public_images
from realvpc.net.machine_image import ARCHITECTURE, ROOT_DEVICE_NAME, DiskSnapshot, ImageState, MachineImage
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, unsupported_operation
from ..core.lookup import get, named, not_found
from ..core.parameters import refuse
from ..core.tags import tags_by_type, tags_on_creation
from .image import IMAGE, check_available, images_of_snapshot, was_deregistered
from .image_lifecycle import check_unprotected
from .questions import may_delete_snapshot
from .sharing import check_owner, may_use
from .snapshot import SNAPSHOT, check_readable

_NAME = re.compile(r"[A-Za-z0-9()\[\] ./'@_-]{3,128}")
_NOT_HERE = ("BillingProducts", "KernelId", "RamdiskId", "TpmSupport", "UefiData")


def register_image(ctx: Context, request: Request) -> Answer:
    """An image from a snapshot that the account has.  Its content comes with ``realvpc image add``.

    Raises what ``checked_name`` raises, InvalidBlockDeviceMapping, ``InvalidSnapshot.NotFound``,
    UnsupportedOperation.
    """
    refuse(request, _NOT_HERE)
    if request.get("ImageLocation"):
        raise unsupported_operation("Images backed by an instance store are not supported.")
    if (request.get("Architecture") or ARCHITECTURE) != ARCHITECTURE:
        raise unsupported_operation(f"The architecture {request['Architecture']} is not supported.")
    if request.get("VirtualizationType") not in (None, "hvm"):
        raise unsupported_operation(f"The virtualization type {request['VirtualizationType']} is not supported.")
    name = checked_name(ctx, request.get("Name") or "")
    device = request.get("RootDeviceName") or ROOT_DEVICE_NAME
    snapshot = _root_snapshot(ctx, request, device)
    row = replace(
        make_image(ctx, name, snapshot),
        description=request.get("Description") or "",
        root_device_name=device,
        tags=tags_on_creation(request, IMAGE.tag_type),
    )
    return Answer({"ImageId": row.id}, put(row))


def _root_snapshot(ctx: Context, request: Request, device: str) -> DiskSnapshot:
    snapshot_id = None
    for mapping in request.get("BlockDeviceMappings") or []:
        if mapping.get("DeviceName") != device:
            raise unsupported_operation(f"The device {mapping.get('DeviceName') or ''} is not supported.")
        snapshot_id = (mapping.get("Ebs") or {}).get("SnapshotId")
    if not snapshot_id:
        raise AwsError("InvalidBlockDeviceMapping", "No root snapshot specified in device mapping.")
    snapshot = get(ctx, SNAPSHOT, snapshot_id)
    if snapshot.account != ctx.account:
        raise unsupported_operation(f"The snapshot '{snapshot_id}' is another account's: CopySnapshot makes one's own.")
    if snapshot.state is not ImageState.AVAILABLE:
        raise AwsError("IncorrectState", f"The snapshot '{snapshot_id}' is not completed.")
    check_readable(ctx, snapshot)
    if snapshot.is_record:
        raise unsupported_operation(f"The snapshot '{snapshot_id}' is a record of a volume, whose data is not kept.")
    return snapshot


def copy_image(ctx: Context, request: Request) -> Answer:
    """The image under another name, or in another Region: a new image and snapshot, the same content.

    Raises ``InvalidAMIID.NotFound``, ``InvalidAMIID.Unavailable``, what ``checked_name`` raises,
    UnsupportedOperation.
    """
    refuse(request, ("DestinationAvailabilityZone", "DestinationOutpostArn", "KmsKeyId"))
    if request.get("Encrypted"):
        raise unsupported_operation("Encrypted images are not supported.")
    tags = tags_by_type(request, (IMAGE.tag_type, SNAPSHOT.tag_type))
    source = _source(ctx, request["SourceImageId"], request["SourceRegion"])
    check_available(source)
    name = checked_name(ctx, request["Name"])
    description = request.get("Description") or f"[Copied {source.id} from {source.region}] {source.name}"
    snapshot = replace(
        make_snapshot(ctx, source.content, source.minimum_size_gib),
        description=description,
        tags=tags[SNAPSHOT.tag_type],
    )
    row = replace(
        make_image(ctx, name, snapshot),
        description=request.get("Description") or "",
        root_device_name=source.root_device_name,
        architecture=source.architecture,
        tags=(dict(source.tags) if request.get("CopyImageTags") else {}) | tags[IMAGE.tag_type],
    )
    return Answer({"ImageId": row.id}, put(snapshot, row))


def _source(ctx: Context, image_id: str, region: str) -> MachineImage:
    """What is to be copied from a Region: of another account's, the disk has to be shared as well as the image.

    Raises ``InvalidAMIID.NotFound``, InvalidRequest.
    """
    inventory = ctx.state.inventory
    image = inventory.machine_images.get(image_id)
    if image is None or not may_use(ctx, image, region):
        image = public_images(region).get(image_id)
        if image is None:
            raise not_found(IMAGE, image_id)
        return image
    snapshot = inventory.disk_snapshots.get(image.snapshot_id)
    if image.account != ctx.account and (snapshot is None or not may_use(ctx, snapshot, region)):
        raise AwsError("InvalidRequest", "You do not have permission to access the storage of this ami")
    return image


def deregister_image(ctx: Context, request: Request) -> Answer:
    """Instances that were launched from it go on; its snapshot stays unless it is to go too, and the caller may delete
    it.

    Raises ``InvalidAMIID.NotFound``, ``InvalidAMIID.Unavailable`` for one that lately was, AuthFailure for an image of
    Amazon's, OperationNotPermitted for a protected one.
    """
    if was_deregistered(ctx, request["ImageId"]):
        raise AwsError("InvalidAMIID.Unavailable", f"The image ID '{request['ImageId']}' is no longer available")
    row = named(ctx, IMAGE, request, "ImageId")
    check_owner(ctx, row)
    check_unprotected(ctx, row)
    gone = DeregisteredImage(id=row.id, account=row.account, region=row.region, deregistered_at=ctx.now)
    change, results = delete(row) + put(gone), []
    snapshot = ctx.state.inventory.disk_snapshots.get(row.snapshot_id)
    if request.get("DeleteAssociatedSnapshots") and snapshot is not None:
        code = "success"
        if any(other.id != row.id for other in images_of_snapshot(ctx, snapshot.id)):
            code = "skipped"
        elif not may_delete_snapshot(ctx, snapshot):
            code = "missing-permissions"
        else:
            change += delete(snapshot)
        results.append({"SnapshotId": snapshot.id, "ReturnCode": code})
    return Answer({"Return": True, "DeleteSnapshotResults": results}, change)


def checked_name(ctx: Context, name: str) -> str:
    """A name for a new image.  Raises ``InvalidAMIName.Malformed``, ``InvalidAMIName.Duplicate``."""
    if not _NAME.fullmatch(name):
        raise AwsError(
            "InvalidAMIName.Malformed",
            "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, "
            "'(', ')', '[', ']', ' ', '.', '/', '-', ''', '@' and '_'",
        )
    for row in ctx.visible(ctx.state.inventory.machine_images):
        if row.name == name:
            raise AwsError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {row.id}")
    return name


def make_snapshot(ctx: Context, content: str | None, size_gib: int) -> DiskSnapshot:
    return DiskSnapshot(
        id=ctx.new_id(SNAPSHOT.prefix),
        account=ctx.account,
        region=ctx.region,
        size_gib=size_gib,
        started_at=ctx.now,
        content=content,
    )


def make_image(ctx: Context, name: str, snapshot: DiskSnapshot) -> MachineImage:
    """An image of the caller's, in the state that the snapshot is in."""
    return MachineImage(
        id=ctx.new_id(IMAGE.prefix),
        account=ctx.account,
        region=ctx.region,
        name=name,
        snapshot_id=snapshot.id,
        minimum_size_gib=snapshot.size_gib,
        created_at=ctx.now,
        state=snapshot.state,
        content=snapshot.content,
    )
