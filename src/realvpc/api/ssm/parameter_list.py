"""DescribeParameters and GetParameterHistory (SSM API Reference)."""

from __future__ import annotations

from collections.abc import Iterator

from realvpc.net.parameter import ParameterVersion

from ..core.context import Answer, Context, Request, Response
from .common import validation
from .paging import paged
from .parameter import arn_of, latest, parameter_named, shown_value, versions_of
from .parameter_filter import DESCRIBED, passing


def describe_parameters(ctx: Context, request: Request) -> Answer:
    """The account's own, by name, without their values.  Nobody shares any with it.

    Raises InvalidFilterKey, InvalidFilterOption, InvalidNextToken, ValidationException.
    """
    old = [{"Key": row["Key"], "Values": row["Values"]} for row in request.get("Filters") or []]
    filters = request.get("ParameterFilters")
    if old and filters:
        raise validation("You can use either Filters or ParameterFilters in a single request.")
    rows: Iterator[ParameterVersion] = iter(()) if request.get("Shared") else latest(ctx)
    page, token = paged(passing(ctx, filters or old, rows, DESCRIBED), lambda row: row.name, request)
    return Answer({"Parameters": [_described(row) for row in page], "NextToken": token})


def get_parameter_history(ctx: Context, request: Request) -> Answer:
    """The oldest version first.  Raises ParameterNotFound, InvalidNextToken."""
    parameter, _ = parameter_named(ctx, request["Name"])
    page, token = paged(versions_of(ctx, parameter), lambda row: f"{row.number:012}", request)
    return Answer({"Parameters": [_in_history(ctx, request, row) for row in page], "NextToken": token})


def _described(row: ParameterVersion) -> Response:
    return _essentials(row) | {"ARN": arn_of(row)}


def _in_history(ctx: Context, request: Request, row: ParameterVersion) -> Response:
    return _essentials(row) | {"Value": shown_value(ctx, request, row), "Labels": list(row.labels)}


def _essentials(row: ParameterVersion) -> Response:
    return {
        "Name": row.name,
        "Type": row.type,
        "KeyId": row.key_id or None,
        "LastModifiedDate": row.modified_at,
        "LastModifiedUser": row.modified_by,
        "Description": row.description or None,
        "Version": row.number,
        "Tier": row.tier,
        "Policies": [],
        "DataType": row.data_type,
    }
