"""Filters of parameters (SSM API Reference, ParameterStringFilter)."""

from __future__ import annotations

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

DESCRIBED = ("Name", "Type", "KeyId", "Path", "Label", "Tier", "DataType", "tag")
"""Keys that DescribeParameters takes."""

Test: TypeAlias = Callable[[Context, ParameterVersion], bool]

_EQUALS, _BEGINS, _CONTAINS = "Equals", "BeginsWith", "Contains"
_OPTIONS = {"Name": (_BEGINS, _EQUALS, _CONTAINS), "Path": ("OneLevel", "Recursive")}


def passing(
    ctx: Context,
    filters: Iterable[Mapping[str, Any]] | None,
    rows: Iterable[ParameterVersion],
    keys: Collection[str],
) -> Iterator[ParameterVersion]:
    """The rows that pass every filter.  Raises InvalidFilterKey, InvalidFilterOption, ValidationException, at once."""
    tests = [_test(filter_, keys) for filter_ in filters or ()]
    return (row for row in rows if all(_holds(ctx, test, row) for test in tests))


def _holds(ctx: Context, test: Test, row: ParameterVersion) -> bool:
    ctx.effort.spend(COMPARING)
    return test(ctx, row)


def _test(filter_: Mapping[str, Any], keys: Collection[str]) -> Test:
    key, values = filter_["Key"], filter_.get("Values") or []
    kind = "tag" if key.startswith("tag:") else key
    if kind not in keys:
        valid = ", ".join(keys)
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
        name = key.removeprefix("tag:")
        return lambda ctx, row: name in _tags(ctx, row) and (not values or _tags(ctx, row)[name] in values)
    if not values:
        raise validation(f"The following filter values are missing : null for filter key {key}")
    if kind == "Path":
        if not all(value.startswith("/") for value in values):
            raise validation('The parameter doesn\'t meet the parameter name requirements. It must begin with "/".')
        return lambda ctx, row: any(is_below(row.name, value, recursive=option == "Recursive") for value in values)
    if kind == "Name" and option != _CONTAINS:
        values = [qualified(value) for value in values]
    return lambda ctx, row: any(_matches(each, value, option) for each in _values(row, kind) for value in values)


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
