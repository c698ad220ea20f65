"""What an account sets for all its volumes and snapshots in a Region (EC2 API Reference; EBS guide, "Encryption by
default", "Block public access for snapshots").

There is no key service here: keys are names, nothing is encrypted with them, and whether one exists is not asked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from realvpc.net.ebs_settings import EbsSettings
from realvpc.net.table import put

from ..core.action import Perform
from ..core.arn import arn
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_value

_MANAGED_ALIAS = "alias/aws/ebs"
_KEY = re.compile(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[\w/-]{1,256}|alias/[\w/-]{1,250}|[\w-]{1,256}", re.ASCII
)
_UNBLOCKED = "unblocked"


def key_of(ctx: Context, wanted: Mapping[str, Any], source: str = "") -> str:
    """The ARN of the key for a volume or snapshot that ``wanted`` asks for by Encrypted and KmsKeyId, or "" for one
    that is not encrypted.  ``source``: the key of the snapshot that it is made of, if that is encrypted.

    Raises InvalidParameterDependency, InvalidParameterValue for a key that cannot be.
    """
    settings, key = settings_of(ctx), wanted.get("KmsKeyId")
    encrypted = wanted.get("Encrypted") or settings.encrypted_by_default or source
    if key and not encrypted:
        raise AwsError(
            "InvalidParameterDependency", "The parameter [KmsKeyId] requires the parameter Encrypted to be set."
        )
    if not encrypted:
        return ""
    if key:
        return _key_arn(ctx, key)
    return source or settings.kms_key_id or _managed_key(ctx)


def _managed_key(ctx: Context) -> str:
    """The one that AWS manages for the account's volumes: always the same."""
    digits = hashlib.sha256(f"{ctx.account}/{ctx.region}/{_MANAGED_ALIAS}".encode()).hexdigest()
    key_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
    return arn("kms", ctx.region, ctx.account, f"key/{key_id}")


def is_managed_key(ctx: Context, key: str) -> bool:
    """Whether this is the ARN of the key that AWS manages for the caller's volumes, which nobody else can use."""
    return key == _managed_key(ctx)


def _key_arn(ctx: Context, key: str) -> str:
    if not _KEY.fullmatch(key):
        raise invalid_parameter_value(f"Value ({key}) for parameter KmsKeyId is invalid.")
    if key in (_MANAGED_ALIAS, arn("kms", ctx.region, ctx.account, _MANAGED_ALIAS)):
        return _managed_key(ctx)
    if key.startswith("arn:"):
        return key
    return arn("kms", ctx.region, ctx.account, key if key.startswith("alias/") else f"key/{key}")


def settings_of(ctx: Context, account: str = "", region: str = "") -> EbsSettings:
    """The caller's, unless another account's or those of another Region are asked for."""
    account, region = account or ctx.account, region or ctx.region
    row_id = f"{account}/{region}"
    none = EbsSettings(id=row_id, account=account, region=region)
    return ctx.state.inventory.ebs_settings.get(row_id) or none


def get_ebs_encryption_by_default(ctx: Context, request: Request) -> Answer:
    return Answer({"EbsEncryptionByDefault": settings_of(ctx).encrypted_by_default})


def encrypting(encrypted: bool) -> Perform:
    """EnableEbsEncryptionByDefault or DisableEbsEncryptionByDefault: for volumes that are made from now on."""

    def action(ctx: Context, request: Request) -> Answer:
        after = replace(settings_of(ctx), encrypted_by_default=encrypted)
        return Answer({"EbsEncryptionByDefault": encrypted}, put(after))

    return action


def get_ebs_default_kms_key_id(ctx: Context, request: Request) -> Answer:
    return Answer({"KmsKeyId": settings_of(ctx).kms_key_id or _MANAGED_ALIAS})


def modify_ebs_default_kms_key_id(ctx: Context, request: Request) -> Answer:
    """Raises InvalidParameterValue."""
    key = _key_arn(ctx, request["KmsKeyId"])
    return Answer({"KmsKeyId": key}, put(replace(settings_of(ctx), kms_key_id=key)))


def reset_ebs_default_kms_key_id(ctx: Context, request: Request) -> Answer:
    return Answer({"KmsKeyId": _MANAGED_ALIAS}, put(replace(settings_of(ctx), kms_key_id="")))


def get_snapshot_block_public_access_state(ctx: Context, request: Request) -> Answer:
    return Answer({"State": settings_of(ctx).snapshot_block_public_access, "ManagedBy": "account"})


def enable_snapshot_block_public_access(ctx: Context, request: Request) -> Answer:
    """Raises InvalidParameterValue."""
    if request["State"] == _UNBLOCKED:
        raise invalid_parameter_value(f"Value ({_UNBLOCKED}) for parameter State is invalid.")
    return _blocking(ctx, request["State"])


def disable_snapshot_block_public_access(ctx: Context, request: Request) -> Answer:
    return _blocking(ctx, _UNBLOCKED)


def _blocking(ctx: Context, state: str) -> Answer:
    return Answer({"State": state}, put(replace(settings_of(ctx), snapshot_block_public_access=state)))


def get_image_block_public_access_state(ctx: Context, request: Request) -> Answer:
    state = settings_of(ctx).image_block_public_access
    return Answer({"ImageBlockPublicAccessState": state, "ManagedBy": "account"})


def enable_image_block_public_access(ctx: Context, request: Request) -> Answer:
    """Images that are public stay so."""
    return _blocking_images(ctx, request["ImageBlockPublicAccessState"])


def disable_image_block_public_access(ctx: Context, request: Request) -> Answer:
    return _blocking_images(ctx, _UNBLOCKED)


def _blocking_images(ctx: Context, state: str) -> Answer:
    change = put(replace(settings_of(ctx), image_block_public_access=state))
    return Answer({"ImageBlockPublicAccessState": state}, change)
