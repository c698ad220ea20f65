"""Filters of parameters (SSM API Reference, ParameterStringFilter)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from realvpc.net.parameter import ParameterVersion, parameter_id

from ..core.context import Context
from ..core.effort import COMPARING
from ..core.errors import AwsError
from .common import validation
from .parameter_name import is_below, qualified

BY_PATH = ("Type", "KeyId", "Label")
"""Keys that GetParametersByPath takes."""

DESCRIBED = ("Path", "Name", "Type", "KeyId", "Tier", "DataType", "tag")
"""Keys that DescribeParameters takes: all but labels."""

Test: TypeAlias = Callable[[Context, ParameterVersion], bool]

_EQUALS, _BEGINS, _CONTAINS = "Equals", "BeginsWith", "Contains"
_OPTIONS = {"Label": (_EQUALS,), "Name": (_BEGINS, _EQUALS, _CONTAINS), "Path": ("Recursive", "OneLevel")}
_VALUES = {
    "Tier": ("Standard", "Advanced", "Intelligent-Tiering"),
    "Type": ("String", "StringList", "SecureString"),
}
_PATH = re.compile(r"(?:/[A-Za-z0-9_.\-]*)+", re.ASCII)
_NO_PATH = (
    "The parameter doesn't meet the parameter name requirements. "
    'The parameter name must begin with a forward slash "/". '
    'It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following '
    "symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, "
    'must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.'
)
_OF_AWS = (
    'Filters for common parameters can\'t be prefixed with "aws" or "ssm" (case-insensitive). '
    "When using global parameters, please specify within a global namespace."
)


def passing(
    ctx: Context,
    filters: Iterable[Mapping[str, Any]] | None,
    rows: Iterable[ParameterVersion],
    keys: Collection[str],
) -> Iterator[ParameterVersion]:
    """The rows that pass every filter.

    Raises InvalidFilterKey, InvalidFilterOption, InvalidFilterValue, ValidationException, at once.
    """
    tests: dict[str, Test] = {}
    for filter_ in filters or ():
        key = filter_["Key"]
        if key in tests:
            raise AwsError(
                "InvalidFilterKey",
                f"The following filter is duplicated in the request: {key}. "
                "A request can contain only one occurrence of a specific filter.",
            )
        tests[key] = _test(filter_, keys)
    return (row for row in rows if all(_holds(ctx, test, row) for test in tests.values()))


def _holds(ctx: Context, test: Test, row: ParameterVersion) -> bool:
    ctx.effort.spend(COMPARING)
    return test(ctx, row)


def _test(filter_: Mapping[str, Any], keys: Collection[str]) -> Test:
    key, values = filter_["Key"], filter_.get("Values") or []
    kind = "tag" if key.startswith("tag:") else key
    if kind not in keys:
        valid = ", ".join(each for each in keys if each != "tag")
        raise AwsError(
            "InvalidFilterKey", f"The following filter key is not valid: {key}. Valid filter keys include: [{valid}]"
        )
    options = _OPTIONS.get(kind, (_BEGINS, _EQUALS))
    option = filter_.get("Option") or ("OneLevel" if kind == "Path" else _EQUALS)
    if option not in options:
        raise AwsError(
            "InvalidFilterOption",
            f"The following filter option is not valid: {option}. Valid options include: [{', '.join(options)}]",
        )
    if kind == "tag":
        return _of_tag(key.removeprefix("tag:"), option, values)
    if not values:
        raise AwsError("InvalidFilterValue", f"The following filter values are missing : null for filter key {key}")
    _check_values(kind, option, values)
    if kind == "Path":
        return lambda ctx, row: any(is_below(row.name, value, recursive=option == "Recursive") for value in values)
    if kind == "Name" and option != _CONTAINS:
        values = [qualified(value) for value in values]
    return lambda ctx, row: any(_matches(each, value, option) for each in _values(row, kind) for value in values)


def _of_tag(name: str, option: str, values: Collection[str]) -> Test:
    """Without values, whoever has the tag."""

    def test(ctx: Context, row: ParameterVersion) -> bool:
        tags = _tags(ctx, row)
        return name in tags and (not values or any(_matches(tags[name], value, option) for value in values))

    return test


def _check_values(kind: str, option: str, values: Iterable[str]) -> None:
    """Raises InvalidFilterValue for what no parameter can have, ValidationException for a path that is none."""
    valid = _VALUES.get(kind)
    for value in values:
        if valid is not None and option == _EQUALS and value not in valid:
            raise AwsError(
                "InvalidFilterValue",
                f"The following filter value is not valid: {value}. Valid values include: [{', '.join(valid)}]",
            )
        if kind == "Path" and value.lower().startswith(("/aws", "/ssm")):
            raise validation(_OF_AWS)
        if kind == "Path" and ("//" in value or not _PATH.fullmatch(value)):
            raise validation(_NO_PATH)


def _values(row: ParameterVersion, key: str) -> Collection[str]:
    match key:
        case "Name":
            return (qualified(row.name),)
        case "Type":
            return (row.type,)
        case "KeyId":
            return (row.key_id,) if row.key_id else ()
        case "Label":
            return row.labels
        case "Tier":
            return (row.tier,)
    return (row.data_type,)


def _matches(text: str, value: str, option: str) -> bool:
    match option:
        case "BeginsWith":
            return text.startswith(value)
        case "Contains":
            return value in text
    return text == value


def _tags(ctx: Context, row: ParameterVersion) -> Mapping[str, str]:
    return ctx.state.inventory.parameters[parameter_id(row.account, row.region, row.name)].tags
