"""The rows of the table of EC2's actions that are about images and snapshots."""

from __future__ import annotations

from ..core.action import Action, Repeat, on_all
from . import (
    ebs_setting,
    image,
    image_attribute,
    image_lifecycle,
    image_of_instance,
    image_registration,
    snapshot,
    snapshot_tier,
    volume_snapshot,
)
from .resources import on, on_copied_volumes, on_registered

IMAGE_ACTIONS: dict[str, Action] = {
    "CancelImageLaunchPermission": Action(image_attribute.cancel_image_launch_permission, on("image")),
    "CopyImage": Action(image_registration.copy_image, on("image", "snapshot"), Repeat(longest=128)),
    "CreateImage": Action(image_of_instance.create_image, on("image", "instance", "snapshot")),
    "DeregisterImage": Action(image_registration.deregister_image, on("image")),
    "DescribeImageAttribute": Action(image_attribute.describe_image_attribute, on("image")),
    "DescribeImages": Action(image.describe_images, on_all),
    "DisableImage": Action(image_lifecycle.disable_image, on("image")),
    "DisableImageBlockPublicAccess": Action(ebs_setting.disable_image_block_public_access, on_all),
    "DisableImageDeprecation": Action(image_lifecycle.disable_image_deprecation, on("image")),
    "DisableImageDeregistrationProtection": Action(
        image_lifecycle.disable_image_deregistration_protection, on("image")
    ),
    "EnableImage": Action(image_lifecycle.enable_image, on("image")),
    "EnableImageBlockPublicAccess": Action(ebs_setting.enable_image_block_public_access, on_all),
    "EnableImageDeprecation": Action(image_lifecycle.enable_image_deprecation, on("image")),
    "EnableImageDeregistrationProtection": Action(image_lifecycle.enable_image_deregistration_protection, on("image")),
    "GetImageBlockPublicAccessState": Action(ebs_setting.get_image_block_public_access_state, on_all),
    "ModifyImageAttribute": Action(image_attribute.modify_image_attribute, on("image")),
    "RegisterImage": Action(image_registration.register_image, on_registered),
    "ResetImageAttribute": Action(image_attribute.reset_image_attribute, on("image")),
    # Snapshots
    "CopySnapshot": Action(volume_snapshot.copy_snapshot, on("snapshot")),
    "CreateSnapshot": Action(volume_snapshot.create_snapshot, on("snapshot", "volume")),
    "CreateSnapshots": Action(volume_snapshot.create_snapshots, on_copied_volumes),
    "DeleteSnapshot": Action(snapshot.delete_snapshot, on("snapshot")),
    "DescribeSnapshotAttribute": Action(snapshot.describe_snapshot_attribute, on("snapshot")),
    "DescribeSnapshotTierStatus": Action(snapshot_tier.describe_snapshot_tier_status, on_all),
    "DescribeSnapshots": Action(snapshot.describe_snapshots, on_all),
    "ModifySnapshotAttribute": Action(snapshot.modify_snapshot_attribute, on("snapshot")),
    "ModifySnapshotTier": Action(snapshot_tier.modify_snapshot_tier, on("snapshot")),
    "ResetSnapshotAttribute": Action(snapshot.reset_snapshot_attribute, on("snapshot")),
    "RestoreSnapshotTier": Action(snapshot_tier.restore_snapshot_tier, on("snapshot")),
}
