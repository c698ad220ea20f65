"""What an account has set for its volumes, snapshots and images in a Region (EBS guide, "Encryption by default", "Block
public access for snapshots"; EC2 guide, "Block public access to your AMIs")."""

from __future__ import annotations

from .resource import Resource


class EbsSettings(Resource, frozen=True, kw_only=True):
    """``id`` is account and Region with a slash between.  An empty key is the one that AWS manages for the account."""

    encrypted_by_default: bool = False
    kms_key_id: str = ""
    snapshot_block_public_access: str = "unblocked"
    image_block_public_access: str = "block-new-sharing"
