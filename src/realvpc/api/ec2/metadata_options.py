"""The options of instance metadata: of a launch, of an instance, of an account (EC2 API Reference)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import asdict, replace

from realvpc.net.instance import InstanceState, MetadataOptions
from realvpc.net.metadata_defaults import MetadataDefaults
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_value, unsupported_operation
from ..core.lookup import named
from .instance import INSTANCE, METADATA_OPTIONS, render_metadata_options

MAXIMUM_HOP_LIMIT = 64
_DEFAULTS = {member: name for member, name in METADATA_OPTIONS.items() if member != "HttpProtocolIpv6"}
_NO_PREFERENCE = ("no-preference", -1)
_TAG_KEY = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}", re.ASCII)
_RESERVED_TAG_KEYS = (".", "..", "_index")


def launch_options(ctx: Context, wanted: Mapping[str, Any]) -> MetadataOptions:
    """The options of a new instance: the launch's, else the account's, else the image's: all our images want IMDSv2
    tokens and a hop limit of 2, as Amazon Linux 2023 does.

    Raises InvalidParameterValue.
    """
    account = {name: value for name, value in asdict(_defaults(ctx)).items() if name in _DEFAULTS.values() and value}
    return _with(replace(MetadataOptions(), **account), wanted)


def modify_instance_metadata_options(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidInstanceID.NotFound``, IncorrectInstanceState, InvalidParameterValue."""
    instance = named(ctx, INSTANCE, request, "InstanceId")
    if instance.state in (InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED):
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is {instance.state}.")
    options = _with(instance.metadata_options, request)
    check_shown_tags(options, instance.tags)
    shown = render_metadata_options(options) | {"State": "pending"}
    return Answer(
        {"InstanceId": instance.id, "InstanceMetadataOptions": shown}, put(replace(instance, metadata_options=options))
    )


def get_instance_metadata_defaults(ctx: Context, request: Request) -> Answer:
    """What the account has set in this Region, and nothing else."""
    defaults = _defaults(ctx)
    level = {member: value for member, name in _DEFAULTS.items() if (value := getattr(defaults, name)) is not None}
    return Answer({"AccountLevel": level | ({"ManagedBy": "account"} if level else {})})


def modify_instance_metadata_defaults(ctx: Context, request: Request) -> Answer:
    """For instances launched from now on.  Raises InvalidParameterValue, UnsupportedOperation."""
    if request.get("HttpTokensEnforced") == "enabled":
        raise unsupported_operation("The parameter httpTokensEnforced is not supported.")
    limit = request.get("HttpPutResponseHopLimit")
    if limit not in _NO_PREFERENCE:
        _check_hop_limit(limit)
    changes = {
        name: None if request[member] in _NO_PREFERENCE else request[member]
        for member, name in _DEFAULTS.items()
        if request.get(member) is not None
    }
    return Answer({"Return": True}, put(replace(_defaults(ctx), **changes)))


def fits_in_path(tag_key: str) -> bool:
    """Whether metadata can show a tag (EC2 guide, "View tags for your EC2 instances using instance metadata")."""
    return bool(_TAG_KEY.fullmatch(tag_key)) and tag_key not in _RESERVED_TAG_KEYS


def check_shown_tags(options: MetadataOptions, keys: Iterable[str]) -> None:
    """Raises InvalidParameterValue for a tag that metadata, where it shows tags, could not show."""
    for key in keys:
        if options.instance_metadata_tags == "enabled" and not fits_in_path(key):
            raise invalid_parameter_value(
                f"'{key}' is not a valid tag key. Tag keys must match pattern "
                r"([0-9a-zA-Z\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')"
            )


def _with(options: MetadataOptions, wanted: Mapping[str, Any]) -> MetadataOptions:
    _check_hop_limit(wanted.get("HttpPutResponseHopLimit"))
    return replace(
        options, **{name: wanted[member] for member, name in METADATA_OPTIONS.items() if wanted.get(member) is not None}
    )


def _check_hop_limit(limit: int | None) -> None:
    if limit is not None and not 1 <= limit <= MAXIMUM_HOP_LIMIT:
        raise invalid_parameter_value(f"Value ({limit}) for parameter HttpPutResponseHopLimit is invalid.")


def _defaults(ctx: Context) -> MetadataDefaults:
    row_id = f"{ctx.account}/{ctx.region}"
    none = MetadataDefaults(id=row_id, account=ctx.account, region=ctx.region)
    return ctx.state.inventory.metadata_defaults.get(row_id) or none
