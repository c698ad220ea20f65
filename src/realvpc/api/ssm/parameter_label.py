"""Labels of parameters' versions (Systems Manager guide, "Working with parameter labels")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.parameter import Parameter, ParameterVersion
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .parameter import parameter_named, selected, versions_of
from .parameter_name import is_label

_MOST = 10


def label_parameter_version(ctx: Context, request: Request) -> Answer:
    """A label that another version has moves to this one.

    Raises ParameterNotFound, ParameterVersionNotFound, ParameterVersionLabelLimitExceeded.
    """
    parameter, version = _version(ctx, request)
    asked = list(dict.fromkeys(request["Labels"]))
    valid = [label for label in asked if is_label(label)]
    labels = (*version.labels, *(label for label in valid if label not in version.labels))
    if len(labels) > _MOST:
        raise AwsError(
            "ParameterVersionLabelLimitExceeded",
            f"A parameter version can have maximum {_MOST} labels."
            "Move one or more labels to another version and try again.",
        )
    losing = (
        replace(row, labels=tuple(label for label in row.labels if label not in valid))
        for row in versions_of(ctx, parameter)
        if row.number != version.number and not set(valid).isdisjoint(row.labels)
    )
    response = {"InvalidLabels": [label for label in asked if label not in valid], "ParameterVersion": version.number}
    return Answer(response, put(*losing, replace(version, labels=labels)))


def unlabel_parameter_version(ctx: Context, request: Request) -> Answer:
    """Raises ParameterNotFound, ParameterVersionNotFound."""
    _, version = _version(ctx, request)
    asked = list(dict.fromkeys(request["Labels"]))
    removed = [label for label in asked if label in version.labels]
    rest = tuple(label for label in version.labels if label not in removed)
    response = {"RemovedLabels": removed, "InvalidLabels": [label for label in asked if label not in removed]}
    return Answer(response, put(replace(version, labels=rest)))


def _version(ctx: Context, request: Request) -> tuple[Parameter, ParameterVersion]:
    parameter, _ = parameter_named(ctx, request["Name"])
    number = request.get("ParameterVersion")
    return parameter, selected(ctx, parameter, "" if number is None else str(number))
