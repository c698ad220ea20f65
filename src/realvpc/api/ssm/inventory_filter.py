"""Filters of the inventory: by an attribute of a type, as ``AWS:Application.Name`` (SSM API Reference,
"InventoryFilter")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from msgspec import Struct

from ..core.errors import AwsError

Entries: TypeAlias = Sequence[Mapping[str, str]]


class Test(Struct, frozen=True):
    """An instance passes when one entry of the type does; with ``NotEqual`` none may be equal."""

    type: str
    attribute: str
    operator: str
    values: tuple[str, ...]


def tests_of(filters: Sequence[Mapping[str, Any]], type_name: str) -> list[Test]:
    """``type_name`` is that of attributes that are named alone.  Raises InvalidFilter."""
    tests = []
    for each in filters:
        name, dot, attribute = each["Key"].rpartition(".")
        if not attribute or not (name if dot else type_name):
            raise AwsError("InvalidFilter", f"The filter {each['Key']} names no attribute of a type.")
        tests.append(Test(name or type_name, attribute, each.get("Type") or "Equal", tuple(each["Values"])))
    return tests


def passes(test: Test, entries: Entries) -> bool:
    found = [entry[test.attribute] for entry in entries if test.attribute in entry]
    if test.operator == "NotEqual":
        return not any(value in test.values for value in found)
    return any(_OPERATORS[test.operator](value, test.values) for value in found)


def _is_before(value: str, other: str) -> bool:
    """Numbers by their size, all else as texts."""
    try:
        return Decimal(value) < Decimal(other)
    except InvalidOperation:
        return value < other


_OPERATORS: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "Equal": lambda value, values: value in values,
    "BeginWith": lambda value, values: value.startswith(tuple(values)),
    "LessThan": lambda value, values: any(_is_before(value, each) for each in values),
    "GreaterThan": lambda value, values: any(_is_before(each, value) for each in values),
    "Exists": lambda value, values: True,
}
