"""Whether the conditions of a statement hold (IAM guide, "IAM JSON policy elements: Condition operators",
"Multivalued context keys")."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Struct

from realvpc.net.addresses import Address
from realvpc.net.glob import join_globs, read_globs, steps_to_match, steps_to_read

from .condition_value import read_block
from .policy_variable import Values, filled, filled_pattern, keys_in

_ALL, _ANY = "ForAllValues", "ForAnyValue"
_IF_EXISTS = "IfExists"
_ARN_FIELDS = 6
_OF_A_CONDITION, _OF_A_VALUE, _OF_A_COMPARISON = 3, 10, 5  # steps; the longest are those of ARNs, of six patterns each


class Circumstances(Struct, frozen=True):
    """What is known of a call beside who does what to what: ``values`` by condition keys in small letters.

    ``absent`` are the keys, in small letters, that it is known not to have, one with a slash at its end standing for
    all below it; None is every key without a value.  Of the others nobody here knows: a condition on them holds where
    it denies, and holds not where it allows.  With the keys in ``spared`` it is the other way round.
    """

    values: Values
    absent: frozenset[str] | None = None
    spared: frozenset[str] = frozenset()

    @property
    def longest(self) -> int:
        """Characters of the longest value."""
        return max((len(each) for several in self.values.values() for each in several), default=0)

    def is_hidden(self, key: str) -> bool:
        """Whether nobody here knows of the key, in small letters."""
        return key not in self.values and not self.is_absent(key)

    def is_absent(self, key: str) -> bool:
        name, slash, _ = key.partition("/")
        return self.absent is None or key in self.absent or name + slash in self.absent


def circumstances(
    values: Mapping[str, str | Sequence[str] | None], absent: frozenset[str] | None = frozenset()
) -> Circumstances:
    """Keys in any case, with one value, several, or none, which is known not to be there.  None is for those of which
    nobody knows, and that are to be spared."""
    listed = {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in values.items()
        if value is not None
    }
    return Circumstances(listed, absent, frozenset(key.lower() for key, value in values.items() if value is None))


def holds(
    condition: Mapping[str, Mapping[str, Any]], given: Circumstances, *, takes_variables: bool, unknown: bool
) -> bool:
    """Whether every condition does.  ``unknown`` is the answer where it depends on what nobody knows."""
    variables = given.values if takes_variables else None
    return all(
        _holds(operator, key.lower(), _texts(values), given, variables, unknown)
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def steps_of_condition(condition: Mapping[str, Mapping[str, Any]], given: Circumstances, longest: int) -> int:
    """What asking whether they hold costs, at most: each value that a policy names is read, and compared with each that
    the call has.  ``longest`` are the characters of the longest value in a variable's place."""
    return sum(
        _OF_A_CONDITION + _steps(_texts(named), given.values.get(key.lower()) or (), longest)
        for keys in condition.values()
        for key, named in keys.items()
    )


def _steps(named: list[str], values: Sequence[str], longest: int) -> int:
    characters = sum(len(each) + each.count("${") * longest for each in named)
    texts = sum(map(len, values))
    compared = _OF_A_COMPARISON * len(named) * len(values) + steps_to_match(characters, texts, 1 + len(named))
    return steps_to_read(characters, _OF_A_VALUE * len(named)) + compared


def variables_in(condition: Mapping[str, Mapping[str, Any]]) -> int:
    """How many policy variables, at most."""
    return sum(each.count("${") for keys in condition.values() for values in keys.values() for each in _texts(values))


def keys_of(condition: Mapping[str, Mapping[str, Any]], *, takes_variables: bool) -> Iterator[str]:
    """The condition keys that it asks for, as it writes them."""
    for keys in condition.values():
        for key, values in keys.items():
            yield key
            if takes_variables:
                for value in _texts(values):
                    yield from keys_in(value)


def _holds(
    operator: str, key: str, wanted: list[str], given: Circumstances, variables: Values | None, unknown: bool
) -> bool:
    quantifier, _, name = operator.rpartition(":")
    is_optional, name = name.endswith(_IF_EXISTS), name.removesuffix(_IF_EXISTS)
    is_opposite, name = "Not" in name, name.replace("Not", "")
    values = given.values.get(key)
    if given.is_hidden(key):
        return unknown is not (key in given.spared)
    if name == "Null":
        return (not values) == (wanted[:1] != [] and wanted[0].lower() == "true")
    if not values:
        return is_optional or quantifier == _ALL or (is_opposite and quantifier != _ANY)
    told = wanted if variables is None else [each for each in wanted if not _is_hidden(each, given)]
    try:
        suits = _OPERATORS[name](told, variables)
    except ValueError:  # of a document that was kept before such were refused, or with such a variable
        return unknown
    each = (suits(value) != is_opposite for value in values)
    answer = all(each) if quantifier == _ALL or (is_opposite and quantifier != _ANY) else any(each)
    if answer == is_opposite and len(told) < len(wanted):
        return unknown  # what the variable stands for might be what suits
    return answer


def _is_hidden(text: str, given: Circumstances) -> bool:
    """Whether a variable in it stands for what nobody knows, also where the policy says what else it stands for."""
    return "${" in text and any(given.is_hidden(key.lower()) for key in keys_in(text))


def _texts(values: Any) -> list[str]:
    """As policies compare them: JSON's true is ``true``."""
    return [
        str(each).lower() if isinstance(each, bool) else str(each)
        for each in (values if isinstance(values, list) else [values])
    ]


Suits = Callable[[str], bool]
"""Whether a value of the call is as one of those that the policy names.  What makes it raises ValueError where nothing
can be compared with one of these: then nobody knows what the policy means."""


def _filled(wanted: list[str], variables: Values | None) -> list[str]:
    """Whose variables have no value is nothing to compare with."""
    return [text for each in wanted if (text := filled(each, variables)) is not None]


def _patterns(wanted: list[str], variables: Values | None) -> tuple[str, ...]:
    return tuple(text for each in wanted if (text := filled_pattern(each, variables)) is not None)


def _equals(wanted: list[str], variables: Values | None) -> Suits:
    return frozenset(_filled(wanted, variables)).__contains__


def _equals_in_any_case(wanted: list[str], variables: Values | None) -> Suits:
    names = {each.lower() for each in _filled(wanted, variables)}
    return lambda value: value.lower() in names


def _like(wanted: list[str], variables: Values | None) -> Suits:
    return read_globs(_patterns(wanted, variables)).matches


def _arn_like(wanted: list[str], variables: Values | None) -> Suits:
    """Each field of an ARN by itself, so that no wildcard reaches beyond a colon before the resource."""
    fields = [[join_globs((field,)) for field in _fields(each)] for each in _patterns(wanted, variables)]

    def suits(value: str) -> bool:
        parts = value.split(":", _ARN_FIELDS - 1)
        return len(parts) == _ARN_FIELDS and any(
            all(globs.matches(part) for globs, part in zip(each, parts, strict=True)) for each in fields
        )

    return suits


def _fields(pattern: str) -> list[str]:
    """Raises ValueError for what is no ARN."""
    fields = ["*"] * _ARN_FIELDS if pattern == "*" else pattern.split(":", _ARN_FIELDS - 1)
    if len(fields) < _ARN_FIELDS:
        raise ValueError(f"{pattern!r} is no ARN")
    return fields


def _truth(wanted: list[str], variables: Values | None) -> Suits:
    named = {each.lower() for each in _filled(wanted, variables)}
    if not named <= {"true", "false"}:
        raise ValueError(f"{named} are not true or false")
    return lambda value: value.lower() in named


def _in_blocks(wanted: list[str], variables: Values | None) -> Suits:
    blocks = [read_block(each) for each in _filled(wanted, variables)]

    def suits(value: str) -> bool:
        try:
            address = Address.parse(value)
        except ValueError:
            return False
        return any(address in block for block in blocks)

    return suits


def _compared(
    read: Callable[[str], Any], compare: Callable[[Any, Any], bool]
) -> Callable[[list[str], Values | None], Suits]:
    """Values that have an order.  ``read`` raises ValueError for what is not of the kind."""

    def operator(wanted: list[str], variables: Values | None) -> Suits:
        bounds = [read(each) for each in _filled(wanted, variables)]

        def suits(value: str) -> bool:
            try:
                number = read(value)
            except ValueError:
                return False
            return any(compare(number, bound) for bound in bounds)

        return suits

    return operator


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{text!r} has no place among numbers")
    return number


def _moment(text: str) -> Decimal:
    """In seconds since 1970: of a date, with a time or without (ISO 8601), or such a number itself."""
    with contextlib.suppress(ValueError):
        return _number(text)
    moment = datetime.fromisoformat(f"{text}-01" if len(text) == len("2026-11") else text)
    return Decimal((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, bound: bool(value == bound),
    "LessThan": lambda value, bound: bool(value < bound),
    "LessThanEquals": lambda value, bound: bool(value <= bound),
    "GreaterThan": lambda value, bound: bool(value > bound),
    "GreaterThanEquals": lambda value, bound: bool(value >= bound),
}
_OPERATORS: dict[str, Callable[[list[str], Values | None], Suits]] = {  # without their Not
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_in_any_case,
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _truth,
    "BinaryEquals": _equals,
    "IpAddress": _in_blocks,
    **{f"Numeric{name}": _compared(_number, order) for name, order in _ORDERS.items()},
    **{f"Date{name}": _compared(_moment, order) for name, order in _ORDERS.items()},
}
