"""PutParameter, DeleteParameter and DeleteParameters (SSM API Reference)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from realvpc.net.parameter import Parameter, ParameterVersion, parameter_id
from realvpc.net.quotas import STANDARD_PARAMETERS
from realvpc.net.resource import Resource
from realvpc.net.table import Change, delete, put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from ..core.parameters import refuse
from .common import validation, with_tags
from .parameter import not_found, parameter_named, version_of, versions_of
from .parameter_name import check_new_name

STANDARD, ADVANCED = "Standard", "Advanced"
_LONGEST = {STANDARD: 4096, ADVANCED: 8192}
_VERSIONS = 100
_KEY = "alias/aws/ssm"
_DATA_TYPES = ("text", "aws:ec2:image", "aws:ssm:integration")
_IMAGE_ID = re.compile("ami-(?:[0-9a-f]{8}|[0-9a-f]{17})", re.ASCII)
_NOT_HERE = ("AllowedPattern", "Policies")
_MORE = (
    "For more information, see "
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
)
_TOO_LONG = {
    STANDARD: f"Standard tier parameters support a maximum parameter value of {_LONGEST[STANDARD]} characters. "
    f"To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. {_MORE}",
    ADVANCED: f"Advanced tier parameters support a maximum parameter value of {_LONGEST[ADVANCED]} characters. {_MORE}",
}


def put_parameter(ctx: Context, request: Request) -> Answer:
    """A parameter, or another version of one.

    Raises ParameterAlreadyExists, ParameterLimitExceeded, ParameterMaxVersionLimitExceeded, InvalidKeyId,
    ValidationException, UnsupportedOperation, and what names raise.
    """
    refuse(request, _NOT_HERE)
    name, value = request["Name"], request["Value"]
    check_new_name(name)
    old = ctx.state.inventory.parameters.get(parameter_id(ctx.account, ctx.region, name))
    overwrites = bool(request.get("Overwrite"))
    if overwrites and request.get("Tags"):
        raise validation(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
            "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
            "RemoveTagsFromResource."
        )
    if old is not None and not overwrites:
        raise AwsError(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )
    before = version_of(ctx, old, old.version) if old else None
    kind = request.get("Type") or (before.type if before else None)
    if kind is None:
        raise validation("A parameter type is required when you create a parameter.")
    parameter = _head(ctx, request, old)
    data_type = request.get("DataType") or (before.data_type if before else "text")
    _check_value(value, kind, data_type)
    new = ParameterVersion(
        id=f"{parameter.id}:{parameter.version}",
        account=ctx.account,
        region=ctx.region,
        name=parameter.name,
        number=parameter.version,
        type=kind,
        value=value,
        tier=_tier(request, before),
        data_type=data_type,
        description=_description(request, before),
        key_id=_key(ctx, request) if kind == "SecureString" else "",
        modified_at=ctx.now,
        modified_by=ctx.caller.arn,
    )
    return Answer({"Version": new.number, "Tier": new.tier}, put(parameter, new) + delete(*_forgotten(ctx, old)))


def _head(ctx: Context, request: Request, old: Parameter | None) -> Parameter:
    """What the parameter is now, apart from its versions."""
    if old is not None:
        number = old.version + 1
        return replace(old, version=number, oldest=max(old.oldest, number + 1 - _VERSIONS))
    if ctx.count(ctx.state.inventory.parameters) >= ctx.quota(STANDARD_PARAMETERS):
        raise AwsError(
            "ParameterLimitExceeded",
            "You have exceeded the number of parameters for this AWS account. Delete one or more parameters and try "
            "again.",
        )
    name: str = request["Name"]
    return Parameter(
        id=parameter_id(ctx.account, ctx.region, name),
        account=ctx.account,
        region=ctx.region,
        tags=with_tags({}, request.get("Tags")),
        name=name,
        version=1,
    )


def _forgotten(ctx: Context, old: Parameter | None) -> Iterator[ParameterVersion]:
    """The oldest version makes room, unless it has a label.  Raises ParameterMaxVersionLimitExceeded."""
    if old is None or old.version + 1 - old.oldest < _VERSIONS:
        return
    oldest = version_of(ctx, old, old.oldest)
    if oldest.labels:
        raise AwsError(
            "ParameterMaxVersionLimitExceeded",
            f"You attempted to create a new version of {old.name} by calling the PutParameter API with the overwrite "
            f"flag. Version {oldest.number}, the oldest version, can't be deleted because it has a label associated "
            "with it. Move the label to another version of the parameter, and try again.",
        )
    yield oldest


def _check_value(value: str, kind: str, data_type: str) -> None:
    """Raises ValidationException."""
    if not value:
        raise validation(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1."
        )
    if data_type not in _DATA_TYPES:
        raise validation(f"The following data type is not supported: {data_type} (Data type names are all lowercase.)")
    if data_type == "aws:ec2:image" and (kind != "String" or not _IMAGE_ID.fullmatch(value)):
        raise validation("The parameter value does not match the data type aws:ec2:image.")


def _tier(request: Request, before: ParameterVersion | None) -> str:
    """Intelligent tiering takes the advanced one for values that need it.  Raises ValidationException."""
    size = len(request["Value"].encode(errors="surrogatepass"))
    wanted = request.get("Tier") or (before.tier if before else STANDARD)
    if wanted == "Intelligent-Tiering":
        is_advanced = size > _LONGEST[STANDARD] or (before is not None and before.tier == ADVANCED)
        wanted = ADVANCED if is_advanced else STANDARD
    if before is not None and before.tier == ADVANCED and wanted == STANDARD:
        raise validation(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
            "parameter and recreate it as a standard parameter."
        )
    if size > _LONGEST[wanted]:
        raise validation(_TOO_LONG[wanted])
    return str(wanted)


def _description(request: Request, before: ParameterVersion | None) -> str:
    given: str | None = request.get("Description")
    return given if given is not None else (before.description if before else "")


def _key(ctx: Context, request: Request) -> str:
    """There is one key, AWS's own for the service.  Raises InvalidKeyId."""
    key: str = request.get("KeyId") or _KEY
    if key not in (_KEY, f"arn:aws:kms:{ctx.region}:{ctx.account}:{_KEY}"):
        raise AwsError("InvalidKeyId", f"Invalid keyId {key}")
    return key


def delete_parameter(ctx: Context, request: Request) -> Answer:
    """With all its versions.  Raises ParameterNotFound."""
    parameter, selector = parameter_named(ctx, request["Name"])
    if selector:
        raise not_found()
    return Answer({}, delete(*_rows(ctx, parameter)))


def delete_parameters(ctx: Context, request: Request) -> Answer:
    """Those that exist, and the names of the others."""
    deleted: dict[str, Parameter] = {}
    for name in request["Names"]:
        try:
            parameter, selector = parameter_named(ctx, name)
        except AwsError:
            continue
        if not selector:
            deleted[name] = parameter
    invalid = [name for name in dict.fromkeys(request["Names"]) if name not in deleted]
    gone = Change.of(delete(*_rows(ctx, parameter)) for parameter in deleted.values())
    return Answer({"DeletedParameters": list(deleted), "InvalidParameters": invalid}, gone)


def _rows(ctx: Context, parameter: Parameter) -> tuple[Resource, ...]:
    return (parameter, *versions_of(ctx, parameter))
