"""Public Systems Manager parameters: the current image ids (SSM API Reference; guide, "Public parameters")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from realvpc.net.images import image_parameters

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from .paging import paged

_DEFAULT_PAGE = 10


class _Parameter(NamedTuple):
    name: str
    value: str


def get_parameter(ctx: Context, request: Request) -> Answer:
    """``Name`` is a name or an ARN, with an optional ``:1`` for the version.  Raises ParameterNotFound,
    ParameterVersionNotFound."""
    return Answer({"Parameter": _find(ctx, request["Name"])})


def get_parameters(ctx: Context, request: Request) -> Answer:
    """Those that exist, and the names of the others."""
    found, invalid = [], []
    for name in dict.fromkeys(request["Names"]):
        try:
            found.append(_find(ctx, name))
        except AwsError:
            invalid.append(name)
    return Answer({"Parameters": found, "InvalidParameters": invalid})


def get_parameters_by_path(ctx: Context, request: Request) -> Answer:
    """Raises ValidationException, InvalidFilterKey, InvalidNextToken."""
    path = request["Path"]
    if not path.startswith("/"):
        raise AwsError(
            "ValidationException",
            'The parameter doesn\'t meet the parameter name requirements. It must begin with "/".',
        )
    if request.get("ParameterFilters"):
        raise AwsError("InvalidFilterKey", "The public parameters have no labels and no keys to filter by.")
    prefix = path.rstrip("/") + "/"
    rows = [
        _Parameter(name, value)
        for name, value in image_parameters(ctx.region).items()
        if name.startswith(prefix) and (request.get("Recursive") or "/" not in name.removeprefix(prefix))
    ]
    page, token = paged(rows, lambda row: row.name, request, default=_DEFAULT_PAGE)
    return Answer({"Parameters": [_render(ctx, row.name, row.value) for row in page], "NextToken": token})


def _find(ctx: Context, asked: str) -> Response:
    name, selector = asked, ""
    if asked.startswith("arn:"):
        name = "/" + asked.partition(":parameter/")[2]
    if ":" in name:
        name, _, selector = name.partition(":")
    value = image_parameters(ctx.region).get(name)
    if value is None:
        raise AwsError("ParameterNotFound", "")
    if selector not in ("", "1"):
        raise AwsError(
            "ParameterVersionNotFound",
            f"Systems Manager could not find version {selector} of {name}. Verify the version and try again.",
        )
    return _render(ctx, name, value) | ({"Selector": f":{selector}"} if selector else {})


def _render(ctx: Context, name: str, value: str) -> Response:
    return {
        "Name": name,
        "Type": "String",
        "Value": value,
        "Version": 1,
        "LastModifiedDate": datetime(2025, 11, 18, 20, 0, tzinfo=UTC),
        "ARN": f"arn:aws:ssm:{ctx.region}::parameter{name}",
        "DataType": "text",
    }
