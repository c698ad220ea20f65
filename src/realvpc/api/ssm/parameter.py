"""Reading parameters: those of the account, and AWS's public ones, the current image ids (SSM API Reference; Systems
Manager guide, "Parameter Store", "Public parameters")."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

from realvpc.iam.temporary_credentials import digest
from realvpc.net.images import image_parameters
from realvpc.net.parameter import Parameter, ParameterVersion, parameter_id

from ..core.context import Answer, Context, Request, Response
from ..core.effort import FINDING
from ..core.errors import AwsError
from .common import validation
from .paging import paged
from .parameter_filter import BY_PATH, passing
from .parameter_name import is_below, qualified, split

_DEFAULT_PAGE = 10
_PUBLIC = "/aws/"
_PUBLISHED_AT = datetime(2025, 11, 18, 20, 0, tzinfo=UTC)


def get_parameter(ctx: Context, request: Request) -> Answer:
    """``Name`` is a name or an ARN, with an optional ``:`` and a version's number or label.

    Raises ParameterNotFound, ParameterVersionNotFound.
    """
    return Answer({"Parameter": _shown(ctx, request, request["Name"])})


def get_parameters(ctx: Context, request: Request) -> Answer:
    """Those that exist, and the names of the others."""
    found, invalid = [], []
    for name in dict.fromkeys(request["Names"]):
        try:
            found.append(_shown(ctx, request, name))
        except AwsError:
            invalid.append(name)
    return Answer({"Parameters": found, "InvalidParameters": invalid})


def get_parameters_by_path(ctx: Context, request: Request) -> Answer:
    """Raises ValidationException, InvalidFilterKey, InvalidFilterOption, InvalidNextToken."""
    path = request["Path"]
    if not path.startswith("/"):
        raise validation('The parameter doesn\'t meet the parameter name requirements. It must begin with "/".')
    recursive = bool(request.get("Recursive"))
    rows = public(ctx) if path.startswith(_PUBLIC) else latest(ctx)
    rows = (row for row in rows if is_below(row.name, path, recursive=recursive))
    rows = passing(ctx, request.get("ParameterFilters"), rows, BY_PATH)
    page, token = paged(rows, lambda row: row.name, request, largest=_DEFAULT_PAGE, default=_DEFAULT_PAGE)
    return Answer({"Parameters": [render(ctx, request, row) for row in page], "NextToken": token})


def latest(ctx: Context) -> Iterator[ParameterVersion]:
    """The newest version of each of the account's parameters in the Region."""
    for parameter in ctx.visible(ctx.state.inventory.parameters):
        yield version_of(ctx, parameter, parameter.version)


def public(ctx: Context) -> Iterator[ParameterVersion]:
    for name, value in image_parameters(ctx.region).items():
        yield _of_aws(ctx, name, value)


def parameter_named(ctx: Context, asked: str) -> tuple[Parameter, str]:
    """One of the account's by its name or ARN, and what is behind the colon.  Raises ParameterNotFound."""
    name, selector = split(asked)
    ctx.effort.spend(FINDING)
    if not asked.startswith("arn:") or asked.split(":")[3:4] == [ctx.region]:
        parameter = ctx.state.inventory.parameters.get(parameter_id(ctx.account, ctx.region, name))
        if parameter is not None:
            return parameter, selector
    raise not_found()


def not_found() -> AwsError:
    return AwsError("ParameterNotFound", "")


def version_of(ctx: Context, parameter: Parameter, number: int) -> ParameterVersion:
    return ctx.state.inventory.parameter_versions[f"{parameter.id}:{number}"]


def versions_of(ctx: Context, parameter: Parameter) -> list[ParameterVersion]:
    """The oldest first."""
    numbers = range(parameter.oldest, parameter.version + 1)
    ctx.effort.spend(FINDING * len(numbers))
    return [version_of(ctx, parameter, number) for number in numbers]


def selected(ctx: Context, parameter: Parameter, selector: str) -> ParameterVersion:
    """The version that a number or a label selects, or the latest.  Raises ParameterVersionNotFound."""
    ctx.effort.spend(FINDING if not selector or selector.isdecimal() else FINDING * parameter.version)
    found = ctx.state.inventory.selected_version(parameter, selector)
    if found is None:
        kind = "version" if selector.lstrip("-").isdecimal() else "label"
        raise _no_version(parameter.name, kind, selector)
    return found


def _no_version(name: str, kind: str, selector: str) -> AwsError:
    return AwsError(
        "ParameterVersionNotFound",
        f"Systems Manager could not find {kind} {selector} of {name}. Verify the {kind} and try again.",
    )


def _shown(ctx: Context, request: Request, asked: str) -> Response:
    name, selector = split(asked)
    value = image_parameters(ctx.region).get(name)
    if value is None:
        row = selected(ctx, *parameter_named(ctx, asked))
    elif selector in ("", "1"):
        row = _of_aws(ctx, name, value)
    else:
        raise _no_version(name, "version", selector)
    return render(ctx, request, row) | ({"Selector": f":{selector}"} if selector else {})


def _of_aws(ctx: Context, name: str, value: str) -> ParameterVersion:
    return ParameterVersion(
        id=name,
        account="",
        region=ctx.region,
        name=name,
        number=1,
        type="String",
        value=value,
        tier="Standard",
        modified_at=_PUBLISHED_AT,
        modified_by="",
    )


def arn_of(row: ParameterVersion) -> str:
    """The slash that a path begins with is the one that is in every ARN."""
    return f"arn:aws:ssm:{row.region}:{row.account}:parameter{qualified(row.name)}"


def shown_value(ctx: Context, request: Request, row: ParameterVersion) -> str:
    """A secret is shown to who asks for it decrypted; else something that tells nothing of it."""
    if not row.is_secret or request.get("WithDecryption"):
        return row.value
    return base64.b64encode(digest(ctx.key, "secure string", f"{row.id} {row.value}".encode())).decode()


def render(ctx: Context, request: Request, row: ParameterVersion) -> Response:
    return {
        "Name": row.name,
        "Type": row.type,
        "Value": shown_value(ctx, request, row),
        "Version": row.number,
        "LastModifiedDate": row.modified_at,
        "ARN": arn_of(row),
        "DataType": row.data_type,
    }
