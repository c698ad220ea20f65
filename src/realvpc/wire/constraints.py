"""The limits that a model puts on a value: enumeration, pattern, length or range.

Enumerations: a value outside the model's list is refused, except for the shapes in `OPEN_ENUMS`. AWS adds instance
types every month, gives taggable resource types and a VPC's tenancy words of their own, and documents more attributes
of an account than the model lists, so for those the action decides. Every other list is closed here: a value that the
pinned model does not have is one that no action here could act upon.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any

import msgspec

from .java_pattern import matcher
from .model import Shape

OPEN_ENUMS = frozenset({"AccountAttributeName", "InstanceType", "ResourceType", "VpcTenancy"})
_NUMERIC = frozenset({"integer", "long", "float", "double"})


class Rule(Enum):
    ENUM = auto()
    PATTERN = auto()
    MINIMUM = auto()
    MAXIMUM = auto()


class Constraint(msgspec.Struct, frozen=True):
    """`bound` is the list of values, the pattern as the model writes it, or the number; `of` is what is measured:
    "value" of a number, or "length" of a string, list or map."""

    rule: Rule
    bound: Any
    of: str
    holds: Callable[[Any], bool]


def constraints_of(shape: Shape) -> tuple[Constraint, ...]:
    """In the order in which AWS's common framework tells them: several may be broken at once."""
    metadata = shape.metadata
    of = "value" if shape.type_name in _NUMERIC else "length"
    size: Callable[[Any], float] = _itself if of == "value" else len
    found = []
    if "enum" in metadata and shape.name not in OPEN_ENUMS:
        values = frozenset(metadata["enum"])
        found.append(Constraint(Rule.ENUM, tuple(metadata["enum"]), of, values.__contains__))
    if "pattern" in metadata and shape.type_name == "string":
        found.append(Constraint(Rule.PATTERN, metadata["pattern"], of, matcher(metadata["pattern"])))
    if "min" in metadata:
        low = metadata["min"]
        found.append(Constraint(Rule.MINIMUM, low, of, lambda value: size(value) >= low))
    if "max" in metadata:
        high = metadata["max"]
        found.append(Constraint(Rule.MAXIMUM, high, of, lambda value: size(value) <= high))
    return tuple(found)


def _itself(value: float) -> float:
    return value
